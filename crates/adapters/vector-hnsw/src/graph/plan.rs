//! Putting a row into the graph.

use super::{Graph, MOST_ABOVE, MOST_AT_BASE, MOST_LEVELS, NEIGHBOURS, walk::found};
use crate::{
    numbers::product,
    rows::{Found, Rows},
};

/// How many of the nearest a new row's neighbours are chosen from (the paper's efConstruction).
const BREADTH: usize = 120;

/// What is to be changed for the next slot.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Nothing: it is dead already.
    Skip,
    /// It has the same vector as this one.
    Twin(u32),
    /// It becomes a part.
    Node {
        /// Its neighbours on each level, from the lowest on.
        levels: Vec<Vec<u32>>,
        /// What others get in the place of the neighbours they had: level, slot, neighbours.
        changed: Vec<(usize, u32, Vec<u32>)>,
    },
}

impl Graph {
    /// How the next slot is to be linked, which has to be among the rows.
    pub(crate) fn plan(&self, rows: &Rows) -> Plan {
        let slot = u32::try_from(self.len()).unwrap_or(u32::MAX);
        if !rows.is_live(slot) {
            return Plan::Skip;
        }
        let own = rows.vector(slot);
        let level = level_of(slot);
        let mut levels = vec![Vec::new(); level + 1];
        let mut changed = Vec::new();
        if let Some(nearest) = self.descend(rows, own, level) {
            let top = self.entry().map_or(0, |(_, top)| top);
            let mut from = vec![nearest];
            for level in (0..=level.min(top)).rev() {
                from = self.walk(rows, own, &from, level, BREADTH, |_| true);
                if let Some(twin) = from.iter().map(|(_, twin)| twin.0).find(|twin| rows.vector(*twin) == own)
                {
                    return Plan::Twin(twin);
                }
                let neighbours = spread(rows, &from, NEIGHBOURS);
                for neighbour in &neighbours {
                    changed.push((level, *neighbour, self.with(rows, *neighbour, slot, level)));
                }
                levels[level] = neighbours;
            }
        }
        Plan::Node { levels, changed }
    }

    /// Links the next slot as planned. The graph has to be as it was then.
    pub(crate) fn link(&mut self, plan: Plan) {
        let slot = u32::try_from(self.len()).unwrap_or(u32::MAX);
        self.base.push(&[0; 1 + MOST_AT_BASE]);
        match plan {
            Plan::Skip => {}
            Plan::Twin(other) => self.twins.entry(other).or_default().push(slot),
            Plan::Node { levels, changed } => {
                let level = levels.len() - 1;
                if level > 0 {
                    self.upper.insert(slot, vec![Vec::new(); level]);
                }
                let own = levels.into_iter().enumerate().map(|(level, links)| (level, slot, links));
                for (level, slot, links) in own.chain(changed) {
                    self.set(slot, level, links);
                }
                if self.entry.is_none_or(|(_, top)| level > top) {
                    self.entry = Some((slot, level));
                }
            }
        }
    }

    fn set(&mut self, slot: u32, level: usize, links: Vec<u32>) {
        match level.checked_sub(1) {
            None => {
                let row = self.base.row_mut(slot as usize);
                row[0] = u32::try_from(links.len()).unwrap_or_default();
                row[1..=links.len()].copy_from_slice(&links);
            }
            Some(above) => {
                if let Some(known) = self.upper.get_mut(&slot).and_then(|levels| levels.get_mut(above)) {
                    *known = links;
                }
            }
        }
    }

    /// A slot's neighbours with one more, which makes others give way if there are too many.
    fn with(&self, rows: &Rows, slot: u32, new: u32, level: usize) -> Vec<u32> {
        let most = if level == 0 { MOST_AT_BASE } else { MOST_ABOVE };
        let mut links = self.neighbours(slot, level).to_vec();
        links.push(new);
        if links.len() > most {
            let own = rows.vector(slot);
            let mut nearest: Vec<Found> = links.iter().map(|link| found(rows, own, *link)).collect();
            nearest.sort_unstable_by(|a, b| b.cmp(a));
            links = spread(rows, &nearest, most);
        }
        links
    }
}

/// Of these, the nearest first, at most so many that lie in different directions: each is nearer to the
/// one they are chosen for than to any other that was chosen (the paper's SELECT-NEIGHBORS-HEURISTIC).
/// So there are ways out of a heap, and not only ways about in it.
fn spread(rows: &Rows, nearest: &[Found], most: usize) -> Vec<u32> {
    let mut chosen: Vec<u32> = Vec::with_capacity(most);
    for (near, slot) in nearest {
        if chosen.len() == most {
            break;
        }
        let own = rows.vector(slot.0);
        if chosen.iter().all(|other| product(own, rows.vector(*other)) < *near) {
            chosen.push(slot.0);
        }
    }
    chosen
}

/// The highest level of a slot: one more for a sixteenth of those of the level below. It looks random and
/// follows from the slot, so that a log makes the same graph each time (`SplitMix64`).
fn level_of(slot: u32) -> usize {
    let mut mixed = u64::from(slot).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    (mixed.leading_zeros() as usize / NEIGHBOURS.ilog2() as usize).min(MOST_LEVELS)
}
