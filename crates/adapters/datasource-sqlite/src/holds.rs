//! Reading texts for words inside SQLite: what FTS5 finds is held against it, and what no index
//! covers is found by it.
//!
//! SQLite has no function for that, and none can be added without `unsafe`; but a collation can. So
//! the text is compared with a description of the terms, under a collation in which the two are
//! equal if the text holds one. That is no order, and must not be used as one: it stands in
//! comparisons of computed values alone, which no index serves.

use std::{cell::RefCell, cmp::Ordering, sync::Arc};

use altus4_connections::Value;
use altus4_search::{TermFinder, TermText};

/// The collation's name.
pub(crate) const COLLATION: &str = "altus4_holds";

/// A description begins so. A text that does is one that its owner means to be misread.
const MARK: &str = "\u{1}altus4\u{1}";
const BETWEEN_TERMS: char = '\u{1}';
const BETWEEN_WORDS: char = '\u{2}';

thread_local! {
    /// The finder of the last description: a statement compares it with row after row.
    static LAST: RefCell<Option<(String, Arc<TermFinder>)>> = const { RefCell::new(None) };
}

/// The description of terms of which a text has to hold one.
pub(crate) fn description(terms: &[&TermText]) -> Value {
    let clean = |word: &str| word.replace([BETWEEN_TERMS, BETWEEN_WORDS], " ");
    let one = |term: &&TermText| match term {
        TermText::Word(word) => format!("w{}", clean(word)),
        TermText::Prefix(word) => format!("p{}", clean(word)),
        TermText::Phrase(words) => {
            let words: Vec<_> = words.iter().map(|word| clean(word)).collect();
            format!("f{}", words.join(&BETWEEN_WORDS.to_string()))
        }
    };
    let terms: Vec<_> = terms.iter().map(one).collect();
    Value::Text(format!("{MARK}{}", terms.join(&BETWEEN_TERMS.to_string())))
}

/// The collation: equal are a description and a text that holds one of its terms.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    let (text, terms) = match (one.strip_prefix(MARK), other.strip_prefix(MARK)) {
        (_, Some(terms)) => (one, terms),
        (Some(terms), None) => (other, terms),
        (None, None) => return one.cmp(other),
    };
    let finder = LAST.with_borrow_mut(|last| match last {
        Some((known, finder)) if known == terms => Arc::clone(finder),
        _ => {
            let finder = Arc::new(TermFinder::new(&parsed(terms)));
            *last = Some((terms.to_owned(), Arc::clone(&finder)));
            finder
        }
    });
    if finder.is_in(text) { Ordering::Equal } else { Ordering::Less }
}

fn parsed(terms: &str) -> Vec<TermText> {
    let one = |term: &str| {
        let (kind, text) = term.split_at_checked(1)?;
        Some(match kind {
            "w" => TermText::Word(text.to_owned()),
            "p" => TermText::Prefix(text.to_owned()),
            _ => TermText::Phrase(text.split(BETWEEN_WORDS).map(str::to_owned).collect()),
        })
    };
    terms.split(BETWEEN_TERMS).filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_equals_the_description_of_what_it_holds() {
        let phrase = TermText::Phrase(vec!["reset".into(), "router".into()]);
        let prefix = TermText::Prefix("caf".into());
        let Value::Text(terms) = description(&[&phrase, &prefix]) else { panic!("no text") };
        for (text, is_held) in [
            ("Reset, router!", true),
            ("the Cafés", true),
            ("router reset", false),
            ("", false),
            (MARK, false),
        ] {
            assert_eq!(compare(text, &terms) == Ordering::Equal, is_held, "{text}");
            assert_eq!(compare(&terms, text) == Ordering::Equal, is_held, "{text}");
        }
        assert_ne!(compare("a", "b"), Ordering::Equal);
    }

    #[test]
    fn nothing_of_a_word_is_read_as_something_else() {
        let odd = TermText::Word("a\u{1}wb\u{2}c".into());
        let Value::Text(terms) = description(&[&odd]) else { panic!("no text") };
        assert_ne!(compare("b", &terms), Ordering::Equal);
    }
}
