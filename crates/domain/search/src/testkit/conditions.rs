//! Filters read naively, as a server with a collation without case and accents reads them.

use std::cmp::Ordering;

use altus4_connections::{ColumnKind, ColumnRef, Filter, Table, Test, Value};

use crate::text::fold;

/// Whether a row of this table passes. `value` tells the row's value of a column.
pub fn passes<'a>(filter: &Filter, table: &Table, value: &dyn Fn(&ColumnRef) -> &'a Value) -> bool {
    match filter {
        Filter::All(filters) => filters.iter().all(|filter| passes(filter, table, value)),
        Filter::Any(filters) => filters.iter().any(|filter| passes(filter, table, value)),
        Filter::Not(filter) => !passes(filter, table, value),
        // No search has such.
        Filter::Related(..) => false,
        Filter::Is(column, test) => {
            let kind = table.column(column.name()).map(|column| column.found.kind).unwrap_or_default();
            passes_test(test, kind, value(column))
        }
    }
}

fn passes_test(test: &Test, kind: ColumnKind, value: &Value) -> bool {
    let order = |operand: &Value| compare(kind, value, operand);
    let folded = value.as_text().map(|text| fold(text).into_owned());
    let has = |find: &dyn Fn(&str) -> bool| folded.as_deref().is_some_and(find);
    match test {
        Test::IsNull => *value == Value::Null,
        Test::Eq(operand) => order(operand) == Some(Ordering::Equal),
        Test::Gt(operand) => order(operand) == Some(Ordering::Greater),
        Test::Gte(operand) => order(operand).is_some_and(Ordering::is_ge),
        Test::Lt(operand) => order(operand) == Some(Ordering::Less),
        Test::Lte(operand) => order(operand).is_some_and(Ordering::is_le),
        Test::In(operands) => operands.iter().any(|operand| order(operand) == Some(Ordering::Equal)),
        Test::Like(pattern) | Test::Ilike(pattern) => {
            let pattern: Vec<char> = fold(pattern).chars().collect();
            has(&|text| is_like(&text.chars().collect::<Vec<_>>(), &pattern))
        }
        Test::StartsWith(part) => has(&|text| text.starts_with(&*fold(part))),
        Test::EndsWith(part) => has(&|text| text.ends_with(&*fold(part))),
        Test::Contains(part) => has(&|text| text.contains(&*fold(part))),
    }
}

/// Which of two values of a column is greater; `None` where one is `NULL`.
pub(super) fn compare(kind: ColumnKind, one: &Value, other: &Value) -> Option<Ordering> {
    let ordering = match (one, other, kind) {
        (Value::Null, _, _) | (_, Value::Null, _) => return None,
        (Value::Text(one), Value::Text(other), ColumnKind::Decimal) => compare_decimals(one, other),
        (Value::Text(one), Value::Text(other), ColumnKind::Temporal) => moment(one).cmp(&moment(other)),
        (Value::Text(one), Value::Text(other), _) => fold(one).cmp(&fold(other)),
        (Value::Bytes(one), Value::Bytes(other), _) => one.cmp(other),
        _ => match (whole(one), whole(other)) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => number(one)?.total_cmp(&number(other)?),
        },
    };
    Some(ordering)
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(flag) => Some((*flag).into()),
        Value::Int(number) => Some((*number).into()),
        Value::UInt(number) => Some((*number).into()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
        other => whole(other).map(|number| number as f64),
    }
}

/// Numbers in digits, such as `-12.50`.
fn compare_decimals(one: &str, other: &str) -> Ordering {
    let (one_negative, one_size) = decimal(one);
    let (other_negative, other_size) = decimal(other);
    match (one_negative, other_negative) {
        (false, false) => one_size.cmp(&other_size),
        (true, true) => other_size.cmp(&one_size),
        (negative, _) => {
            if negative {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}

/// Whether it is below zero, and its size: how many digits stand before the point, and all digits,
/// without what makes no difference.
fn decimal(text: &str) -> (bool, (usize, String)) {
    let unsigned = text.trim_start_matches('-');
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let whole = whole.trim_start_matches('0');
    let digits = format!("{whole}{}", fraction.trim_end_matches('0'));
    let is_zero = digits.bytes().all(|digit| digit == b'0');
    let size = if is_zero { (0, String::new()) } else { (whole.len(), digits) };
    (text.starts_with('-') && !is_zero, size)
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
        ['\\', literal, rest @ ..] | [literal, rest @ ..] if *literal != '_' || pattern[0] == '\\' => {
            text.first() == Some(literal) && is_like(&text[1..], rest)
        }
        [_, rest @ ..] => !text.is_empty() && is_like(&text[1..], rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_sql_reads_them() {
        for (text, pattern, expected) in [
            ("abc", "a%", true),
            ("abc", "a_c", true),
            ("abc", "a\\_c", false),
            ("a_c", "a\\_c", true),
            ("50%", "%\\%", true),
            ("500", "%\\%", false),
            ("", "%", true),
            ("", "_", false),
            ("a\\b", "a\\\\b", true),
        ] {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(is_like(&chars(text), &chars(pattern)), expected, "{text} like {pattern}");
        }
    }

    #[test]
    fn decimals_compare_by_their_digits() {
        let ascending = ["-10", "-9.5", "-0.05", "-0", "0.04", "0.05", "0.5", "1", "9.99", "10.01", "100"];
        for pair in ascending.windows(2) {
            assert_eq!(compare_decimals(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(compare_decimals("1.50", "01.5"), Ordering::Equal);
        assert_eq!(compare_decimals("-0.00", "0"), Ordering::Equal);
    }
}
