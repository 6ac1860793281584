//! The graph of neighbours. A row that is put into it is planned first, which takes time and changes
//! nothing, and linked then, which takes none to speak of: between the two others may search.

mod plan;
mod walk;

use std::collections::HashMap;

use crate::{
    chunks::Chunks,
    rows::{Found, Rows},
};

/// How many neighbours a new row is given on each level (the paper's M).
const NEIGHBOURS: usize = 16;
/// How many it may come to have on the lowest level, where all rows are, and on the others.
pub(crate) const MOST_AT_BASE: usize = 2 * NEIGHBOURS;
pub(crate) const MOST_ABOVE: usize = NEIGHBOURS;
/// There are never more levels: each has a sixteenth of the rows of the one below.
pub(crate) const MOST_LEVELS: usize = 12;

/// The neighbours of the first slots of a collection.
#[derive(Debug)]
pub(crate) struct Graph {
    /// For each slot how many neighbours it has on the lowest level, and these.
    base: Chunks<u32>,
    /// Those of the levels above, for the few rows that are there.
    upper: HashMap<u32, Vec<Vec<u32>>>,
    /// The slots that have the same vector as one that is in the graph, which stands for them.
    twins: HashMap<u32, Vec<u32>>,
    /// Where every walk begins, and the level it is on.
    entry: Option<(u32, usize)>,
}

impl Graph {
    /// Of no slots.
    pub(crate) fn new() -> Self {
        Self {
            base: Chunks::new(1 + MOST_AT_BASE),
            upper: HashMap::new(),
            twins: HashMap::new(),
            entry: None,
        }
    }

    /// The one with these parts: the neighbours of each slot on the lowest level, and the rest as it is
    /// kept. `None` where they don't fit together.
    pub(crate) fn from_parts(
        base: Chunks<u32>,
        upper: HashMap<u32, Vec<Vec<u32>>>,
        twins: HashMap<u32, Vec<u32>>,
        entry: Option<(u32, usize)>,
    ) -> Option<Self> {
        let graph = Self { base, upper, twins, entry };
        graph.is_sound().then_some(graph)
    }

    /// How many slots are in it.
    pub(crate) fn len(&self) -> usize {
        self.base.len()
    }

    pub(crate) fn upper(&self) -> &HashMap<u32, Vec<Vec<u32>>> {
        &self.upper
    }

    pub(crate) fn twins(&self) -> &HashMap<u32, Vec<u32>> {
        &self.twins
    }

    pub(crate) fn entry(&self) -> Option<(u32, usize)> {
        self.entry
    }

    /// A slot's neighbours on a level; none where it isn't there.
    pub(crate) fn neighbours(&self, slot: u32, level: usize) -> &[u32] {
        match level.checked_sub(1) {
            None => {
                let row = self.base.row(slot as usize);
                &row[1..=row[0] as usize]
            }
            Some(above) => {
                self.upper.get(&slot).and_then(|levels| levels.get(above)).map_or(&[], Vec::as_slice)
            }
        }
    }

    /// The live rows of the graph that are nearest, the nearest first: about `limit`, and more where
    /// several have the same vector. `breadth` is at least `limit`.
    pub(crate) fn nearest(&self, rows: &Rows, to: &[i16], limit: usize, breadth: usize) -> Vec<Found> {
        let Some(entry) = self.descend(rows, to, 0) else { return Vec::new() };
        let is_wanted =
            |slot: u32| rows.is_live(slot) || self.twins_of(slot).iter().any(|twin| rows.is_live(*twin));
        let found = self.walk(rows, to, &[entry], 0, breadth, is_wanted);
        let with_twins = found.into_iter().take(limit).flat_map(|(near, slot)| {
            let alike = std::iter::once(slot.0).chain(self.twins_of(slot.0).iter().copied());
            alike
                .filter(|slot| rows.is_live(*slot))
                .take(limit)
                .map(move |slot| (near, std::cmp::Reverse(slot)))
        });
        with_twins.take(2 * limit).collect()
    }

    fn twins_of(&self, slot: u32) -> &[u32] {
        self.twins.get(&slot).map_or(&[], Vec::as_slice)
    }

    /// Whether every link leads somewhere.
    fn is_sound(&self) -> bool {
        let len = self.len();
        let are_there = |slots: &[u32]| slots.iter().all(|slot| (*slot as usize) < len);
        let base = (0..len).all(|slot| {
            let row = self.base.row(slot);
            (row[0] as usize) <= MOST_AT_BASE && are_there(&row[1..=row[0] as usize])
        });
        let upper = self.upper.iter().all(|(slot, levels)| {
            are_there(&[*slot])
                && levels.len() <= MOST_LEVELS
                && levels.iter().all(|links| links.len() <= MOST_ABOVE && are_there(links))
        });
        let twins = self.twins.iter().all(|(slot, twins)| are_there(&[*slot]) && are_there(twins));
        let entry = self.entry.is_none_or(|(slot, level)| {
            are_there(&[slot]) && self.upper.get(&slot).map_or(0, Vec::len) >= level
        });
        base && upper && twins && entry
    }
}
