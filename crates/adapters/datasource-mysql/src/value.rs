//! Values from the wire and back to it. Nothing here trusts that a value fits its column: odd data
//! becomes odd text, never a panic.

use std::fmt::Write;

use altus4_connections::{DiscoveredColumn, Value};
use mysql_async::{Column, Value as Wire, consts::ColumnType};

/// The number that says "bytes" where a character set is meant.
const BINARY_CHARACTER_SET: u16 = 63;

/// A value of a result's column.
pub(crate) fn decode(value: Wire, column: &Column) -> Value {
    match value {
        Wire::NULL => Value::Null,
        Wire::Int(number) => integer(number, column),
        Wire::UInt(number) => i64::try_from(number).map_or(Value::UInt(number), |n| integer(n, column)),
        // The shortest decimal number that is this single: 0.1 rather than 0.10000000149011612.
        Wire::Float(number) => float(number.to_string().parse().unwrap_or(f64::from(number))),
        Wire::Double(number) => float(number),
        Wire::Date(year, month, day, hour, minute, second, micros) => {
            let mut text = format!("{year:04}-{month:02}-{day:02}");
            if !is_date(column) {
                let fraction = fraction(micros, column);
                let _ = write!(text, "T{hour:02}:{minute:02}:{second:02}{fraction}");
            }
            Value::Text(text)
        }
        Wire::Time(is_negative, days, hours, minutes, seconds, micros) => {
            let sign = if is_negative { "-" } else { "" };
            let hours = u64::from(days) * 24 + u64::from(hours);
            Value::Text(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction(micros, column)))
        }
        Wire::Bytes(bytes) => string(bytes, column),
    }
}

/// A value of a key, as a parameter that compares with the key's column the way the value itself
/// does. `None` for `NULL`, which no key has.
pub(crate) fn encode(value: &Value, column: &DiscoveredColumn) -> Option<Wire> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(bool) => Wire::Int((*bool).into()),
        Value::Int(number) => Wire::Int(*number),
        Value::UInt(number) => Wire::UInt(*number),
        #[expect(clippy::cast_possible_truncation, reason = "it was made from a single")]
        Value::Float(number) if column.declared_type.starts_with("FLOAT") => Wire::Float(*number as f32),
        Value::Float(number) => Wire::Double(*number),
        Value::Text(text) | Value::Json(text) => Wire::Bytes(text.clone().into_bytes()),
        Value::Bytes(bytes) => Wire::Bytes(bytes.clone()),
    })
}

/// A text that has at most `max` characters, or as many bytes.
pub(crate) fn cut(value: Value, max: usize) -> Value {
    match value {
        Value::Text(mut text) | Value::Json(mut text) => {
            // Texts have no more characters than bytes.
            if text.len() > max
                && let Some((end, _)) = text.char_indices().nth(max)
            {
                text.truncate(end);
            }
            Value::Text(text)
        }
        Value::Bytes(mut bytes) => {
            bytes.truncate(max);
            Value::Bytes(bytes)
        }
        other => other,
    }
}

/// `TINYINT(1)` is how MySQL spells `BOOLEAN`, but the type holds other numbers too.
fn integer(number: i64, column: &Column) -> Value {
    let is_boolean = column.column_type() == ColumnType::MYSQL_TYPE_TINY && column.column_length() == 1;
    match number {
        0 | 1 if is_boolean => Value::Bool(number == 1),
        number => Value::Int(number),
    }
}

fn float(number: f64) -> Value {
    if number.is_finite() { Value::Float(number) } else { Value::Null }
}

fn is_date(column: &Column) -> bool {
    matches!(column.column_type(), ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE)
}

/// As many digits as the column keeps; where that isn't known, six or none.
fn fraction(micros: u32, column: &Column) -> String {
    let digits = match column.decimals() {
        declared @ 0..=6 => usize::from(declared),
        _ if micros == 0 => 0,
        _ => 6,
    };
    if digits == 0 {
        return String::new();
    }
    let mut text = format!(".{:06}", micros.min(999_999));
    text.truncate(1 + digits);
    text
}

fn string(bytes: Vec<u8>, column: &Column) -> Value {
    match column.column_type() {
        ColumnType::MYSQL_TYPE_BIT if bytes.len() <= 8 => {
            let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            match i64::try_from(number) {
                Ok(number) if column.column_length() == 1 => Value::Bool(number != 0),
                Ok(number) => Value::Int(number),
                Err(_) => Value::UInt(number),
            }
        }
        ColumnType::MYSQL_TYPE_JSON => Value::Json(text(bytes)),
        // Numbers and dates are plain ASCII whatever character set the server names.
        ColumnType::MYSQL_TYPE_DECIMAL
        | ColumnType::MYSQL_TYPE_NEWDECIMAL
        | ColumnType::MYSQL_TYPE_DATE
        | ColumnType::MYSQL_TYPE_DATETIME
        | ColumnType::MYSQL_TYPE_TIMESTAMP
        | ColumnType::MYSQL_TYPE_TIME
        | ColumnType::MYSQL_TYPE_YEAR => Value::Text(text(bytes)),
        _ if column.character_set() == BINARY_CHARACTER_SET => Value::Bytes(bytes),
        _ => Value::Text(text(bytes)),
    }
}

/// Bytes as text, with a mark in the place of what is no UTF-8.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: ColumnType, length: u32, decimals: u8, character_set: u16) -> Column {
        Column::new(kind).with_column_length(length).with_decimals(decimals).with_character_set(character_set)
    }

    fn text_of(value: Wire, kind: ColumnType, decimals: u8) -> String {
        match decode(value, &column(kind, 0, decimals, 63)) {
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn moments_are_iso_8601_with_the_column_s_precision() {
        let moment = Wire::Date(2026, 1, 15, 10, 30, 0, 120_000);
        assert_eq!(text_of(moment.clone(), ColumnType::MYSQL_TYPE_DATETIME, 0), "2026-01-15T10:30:00");
        assert_eq!(text_of(moment.clone(), ColumnType::MYSQL_TYPE_TIMESTAMP, 3), "2026-01-15T10:30:00.120");
        assert_eq!(
            text_of(moment.clone(), ColumnType::MYSQL_TYPE_DATETIME, 31),
            "2026-01-15T10:30:00.120000"
        );
        assert_eq!(text_of(moment, ColumnType::MYSQL_TYPE_DATE, 0), "2026-01-15");
        assert_eq!(
            text_of(Wire::Time(true, 34, 22, 59, 59, 0), ColumnType::MYSQL_TYPE_TIME, 0),
            "-838:59:59"
        );
        let never = Wire::Date(0, 0, 0, 0, 0, 0, 0);
        assert_eq!(text_of(never.clone(), ColumnType::MYSQL_TYPE_DATE, 0), "0000-00-00");
        assert_eq!(text_of(never, ColumnType::MYSQL_TYPE_DATETIME, 0), "0000-00-00T00:00:00");
    }

    #[test]
    fn odd_values_neither_panic_nor_lose_what_they_are() {
        let tiny = column(ColumnType::MYSQL_TYPE_TINY, 1, 0, 63);
        assert_eq!(decode(Wire::Int(1), &tiny), Value::Bool(true));
        assert_eq!(decode(Wire::Int(5), &tiny), Value::Int(5));
        assert_eq!(decode(Wire::UInt(u64::MAX), &tiny), Value::UInt(u64::MAX));
        assert_eq!(decode(Wire::Double(f64::NAN), &tiny), Value::Null);
        assert_eq!(decode(Wire::Float(0.1), &tiny), Value::Float(0.1));
        let bits = column(ColumnType::MYSQL_TYPE_BIT, 64, 0, 63);
        assert_eq!(decode(Wire::Bytes(vec![0xFF; 8]), &bits), Value::UInt(u64::MAX));
        assert_eq!(decode(Wire::Bytes(vec![0xFF; 9]), &bits), Value::Bytes(vec![0xFF; 9]));
        let words = column(ColumnType::MYSQL_TYPE_VAR_STRING, 0, 0, 45);
        assert_eq!(decode(Wire::Bytes(vec![b'a', 0xFF]), &words), Value::Text("a\u{FFFD}".into()));
        let far = Wire::Date(u16::MAX, u8::MAX, u8::MAX, u8::MAX, u8::MAX, u8::MAX, u32::MAX);
        assert!(decode(far, &column(ColumnType::MYSQL_TYPE_DATETIME, 0, 6, 63)).as_text().is_some());
    }

    #[test]
    fn a_cut_keeps_whole_characters() {
        assert_eq!(cut(Value::Text("größer".into()), 4), Value::Text("größ".into()));
        assert_eq!(cut(Value::Bytes(vec![1, 2, 3]), 2), Value::Bytes(vec![1, 2]));
        assert_eq!(cut(Value::Int(7), 0), Value::Int(7));
    }
}
