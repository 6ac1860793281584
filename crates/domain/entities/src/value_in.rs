//! Values from requests, checked against the columns they are meant for.

use altus4_connections::{Value, as_date, as_time};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Number, Value as Json};

use crate::{FieldType, field_type::Digits, geometry};

/// The value that JSON means in a field of this type, or what it has to be. `null` is for the caller.
///
/// # Errors
/// What the value has to be, to be read after the field's name.
pub fn from_json(json: &Json, field: &FieldType) -> Result<Value, String> {
    match field {
        FieldType::Boolean => boolean(json).ok_or_else(|| "must be true or false".to_owned()),
        FieldType::Integer(least, most) => integer(json, *least, *most),
        FieldType::Decimal(digits) => decimal(json, *digits),
        FieldType::Float => float(json).ok_or_else(|| "must be a number".to_owned()),
        FieldType::Text { max_chars, max_bytes } => text(json, *max_chars, *max_bytes),
        FieldType::Enum(values) => {
            let member = json.as_str().filter(|text| values.iter().any(|value| value == text));
            member.map(|text| Value::Text(text.to_owned())).ok_or_else(|| one_of(values))
        }
        FieldType::Set(values) => set(json, values),
        FieldType::Date => {
            let day = |text: &str| as_date(text).filter(|written| written.len() == 10);
            when(json, "must be a date such as 2026-01-31", day)
        }
        FieldType::DateTime => when(json, "must be a date and time such as 2026-01-31T09:30:00", as_date),
        FieldType::Time => when(json, "must be a time such as 09:30:00", as_time),
        FieldType::Year => year(json),
        FieldType::AnyTime => any_time(json),
        FieldType::Json => Ok(Value::Json(json.to_string())),
        FieldType::Binary(max) => binary(json, *max),
        FieldType::Geometry => {
            let geometry = geometry::from_geo_json(json).map(Value::Bytes);
            geometry.ok_or_else(|| "must be a GeoJSON geometry of two dimensions".to_owned())
        }
        FieldType::Any => Ok(as_written(json)),
    }
}

fn boolean(json: &Json) -> Option<Value> {
    match json {
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        // A TINYINT(1) holds these too, and what was read can be written.
        Json::Number(number) => {
            number.as_i64().filter(|number| (-128..=255).contains(number)).map(|number| match number {
                0 | 1 => Value::Bool(number == 1),
                other => Value::Int(other),
            })
        }
        _ => None,
    }
}

fn whole(json: &Json) -> Option<i128> {
    match json {
        Json::Number(number) => number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)),
        Json::String(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_plain = (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            is_plain.then(|| text.parse().ok()).flatten()
        }
        _ => None,
    }
}

fn integer(json: &Json, least: i128, most: i128) -> Result<Value, String> {
    let number = whole(json).filter(|number| (least..=most).contains(number));
    let value = number.and_then(|number| {
        let signed = i64::try_from(number).map(Value::Int).ok();
        signed.or_else(|| u64::try_from(number).map(Value::UInt).ok())
    });
    value.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
}

fn decimal(json: &Json, digits: Option<Digits>) -> Result<Value, String> {
    let written = match json {
        Json::Number(number) if number.is_f64() => number.as_f64().map(|number| number.to_string()),
        Json::Number(number) => Some(number.to_string()),
        Json::String(text) => Some(text.clone()),
        _ => None,
    };
    let kind = || "must be a number, or one in digits as text".to_owned();
    let written = written.ok_or_else(kind)?;
    let unsigned = written.strip_prefix('-').unwrap_or(&written);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || unsigned.ends_with('.') {
        return Err(kind());
    }
    if let Some(digits) = digits {
        let whole = whole.trim_start_matches('0').len();
        let fraction = fraction.trim_end_matches('0').len();
        if whole > digits.whole || fraction > digits.fraction {
            return Err(format!(
                "must have at most {} digits before the point and {} after it",
                digits.whole, digits.fraction
            ));
        }
        if digits.unsigned && written.starts_with('-') && whole + fraction > 0 {
            return Err("must not be below zero".to_owned());
        }
    }
    Ok(Value::Text(written))
}

fn float(json: &Json) -> Option<Value> {
    json.as_f64().filter(|number| number.is_finite()).map(Value::Float)
}

fn text(json: &Json, max_chars: Option<u64>, max_bytes: Option<u64>) -> Result<Value, String> {
    let text = json.as_str().ok_or("must be text")?;
    if let Some(max) = max_chars
        && text.chars().count() as u64 > max
    {
        return Err(format!("must have at most {max} characters"));
    }
    if let Some(max) = max_bytes
        && text.len() as u64 > max
    {
        return Err(format!("must have at most {max} bytes in UTF-8"));
    }
    Ok(Value::Text(text.to_owned()))
}

/// More members than are shown in a fault.
const SHOWN_MEMBERS: usize = 20;

fn one_of(values: &[String]) -> String {
    let shown: Vec<_> = values.iter().take(SHOWN_MEMBERS).map(String::as_str).collect();
    let more = if values.len() > SHOWN_MEMBERS { ", …" } else { "" };
    format!("must be one of {}{more}", shown.join(", "))
}

/// An array of members, or them with commas between; each once, in the order of the declaration, as
/// MySQL keeps them.
fn set(json: &Json, values: &[String]) -> Result<Value, String> {
    let given: Option<Vec<&str>> = match json {
        Json::Array(items) => items.iter().map(Json::as_str).collect(),
        Json::String(text) if text.is_empty() => Some(Vec::new()),
        Json::String(text) => Some(text.split(',').collect()),
        _ => None,
    };
    let reason = || one_of(values).replacen("must be one of", "must be an array of", 1);
    let given = given.ok_or_else(reason)?;
    if given.iter().any(|given| !values.iter().any(|value| value == given)) {
        return Err(reason());
    }
    let kept: Vec<_> = values.iter().map(String::as_str).filter(|value| given.contains(value)).collect();
    Ok(Value::Text(kept.join(",")))
}

fn when(json: &Json, reason: &str, read: impl Fn(&str) -> Option<String>) -> Result<Value, String> {
    json.as_str().and_then(read).map(Value::Text).ok_or_else(|| reason.to_owned())
}

fn year(json: &Json) -> Result<Value, String> {
    let year = whole(json).filter(|year| *year == 0 || (1901..=2155).contains(year));
    let year = year.and_then(|year| i64::try_from(year).ok()).map(Value::Int);
    year.ok_or_else(|| "must be a year from 1901 to 2155, or 0".to_owned())
}

fn any_time(json: &Json) -> Result<Value, String> {
    match json {
        Json::String(text) => kept_as_given(text).map(Value::Text),
        Json::Number(number) => Some(number_as_written(number)),
        _ => None,
    }
    .ok_or_else(|| "must be a date, a time or both, as ISO 8601 has it".to_owned())
}

/// SQLite keeps what it is given: as many digits of a second as there are.
fn kept_as_given(text: &str) -> Option<String> {
    let written = as_date(text).or_else(|| as_time(text))?;
    let has_offset = text.get(10..).is_some_and(|clock| clock.contains(['Z', 'z', '+', '-']));
    Some(if has_offset { written } else { text.replacen(['T', 't'], " ", 1) })
}

fn binary(json: &Json, max: Option<u64>) -> Result<Value, String> {
    let bytes = json.as_str().and_then(|text| STANDARD.decode(text).ok());
    let bytes = bytes.ok_or("must be bytes in base64")?;
    match max {
        Some(max) if bytes.len() as u64 > max => Err(format!("must have at most {max} bytes")),
        _ => Ok(Value::Bytes(bytes)),
    }
}

fn number_as_written(number: &Number) -> Value {
    let whole = number.as_i64().map(Value::Int);
    whole.or_else(|| number.as_f64().map(Value::Float)).unwrap_or_default()
}

fn as_written(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Int((*flag).into()),
        Json::Number(number) => number_as_written(number),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(_) | Json::Object(_) => Value::Text(json.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::to_json;

    #[test]
    fn what_is_shown_can_be_written() {
        let members = || vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let text = |text: &str| Value::Text(text.to_owned());
        for (value, field) in [
            (Value::UInt(u64::MAX), FieldType::Integer(0, u64::MAX.into())),
            (Value::Int(i64::MIN), FieldType::Integer(i64::MIN.into(), i64::MAX.into())),
            (text("-12.50"), FieldType::Decimal(Some(Digits { whole: 2, fraction: 2, unsigned: false }))),
            (text("b"), FieldType::Enum(members())),
            (text("a,c"), FieldType::Set(members())),
            (text(""), FieldType::Set(members())),
            (text("0000-00-00"), FieldType::Date),
            (text("-838:59:59"), FieldType::Time),
            (Value::Int(2006), FieldType::Year),
            (Value::Bool(true), FieldType::Boolean),
            (Value::Int(5), FieldType::Boolean),
            (Value::Bytes(vec![1, 0, 255]), FieldType::Binary(Some(3))),
            (text("2009-01-01 00:00:00.125"), FieldType::AnyTime),
        ] {
            let json = to_json(&value, &field);
            assert_eq!(from_json(&json, &field), Ok(value), "{json} as {field:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_reason() {
        let shown: Vec<_> = [
            (json!(256), FieldType::Integer(0, 255)),
            (json!(1.5), FieldType::Integer(0, 255)),
            (json!("1e5"), FieldType::Decimal(None)),
            (json!("1234.5"), FieldType::Decimal(Some(Digits { whole: 3, fraction: 2, unsigned: true }))),
            (json!("-1"), FieldType::Decimal(Some(Digits { whole: 3, fraction: 2, unsigned: true }))),
            (json!("äöü"), FieldType::Text { max_chars: Some(2), max_bytes: None }),
            (json!(5), FieldType::Text { max_chars: None, max_bytes: None }),
            (json!("d"), FieldType::Enum(vec!["a".into(), "b".into()])),
            (json!(["a", "d"]), FieldType::Set(vec!["a".into(), "b".into()])),
            (json!("2026-02-30"), FieldType::Date),
            (json!("2026-01-01T10:00:00"), FieldType::Date),
            (json!(1800), FieldType::Year),
            (json!("%%"), FieldType::Binary(None)),
            (json!({ "type": "Circle" }), FieldType::Geometry),
        ]
        .into_iter()
        .map(|(json, field)| format!("{json}: {}", from_json(&json, &field).unwrap_err()))
        .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }
}
