//! Values of filters, as columns of each kind compare with them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Number;

use super::{moment, query::Scalar};
use crate::{ColumnKind, DiscoveredColumn, Value};

/// The most digits of a decimal number; MySQL has no more.
const MAX_DIGITS: usize = 65;

/// What a column's values are compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Text,
    Integer,
    Decimal,
    Float,
    Boolean,
    Date,
    Time,
    Year,
    /// Bytes, which are written in base64.
    Binary,
    /// A column without a type, as SQLite has them.
    Any,
    /// Nothing to compare with.
    Opaque,
}

impl Family {
    pub(super) fn of(column: &DiscoveredColumn) -> Self {
        let declared = column.declared_type.trim();
        let begins = |name: &str| declared.get(..name.len()).is_some_and(|d| d.eq_ignore_ascii_case(name));
        match column.kind {
            ColumnKind::Text { .. } => Self::Text,
            ColumnKind::Integer => Self::Integer,
            ColumnKind::Decimal => Self::Decimal,
            ColumnKind::Float => Self::Float,
            ColumnKind::Boolean => Self::Boolean,
            ColumnKind::Temporal if begins("year") => Self::Year,
            // Also DATETIME and TIMESTAMP.
            ColumnKind::Temporal if begins("time") && !begins("timestamp") => Self::Time,
            ColumnKind::Temporal => Self::Date,
            ColumnKind::Other if begins("enum") || begins("set(") || begins("uuid") || begins("inet") => {
                Self::Text
            }
            ColumnKind::Other if declared.is_empty() || begins("any") => Self::Any,
            ColumnKind::Binary => Self::Binary,
            ColumnKind::Json | ColumnKind::Other => Self::Opaque,
        }
    }
}

/// The value to compare with, or what it has to be.
pub(super) fn value(scalar: &Scalar, family: Family) -> Result<Value, &'static str> {
    let found = match family {
        Family::Text => text(scalar).map(|text| Value::Text(text.to_owned())),
        Family::Integer | Family::Year => integer(scalar),
        Family::Decimal => decimal(scalar),
        Family::Float => float(scalar),
        Family::Boolean => boolean(scalar),
        Family::Date => text(scalar).and_then(moment::as_date).map(Value::Text),
        Family::Time => text(scalar).and_then(moment::as_time).map(Value::Text),
        Family::Binary => text(scalar).and_then(|text| STANDARD.decode(text).ok()).map(Value::Bytes),
        Family::Any => Some(as_written(scalar)),
        Family::Opaque => None,
    };
    found.ok_or(match family {
        Family::Text => "must be text",
        Family::Integer => "must be a whole number",
        Family::Year => "must be a year",
        Family::Decimal => "must be a number, or one in digits as text",
        Family::Float => "must be a number",
        Family::Boolean => "must be true or false",
        Family::Date => "must be a date, or a date and time, as ISO 8601 has it",
        Family::Time => "must be a time such as 09:30:00",
        Family::Binary => "must be bytes in base64",
        Family::Any | Family::Opaque => "is of a kind that can't be compared; isNull can be asked for",
    })
}

fn text(scalar: &Scalar) -> Option<&str> {
    match scalar {
        Scalar::Text(text) | Scalar::Untyped(text) => Some(text),
        Scalar::Bool(_) | Scalar::Number(_) => None,
    }
}

fn integer(scalar: &Scalar) -> Option<Value> {
    match scalar {
        Scalar::Number(number) => whole(number),
        Scalar::Text(text) | Scalar::Untyped(text) => {
            let signed = text.parse().map(Value::Int).ok();
            signed.or_else(|| text.parse().map(Value::UInt).ok())
        }
        Scalar::Bool(_) => None,
    }
}

fn whole(number: &Number) -> Option<Value> {
    number.as_i64().map(Value::Int).or_else(|| number.as_u64().map(Value::UInt))
}

fn decimal(scalar: &Scalar) -> Option<Value> {
    let digits = match scalar {
        Scalar::Number(number) if number.is_f64() => {
            // Digits without an exponent, the fewest that are this number.
            number.as_f64().map(|number| number.to_string())?
        }
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) | Scalar::Untyped(text) => text.clone(),
        Scalar::Bool(_) => return None,
    };
    is_decimal(&digits).then_some(Value::Text(digits))
}

/// Whether this is a number in digits: `-12.50`.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    digits(whole) && digits(fraction) && whole.len() + fraction.len() <= MAX_DIGITS
}

fn float(scalar: &Scalar) -> Option<Value> {
    let number = match scalar {
        Scalar::Number(number) => number.as_f64(),
        Scalar::Text(text) | Scalar::Untyped(text) if is_decimal(text) => text.parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite()).map(Value::Float)
}

fn boolean(scalar: &Scalar) -> Option<Value> {
    let flag = match scalar {
        Scalar::Bool(flag) => Some(*flag),
        Scalar::Number(number) => number.as_u64().filter(|number| *number <= 1).map(|number| number == 1),
        Scalar::Untyped(text) => match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Scalar::Text(_) => None,
    };
    flag.map(Value::Bool)
}

fn as_written(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Bool(flag) => Value::Int((*flag).into()),
        Scalar::Number(number) => {
            whole(number).or_else(|| number.as_f64().map(Value::Float)).unwrap_or_default()
        }
        Scalar::Text(text) | Scalar::Untyped(text) => Value::Text(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn family(kind: ColumnKind, declared: &str) -> Family {
        Family::of(&DiscoveredColumn { kind, declared_type: declared.into(), ..Default::default() })
    }

    #[test]
    fn times_of_day_and_years_are_told_from_moments() {
        let temporal = |declared| family(ColumnKind::Temporal, declared);
        assert_eq!(temporal("DATETIME(6)"), Family::Date);
        assert_eq!(temporal("TIMESTAMP"), Family::Date);
        assert_eq!((temporal("TIME(3)"), temporal("YEAR(4)")), (Family::Time, Family::Year));
        assert_eq!(family(ColumnKind::Other, "ENUM('a','b')"), Family::Text);
        assert_eq!(
            (family(ColumnKind::Other, "POINT"), family(ColumnKind::Other, "ANY")),
            (Family::Opaque, Family::Any)
        );
    }

    #[test]
    fn numbers_stay_exact() {
        let number = |json: serde_json::Value| match json {
            serde_json::Value::Number(number) => Scalar::Number(number),
            serde_json::Value::String(text) => Scalar::Text(text),
            _ => Scalar::Bool(true),
        };
        for (written, family, expected) in [
            (json!(9_007_199_254_740_993_i64), Family::Integer, Some(Value::Int(9_007_199_254_740_993))),
            (json!(u64::MAX), Family::Integer, Some(Value::UInt(u64::MAX))),
            (json!("18446744073709551615"), Family::Integer, Some(Value::UInt(u64::MAX))),
            (json!(1.5), Family::Integer, None),
            (json!("12.50"), Family::Decimal, Some(Value::Text("12.50".into()))),
            (json!(0.1), Family::Decimal, Some(Value::Text("0.1".into()))),
            (json!(-3), Family::Decimal, Some(Value::Text("-3".into()))),
            (json!("1e5"), Family::Decimal, None),
            (json!("1; DROP TABLE x"), Family::Decimal, None),
            (json!("NaN"), Family::Float, None),
            (json!(2), Family::Float, Some(Value::Float(2.0))),
            (json!(true), Family::Integer, None),
            (json!(1), Family::Boolean, Some(Value::Bool(true))),
            (json!("true"), Family::Boolean, None),
            (json!(5), Family::Text, None),
        ] {
            assert_eq!(value(&number(written.clone()), family).ok(), expected, "{written} as {family:?}");
        }
    }
}
