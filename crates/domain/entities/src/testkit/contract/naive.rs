//! Filters read naively: text compares by its characters.

use std::cmp::Ordering;

use altus4_connections::{ColumnKind, ColumnRef, Filter, Table, Test, Value};

/// Whether a row of this table passes. `value` tells the row's value of a column.
pub(crate) fn passes<'a>(filter: &Filter, table: &Table, value: &dyn Fn(&ColumnRef) -> &'a Value) -> bool {
    match filter {
        Filter::All(filters) => filters.iter().all(|filter| passes(filter, table, value)),
        Filter::Any(filters) => filters.iter().any(|filter| passes(filter, table, value)),
        Filter::Not(filter) => !passes(filter, table, value),
        Filter::Related(..) => panic!("no row of another table is known here"),
        Filter::Is(column, test) => {
            let kind = table.column(column.name()).map(|column| column.found.kind).unwrap_or_default();
            is(test, kind, value(column))
        }
    }
}

fn is(test: &Test, kind: ColumnKind, value: &Value) -> bool {
    let order = |operand: &Value| compare(kind, value, operand);
    let has = |find: &dyn Fn(&str) -> bool| value.as_text().is_some_and(find);
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    match test {
        Test::IsNull => *value == Value::Null,
        Test::Eq(operand) => order(operand) == Some(Ordering::Equal),
        Test::Gt(operand) => order(operand) == Some(Ordering::Greater),
        Test::Gte(operand) => order(operand).is_some_and(Ordering::is_ge),
        Test::Lt(operand) => order(operand) == Some(Ordering::Less),
        Test::Lte(operand) => order(operand).is_some_and(Ordering::is_le),
        Test::In(operands) => operands.iter().any(|operand| order(operand) == Some(Ordering::Equal)),
        Test::Like(pattern) => has(&|text| is_like(&chars(text), &chars(pattern))),
        Test::Ilike(pattern) => {
            has(&|text| is_like(&chars(&text.to_lowercase()), &chars(&pattern.to_lowercase())))
        }
        Test::StartsWith(part) => has(&|text| text.starts_with(part.as_str())),
        Test::EndsWith(part) => has(&|text| text.ends_with(part.as_str())),
        Test::Contains(part) => has(&|text| text.contains(part.as_str())),
    }
}

/// Which of two values of a column is greater; `None` where one is `NULL`.
pub(crate) fn compare(kind: ColumnKind, one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Text(one), Value::Text(other)) => Some(match kind {
            // Of few digits here.
            ColumnKind::Decimal => {
                let number = |text: &str| text.parse::<f64>().expect("a number");
                number(one).total_cmp(&number(other))
            }
            ColumnKind::Temporal => moment(one).cmp(&moment(other)),
            _ => one.cmp(other),
        }),
        _ => number(one)?.partial_cmp(&number(other)?),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Int(number) => Some(*number as f64),
        Value::UInt(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

/// A day is its first moment.
fn moment(text: &str) -> String {
    let text = text.replace('T', " ");
    if text.len() == 10 { format!("{text} 00:00:00") } else { text }
}

fn is_like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| is_like(&text[skipped..], rest)),
        ['_', rest @ ..] => !text.is_empty() && is_like(&text[1..], rest),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            text.first() == Some(literal) && is_like(&text[1..], rest)
        }
    }
}
