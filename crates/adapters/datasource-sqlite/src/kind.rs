//! Declared types and the values under them.

use altus4_connections::{ColumnKind, Value};
use serde_json::value::RawValue;

/// The longest declared type that is shown.
const SHOWN_CHARS: usize = 64;

/// The declared type in upper case; `ANY` where none is declared.
pub(crate) fn declared(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    let shown = shown.trim().to_uppercase();
    if shown.is_empty() { "ANY".to_owned() } else { shown }
}

/// What a column of this declared type holds, by SQLite's rules of affinity (sqlite.org/datatype3.html)
/// after the names that people use for what SQLite has no type for.
pub(crate) fn kind(declared: &str) -> ColumnKind {
    let names = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    if names(&["BOOL"]) {
        ColumnKind::Boolean
    } else if names(&["JSON"]) {
        ColumnKind::Json
    } else if names(&["DATE", "TIME"]) {
        ColumnKind::Temporal
    } else if names(&["INT"]) {
        ColumnKind::Integer
    } else if names(&["CHAR", "CLOB", "TEXT", "STRING"]) {
        ColumnKind::Text { max_chars: declared_length(declared) }
    } else if names(&["BLOB", "BINARY"]) {
        ColumnKind::Binary
    } else if names(&["REAL", "FLOA", "DOUB"]) {
        ColumnKind::Float
    } else if names(&["DEC", "NUM"]) {
        ColumnKind::Decimal
    } else {
        ColumnKind::Other
    }
}

/// The `n` of `VARCHAR(n)`.
fn declared_length(declared: &str) -> Option<u64> {
    let (_, rest) = declared.split_once('(')?;
    rest.split([')', ',']).next()?.trim().parse().ok()
}

/// The value as its column means it: SQLite itself knows neither truth nor JSON.
pub(crate) fn shaped(value: Value, kind: ColumnKind) -> Value {
    match (value, kind) {
        (Value::Int(number @ (0 | 1)), ColumnKind::Boolean) => Value::Bool(number == 1),
        // What was cut, or never was JSON, stays text.
        (Value::Text(text), ColumnKind::Json) if serde_json::from_str::<&RawValue>(&text).is_ok() => {
            Value::Json(text)
        }
        (value, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_have_their_kinds() {
        let text = |max_chars| ColumnKind::Text { max_chars };
        for (name, expected) in [
            ("VARCHAR(255)", text(Some(255))),
            ("TEXT", text(None)),
            ("CHARACTER( 20 )", text(Some(20))),
            ("CLOB", text(None)),
            ("BIGINT UNSIGNED", ColumnKind::Integer),
            ("BOOLEAN", ColumnKind::Boolean),
            ("DOUBLE PRECISION", ColumnKind::Float),
            ("DECIMAL(10,2)", ColumnKind::Decimal),
            ("NUMERIC", ColumnKind::Decimal),
            ("TIMESTAMP", ColumnKind::Temporal),
            ("DATE", ColumnKind::Temporal),
            ("JSONB", ColumnKind::Json),
            ("BLOB", ColumnKind::Binary),
            ("ANY", ColumnKind::Other),
            ("GEOMETRY", ColumnKind::Other),
            ("VARCHAR(", text(None)),
            ("VARCHAR(99999999999999999999)", text(None)),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
        assert_eq!((declared(" varchar(9)\n"), declared("")), ("VARCHAR(9)".into(), "ANY".into()));
    }

    #[test]
    fn only_whole_documents_are_json() {
        let json = |text: &str| shaped(Value::Text(text.into()), ColumnKind::Json);
        assert_eq!(json(r#"{"a":[1,2]}"#), Value::Json(r#"{"a":[1,2]}"#.into()));
        assert_eq!(json(r#"{"a":[1,"#), Value::Text(r#"{"a":[1,"#.into()));
        assert_eq!(shaped(Value::Int(2), ColumnKind::Boolean), Value::Int(2));
    }
}
