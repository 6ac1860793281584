//! Values of rows, as answers show them.

use altus4_connections::Value;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Number, Value as Json};

use crate::{FieldType, geometry};

/// The largest whole number up to which JSON readers that have only doubles tell each from the next.
const MAX_SAFE: u64 = 1 << 53;

/// The value as JSON. Exact: what a double can't hold is text.
#[must_use]
pub fn to_json(value: &Value, field: &FieldType) -> Json {
    match (value, field) {
        (Value::Null, _) => Json::Null,
        (Value::Int(number), FieldType::Decimal(_)) => number.to_string().into(),
        (Value::Float(number), FieldType::Decimal(_)) => number.to_string().into(),
        (Value::Bool(flag), FieldType::Integer(..)) => i64::from(*flag).into(),
        (Value::Bool(flag), _) => (*flag).into(),
        (Value::Int(number), _) if number.unsigned_abs() > MAX_SAFE => number.to_string().into(),
        (Value::Int(number), _) => (*number).into(),
        (Value::UInt(number), _) if *number > MAX_SAFE => number.to_string().into(),
        (Value::UInt(number), _) => (*number).into(),
        (Value::Float(number), _) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
        (Value::Text(text), FieldType::Set(_)) if text.is_empty() => Json::Array(Vec::new()),
        (Value::Text(text), FieldType::Set(_)) => text.split(',').map(Json::from).collect(),
        (Value::Text(text), FieldType::Year) => {
            text.parse::<u16>().map_or_else(|_| text.as_str().into(), Json::from)
        }
        (Value::Text(text), FieldType::DateTime | FieldType::AnyTime) => with_t(text).into(),
        (Value::Text(text) | Value::Json(text), FieldType::Json) | (Value::Json(text), _) => {
            serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
        }
        (Value::Text(text), _) => text.as_str().into(),
        (Value::Bytes(bytes), FieldType::Geometry) => {
            geometry::to_geo_json(bytes).unwrap_or_else(|| STANDARD.encode(bytes).into())
        }
        (Value::Bytes(bytes), _) => STANDARD.encode(bytes).into(),
    }
}

/// A day and a time with the `T` of ISO 8601 between them.
fn with_t(text: &str) -> String {
    let is_moment = text.len() >= 16 && text.as_bytes().get(10) == Some(&b' ') && text.is_ascii();
    if is_moment { format!("{}T{}", &text[..10], &text[11..]) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_shown_exactly() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (value, field, expected) in [
            (Value::Int((1 << 53) + 1), FieldType::Integer(0, 0), json!("9007199254740993")),
            (Value::Int(1 << 53), FieldType::Integer(0, 0), json!(9_007_199_254_740_992_i64)),
            (Value::UInt(u64::MAX), FieldType::Integer(0, 0), json!("18446744073709551615")),
            (text("12.50"), FieldType::Decimal(None), json!("12.50")),
            (Value::Float(0.99), FieldType::Decimal(None), json!("0.99")),
            (text("a,b"), FieldType::Set(Vec::new()), json!(["a", "b"])),
            (text(""), FieldType::Set(Vec::new()), json!([])),
            (text("2006-02-15 04:34:33"), FieldType::AnyTime, json!("2006-02-15T04:34:33")),
            (text("0000-00-00T00:00:00"), FieldType::DateTime, json!("0000-00-00T00:00:00")),
            (Value::Json("{\"a\":[1]}".into()), FieldType::Json, json!({ "a": [1] })),
            (Value::Bytes(vec![0xFF, 0]), FieldType::Binary(None), json!("/wA=")),
            (Value::Int(2006), FieldType::Year, json!(2006)),
        ] {
            assert_eq!(to_json(&value, &field), expected, "{value:?} as {field:?}");
        }
    }
}
