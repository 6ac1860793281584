//! Walking from neighbour to neighbour, nearer and nearer.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::Graph;
use crate::{
    numbers::product,
    rows::{Found, Rows},
};

impl Graph {
    /// The slot nearest to `to` that is found by always going to the nearest neighbour, from the top
    /// down to the level above `level`. `None` where there is none at all.
    pub(super) fn descend(&self, rows: &Rows, to: &[i16], level: usize) -> Option<Found> {
        let (entry, top) = self.entry()?;
        let mut nearest = found(rows, to, entry);
        for level in (level + 1..=top).rev() {
            loop {
                let neighbours = self.neighbours(nearest.1.0, level).iter();
                let best = neighbours.map(|slot| found(rows, to, *slot)).max();
                match best.filter(|best| *best > nearest) {
                    Some(best) => nearest = best,
                    None => break,
                }
            }
        }
        Some(nearest)
    }

    /// The `breadth` nearest wanted slots of a level that are found from these on, the nearest first
    /// (the paper's SEARCH-LAYER). Those that aren't wanted are passed through.
    pub(super) fn walk(
        &self,
        rows: &Rows,
        to: &[i16],
        from: &[Found],
        level: usize,
        breadth: usize,
        is_wanted: impl Fn(u32) -> bool,
    ) -> Vec<Found> {
        let mut seen = Seen::of(self.len());
        let mut open: BinaryHeap<Found> = from.iter().copied().filter(|(_, slot)| seen.add(slot.0)).collect();
        let mut best: BinaryHeap<Reverse<Found>> =
            from.iter().filter(|(_, slot)| is_wanted(slot.0)).copied().map(Reverse).collect();
        while let Some(next) = open.pop() {
            let is_full = best.len() >= breadth;
            if is_full && best.peek().is_some_and(|Reverse(worst)| next.0 < worst.0) {
                break;
            }
            for slot in self.neighbours(next.1.0, level) {
                if !seen.add(*slot) {
                    continue;
                }
                let neighbour = found(rows, to, *slot);
                if best.len() < breadth || best.peek().is_some_and(|Reverse(worst)| neighbour > *worst) {
                    open.push(neighbour);
                    if is_wanted(*slot) {
                        best.push(Reverse(neighbour));
                        if best.len() > breadth {
                            best.pop();
                        }
                    }
                }
            }
        }
        let mut nearest: Vec<Found> = best.into_iter().map(|Reverse(found)| found).collect();
        nearest.sort_unstable_by(|a, b| b.cmp(a));
        nearest
    }
}

/// A slot, as far from `to` as it is.
pub(super) fn found(rows: &Rows, to: &[i16], slot: u32) -> Found {
    (product(to, rows.vector(slot)), Reverse(slot))
}

/// Slots that were come by: a bit for each there is.
struct Seen(Vec<u64>);

impl Seen {
    fn of(slots: usize) -> Self {
        Self(vec![0; slots.div_ceil(64)])
    }

    /// Whether it hadn't been before.
    fn add(&mut self, slot: u32) -> bool {
        let word = &mut self.0[slot as usize / 64];
        let bit = 1 << (slot % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}
