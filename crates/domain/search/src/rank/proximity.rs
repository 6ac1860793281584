//! What it is worth that words of the query stand near each other in a row.
//!
//! Büttcher, Clarke & Lushman, "Term proximity scoring for ad-hoc retrieval on very large text
//! collections" (SIGIR 2006): each word of the query gathers the weight of the query's word before
//! it, over the square of their distance; that saturates as BM25 does, and counts as much as a word
//! of little weight. Here words in the query's order count twice what others do.

use super::K1;

/// How much all of it counts beside the words themselves.
const WEIGHT: f64 = 0.6;
/// What it counts that two words stand the other way round.
const REVERSED: f64 = 0.5;
/// Words farther apart have nothing to do with each other.
const MAX_DISTANCE: u32 = 12;
/// More different pairs than a row's score needs; a bound against hostile rows.
const MAX_PAIRS: usize = 128;

/// Which terms stand near which in a row, and how near.
#[derive(Debug, Clone, Default)]
pub(super) struct Pairs {
    last: Option<(usize, u32)>,
    /// A term, one before it, and the sum over their meetings.
    near: Vec<(usize, usize, f64)>,
}

impl Pairs {
    /// Words of different fields are not near each other.
    pub(super) fn begin_field(&mut self) {
        self.last = None;
    }

    /// Notes that a term is the word at this place of the field.
    pub(super) fn add(&mut self, term: usize, at: u32) {
        if let Some((before, place)) = self.last.filter(|(before, _)| *before != term) {
            let distance = at - place;
            if distance <= MAX_DISTANCE {
                // Terms are numbered in the order in which they were typed.
                let order = if before < term { 1.0 } else { REVERSED };
                self.meet(term, before, order / f64::from(distance * distance));
            }
        }
        self.last = Some((term, at));
    }

    fn meet(&mut self, a: usize, b: usize, nearness: f64) {
        let known = self.near.iter_mut().find(|(one, other, _)| (*one, *other) == (a, b));
        if let Some((.., sum)) = known {
            *sum += nearness;
        } else if self.near.len() < MAX_PAIRS {
            self.near.push((a, b, nearness));
        }
    }

    /// What that is worth, given what each term is worth.
    pub(super) fn score(&self, idf: &[f64]) -> f64 {
        let mut gathered = vec![0.0; if self.near.is_empty() { 0 } else { idf.len() }];
        for (term, before, nearness) in &self.near {
            gathered[*term] += idf[*before] * nearness;
            gathered[*before] += idf[*term] * nearness;
        }
        let terms = idf.iter().zip(gathered);
        WEIGHT * terms.map(|(idf, sum)| idf.min(1.0) * sum / (sum + K1)).sum::<f64>()
    }
}

/// More than a row can get.
pub(super) fn best(idf: &[f64]) -> f64 {
    if idf.len() < 2 { 0.0 } else { WEIGHT * idf.iter().map(|idf| idf.min(1.0)).sum::<f64>() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(places: &[(usize, u32)]) -> f64 {
        let mut pairs = Pairs::default();
        for (term, at) in places {
            pairs.add(*term, *at);
        }
        pairs.score(&[3.0, 3.0])
    }

    #[test]
    fn the_nearer_the_better_and_the_order_counts() {
        let side_by_side = score(&[(0, 4), (1, 5)]);
        assert!(side_by_side > score(&[(1, 4), (0, 5)]));
        assert!(side_by_side > score(&[(0, 4), (1, 7)]));
        assert!(score(&[(0, 4), (1, 4 + MAX_DISTANCE + 1)]) <= 0.0, "too far apart");
        assert!(score(&[(0, 4), (0, 5)]) <= 0.0, "a word is not near itself");
    }

    #[test]
    fn no_row_gets_more_than_the_best_and_hostile_ones_take_no_room() {
        let idf = vec![4.0; 100];
        let mut pairs = Pairs::default();
        for at in 0..100_000 {
            pairs.add((at * 37 % 100) as usize, at);
        }
        assert!(pairs.near.len() <= MAX_PAIRS);
        assert!(pairs.score(&idf) <= best(&idf));
    }
}
