//! Vocabularies: what is known of the words of a table, from rows of it: which there are, in which
//! forms, in how many rows, and how long its texts are.

mod census;
mod kept;
mod phrases;
mod spelling;
mod suggested;

use std::collections::HashMap;

use altus4_connections::SearchLanguage;

pub(crate) use self::{
    census::Census,
    kept::{Known, Vocabularies},
};
use self::{
    phrases::Titles,
    spelling::{Letters, distance},
};

/// The words of some columns of a table.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    /// By whose rules its forms have stems.
    language: SearchLanguage,
    /// How many rows were read.
    read: u64,
    /// How many rows the table has: for certain if all were read, else about.
    rows: u64,
    /// Whether a word that isn't here is in no row.
    is_whole: bool,
    /// How many words each column has on the average.
    lengths: Vec<f64>,
    /// By their stems, where in `stems`.
    by_stem: HashMap<Box<str>, u32>,
    stems: Vec<Stem>,
    forms: Vec<Form>,
    /// Words that are written with a hyphen, by what they are without it.
    joined: HashMap<Box<str>, (Box<str>, Box<str>)>,
    bytes: usize,
    /// Titles of its rows.
    titles: Titles,
}

#[derive(Debug, Default)]
struct Stem {
    /// In how many of the rows read one of its forms occurs.
    rows: u32,
    /// Where its forms begin, commonest first, and how many they are.
    first: u32,
    forms: u32,
}

#[derive(Debug)]
struct Form {
    text: Box<str>,
    /// What it is compared by; `None` for what isn't compared.
    letters: Option<Letters>,
    rows: u32,
    stem: u32,
}

/// A word that may have been meant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Near {
    /// The commonest form within reach.
    pub(crate) word: String,
    /// Its edits.
    pub(crate) edits: usize,
    /// About how many rows of the table hold it.
    pub(crate) rows: f64,
}

impl Vocabulary {
    /// By whose rules its forms have stems.
    pub(crate) fn language(&self) -> SearchLanguage {
        self.language
    }

    /// About how many rows the table has.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether a word that isn't here is in no row.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// How many words each column has on the average, at least one.
    pub(crate) fn lengths(&self) -> &[f64] {
        &self.lengths
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.titles.bytes()
    }

    /// About how many rows hold a word with this stem; exactly, when it is whole.
    pub(crate) fn rows_with(&self, stem: &str) -> f64 {
        self.stem(stem).map_or(0.0, |stem| self.scaled(stem.rows))
    }

    /// The forms of a stem, commonest first, and about how many rows hold each.
    pub(crate) fn forms(&self, stem: &str) -> impl Iterator<Item = (&str, f64)> + '_ {
        let forms = self.stem(stem).map_or(&[][..], |stem| {
            let first = stem.first as usize;
            &self.forms[first..first + stem.forms as usize]
        });
        forms.iter().map(|form| (&*form.text, self.scaled(form.rows)))
    }

    /// The two parts of a word that is written with a hyphen here: of `wifi`, `wi` and `fi`.
    pub(crate) fn parts(&self, word: &str) -> Option<(&str, &str)> {
        self.joined.get(word).map(|(first, second)| (&**first, &**second))
    }

    /// The words that a misspelt one may mean, nearest first, then the commonest.
    pub(crate) fn near(&self, word: &str, most: usize) -> Vec<Near> {
        let Some(letters) = Letters::of(word) else { return Vec::new() };
        let edits = letters.forgiven();
        if edits == 0 {
            return Vec::new();
        }
        let mut found: Vec<(usize, bool, std::cmp::Reverse<u32>, &Form)> = Vec::new();
        for form in &self.forms {
            if form.letters.is_none_or(|other| !letters.may_be_within(other, edits)) {
                continue;
            }
            if let Some(apart) = distance(word, &form.text, edits) {
                // Few mistakes are made in the first letter (Pollock & Zamora 1984).
                let other_start = word.chars().next() != form.text.chars().next();
                let rows = self.stems[form.stem as usize].rows;
                found.push((apart, other_start, std::cmp::Reverse(rows), form));
            }
        }
        found.sort_by(|a, b| (a.0, a.1, a.2, &a.3.text).cmp(&(b.0, b.1, b.2, &b.3.text)));
        let mut stems = Vec::new();
        found.retain(|(.., form)| {
            let new = !stems.contains(&form.stem);
            stems.push(form.stem);
            new
        });
        let near = found.into_iter().take(most).map(|(edits, _, rows, form)| Near {
            word: form.text.to_string(),
            edits,
            rows: self.scaled(rows.0),
        });
        near.collect()
    }

    fn stem(&self, stem: &str) -> Option<&Stem> {
        self.by_stem.get(stem).and_then(|at| self.stems.get(*at as usize))
    }

    fn scaled(&self, rows: u32) -> f64 {
        f64::from(rows) * self.rows as f64 / self.read.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(rows: &[&str], whole: bool, population: u64) -> Vocabulary {
        let mut census = Census::new(1, SearchLanguage::English);
        for row in rows {
            census.add([*row].into_iter());
        }
        census.finish(whole, population)
    }

    #[test]
    fn rows_are_counted_by_stem_and_forms_are_known() {
        let rows = ["Searching and searches", "a search", "searches", "found nothing"];
        let words = vocabulary(&rows, true, 0);
        assert_eq!((words.rows(), words.rows_with("search")), (4, 3.0));
        let forms: Vec<_> = words.forms("search").collect();
        assert_eq!(forms, [("searches", 2.0), ("search", 1.0), ("searching", 1.0)]);
        assert!(words.forms("elsewher").next().is_none());
        assert_eq!(words.lengths(), [2.0]);
    }

    #[test]
    fn a_sample_speaks_for_the_whole_table() {
        let words = vocabulary(&["lamp", "other"], false, 1_000);
        assert_eq!((words.rows(), words.rows_with("lamp")), (1_000, 500.0));
        assert!(!words.is_whole());
    }

    #[test]
    fn the_nearest_word_comes_first_then_the_commonest() {
        let words = vocabulary(&["rooter", "routers", "router", "bowter bowter"], true, 0);
        let near: Vec<_> = words.near("rowter", 5).into_iter().map(|near| near.word).collect();
        assert_eq!(near, ["router", "rooter", "bowter"], "few slip in the first letter");
        assert!(words.near("rout", 5).is_empty(), "too short to be corrected");
        assert!(words.near("xylophone", 5).is_empty());
    }

    #[test]
    fn words_with_a_hyphen_are_known_without_it() {
        let words = vocabulary(&["Wi-Fi and e-mail", "up - down"], true, 0);
        assert_eq!(words.parts("wifi"), Some(("wi", "fi")));
        assert_eq!(words.parts("email"), Some(("e", "mail")));
        assert_eq!(words.parts("updown"), None);
    }
}
