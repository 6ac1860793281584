//! Facets: the values of a column among the matches, counted over all tables together.

use std::collections::HashMap;

use altus4_connections::Value;

use crate::Facet;

/// How many values of a column are told.
pub(crate) const TOLD: usize = 100;

/// How many values of each column a table is asked for: more than are told, where a value that is
/// rare in one table may be common in the others.
pub(crate) const ASKED: u32 = 200;

/// The commonest values, by their text, of what several tables counted; of equals the first by name.
pub(crate) fn merge(counted: impl Iterator<Item = Facet>) -> Vec<(String, u64)> {
    let mut sums: HashMap<String, u64> = HashMap::new();
    for (value, count) in counted.flatten() {
        if let Some(name) = name(value) {
            *sums.entry(name).or_default() += count;
        }
    }
    let mut values: Vec<_> = sums.into_iter().collect();
    values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    values.truncate(TOLD);
    values
}

/// A value as the name of a member; `None` for what has none.
fn name(value: Value) -> Option<String> {
    match value {
        Value::Null | Value::Bytes(_) => None,
        Value::Bool(value) => Some(value.to_string()),
        Value::Int(value) => Some(value.to_string()),
        Value::UInt(value) => Some(value.to_string()),
        Value::Float(value) => Some(value.to_string()),
        Value::Text(text) | Value::Json(text) => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_counted_together_the_commonest_first() {
        let text = |text: &str| Value::Text(text.to_owned());
        let one = vec![(text("open"), 3), (text("closed"), 2), (Value::Null, 9)];
        let other = vec![(text("closed"), 4), (Value::Int(7), 3)];
        let expected = [("closed", 6), ("7", 3), ("open", 3)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(merge([one, other].into_iter()), expected);
    }

    #[test]
    fn no_more_than_a_hundred_are_told() {
        let many: Facet = (0..300).map(|n| (Value::Int(n), 1)).collect();
        assert_eq!(merge(std::iter::once(many)).len(), TOLD);
    }
}
