//! Conditions on columns. Every value is bound; every condition is true or false, since `NULL` would
//! be neither under a `NOT`.
//!
//! Texts compare as their column's collation says; patterns pass over the case of ASCII letters, as
//! SQLite's `LIKE` does, whatever the column.

use altus4_connections::{Column, ColumnKind, Filter, Table, Test, Value, escaped_pattern, literal_pattern};

use crate::sql::{all_of, any_of, column};

/// The longest pattern that LIKE takes, in bytes (`SQLITE_MAX_LIKE_PATTERN_LENGTH`).
const MAX_PATTERN: usize = 50_000;

/// The condition that a row passes. Values are appended in the order of their places.
pub(super) fn condition(table: &Table, filter: &Filter, binds: &mut Vec<Value>) -> String {
    let mut each = |all: &[Filter]| all.iter().map(|one| condition(table, one, binds)).collect::<Vec<_>>();
    match filter {
        Filter::All(all) => all_of(&each(all)),
        Filter::Any(all) => any_of(&each(all)),
        Filter::Not(inner) => format!("NOT {}", condition(table, inner, binds)),
        Filter::Is(name, test) => {
            let column = table.columns.iter().find(|column| column.column == *name);
            match column.and_then(|column| passes(column, test)) {
                Some((passes, values)) => {
                    binds.extend(values);
                    // Two-valued.
                    format!("coalesce({passes}, 0)")
                }
                None => "0".to_owned(),
            }
        }
    }
}

/// `None` where no value of the column can pass.
fn passes(found: &Column, test: &Test) -> Option<(String, Vec<Value>)> {
    let name = column(found.column.name());
    let compared = |sign: &str, value: &Value| {
        let value = operand(found, value)?;
        Some((format!("{} {sign} {}", comparable(found, &name), place(found)), vec![value]))
    };
    let like = |pattern: String| {
        let fits = pattern.len() <= MAX_PATTERN;
        fits.then(|| (format!("CAST({name} AS TEXT) LIKE ? ESCAPE '!'"), vec![Value::Text(pattern)]))
    };
    match test {
        Test::Eq(value) => compared("=", value),
        Test::Gt(value) => compared(">", value),
        Test::Gte(value) => compared(">=", value),
        Test::Lt(value) => compared("<", value),
        Test::Lte(value) => compared("<=", value),
        Test::In(values) => {
            let values: Vec<_> = values.iter().filter_map(|value| operand(found, value)).collect();
            let places = vec![place(found); values.len()].join(", ");
            (!values.is_empty()).then(|| (format!("{} IN ({places})", comparable(found, &name)), values))
        }
        Test::IsNull => Some((format!("{name} IS NULL"), Vec::new())),
        Test::Like(pattern) | Test::Ilike(pattern) => like(escaped_pattern(pattern)),
        Test::StartsWith(start) => like(literal_pattern(start) + "%"),
        Test::EndsWith(end) => like(format!("%{}", literal_pattern(end))),
        Test::Contains(part) => like(format!("%{}%", literal_pattern(part))),
    }
}

/// To the millisecond, whichever of its spellings a date or a time has: SQLite keeps them as text.
const MOMENT: &str = "'%Y-%m-%d %H:%M:%f'";

/// The column as it is compared with [`place`].
fn comparable(found: &Column, name: &str) -> String {
    match found.found.kind {
        ColumnKind::Temporal => format!("strftime({MOMENT}, {name})"),
        _ => name.to_owned(),
    }
}

fn place(found: &Column) -> String {
    match found.found.kind {
        ColumnKind::Temporal => format!("strftime({MOMENT}, ?)"),
        ColumnKind::Decimal => "CAST(? AS NUMERIC)".to_owned(),
        _ => "?".to_owned(),
    }
}

/// The value as what the column holds; `None` for what it can't hold.
fn operand(found: &Column, value: &Value) -> Option<Value> {
    let number = |text: &str| {
        let text = text.trim();
        let whole = text.parse().map(Value::Int).ok();
        whole.or_else(|| text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float))
    };
    match (found.found.kind, value) {
        (_, Value::Null) => None,
        // No whole number of SQLite is as large, but all are less.
        (_, Value::UInt(large)) => Some(Value::Float(*large as f64)),
        (ColumnKind::Boolean, Value::Text(word)) if word.eq_ignore_ascii_case("true") => Some(Value::Int(1)),
        (ColumnKind::Boolean, Value::Text(word)) if word.eq_ignore_ascii_case("false") => Some(Value::Int(0)),
        (
            ColumnKind::Integer | ColumnKind::Float | ColumnKind::Decimal | ColumnKind::Boolean,
            Value::Text(text),
        ) => {
            // The number itself shows that it is one; a decimal keeps its digits.
            let parsed = number(text)?;
            Some(if found.found.kind == ColumnKind::Decimal { value.clone() } else { parsed })
        }
        (ColumnKind::Text { .. }, Value::Int(number)) => Some(Value::Text(number.to_string())),
        (ColumnKind::Text { .. }, Value::Float(number)) => Some(Value::Text(number.to_string())),
        (ColumnKind::Text { .. }, Value::Bool(flag)) => Some(Value::Text(flag.to_string())),
        (_, value) => Some(value.clone()),
    }
}
