//! Rows of some days: the shortest way to ask for what is recent.

use super::moment;
use crate::{Column, ColumnKind, ColumnRef, Filter, Table, Test, Value};

/// The columns that say when a row came to be, the likeliest first.
const CREATED: [&str; 6] = ["created_at", "createdAt", "created", "created_on", "date_created", "date"];

/// From one moment to another, each a date or a date and time of ISO 8601. One that exists can be
/// compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateRange {
    from: Option<String>,
    /// The end, and whether it counts itself.
    to: Option<(String, bool)>,
}

impl DateRange {
    /// The range; a last day counts to its end. `None` when one of the two is no date.
    #[must_use]
    pub fn new(from: Option<&str>, to: Option<&str>) -> Option<Self> {
        let from = match from {
            Some(text) => Some(moment::date(text)?),
            None => None,
        };
        let to = match (to, to.and_then(moment::day)) {
            (_, Some(day)) => Some((moment::next_day(day)?, false)),
            (Some(text), None) => Some((moment::date(text)?, true)),
            (None, None) => None,
        };
        Some(Self { from, to })
    }

    /// Rows of a table that came to be within the range; `None` when the table doesn't say when its
    /// rows did.
    #[must_use]
    pub fn of(&self, table: &Table) -> Option<Filter> {
        let holds_dates = |column: &&Column| column.found.kind == ColumnKind::Temporal;
        let column = CREATED.iter().find_map(|name| table.column(name).filter(holds_dates))?;
        Some(self.of_column(&column.column))
    }

    /// Rows whose value of this column, which holds dates, is within the range.
    #[must_use]
    pub fn of_column(&self, column: &ColumnRef) -> Filter {
        let is = |test| Filter::Is(column.clone(), test);
        let from = self.from.iter().map(|from| is(Test::Gte(Value::Text(from.clone()))));
        let to = self.to.iter().map(|(to, counts)| {
            let to = Value::Text(to.clone());
            is(if *counts { Test::Lte(to) } else { Test::Lt(to) })
        });
        Filter::All(from.chain(to).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DiscoveredColumn, DiscoveredTable, SchemaSnapshot};

    fn table(column: &str) -> SchemaSnapshot {
        let name = column.to_owned();
        let column = DiscoveredColumn { name, kind: ColumnKind::Temporal, ..Default::default() };
        SchemaSnapshot::new(vec![DiscoveredTable {
            name: "t".into(),
            columns: vec![column],
            ..Default::default()
        }])
    }

    #[test]
    fn the_last_day_counts_to_its_end() {
        let schema = table("createdAt");
        let range = DateRange::new(Some("2026-01-01"), Some("2026-01-31")).unwrap();
        let Some(Filter::All(tests)) = range.of(&schema.tables()[0]) else { panic!("a filter") };
        let at = |text: &str| Value::Text(text.to_owned());
        let tests: Vec<_> = tests
            .into_iter()
            .map(|test| match test {
                Filter::Is(_, test) => test,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(tests, [Test::Gte(at("2026-01-01")), Test::Lt(at("2026-02-01"))]);
        let to_the_second = DateRange::new(None, Some("2026-01-31T10:00:00Z")).unwrap();
        let Some(Filter::All(tests)) = to_the_second.of(&schema.tables()[0]) else { panic!("a filter") };
        assert!(matches!(&tests[..], [Filter::Is(_, Test::Lte(_))]));
    }

    #[test]
    fn a_table_that_does_not_say_has_no_range() {
        let range = DateRange::new(Some("2026-01-01"), None).unwrap();
        assert_eq!(range.of(&table("birthday").tables()[0]), None);
        assert_eq!(DateRange::new(Some("soon"), None), None);
    }
}
