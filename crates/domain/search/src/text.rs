//! Words: how text is cut into them, and when two of them are the same.
//!
//! Cut as MySQL's and MariaDB's own parser does (letters, digits, `_`, and an apostrophe inside a
//! word), so that what the server found is found again here. Two words are the same when their
//! stems are, after folding case and accents.

use std::{borrow::Cow, collections::HashMap};

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A word of a text: where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The words of a text, in their order.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Span> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = skip(text, at, false);
        if start >= text.len() {
            return None;
        }
        let mut end = skip(text, start, true);
        while let Some(length) = apostrophe(text, end) {
            let next = skip(text, end + length, true);
            if next == end + length {
                break;
            }
            end = next;
        }
        at = end;
        Some(Span { start, end })
    })
}

/// What a byte tells of the character it begins.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Gap,
    Word,
    /// Not ASCII: the character has to be decoded.
    Unknown,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Unknown; 256];
    let mut byte = 0_u8;
    while byte.is_ascii() {
        let is_word = byte.is_ascii_alphanumeric() || byte == b'_';
        classes[byte as usize] = if is_word { Class::Word } else { Class::Gap };
        byte += 1;
    }
    classes
};

/// Where the characters end, from `at` on, that are part of words (or are not). Every search walks
/// over a few hundred texts, nearly all of them ASCII, so these bytes are not decoded.
fn skip(text: &str, mut at: usize, part_of_words: bool) -> usize {
    let wanted = if part_of_words { Class::Word } else { Class::Gap };
    let bytes = text.as_bytes();
    loop {
        while bytes.get(at).is_some_and(|byte| CLASSES[usize::from(*byte)] == wanted) {
            at += 1;
        }
        // An ASCII byte of the other class, the end, or a character to decode.
        let beyond = bytes.get(at).filter(|byte| !byte.is_ascii()).and_then(|_| text[at..].chars().next());
        match beyond {
            Some(c) if (c.is_alphanumeric() || is_combining_mark(c)) == part_of_words => at += c.len_utf8(),
            _ => return at,
        }
    }
}

/// The length of the apostrophe at this place, if there is one.
fn apostrophe(text: &str, at: usize) -> Option<usize> {
    let rest = &text.as_bytes()[at..];
    if rest.first() == Some(&b'\'') {
        Some(1)
    } else {
        rest.starts_with("’".as_bytes()).then_some("’".len())
    }
}

/// The word without case and accents.
fn fold(word: &str) -> Cow<'_, str> {
    if !word.is_ascii() {
        let plain = word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
        return Cow::Owned(plain.map(|c| if c == '’' { '\'' } else { c }).collect());
    }
    if word.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(word.to_ascii_lowercase())
    } else {
        Cow::Borrowed(word)
    }
}

/// The words that InnoDB's full-text indexes leave out by default (MySQL manual, "Full-Text
/// Stopwords"). They say next to nothing, so that beside others they are not looked for.
const STOP_WORDS: &[&str] = &[
    "a", "about", "an", "are", "as", "at", "be", "by", "com", "de", "en", "for", "from", "how", "i", "in",
    "is", "it", "la", "of", "on", "or", "that", "the", "this", "to", "und", "was", "what", "when", "where",
    "who", "will", "with", "www",
];

/// The distinct words of a query, in the form in which they are looked for in rows.
pub(crate) struct Terms {
    stems: Vec<String>,
    typed: Vec<String>,
    stemmer: Stemmer,
    beginnings: Beginnings,
}

impl Terms {
    /// More words than anybody types; the rest is passed over.
    const MAX: usize = 32;

    /// The words of what was typed.
    pub(crate) fn of(query: &str) -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let mut terms = Self { stems: vec![], typed: vec![], stemmer, beginnings: Beginnings::default() };
        let typed = |span: Span| query[span.start..span.end].to_lowercase();
        let is_telling = |word: &String| !STOP_WORDS.contains(&word.as_str());
        let all_stop = !words(query).map(typed).any(|word| is_telling(&word));
        for typed in words(query).map(typed).filter(|word| all_stop || is_telling(word)) {
            if terms.typed.len() == Self::MAX || terms.typed.contains(&typed) {
                continue;
            }
            let stem = terms.stem(&typed);
            // The server knows no stems, so it is asked for each form that was typed.
            terms.typed.push(typed);
            if !terms.stems.contains(&stem) {
                terms.beginnings.add(&stem);
                terms.stems.push(stem);
            }
        }
        terms
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.stems.len()
    }

    /// The different words as they were typed but for their case, for the server.
    pub(crate) fn typed(&self) -> &[String] {
        &self.typed
    }

    /// A finder of these terms among the words of many rows.
    pub(crate) fn finder(&self) -> Finder<'_> {
        Finder { terms: self, known: HashMap::new() }
    }

    /// Which term has the stem of this word, if any.
    fn with_stem_of(&self, word: &str) -> Option<usize> {
        let stem = self.stem(word);
        self.stems.iter().position(|known| *known == stem)
    }

    fn stem(&self, word: &str) -> String {
        let folded = fold(word);
        let bare = folded.strip_suffix("'s").unwrap_or(&folded);
        self.stemmer.stem(bare).into_owned()
    }
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

/// With which two letters the stems of a query begin: nearly all words of a row are passed over by
/// these alone, unfolded and unstemmed.
struct Beginnings {
    /// For each first byte, a bit for each second one (its lower five bits).
    seconds: [u32; 128],
    /// Whether some stem doesn't begin with an ASCII letter or digit.
    beyond_ascii: bool,
}

impl Default for Beginnings {
    fn default() -> Self {
        Self { seconds: [0; 128], beyond_ascii: false }
    }
}

impl Beginnings {
    const ANY: u32 = u32::MAX;

    fn add(&mut self, stem: &str) {
        match *stem.as_bytes() {
            [first, ref rest @ ..] if first.is_ascii() => {
                // A stem of one letter may be the stem of a word of two.
                self.seconds[usize::from(first)] |=
                    rest.first().map_or(Self::ANY, |second| Self::bit(*second));
            }
            _ => self.beyond_ascii = true,
        }
    }

    fn may_be(&self, word: &str) -> bool {
        match *word.as_bytes() {
            [] => false,
            // Accents are folded away, so any word that doesn't begin with ASCII may match.
            [first, ..] if self.beyond_ascii || !first.is_ascii() => true,
            [first] => self.seconds[usize::from(first.to_ascii_lowercase())] != 0,
            [first, second, ..] => {
                self.seconds[usize::from(first.to_ascii_lowercase())] & Self::bit(second) != 0
            }
        }
    }

    fn bit(second: u8) -> u32 {
        match second {
            // The stem of "dying" is "die".
            b'y' | b'Y' => 1 << (b'i' & 31),
            ascii if ascii.is_ascii() => 1 << (ascii & 31),
            _ => Self::ANY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<&str> {
        words(text).map(|span| &text[span.start..span.end]).collect()
    }

    #[test]
    fn words_are_cut_as_the_servers_cut_them() {
        assert_eq!(
            cut("Don't panic: wi-fi, 3.14 & snake_case!"),
            ["Don't", "panic", "wi", "fi", "3", "14", "snake_case"]
        );
        assert_eq!(cut("'quoted' o’reilly’"), ["quoted", "o’reilly"]);
        assert_eq!(cut("größe 日本語 e\u{301}te\u{301}"), ["größe", "日本語", "e\u{301}te\u{301}"]);
        assert_eq!(cut(" \0+-*\" "), Vec::<&str>::new());
    }

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
        assert_eq!(Terms::of("what is the rate of a limit").typed(), ["rate", "limit"]);
        assert_eq!(Terms::of("To be").typed(), ["to", "be"]);
    }

    #[test]
    fn forms_of_a_word_are_one_term_and_the_server_is_asked_for_each() {
        let terms = Terms::of("search searching SEARCH");
        assert_eq!(terms.typed(), ["search", "searching"]);
        assert_eq!(terms.len(), 1);
    }

    proptest! {
        #[test]
        fn what_is_passed_over_has_no_stem_of_the_query(query in "[a-zA-Z]{1,8}", word in "[a-zA-Z]{1,8}") {
            let terms = Terms::of(&query);
            let same = terms.stem(&query) == terms.stem(&word);
            prop_assert_eq!(terms.finder().find(&word).is_some(), same);
            for ending in ["s", "ed", "ing", "ies", "ying", "'s"] {
                let form = format!("{query}{ending}");
                prop_assert_eq!(terms.finder().find(&form).is_some(), terms.stem(&query) == terms.stem(&form));
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
