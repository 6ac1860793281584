//! Terms: what a query looks for, word by word, and how they are found again among the words of
//! rows. Two words are the same when their stems are, after folding case and accents.

mod beginnings;
mod finder;
mod stemming;
mod stop_words;

use altus4_connections::SearchLanguage;

use self::beginnings::Beginnings;
pub(crate) use self::{
    finder::{Finder, Finders},
    stemming::Stemming,
    stop_words::is_telling,
};
use crate::{
    text::{Span, fold, words},
    vocabulary::{Near, Vocabulary},
};

/// The distinct words of a query, in the form in which they are looked for in rows.
pub(crate) struct Terms {
    all: Vec<Term>,
    /// What they are in each language of the search; in one at least.
    tongues: Vec<Tongue>,
    typed: Vec<String>,
    /// What was typed with a hyphen, without it.
    joined: Vec<String>,
    /// Where terms are compared as they are written: each, folded, and whether it is the beginning
    /// of words.
    exact: Option<Vec<(String, bool)>>,
}

/// Terms in one language.
struct Tongue {
    stemming: Stemming,
    /// For each stem which term it is.
    stems: Vec<(String, usize)>,
    beginnings: Beginnings,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Term {
    /// Its stems, and those of what may have been meant instead, by language.
    stems: Vec<(SearchLanguage, String)>,
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

    /// The words of what was typed, to be found in rows of these languages; of English, where none is
    /// named.
    pub(crate) fn of(query: &str, languages: &[SearchLanguage]) -> Self {
        let mut terms = Self::none(languages);
        terms.joined = joined(query);
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
    pub(crate) fn exact(words: Vec<(String, bool)>, languages: &[SearchLanguage]) -> Self {
        let mut terms = Self::none(languages);
        let mut exact = Vec::new();
        for (word, is_prefix) in words {
            let folded = fold(&word).into_owned();
            // How often a word occurs is known by its stem alone.
            let mut stems = Vec::new();
            for tongue in &mut terms.tongues {
                tongue.beginnings.add(&folded, 1, 0);
                stems.push((tongue.stemming.language(), tongue.stemming.of(&word)));
            }
            terms.all.push(Term { stems, words: vec![word], meant: vec![] });
            exact.push((folded, is_prefix));
        }
        terms.exact = Some(exact);
        terms
    }

    fn none(languages: &[SearchLanguage]) -> Self {
        let languages = if languages.is_empty() { &[SearchLanguage::English] } else { languages };
        let tongue = |language: &SearchLanguage| Tongue {
            stemming: Stemming::of_language(*language),
            stems: vec![],
            beginnings: Beginnings::default(),
        };
        Self {
            all: vec![],
            tongues: languages.iter().map(tongue).collect(),
            typed: vec![],
            joined: vec![],
            exact: None,
        }
    }

    /// Looks also for what was typed with a hyphen as one word, where some table writes it so.
    pub(crate) fn join(&mut self, vocabularies: &[&Vocabulary]) {
        for word in std::mem::take(&mut self.joined) {
            let is_known = vocabularies.iter().any(|known| {
                let of_its_language = |tongue: &&Tongue| tongue.stemming.language() == known.language();
                let tongue = self.tongues.iter().find(of_its_language);
                tongue.is_some_and(|tongue| known.rows_with(&tongue.stemming.of(&word)) > 0.0)
            });
            if is_known && self.typed.len() < Self::MAX {
                self.add(word);
            }
        }
    }

    /// Words with one stem are one term; where there are several languages, in some of them.
    fn add(&mut self, typed: String) {
        let known = self.tongues.iter().find_map(|tongue| tongue.term_of(&tongue.stemming.of(&typed)));
        let at = known.unwrap_or(self.all.len());
        if known.is_none() {
            self.all.push(Term { stems: vec![], words: vec![], meant: vec![] });
        }
        self.all[at].words.push(typed.clone());
        self.begin(&typed, at);
        self.typed.push(typed);
    }

    /// Has rows looked through for what has the stem of this word, as this term. Another term may have
    /// it: the word counts for that one.
    fn begin(&mut self, word: &str, term: usize) {
        for tongue in &mut self.tongues {
            let stem = tongue.stemming.of(word);
            if tongue.term_of(&stem).is_none() {
                let (sure, end) = tongue.stemming.likeness();
                tongue.beginnings.add(&stem, sure, end);
                tongue.stems.push((stem.clone(), term));
                self.all[term].stems.push((tongue.stemming.language(), stem));
            }
        }
    }

    /// The terms that a part of what was typed consists of.
    pub(crate) fn of_part(&self, part: &str) -> Vec<usize> {
        let languages: Vec<_> = self.tongues.iter().map(|tongue| tongue.stemming.language()).collect();
        let of = Self::of(part, &languages);
        let term = |word: &str| self.tongues.iter().find_map(|tongue| self.with_stem_of(tongue, word));
        let mut terms: Vec<usize> = of.all.iter().filter_map(|of| term(&of.words[0])).collect();
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
                self.begin(&near.word, at);
                self.all[at].words.push(near.word.clone());
                self.all[at].meant.push(near);
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

    /// Finders of these terms among the words of many rows.
    pub(crate) fn finders(&self) -> Finders<'_> {
        Finders::of_terms(self)
    }

    /// A finder of these terms in rows of their first language.
    #[cfg(test)]
    pub(crate) fn finder(&self) -> Finder<'_> {
        Finder::new(self, &self.tongues[0])
    }

    /// Which term has the stem of this word, if any.
    fn with_stem_of(&self, tongue: &Tongue, word: &str) -> Option<usize> {
        let folded = fold(word);
        if let Some(exact) = &self.exact {
            let is = |(known, is_prefix): &(String, bool)| {
                *known == folded || (*is_prefix && folded.starts_with(known.as_str()))
            };
            return exact.iter().position(is);
        }
        tongue.term_of(&tongue.stemming.of_folded(word, &folded))
    }
}

impl Tongue {
    fn term_of(&self, stem: &str) -> Option<usize> {
        self.stems.iter().find(|(known, _)| known == stem).map(|(_, term)| *term)
    }
}

impl Term {
    /// Its forms as they were typed, and what may have been meant instead.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// Its stem in this language, and those of what may have been meant instead.
    pub(crate) fn stems_in(&self, language: SearchLanguage) -> impl Iterator<Item = &str> {
        self.stems.iter().filter(move |(of, _)| *of == language).map(|(_, stem)| stem.as_str())
    }

    /// What may have been meant instead, where what was typed is held to be a mistake.
    pub(crate) fn meant(&self) -> impl Iterator<Item = &str> {
        self.meant.iter().map(|near| near.word.as_str())
    }

    /// About how many rows of a table hold it.
    pub(crate) fn rows(&self, known: &Vocabulary) -> f64 {
        let all: f64 = self.stems_in(known.language()).map(|stem| known.rows_with(stem)).sum();
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn inflections_case_and_accents_make_no_difference() {
        let terms = Terms::of("Indexing CAFÉ databases", &[]);
        for (word, term) in [("indexes", 0), ("Indexed", 0), ("cafe", 1), ("Cafés", 1), ("database's", 2)] {
            assert_eq!(terms.finder().find(word), Some(term), "{word}");
        }
        assert_eq!(terms.finder().find("caffeine"), None);
        assert_eq!(Terms::of("ete", &[]).finder().find("Été"), Some(0));
        assert_eq!(Terms::of("dying", &[]).finder().find("DIED"), Some(0));
        assert_eq!(Terms::of("a", &[]).finder().find("A's"), Some(0));
        assert_eq!(Terms::of("nego", &[]).finder().find("négo"), Some(0));
    }

    #[test]
    fn words_that_say_nothing_are_left_out_beside_others() {
        assert_eq!(Terms::of("what is the rate of a limit", &[]).typed, ["rate", "limit"]);
        assert_eq!(Terms::of("To be", &[]).typed, ["to", "be"]);
    }

    #[test]
    fn forms_of_a_word_are_one_term_and_the_server_is_asked_for_each() {
        let terms = Terms::of("search searching SEARCH", &[]);
        assert_eq!(terms.typed, ["search", "searching"]);
        assert_eq!(terms.len(), 1);
    }

    #[test]
    fn words_of_several_languages_are_looked_for_by_the_rules_of_each() {
        let terms = Terms::of("Häuser chevaux", &[SearchLanguage::German, SearchLanguage::French]);
        let mut finders = terms.finders();
        for (language, word, term) in [
            (SearchLanguage::German, "Haus", Some(0)),
            (SearchLanguage::German, "Cheval", None),
            (SearchLanguage::French, "cheval", Some(1)),
            (SearchLanguage::French, "HAUSER", Some(0)),
        ] {
            assert_eq!(finders.for_language(language).find(word), term, "{language:?} {word}");
        }
    }

    proptest! {
        #[test]
        fn what_is_passed_over_has_no_stem_of_the_query(query in "[a-zA-Z]{1,8}", word in "[a-zA-Z]{1,8}") {
            let terms = Terms::of(&query, &[]);
            let same = terms.tongues[0].stemming.of(&query) == terms.tongues[0].stemming.of(&word);
            prop_assert_eq!(terms.finder().find(&word).is_some(), same);
            for ending in [
                "s", "ed", "ing", "ies", "ying", "'s", "y", "ily", "edly", "ation", "ization", "iveness", "ibility",
                "ability", "ency", "ically", "fulness", "ional", "ogy",
            ] {
                let form = format!("{query}{ending}");
                prop_assert_eq!(terms.finder().find(&form).is_some(), terms.tongues[0].stemming.of(&query) == terms.tongues[0].stemming.of(&form));
            }
        }

        #[test]
        fn in_no_language_is_a_form_passed_over(language in 0..SearchLanguage::ALL.len(), query in "[a-zà-öø-ÿ]{1,9}", ending in "[a-zà-öø-ÿ]{0,5}") {
            let languages = [SearchLanguage::ALL[language]];
            let terms = Terms::of(&query, &languages);
            let stemming = &terms.tongues[0].stemming;
            for cut in 0..=query.chars().count().min(3) {
                let kept: String = query.chars().take(query.chars().count() - cut).collect();
                let form = format!("{kept}{ending}");
                let is_one_word = words(&form).count() == 1;
                if is_one_word && stemming.of(&form) == stemming.of(&query) {
                    prop_assert_eq!(terms.finder().find(&form), Some(0), "{} {} {:?}", query, form, languages);
                }
            }
        }

        #[test]
        fn any_text_is_cut_into_words_at_character_borders(text in ".*") {
            let terms = Terms::of(&text, &[]);
            for span in words(&text) {
                terms.finder().find(&text[span.start..span.end]);
            }
        }
    }
}
