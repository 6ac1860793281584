//! Indexes that are one too many. Each costs time at every write and room on disk.

use super::{Advice, AdviceKind, Impact, Place, Remedy, Seen};
use crate::FullTextKey;

/// Fewer searches of a table don't tell which of its indexes are used.
const ENOUGH: u64 = 100;

pub(super) fn advise(place: &Place<'_>) -> Vec<Advice> {
    let mut indexes: Vec<_> = place.table.full_text.iter().collect();
    indexes.sort_by(|one, other| one.index.cmp(&other.index));
    let mut kept: Vec<&FullTextKey> = Vec::new();
    let mut advice = Vec::new();
    for index in indexes {
        let is_same = |known: &&&FullTextKey| known.parser == index.parser && same_columns(known, index);
        if let Some(first) = kept.iter().find(is_same) {
            let reason = format!(
                "{} covers the same columns as {}: the order of columns doesn't matter to a full-text index.",
                index.index.name(),
                first.index.name()
            );
            advice.push(place.drop(
                AdviceKind::DuplicateIndex,
                Impact::Medium,
                reason,
                index,
                Seen::default(),
            ));
        } else {
            kept.push(index);
        }
    }
    let seen = Seen::of(place.tallies.iter().copied());
    if seen.searches >= ENOUGH {
        for index in &kept {
            let wider = kept.iter().find(|other| is_within(index, other));
            if let Some(wider) = wider.filter(|_| !place.is_used(index)) {
                let reason = format!(
                    "None of {} searches of this table wanted exactly the columns of {}, and {} covers them too. \
                     Drop it only if no program of your own has a MATCH over exactly these columns.",
                    seen.searches,
                    index.index.name(),
                    wider.index.name()
                );
                advice.push(place.drop(AdviceKind::UnusedIndex, Impact::Low, reason, index, seen));
            }
        }
    }
    advice
}

impl Place<'_> {
    fn drop(
        &self,
        kind: AdviceKind,
        impact: Impact,
        reason: String,
        index: &FullTextKey,
        seen: Seen,
    ) -> Advice {
        let remedy = Remedy::DropIndex { table: self.table.table.clone(), index: index.index.clone() };
        Advice {
            columns: index.columns.clone(),
            remedy: Some(remedy),
            effect: Some(self.cost_of_drop()),
            seen,
            ..self.advice(kind, impact, reason)
        }
    }

    fn is_used(&self, index: &FullTextKey) -> bool {
        let is_exact = |tally: &&crate::Tally| {
            let within = |name: &String| index.columns.iter().any(|column| column.name() == name);
            tally.columns.len() == index.columns.len() && tally.columns.iter().all(within)
        };
        self.tallies.iter().any(is_exact)
    }
}

fn same_columns(one: &FullTextKey, other: &FullTextKey) -> bool {
    one.columns.len() == other.columns.len()
        && one.columns.iter().all(|column| other.columns.contains(column))
}

fn is_within(one: &FullTextKey, other: &FullTextKey) -> bool {
    one.parser == other.parser
        && one.columns.len() < other.columns.len()
        && one.columns.iter().all(|column| other.columns.contains(column))
}
