//! Counting the words of rows, in bounded memory whatever the rows hold.

use std::collections::HashMap;

use altus4_connections::SearchLanguage;

use super::{Form, Letters, Stem, Titles, Vocabulary};
use crate::{
    terms::Stemming,
    text::{fold, words},
};

/// Words longer than this are nobody's.
const MAX_WORD_BYTES: usize = 48;
/// How many different words are kept at once.
const MAX_WORDS: usize = 120_000;
/// How many words with a hyphen are kept.
const MAX_JOINED: usize = 10_000;
/// What an entry of a table takes beside its text, about.
const ENTRY_BYTES: usize = 64;

/// Counts the words of rows, one row after the other.
///
/// When there are too many, those that were seen least are forgotten, as in Manku & Motwani,
/// "Approximate frequency counts over data streams" (2002): what is left is what matters most.
pub(crate) struct Census {
    stemming: Stemming,
    rows: u32,
    /// For each column the number of its words.
    lengths: Vec<u64>,
    forms: HashMap<Box<str>, Count>,
    stems: HashMap<Box<str>, u32>,
    stem_counts: Vec<Count>,
    joined: HashMap<Box<str>, (Box<str>, Box<str>)>,
    /// What was seen in fewer rows than this may have been forgotten.
    floor: u32,
}

/// In how many rows something occurs.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    stem: u32,
    rows: u32,
    /// The last one, counted from 1.
    last: u32,
}

impl Count {
    fn see(&mut self, row: u32) {
        if self.last != row {
            self.rows += 1;
            self.last = row;
        }
    }
}

impl Census {
    /// Of rows with so many columns in this language.
    pub(crate) fn new(columns: usize, language: SearchLanguage) -> Self {
        Self {
            stemming: Stemming::of_language(language),
            rows: 0,
            lengths: vec![0; columns],
            forms: HashMap::new(),
            stems: HashMap::new(),
            stem_counts: Vec::new(),
            joined: HashMap::new(),
            floor: 0,
        }
    }

    /// Counts the words of a row, column by column.
    pub(crate) fn add<'a>(&mut self, columns: impl Iterator<Item = &'a str>) {
        self.rows += 1;
        for (column, text) in columns.enumerate() {
            let mut before: Option<(usize, &str)> = None;
            for span in words(text) {
                let word = &text[span.start..span.end];
                if let Some(length) = self.lengths.get_mut(column) {
                    *length += 1;
                }
                if let Some((_, first)) = before.filter(|(end, _)| &text[*end..span.start] == "-") {
                    self.note_joined(first, word);
                }
                self.note(word);
                before = Some((span.end, word));
            }
        }
    }

    fn note(&mut self, word: &str) {
        if word.len() > MAX_WORD_BYTES {
            return;
        }
        let (written, word) = (word, fold(word));
        if let Some(count) = self.forms.get_mut(&*word) {
            count.see(self.rows);
            let stem = count.stem as usize;
            self.stem_counts[stem].see(self.rows);
            return;
        }
        if self.forms.len() >= MAX_WORDS {
            self.forget_rare();
        }
        let stem = self.stemming.of_folded(written, &word);
        let next = u32::try_from(self.stem_counts.len()).unwrap_or(u32::MAX);
        let stem = *self.stems.entry(stem.into()).or_insert(next);
        if stem == next {
            self.stem_counts.push(Count::default());
        }
        self.stem_counts[stem as usize].see(self.rows);
        self.forms.insert((&*word).into(), Count { stem, rows: 1, last: self.rows });
    }

    fn note_joined(&mut self, first: &str, second: &str) {
        if first.len() + second.len() > MAX_WORD_BYTES || self.joined.len() >= MAX_JOINED {
            return;
        }
        let (first, second) = (fold(first), fold(second));
        let joined = format!("{first}{second}");
        // It is found under this name too.
        self.note(&joined);
        self.joined.entry(joined.into()).or_insert_with(|| ((&*first).into(), (&*second).into()));
    }

    fn forget_rare(&mut self) {
        while self.forms.len() > MAX_WORDS / 2 {
            self.floor += 1;
            let floor = self.floor;
            self.forms.retain(|_, count| count.rows > floor);
        }
        // Stems without a form go too; the numbers of the others change.
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let mut kept = Vec::new();
        for count in self.forms.values_mut() {
            let old = count.stem;
            count.stem = *numbers.entry(old).or_insert_with(|| {
                kept.push(self.stem_counts[old as usize]);
                u32::try_from(kept.len() - 1).unwrap_or(u32::MAX)
            });
        }
        self.stem_counts = kept;
        self.stems.retain(|_, stem| match numbers.get(stem) {
            Some(number) => {
                *stem = *number;
                true
            }
            None => false,
        });
    }

    /// The vocabulary of the rows counted: all there are, or a sample of about `population`.
    pub(crate) fn finish(self, all: bool, population: u64) -> Vocabulary {
        let read = u64::from(self.rows);
        let mut forms: Vec<Form> = self
            .forms
            .into_iter()
            .map(|(text, count)| Form {
                letters: Letters::of(&text),
                text,
                rows: count.rows,
                stem: count.stem,
            })
            .collect();
        forms.sort_by(|a, b| (a.stem, b.rows, &a.text).cmp(&(b.stem, a.rows, &b.text)));
        let mut stems: Vec<Stem> =
            self.stem_counts.iter().map(|count| Stem { rows: count.rows, first: 0, forms: 0 }).collect();
        for (at, form) in forms.iter().enumerate() {
            let stem = &mut stems[form.stem as usize];
            if stem.forms == 0 {
                stem.first = u32::try_from(at).unwrap_or(u32::MAX);
            }
            stem.forms += 1;
        }
        let text_bytes = |texts: &mut dyn Iterator<Item = usize>| texts.map(|len| len + ENTRY_BYTES).sum();
        let bytes: [usize; 3] = [
            text_bytes(&mut forms.iter().map(|form| form.text.len())),
            text_bytes(&mut self.stems.keys().map(|stem| stem.len())),
            text_bytes(&mut self.joined.keys().map(|word| word.len() * 2 + ENTRY_BYTES)),
        ];
        Vocabulary {
            language: self.stemming.language(),
            read,
            rows: if all { read } else { population.max(read) },
            is_whole: all && self.floor == 0,
            lengths: self.lengths.iter().map(|all| (*all as f64 / read.max(1) as f64).max(1.0)).collect(),
            by_stem: self.stems,
            stems,
            forms,
            joined: self.joined,
            bytes: bytes.iter().sum(),
            titles: Titles::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_common_words_outlive_it() {
        let mut census = Census::new(1, SearchLanguage::English);
        for row in 0..700 {
            let noise: Vec<String> = (0..200).map(|at| format!("x{row}y{at}")).collect();
            let text = format!("lamps {} {}", noise.join(" "), "z".repeat(10_000));
            census.add([text.as_str()].into_iter());
        }
        assert!(census.forms.len() <= MAX_WORDS && census.stem_counts.len() <= MAX_WORDS);
        let words = census.finish(true, 0);
        assert_eq!((words.rows(), words.rows_with("lamp")), (700, 700.0));
        assert_eq!(words.forms("lamp").next(), Some(("lamps", 700.0)));
        assert!(!words.is_whole(), "what was forgotten may still be there");
        assert!(words.bytes() < 32 << 20);
    }
}
