//! Queries as they come out of hurried fingers.

use crate::sets::Query;

/// The fewest letters of a word that gets a mistake.
const MIN_LETTERS: usize = 5;

/// The query with one random edit (a letter left out, put in, exchanged, or two swapped) in one
/// random word of five letters or more. The same mistake in each run.
pub(crate) fn with_one(query: &Query) -> Query {
    let mut random = Random::of(&query.id);
    let mut words: Vec<String> = query.text.split(' ').map(str::to_owned).collect();
    let long: Vec<usize> = (0..words.len()).filter(|at| letters(&words[*at]).len() >= MIN_LETTERS).collect();
    if !long.is_empty() {
        let at = long[random.below(long.len())];
        words[at] = misspelt(&words[at], &mut random);
    }
    Query { id: query.id.clone(), text: words.join(" ") }
}

/// Where a word's ASCII letters are.
fn letters(word: &str) -> Vec<usize> {
    word.char_indices().filter(|(_, c)| c.is_ascii_alphabetic()).map(|(at, _)| at).collect()
}

fn misspelt(word: &str, random: &mut Random) -> String {
    let places = letters(word);
    loop {
        let mut letters = word.to_owned();
        let at = places[random.below(places.len())];
        let other = char::from(b"abcdefghijklmnopqrstuvwxyz"[random.below(26)]);
        match random.below(4) {
            0 => drop(letters.remove(at)),
            1 => letters.insert(at, other),
            2 => letters.replace_range(at..=at, &other.to_string()),
            _ if places.contains(&(at + 1)) => {
                let swapped: String = letters[at..=at + 1].chars().rev().collect();
                letters.replace_range(at..=at + 1, &swapped);
            }
            _ => continue,
        }
        if letters != word {
            return letters;
        }
    }
}

/// Marsaglia's xorshift64 (2003), seeded by a text.
struct Random(u64);

impl Random {
    fn of(seed: &str) -> Self {
        // FNV-1a.
        let hash = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        for (left, by) in [(true, 13), (false, 7), (true, 17)] {
            self.0 ^= if left { self.0 << by } else { self.0 >> by };
        }
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }
}
