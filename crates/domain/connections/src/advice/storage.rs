//! Storage engines whose full-text search is poor.

use super::{Advice, AdviceKind, Impact, Place, Remedy, Seen};

pub(super) fn advise(place: &Place<'_>) -> Option<Advice> {
    let engine = place.table.engine.as_deref()?;
    let is_poor = ["MyISAM", "Aria"].iter().any(|poor| engine.eq_ignore_ascii_case(poor));
    if place.is_view() || !is_poor || !place.is_searched_at_all() {
        return None;
    }
    let reason = format!(
        "{engine} finds nothing for words that more than half of the rows hold, and its tables can't be \
         written while they are read by long searches. InnoDB does both, and survives a crash."
    );
    let impact = if place.tallies.is_empty() { Impact::Low } else { Impact::Medium };
    Some(Advice {
        remedy: Some(Remedy::ConvertEngine { table: place.table.table.clone() }),
        effect: Some(place.cost_of_copy()),
        seen: Seen::of(place.tallies.iter().copied()),
        ..place.advice(AdviceKind::StorageEngine, impact, reason)
    })
}
