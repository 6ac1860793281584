//! How words are spelt in the data, for those who type.

use std::{cmp::Reverse, collections::HashMap};

use altus4_kernel::ConnectionId;

use super::Vocabularies;
use crate::{Correction, Spelling};

/// Looks at the vocabularies that are there already: what was never searched is not read for this.
impl Spelling for Vocabularies {
    fn corrections(
        &self,
        databases: &[ConnectionId],
        tables: &[String],
        word: &str,
        limit: usize,
    ) -> Vec<Correction> {
        let mut found = HashMap::<String, (usize, f64)>::new();
        for vocabulary in self.of_tables(databases, tables) {
            for near in vocabulary.near(word, limit) {
                let (edits, rows) = found.entry(near.word).or_insert((near.edits, 0.0));
                *edits = near.edits.min(*edits);
                *rows += near.rows;
            }
        }
        // The word itself is in the data: there is nothing to correct.
        if found.values().any(|(edits, _)| *edits == 0) {
            return Vec::new();
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by(|(a, (a_edits, a_rows)), (b, (b_edits, b_rows))| {
            (a_edits, Reverse(a_rows.to_bits()), a).cmp(&(b_edits, Reverse(b_rows.to_bits()), b))
        });
        found.truncate(limit);
        // Half as likely with each further edit; the commoner of several first.
        let correction = |(place, (word, (edits, _))): (usize, (String, (usize, f64)))| Correction {
            word,
            score: 0.5_f64.powi(i32::try_from(edits).unwrap_or(i32::MAX) - 1) * 0.9
                / (1.0 + 0.1 * place as f64),
        };
        found.into_iter().enumerate().map(correction).collect()
    }
}
