//! What no full-text index can cover as it is.

use super::{Advice, AdviceKind, Impact, Place, Seen, listed, refs};
use crate::{Access, Column, Generated, ServerFacts, ServerFamily, Table, TableKind};

/// Why no full-text index can cover anything of this table.
pub(crate) fn table(table: &Table, facts: &ServerFacts) -> Option<&'static str> {
    if table.kind == TableKind::View {
        Some("is a view, and an index can only be over the tables behind it")
    } else if table.is_partitioned && facts.family != ServerFamily::MariaDb {
        Some("is partitioned, and MySQL has no full-text indexes over partitioned tables")
    } else {
        None
    }
}

/// Why no full-text index can cover this column.
pub(crate) fn column(column: &Column) -> Option<&'static str> {
    if column.found.generated == Some(Generated::Virtual) {
        Some("is computed when it is read; stored (GENERATED ALWAYS AS … STORED), it could be indexed")
    } else if column.is_text() {
        None
    } else {
        Some("holds no text")
    }
}

/// Text that is searched all the same.
pub(super) fn advise(place: &Place<'_>) -> Vec<Advice> {
    let without = place.tallies.iter().filter(|tally| tally.access != Access::Indexed);
    let mut columns: Vec<&Column> = without.flat_map(|tally| place.uncovered(tally)).collect();
    columns.sort_by(|one, other| one.column.cmp(&other.column));
    columns.dedup_by(|one, other| one.column == other.column);
    let advice = |columns: &[&Column], why: &str| {
        let names = |name: &String| columns.iter().any(|column| column.column.name() == name);
        let those = place.tallies.iter().copied().filter(|tally| tally.columns.iter().any(names));
        let seen = Seen::of(those);
        let impact = if seen.left_out > 0 { Impact::High } else { Impact::Medium };
        let reason = format!("{} searched without an index, and none is possible: {why}.", listed(columns));
        Advice { columns: refs(columns), seen, ..place.advice(AdviceKind::NotIndexable, impact, reason) }
    };
    if columns.is_empty() {
        return Vec::new();
    }
    if let Some(why) = place.unfit_table() {
        return vec![advice(&columns, &format!("{} {why}", place.table.table.name()))];
    }
    let unfit = columns.iter().filter_map(|found| column(found).map(|why| (found, why)));
    unfit.map(|(found, why)| advice(&[found], &format!("{} {why}", found.column.name()))).collect()
}
