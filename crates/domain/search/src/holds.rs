//! Whether a text holds a term: what [`Expr`](crate::Expr) means by it, for whoever has only the text.
//!
//! A word is letters, digits and `_`. An apostrophe inside one both joins and parts: a text with
//! `l'avion` holds `l'avion`, and `l` and `avion` too. The servers' indexes cut there, so that nobody
//! could find less through them.

use std::{borrow::Cow, collections::VecDeque};

use crate::{
    TermText,
    text::{fold, words},
};

/// A word, or what of it stands between apostrophes.
struct Piece<'a> {
    folded: Cow<'a, str>,
    /// Whether nothing but an apostrophe stands between it and the one before.
    is_joined: bool,
}

/// Looks for terms in one text after another. Holds no more of a text than the longest term has words.
pub struct TermFinder {
    terms: Vec<Sought>,
    longest: usize,
}

struct Sought {
    pieces: Vec<Piece<'static>>,
    is_prefix: bool,
}

impl TermFinder {
    /// A finder of these terms.
    #[must_use]
    pub fn new(terms: &[TermText]) -> Self {
        let sought = |term: &TermText| {
            let pieces = match term {
                TermText::Word(word) | TermText::Prefix(word) => {
                    pieces(word).map(Piece::into_owned).collect()
                }
                TermText::Phrase(words) => {
                    words.iter().flat_map(|word| pieces(word)).map(Piece::into_owned).collect()
                }
            };
            Sought { pieces, is_prefix: matches!(term, TermText::Prefix(_)) }
        };
        // Of a term without a letter or a digit nothing is ever found.
        let terms: Vec<_> = terms.iter().map(sought).filter(|term| !term.pieces.is_empty()).collect();
        let longest = terms.iter().map(|term| term.pieces.len()).max().unwrap_or_default();
        Self { terms, longest }
    }

    /// Whether the text holds one of the terms, without regard to case and accents.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.ends(text).next().is_some()
    }

    /// How often the text holds the terms, all together.
    #[must_use]
    pub fn count_in(&self, text: &str) -> usize {
        self.ends(text).sum()
    }

    /// How many terms end at each word of the text at which one does.
    fn ends(&self, text: &str) -> impl Iterator<Item = usize> {
        let mut last: VecDeque<Piece<'_>> = VecDeque::with_capacity(self.longest + 1);
        pieces(text).filter_map(move |piece| {
            if last.len() == self.longest {
                last.pop_front();
            }
            last.push_back(piece);
            let count = self.terms.iter().filter(|term| term.ends(&last)).count();
            (count > 0).then_some(count)
        })
    }
}

impl Sought {
    /// Whether these words end with the term.
    fn ends(&self, words: &VecDeque<Piece<'_>>) -> bool {
        let (Some((last, before)), Some(end)) = (self.pieces.split_last(), words.back()) else {
            return false;
        };
        let is_last =
            if self.is_prefix { end.folded.starts_with(&*last.folded) } else { end.folded == last.folded };
        // The cheap look first: nearly no word is one that is wanted.
        is_last
            && words.len() > before.len()
            && words
                .iter()
                .rev()
                .skip(1)
                .zip(before.iter().rev())
                .all(|(word, piece)| word.folded == piece.folded)
            && words
                .iter()
                .rev()
                .zip(self.pieces.iter().skip(1).rev())
                .all(|(word, piece)| word.is_joined || !piece.is_joined)
    }
}

impl Piece<'_> {
    fn into_owned(self) -> Piece<'static> {
        Piece { folded: Cow::Owned(self.folded.into_owned()), is_joined: self.is_joined }
    }
}

/// How often the text holds the term, without regard to case and accents.
#[must_use]
pub fn occurrences(text: &str, term: &TermText) -> usize {
    TermFinder::new(std::slice::from_ref(term)).count_in(text)
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    words(text).flat_map(|span| {
        let word = &text[span.start..span.end];
        // Nearly no word has an apostrophe, and to look for the bytes of one is quick.
        let may_be_parted = word.as_bytes().contains(&b'\'') || word.as_bytes().contains(&0xE2);
        let parted = if may_be_parted { word.split_once(APOSTROPHES) } else { None };
        let (first, rest) = match parted {
            Some((first, rest)) => (first, Some(rest)),
            None => (word, None),
        };
        let rest = rest.into_iter().flat_map(|rest| rest.split(APOSTROPHES));
        std::iter::once((first, false))
            .chain(rest.map(|part| (part, true)))
            .map(|(part, is_joined)| Piece { folded: fold(beginning(part)), is_joined })
    })
}

const APOSTROPHES: [char; 2] = ['\'', '’'];

/// As much of a word as anybody looks for: what is longer is a row's bad joke, or data.
fn beginning(word: &str) -> &str {
    const MAX: usize = 4_096;
    &word[..word.floor_char_boundary(MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, term: &TermText) -> bool {
        occurrences(text, term) > 0
    }

    #[test]
    fn words_are_whole_and_have_no_case_or_accents() {
        let word = |word: &str| TermText::Word(word.into());
        assert!(holds("The Café, 2026", &word("cafe")) && holds("cafe", &word("café")));
        assert!(!holds("cafes snake_case", &word("cafe")) && !holds("snake_case", &word("snake")));
        assert_eq!(occurrences("a b a-a", &word("a")), 3);
        assert!(!holds("a", &word("")) && !holds("", &word("a")));
    }

    #[test]
    fn an_apostrophe_joins_and_parts() {
        let word = |word: &str| TermText::Word(word.into());
        for (text, wanted, is_held) in [
            ("l’avion", "l'avion", true),
            ("l'avion", "avion", true),
            ("l avion", "l'avion", false),
            ("lavion", "l'avion", false),
            ("rock'n'roll", "n'roll", true),
        ] {
            assert_eq!(holds(text, &word(wanted)), is_held, "{wanted} in {text}");
        }
        assert!(holds("don't panic", &TermText::Phrase(vec!["don't".into(), "panic".into()])));
        assert!(!holds("don t panic", &TermText::Phrase(vec!["don't".into(), "panic".into()])));
        assert!(holds("l'avions", &TermText::Prefix("l'av".into())));
    }
}
