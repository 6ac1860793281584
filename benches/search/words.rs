//! Which words to search for: real ones, picked by how many rows hold them.

use std::collections::{HashMap, HashSet};

/// How many queries each class has.
const QUERIES: usize = 8;

/// The classes of the measurements in `docs/BENCHMARKS.md`: by the number of rows that hold the
/// word, and three words at once. The table has each text `times` times; in one of a million rows,
/// words are as rare as in one of 60,000, and as frequent as its size makes them.
pub(crate) fn classes(texts: &[String], times: usize) -> Vec<(&'static str, Vec<String>)> {
    let mut rows: HashMap<String, usize> = HashMap::new();
    for text in texts {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        let distinct: HashSet<String> =
            words.filter(|w| w.len() >= 4 && w.bytes().all(|b| b.is_ascii_lowercase())).collect();
        for word in distinct {
            *rows.entry(word).or_default() += 1;
        }
    }
    let near = |count: usize| -> Vec<String> {
        let mut words: Vec<_> = rows.iter().collect();
        words.sort_by_key(|(word, held)| (held.abs_diff(count), (*word).clone()));
        words.into_iter().take(QUERIES).map(|(word, _)| word.clone()).collect()
    };
    let (rare, medium, frequent, very) =
        (near(32_usize.div_ceil(times)), near(380 / times), near(4_300), near(16_000));
    let threes = (0..QUERIES).map(|at| format!("{} {} {}", medium[at], frequent[at], very[at])).collect();
    vec![("rare", rare), ("medium", medium), ("frequent", frequent), ("very", very), ("three words", threes)]
}
