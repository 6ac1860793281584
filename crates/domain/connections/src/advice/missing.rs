//! Indexes that aren't there: over text that is searched without one, over columns that are searched
//! together, and over text that nobody searched yet.

use std::time::Duration;

use super::{
    Advice, AdviceKind, Effect, Impact, MAX_INDEX_COLUMNS, Place, Remedy, Seen, listed, refs, unfit,
};
use crate::{Access, Column, IndexPlan, Tally};

/// Text that may be longer than this is worth an index before anybody has searched it.
const LONG_TEXT_CHARS: u64 = 100;
/// Searches that take longer are felt.
const SLOW: Duration = Duration::from_millis(100);
/// A search through an index that is too wide may be a chance; so many are a habit.
const HABIT: u64 = 10;

pub(super) fn advise(place: &Place<'_>) -> Vec<Advice> {
    if place.unfit_table().is_some() {
        return Vec::new();
    }
    let mut advice = searched_without(place);
    advice.extend(searched_through_others(place));
    if place.tallies.is_empty() {
        advice.extend(not_searched_yet(place));
    }
    advice
}

/// Text that was searched without an index: each such column is in one of these pieces of advice.
fn searched_without(place: &Place<'_>) -> Vec<Advice> {
    let without: Vec<&Tally> =
        place.tallies.iter().copied().filter(|tally| tally.access != Access::Indexed).collect();
    let sets = without.iter().map(|tally| fit(place.uncovered(tally)));
    let sets = largest(sets.flat_map(indexable).collect());
    let advice = sets.into_iter().map(|set| {
        let names = |name: &String| set.iter().any(|column| column.column.name() == name);
        let seen = Seen::of(without.iter().copied().filter(|tally| tally.columns.iter().any(names)));
        let rows = place.table.estimated_rows.unwrap_or_default();
        let is_high = seen.left_out > 0 || seen.average() >= SLOW;
        let reason = reason(&set, seen, rows);
        let impact = if is_high { Impact::High } else { Impact::Medium };
        place.index(AdviceKind::MissingIndex, impact, reason, &set, seen)
    });
    advice.collect()
}

fn reason(set: &[&Column], seen: Seen, rows: u64) -> String {
    let names = listed(set);
    let first = format!("{} searched {names}, which no full-text index covers.", times(seen.searches));
    let milliseconds = seen.average().as_millis();
    let scanned = (seen.scanned > 0).then(|| {
        let searches = times(seen.scanned);
        format!("{searches} read the whole table of about {rows} rows, in {milliseconds} ms on average.")
    });
    let left_out = (seen.left_out > 0).then(|| {
        let searches = times(seen.left_out);
        format!("{searches} left it out, as it is too large to be read: nothing in it was found.")
    });
    let sentences = [Some(first), scanned, left_out].into_iter().flatten();
    sentences.map(|sentence| capital(&sentence)).collect::<Vec<_>>().join(" ")
}

/// Columns that are searched together through several indexes, or through a wider one.
fn searched_through_others(place: &Place<'_>) -> Vec<Advice> {
    let mut advice = Vec::new();
    for tally in place.tallies.iter().filter(|tally| tally.access == Access::Indexed) {
        let wanted = place.wanted(tally);
        let indexed: Vec<_> = wanted
            .iter()
            .copied()
            .filter(|column| place.table.is_full_text_indexed(&column.column))
            .collect();
        // Anything else was changed since.
        if indexed.len() != tally.columns.len() || indexable(indexed.clone()).len() != 1 {
            continue;
        }
        let covers =
            |index: &crate::FullTextKey| indexed.iter().all(|column| index.columns.contains(&column.column));
        let is_exact = |index: &crate::FullTextKey| covers(index) && index.columns.len() == indexed.len();
        if place.table.full_text.iter().any(is_exact) {
            continue;
        }
        let (names, seen) = (listed(&indexed), Seen::of([*tally]));
        let searches = times(seen.searches);
        if !place.table.full_text.iter().any(covers) {
            let reason = format!(
                "{} searched {names} together, which needs several indexes: one over all of them is asked \
                 once, and finds rows whose words lie in different columns.",
                capital(&searches)
            );
            advice.push(place.index(AdviceKind::CombinedIndex, Impact::Medium, reason, &indexed, seen));
        } else if seen.searches >= HABIT {
            let reason = format!(
                "{} searched {names} alone, through an index that covers other columns too: rows found \
                 for those have to be read and left out.",
                capital(&searches)
            );
            advice.push(place.index(AdviceKind::ExactIndex, Impact::Low, reason, &indexed, seen));
        }
    }
    advice
}

/// Long text without an index, in a table that has rows and that nobody searched yet.
fn not_searched_yet(place: &Place<'_>) -> Vec<Advice> {
    if place.is_view() || place.table.estimated_rows.unwrap_or_default() == 0 {
        return Vec::new();
    }
    let is_long = |column: &&Column| match column.found.kind {
        crate::ColumnKind::Text { max_chars } => max_chars.is_none_or(|chars| chars >= LONG_TEXT_CHARS),
        _ => false,
    };
    let is_key = |column: &Column| {
        let is_unique = matches!(column.found.key.as_deref(), Some("PRI" | "UNI"));
        is_unique || place.table.relations.iter().any(|relation| relation.column == column.column.name())
    };
    let columns = place.table.columns.iter().filter(is_long).filter(|column| !is_key(column));
    let columns = columns.filter(|column| !place.table.is_full_text_indexed(&column.column));
    let sets = indexable(fit(columns.collect()));
    let advice = sets.into_iter().map(|set| {
        let reason = format!(
            "No full-text index covers {}, which may hold long texts. Not searched yet.",
            listed(&set)
        );
        place.index(AdviceKind::MissingIndex, Impact::Low, reason, &set, Seen::default())
    });
    advice.collect()
}

impl Place<'_> {
    fn index(&self, kind: AdviceKind, impact: Impact, reason: String, set: &[&Column], seen: Seen) -> Advice {
        let plan = IndexPlan::named_after(self.table, refs(set));
        let effect: Effect = self.cost_of_index();
        Advice {
            columns: refs(set),
            remedy: Some(Remedy::AddIndex(plan)),
            effect: Some(effect),
            seen,
            ..self.advice(kind, impact, reason)
        }
    }
}

fn fit(mut columns: Vec<&Column>) -> Vec<&Column> {
    columns.retain(|column| unfit::column(column).is_none());
    columns
}

/// The columns in sets that one index each can cover: of one collation, and not too many.
fn indexable(columns: Vec<&Column>) -> Vec<Vec<&Column>> {
    let mut groups: Vec<Vec<&Column>> = Vec::new();
    for column in columns {
        let alike = groups.iter_mut().find(|group| {
            group.len() < MAX_INDEX_COLUMNS
                && group.first().is_some_and(|first| first.found.collation == column.found.collation)
        });
        match alike {
            Some(group) => group.push(column),
            None => groups.push(vec![column]),
        }
    }
    groups
}

/// The sets without those that lie in another.
fn largest(mut sets: Vec<Vec<&Column>>) -> Vec<Vec<&Column>> {
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    let mut kept: Vec<Vec<&Column>> = Vec::new();
    for set in sets {
        let lies_in = |other: &Vec<&Column>| {
            set.iter().all(|column| other.iter().any(|known| known.column == column.column))
        };
        if !kept.iter().any(lies_in) {
            kept.push(set);
        }
    }
    kept
}

fn times(count: u64) -> String {
    if count == 1 { "one search".to_owned() } else { format!("{count} searches") }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}
