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
/// And so does a pattern.
const PATTERN: &str = "\u{1}altus4 like\u{1}";
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

/// The description of a pattern that a text has to match without case: `%` stands for any text and `_`
/// for one character; `\` takes the next one literally.
pub(crate) fn pattern(pattern: &str) -> Value {
    Value::Text(format!("{PATTERN}{}", pattern.to_lowercase()))
}

/// The collation: equal are a description and a text that holds one of its terms, or matches it.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    let like = match (one.strip_prefix(PATTERN), other.strip_prefix(PATTERN)) {
        (_, Some(pattern)) => Some((one, pattern)),
        (Some(pattern), None) => Some((other, pattern)),
        (None, None) => None,
    };
    if let Some((text, pattern)) = like {
        return if is_like(&text.to_lowercase(), pattern) { Ordering::Equal } else { Ordering::Less };
    }
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

/// Whether the text matches the pattern. In time that grows with the product of their lengths: of all
/// that any text may stand for, the last that did is tried again with one character more.
fn is_like(text: &str, pattern: &str) -> bool {
    let (mut text, mut pattern) = (text.chars(), pattern.chars());
    let mut last: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let text_here = text.clone();
        let fits = match (pattern.next(), text.next()) {
            (Some('%'), _) => {
                text = text_here.clone();
                last = Some((text_here, pattern.clone()));
                continue;
            }
            (None, None) => return true,
            (Some('_'), Some(_)) => true,
            (Some('\\'), Some(c)) => pattern.next().unwrap_or('\\') == c,
            (Some(wanted), Some(c)) => wanted == c,
            _ => false,
        };
        if fits {
            continue;
        }
        let Some((mut from, rest)) = last.take() else { return false };
        if from.next().is_none() {
            return false;
        }
        text = from.clone();
        pattern = rest.clone();
        last = Some((from, rest));
    }
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
    fn a_text_equals_the_pattern_that_it_matches() {
        for (text, pattern, expected) in [
            ("Größe", "grÖ%", true),
            ("abcabd", "%ab_", true),
            ("abcabd", "%ab", false),
            ("a_c", "a\\_c", true),
            ("abc", "a\\_c", false),
            ("", "%", true),
            ("", "_", false),
            ("", "", true),
            ("a", "", false),
            ("a%", "a\\%", true),
            ("a\\", "a\\\\", true),
            ("aaab", "%a%a%b", true),
        ] {
            let Value::Text(described) = super::pattern(pattern) else { panic!("no text") };
            assert_eq!(compare(text, &described) == Ordering::Equal, expected, "{text} like {pattern}");
        }
    }

    #[test]
    fn nothing_of_a_word_is_read_as_something_else() {
        let odd = TermText::Word("a\u{1}wb\u{2}c".into());
        let Value::Text(terms) = description(&[&odd]) else { panic!("no text") };
        assert_ne!(compare("b", &terms), Ordering::Equal);
    }
}
