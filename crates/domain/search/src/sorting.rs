//! Results in the order of their columns' values: the rows of each table come sorted from its
//! server, and the tables' lists are merged here.
//!
//! Within a table the server's order holds, whatever its collation makes of a text; only the first
//! rows of the lists are compared here. So the merged list has the same beginning however much of
//! each list is at hand, and walking it gives every row once.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use altus4_connections::{ColumnKind, Value};

use crate::text::fold;

/// A row's place by one column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    /// The least comes first.
    Ascending(Sortable),
    /// The greatest comes first.
    Descending(Reverse<Sortable>),
    /// The row's table has no such column: after all others, whichever way.
    Missing,
}

impl Cell {
    /// The cell of a value read from a column of this kind.
    pub(crate) fn of(value: &Value, kind: ColumnKind, descending: bool) -> Self {
        let value = Sortable::of(value, kind);
        if descending { Self::Descending(Reverse(value)) } else { Self::Ascending(value) }
    }
}

/// A value among those of other tables: `NULL`, then numbers, then text without case and accents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sortable {
    Null,
    Number(Number),
    Text(String, String),
    Bytes(Vec<u8>),
}

/// A number; never NaN.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(f64);

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl Sortable {
    fn of(value: &Value, kind: ColumnKind) -> Self {
        let is_number = matches!(kind, ColumnKind::Decimal | ColumnKind::Integer | ColumnKind::Float);
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Number(Number(f64::from(u8::from(*value)))),
            Value::Int(value) => Self::Number(Number(*value as f64)),
            Value::UInt(value) => Self::Number(Number(*value as f64)),
            // No two zeros, as no server has.
            Value::Float(value) => Self::Number(Number(value + 0.0)),
            Value::Text(text) | Value::Json(text) => match text.parse::<f64>() {
                Ok(number) if is_number && number.is_finite() => Self::Number(Number(number + 0.0)),
                _ => Self::Text(fold(text).into_owned(), text.clone()),
            },
            Value::Bytes(bytes) => Self::Bytes(bytes.clone()),
        }
    }
}

/// The first `most` rows of all lists together, as list and row. Equal rows come in the order of
/// their places in their lists, then of the lists.
pub(crate) fn merge(lists: &[&[Vec<Cell>]], most: usize) -> Vec<(usize, usize)> {
    let head = |list: usize, row: usize| {
        let cells: Option<&Vec<Cell>> = lists[list].get(row);
        cells.map(|cells| Reverse((cells.as_slice(), row, list)))
    };
    let mut heads: BinaryHeap<_> = (0..lists.len()).filter_map(|list| head(list, 0)).collect();
    let mut merged = Vec::new();
    while merged.len() < most {
        let Some(Reverse((_, row, list))) = heads.pop() else { break };
        merged.push((list, row));
        heads.extend(head(list, row + 1));
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(values: &[Value], descending: bool) -> Vec<Vec<Cell>> {
        values.iter().map(|value| vec![Cell::of(value, ColumnKind::Other, descending)]).collect()
    }

    #[test]
    fn null_comes_first_ascending_and_last_descending() {
        let nulls = [Value::Null];
        let numbers = [Value::Int(1)];
        assert_eq!(merge(&[&cells(&numbers, false), &cells(&nulls, false)], 9), [(1, 0), (0, 0)]);
        assert_eq!(merge(&[&cells(&numbers, true), &cells(&nulls, true)], 9), [(0, 0), (1, 0)]);
    }

    #[test]
    fn a_table_without_the_column_comes_last_both_ways() {
        let missing = vec![vec![Cell::Missing], vec![Cell::Missing]];
        for descending in [false, true] {
            let null = cells(&[Value::Null], descending);
            assert_eq!(merge(&[&missing, &null], 9), [(1, 0), (0, 0), (0, 1)]);
        }
    }

    #[test]
    fn decimals_are_numbers_and_text_has_neither_case_nor_accents() {
        let decimal = |text: &str| Cell::of(&Value::Text(text.into()), ColumnKind::Decimal, false);
        assert!(decimal("9.50") < decimal("10.00"));
        assert!(decimal("-3") < Cell::of(&Value::Int(2), ColumnKind::Integer, false));
        let text =
            |text: &str| Cell::of(&Value::Text(text.into()), ColumnKind::Text { max_chars: None }, false);
        assert!(text("apple") < text("Éclair") && text("Éclair") < text("fig"));
    }

    proptest! {
        #[test]
        fn a_longer_walk_begins_as_a_shorter_one(
            lists in prop::collection::vec(prop::collection::vec(0_i64..5, 0..12), 0..5),
            most in 0_usize..30,
        ) {
            // Also where a list is not sorted as it would be here.
            let all: Vec<_> = lists.iter().map(|list| {
                let values: Vec<_> = list.iter().map(|value| Value::Int(*value)).collect();
                cells(&values, false)
            }).collect();
            let beginnings: Vec<_> = all.iter().map(|list| &list[..most.min(list.len())]).collect();
            let all: Vec<_> = all.iter().map(Vec::as_slice).collect();
            let whole = merge(&all, usize::MAX);
            let expected: Vec<_> = whole.iter().copied().take(most).collect();
            prop_assert_eq!(merge(&beginnings, most), expected);
            prop_assert_eq!(whole.len(), lists.iter().map(Vec::len).sum::<usize>());
        }
    }
}
