//! Terms: what a query looks for, word by word, and how they are found again among the words of
//! rows. Two words are the same when their stems are, after folding case and accents.

mod beginnings;

use std::{borrow::Cow, collections::HashMap};

use rust_stemmers::{Algorithm, Stemmer};

use self::beginnings::Beginnings;
use crate::{
    text::{Span, fold, words},
    vocabulary::{Near, Vocabulary},
};

/// The words that InnoDB's full-text indexes leave out by default (MySQL manual, "Full-Text
/// Stopwords"). They say next to nothing, so that beside others they are not looked for.
const STOP_WORDS: &[&str] = &[
    "a", "about", "an", "are", "as", "at", "be", "by", "com", "de", "en", "for", "from", "how", "i", "in",
    "is", "it", "la", "of", "on", "or", "that", "the", "this", "to", "und", "was", "what", "when", "where",
    "who", "will", "with", "www",
];

/// Whether a word in lower case says something.
pub(crate) fn is_telling(word: &str) -> bool {
    !STOP_WORDS.contains(&word)
}

/// Cuts words down to their stems: Porter's English stemmer ("Snowball", 2001).
pub(crate) struct Stemming(Stemmer);

impl Default for Stemming {
    fn default() -> Self {
        Self(Stemmer::create(Algorithm::English))
    }
}

impl Stemming {
    /// The stem of a folded word.
    pub(crate) fn of_folded<'a>(&self, folded: &'a str) -> Cow<'a, str> {
        self.0.stem(folded.strip_suffix("'s").unwrap_or(folded))
    }

    fn of(&self, word: &str) -> String {
        self.of_folded(&fold(word)).into_owned()
    }
}

/// The distinct words of a query, in the form in which they are looked for in rows.
pub(crate) struct Terms {
    all: Vec<Term>,
    /// For each stem which term it is.
    stems: Vec<(String, usize)>,
    typed: Vec<String>,
    /// What was typed with a hyphen, without it.
    joined: Vec<String>,
    stemming: Stemming,
    beginnings: Beginnings,
    /// Where terms are compared as they are written: each, folded, and whether it is the beginning
    /// of words.
    exact: Option<Vec<(String, bool)>>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Term {
    /// Its stem, and those of what may have been meant instead.
    stems: Vec<String>,
    /// Its forms as they were typed, and what may have been meant instead.
    words: Vec<String>,
    /// What may have been meant instead, likeliest first, where what was typed is held to be a mistake.
    meant: Vec<Near>,
}

impl Terms {
    /// More words than anybody types; the rest is passed over.
    const MAX: usize = 32;
    /// How many words a misspelt one may stand for.
    const MAX_MEANT: usize = 3;

    /// The words of what was typed.
    pub(crate) fn of(query: &str) -> Self {
        let mut terms = Self {
            all: vec![],
            stems: vec![],
            typed: vec![],
            joined: joined(query),
            stemming: Stemming::default(),
            beginnings: Beginnings::default(),
            exact: None,
        };
        let typed = |span: Span| query[span.start..span.end].to_lowercase();
        let all_stop = !words(query).map(typed).any(|word| is_telling(&word));
        for typed in words(query).map(typed).filter(|word| all_stop || is_telling(word)) {
            if terms.typed.len() == Self::MAX || terms.typed.contains(&typed) {
                continue;
            }
            terms.add(typed);
        }
        terms
    }

    /// Words as they are written, and beginnings of words where the second is true. None is left
    /// out, so that the places of the terms are the places given.
    pub(crate) fn exact(words: Vec<(String, bool)>) -> Self {
        let mut terms = Self {
            all: vec![],
            stems: vec![],
            typed: vec![],
            joined: vec![],
            stemming: Stemming::default(),
            beginnings: Beginnings::default(),
            exact: None,
        };
        let mut exact = Vec::new();
        for (word, is_prefix) in words {
            let folded = fold(&word).into_owned();
            terms.beginnings.add(&folded);
            // How often a word occurs is known by its stem alone.
            let stems = vec![terms.stemming.of_folded(&folded).into_owned()];
            terms.all.push(Term { stems, words: vec![word], meant: vec![] });
            exact.push((folded, is_prefix));
        }
        terms.exact = Some(exact);
        terms
    }

    /// Looks also for what was typed with a hyphen as one word, where some table writes it so.
    pub(crate) fn join(&mut self, vocabularies: &[&Vocabulary]) {
        for word in std::mem::take(&mut self.joined) {
            let stem = self.stemming.of(&word);
            let is_known = vocabularies.iter().any(|known| known.rows_with(&stem) > 0.0);
            if is_known && self.typed.len() < Self::MAX {
                self.add(word);
            }
        }
    }

    fn add(&mut self, typed: String) {
        let stem = self.stemming.of(&typed);
        if let Some((_, term)) = self.stems.iter().find(|(known, _)| *known == stem) {
            self.all[*term].words.push(typed.clone());
        } else {
            self.beginnings.add(&stem);
            self.stems.push((stem.clone(), self.all.len()));
            self.all.push(Term { stems: vec![stem], words: vec![typed.clone()], meant: vec![] });
        }
        self.typed.push(typed);
    }

    /// The terms that a part of what was typed consists of.
    pub(crate) fn of_part(&self, part: &str) -> Vec<usize> {
        let of = Self::of(part);
        let mut terms: Vec<usize> =
            of.all.iter().filter_map(|term| self.with_stem_of(&term.words[0])).collect();
        terms.dedup();
        terms
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The terms in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Term> {
        self.all.iter()
    }

    /// Whether there is a word that nothing is known of, and that was not corrected.
    pub(crate) fn has_unknown(&self, vocabularies: &[&Vocabulary]) -> bool {
        let is_known = |term: &Term| vocabularies.iter().any(|known| term.rows(known) > 0.0);
        self.all.iter().any(|term| term.meant.is_empty() && !is_known(term))
    }

    /// Takes each word that no table has for a misspelt one, if there is one like it. What is known
    /// may be a part only: of a word that isn't there, `is_missing` decides by its term.
    ///
    /// Answers whether anything was corrected.
    pub(crate) fn correct(
        &mut self,
        vocabularies: &[&Vocabulary],
        is_missing: impl Fn(usize) -> bool,
    ) -> bool {
        if vocabularies.is_empty() {
            return false;
        }
        let mut any = false;
        for at in 0..self.all.len() {
            let term = &self.all[at];
            let known = || vocabularies.iter().any(|known| term.rows(known) > 0.0);
            if !term.meant.is_empty() || known() || !is_missing(at) {
                continue;
            }
            let meant = meant(&fold(&term.words[0]), vocabularies);
            for near in meant.into_iter().take(Self::MAX_MEANT) {
                let stem = self.stemming.of(&near.word);
                self.all[at].words.push(near.word.clone());
                self.all[at].meant.push(near);
                // Another term of the query may have it: the word counts for that one.
                if !self.stems.iter().any(|(known, _)| *known == stem) {
                    self.beginnings.add(&stem);
                    self.stems.push((stem.clone(), at));
                    self.all[at].stems.push(stem);
                }
                any = true;
            }
        }
        any
    }

    /// What each word that no table has may mean, whether it is looked for so or not. None for
    /// beginnings of words.
    pub(crate) fn meant(&self, vocabularies: &[&Vocabulary]) -> Vec<Vec<Near>> {
        let of = |(at, term): (usize, &Term)| {
            let is_prefix = self.exact.as_ref().is_some_and(|exact| exact[at].1);
            if !term.meant.is_empty() || is_prefix || vocabularies.iter().any(|known| term.rows(known) > 0.0)
            {
                return term.meant.clone();
            }
            let mut near = meant(&fold(&term.words[0]), vocabularies);
            near.truncate(Self::MAX_MEANT);
            near
        };
        self.all.iter().enumerate().map(of).collect()
    }

    /// The words of what was typed that are not looked for.
    pub(crate) fn left_out(&self, query: &str) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for word in words(query).map(|span| query[span.start..span.end].to_lowercase()) {
            if !self.typed.contains(&word) && !out.contains(&word) {
                out.push(word);
            }
        }
        out
    }

    /// A finder of these terms among the words of many rows.
    pub(crate) fn finder(&self) -> Finder<'_> {
        Finder { terms: self, known: HashMap::new() }
    }

    /// Which term has the stem of this word, if any.
    fn with_stem_of(&self, word: &str) -> Option<usize> {
        let folded = fold(word);
        if let Some(exact) = &self.exact {
            let is = |(known, is_prefix): &(String, bool)| {
                *known == folded || (*is_prefix && folded.starts_with(known.as_str()))
            };
            return exact.iter().position(is);
        }
        let stem = self.stemming.of_folded(&folded);
        self.stems.iter().find(|(known, _)| *known == stem).map(|(_, term)| *term)
    }
}

impl Term {
    /// Its forms as they were typed, and what may have been meant instead.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// Its stem, and those of what may have been meant instead.
    pub(crate) fn stems(&self) -> &[String] {
        &self.stems
    }

    /// What may have been meant instead, where what was typed is held to be a mistake.
    pub(crate) fn meant(&self) -> impl Iterator<Item = &str> {
        self.meant.iter().map(|near| near.word.as_str())
    }

    /// About how many rows of a table hold it.
    pub(crate) fn rows(&self, known: &Vocabulary) -> f64 {
        let all: f64 = self.stems.iter().map(|stem| known.rows_with(stem)).sum();
        all.min(known.rows() as f64)
    }
}

/// The words of a query that are written with one hyphen, without it.
fn joined(query: &str) -> Vec<String> {
    let spans: Vec<Span> = words(query).collect();
    let pairs = spans.windows(2).filter(|pair| &query[pair[0].end..pair[1].start] == "-");
    let word = |span: &Span| query[span.start..span.end].to_lowercase();
    pairs.map(|pair| word(&pair[0]) + &word(&pair[1])).collect()
}

/// What a word that isn't in any of these vocabularies may mean, likeliest first: only the nearest,
/// and none that is far rarer than another.
fn meant(word: &str, vocabularies: &[&Vocabulary]) -> Vec<Near> {
    let mut meant: Vec<Near> = Vec::new();
    for near in vocabularies.iter().flat_map(|known| known.near(word, Terms::MAX_MEANT)) {
        match meant.iter_mut().find(|known| known.word == near.word) {
            Some(known) => known.rows += near.rows,
            None => meant.push(near),
        }
    }
    let nearest = meant.iter().map(|near| near.edits).min().unwrap_or_default();
    meant.retain(|near| near.edits == nearest);
    meant
}

/// Finds terms among the words of many rows. The same words come again and again, so that each is
/// stemmed once.
pub(crate) struct Finder<'a> {
    terms: &'a Terms,
    known: HashMap<String, Option<usize>>,
}

impl Finder<'_> {
    /// More different words than the rows of one search have; a bound against hostile ones.
    const MAX_KNOWN: usize = 10_000;

    /// How many terms there are.
    pub(crate) fn terms(&self) -> usize {
        self.terms.len()
    }

    /// Which term a word of a row is that is written with a hyphen between these parts, if any.
    pub(crate) fn find_joined(&mut self, first: &str, second: &str) -> Option<usize> {
        if self.terms.exact.is_some() || !self.terms.beginnings.may_be(first) {
            return None;
        }
        self.find(&[first, second].concat())
    }

    /// Which term a word of a row is, if any.
    pub(crate) fn find(&mut self, word: &str) -> Option<usize> {
        if !self.terms.beginnings.may_be(word) {
            return None;
        }
        if let Some(found) = self.known.get(word) {
            return *found;
        }
        let found = self.terms.with_stem_of(word);
        if self.known.len() < Self::MAX_KNOWN {
            self.known.insert(word.to_owned(), found);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn inflections_case_and_accents_make_no_difference() {
        let terms = Terms::of("Indexing CAFÉ databases");
        for (word, term) in [("indexes", 0), ("Indexed", 0), ("cafe", 1), ("Cafés", 1), ("database's", 2)] {
            assert_eq!(terms.finder().find(word), Some(term), "{word}");
        }
        assert_eq!(terms.finder().find("caffeine"), None);
        assert_eq!(Terms::of("ete").finder().find("Été"), Some(0));
        assert_eq!(Terms::of("dying").finder().find("DIED"), Some(0));
        assert_eq!(Terms::of("a").finder().find("A's"), Some(0));
        assert_eq!(Terms::of("nego").finder().find("négo"), Some(0));
    }

    #[test]
    fn words_that_say_nothing_are_left_out_beside_others() {
        assert_eq!(Terms::of("what is the rate of a limit").typed, ["rate", "limit"]);
        assert_eq!(Terms::of("To be").typed, ["to", "be"]);
    }

    #[test]
    fn forms_of_a_word_are_one_term_and_the_server_is_asked_for_each() {
        let terms = Terms::of("search searching SEARCH");
        assert_eq!(terms.typed, ["search", "searching"]);
        assert_eq!(terms.len(), 1);
    }

    proptest! {
        #[test]
        fn what_is_passed_over_has_no_stem_of_the_query(query in "[a-zA-Z]{1,8}", word in "[a-zA-Z]{1,8}") {
            let terms = Terms::of(&query);
            let same = terms.stemming.of(&query) == terms.stemming.of(&word);
            prop_assert_eq!(terms.finder().find(&word).is_some(), same);
            for ending in ["s", "ed", "ing", "ies", "ying", "'s"] {
                let form = format!("{query}{ending}");
                prop_assert_eq!(terms.finder().find(&form).is_some(), terms.stemming.of(&query) == terms.stemming.of(&form));
            }
        }

        #[test]
        fn any_text_is_cut_into_words_at_character_borders(text in ".*") {
            let terms = Terms::of(&text);
            for span in words(&text) {
                terms.finder().find(&text[span.start..span.end]);
            }
        }
    }
}
