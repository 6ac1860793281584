//! Collations under which words that readers take for the same are different ones.

use super::{Advice, AdviceKind, Impact, Place, Remedy, Seen, listed, refs};
use crate::Column;

/// What every supported server has.
const GOOD: &str = "utf8mb4_unicode_ci";

pub(super) fn advise(place: &Place<'_>) -> Option<Advice> {
    if place.is_view() {
        return None;
    }
    let text = place.table.columns.iter().filter(|column| column.is_text() && place.is_searched(column));
    let (poor, good): (Vec<&Column>, Vec<&Column>) = text.partition(|column| is_poor(column));
    if poor.is_empty() {
        return None;
    }
    let tells_case = |column: &&Column| collation(column).is_some_and(is_binary);
    let binary: Vec<_> = poor.iter().copied().filter(tells_case).collect();
    let others: Vec<_> = poor.iter().copied().filter(|column| !tells_case(column)).collect();
    let said = |columns: &[&Column], what: &str| match columns {
        [] => String::new(),
        columns => format!("{} {what} ", listed(columns)),
    };
    let reason = format!(
        "{}{}An index can only be over columns of one collation, so change them all at once.",
        said(&binary, "compare with case and accents: \"cafe\" finds neither \"Cafe\" nor \"café\"."),
        said(&others, "can't hold the letters of most scripts."),
    );
    let is_good = |column: &&&Column| collation(column).is_some_and(|name| name.starts_with("utf8mb4"));
    let collation = good.iter().find(is_good).and_then(|column| collation(column)).unwrap_or(GOOD).to_owned();
    let table = place.table.table.clone();
    let columns = poor.iter().map(|column| (*column).into()).collect();
    let impact = if binary.is_empty() { Impact::Low } else { Impact::Medium };
    let names = |tally: &&&crate::Tally| {
        poor.iter().any(|column| tally.columns.iter().any(|name| name == column.column.name()))
    };
    Some(Advice {
        columns: refs(&poor),
        remedy: Some(Remedy::ConvertColumns { table, columns, collation }),
        effect: Some(place.cost_of_copy()),
        seen: Seen::of(place.tallies.iter().filter(names).copied()),
        ..place.advice(AdviceKind::Collation, impact, reason)
    })
}

fn collation(column: &Column) -> Option<&str> {
    column.found.collation.as_deref()
}

fn is_binary(collation: &str) -> bool {
    collation == "binary" || collation.ends_with("_bin")
}

/// Character sets of the Unicode family hold every script.
fn is_poor(column: &Column) -> bool {
    let is_unicode = |name: &str| ["utf", "ucs", "uca"].iter().any(|family| name.starts_with(family));
    collation(column).is_some_and(|name| is_binary(name) || !is_unicode(name))
}
