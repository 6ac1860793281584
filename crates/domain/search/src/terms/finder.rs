//! Finding the terms of a query again among the words of rows.

use std::{borrow::Cow, collections::HashMap};

use altus4_connections::SearchLanguage;

use super::{Terms, Tongue};

/// Finds terms among the words of many rows in one language. The same words come again and again, so
/// that each is stemmed once.
pub(crate) struct Finder<'a> {
    terms: &'a Terms,
    tongue: &'a Tongue,
    known: HashMap<String, Option<usize>>,
}

/// One for each language of a search.
pub(crate) struct Finders<'a>(Vec<Finder<'a>>);

impl<'a> Finders<'a> {
    pub(super) fn of_terms(terms: &'a Terms) -> Self {
        Self(terms.tongues.iter().map(|tongue| Finder::new(terms, tongue)).collect())
    }

    /// The one for rows in this language.
    ///
    /// # Panics
    /// Never: there is one at least.
    pub(crate) fn for_language(&mut self, language: SearchLanguage) -> &mut Finder<'a> {
        let at = self.0.iter().position(|finder| finder.tongue.stemming.language() == language);
        &mut self.0[at.unwrap_or_default()]
    }
}

impl<'a> Finder<'a> {
    /// More different words than the rows of one search have; a bound against hostile ones.
    const MAX_KNOWN: usize = 10_000;

    pub(super) fn new(terms: &'a Terms, tongue: &'a Tongue) -> Self {
        Self { terms, tongue, known: HashMap::new() }
    }

    /// How many terms there are.
    pub(crate) fn terms(&self) -> usize {
        self.terms.len()
    }

    /// Which term a word of a row is that is written with a hyphen between these parts, if any.
    pub(crate) fn find_joined(&mut self, first: &str, second: &str) -> Option<usize> {
        if self.terms.exact.is_some() || !self.tongue.beginnings.may_begin_with(first) {
            return None;
        }
        self.find(&[first, second].concat())
    }

    /// The stem of a word that is there without case and accents, too.
    pub(crate) fn stem<'b>(&self, word: &str, folded: &'b str) -> Cow<'b, str> {
        self.tongue.stemming.of_folded(word, folded)
    }

    /// Which term a word of a row is, if any.
    pub(crate) fn find(&mut self, word: &str) -> Option<usize> {
        if !self.tongue.beginnings.may_be(word) {
            return None;
        }
        if let Some(found) = self.known.get(word) {
            return *found;
        }
        let found = self.terms.with_stem_of(self.tongue, word);
        if self.known.len() < Self::MAX_KNOWN {
            self.known.insert(word.to_owned(), found);
        }
        found
    }
}
