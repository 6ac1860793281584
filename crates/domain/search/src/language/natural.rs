//! What a person types: words, and phrases in quotes.

use super::{is_quote, lower_words};

/// What was typed, cut into words. Any text gives one; it may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NaturalQuery {
    /// The words outside of quotes, in lower case and in their order.
    pub words: Vec<String>,
    /// The words of each quoted part. Every row has to hold every phrase; one may be a single word.
    pub phrases: Vec<Vec<String>>,
}

impl NaturalQuery {
    /// More words than anybody types; the rest is passed over.
    pub const MAX_WORDS: usize = 32;

    /// Reads what was typed. A quote that nothing closes is passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        let mut left = Self::MAX_WORDS;
        let mut take = |text: &str| -> Vec<String> {
            let words: Vec<_> = lower_words(text).take(left).collect();
            left -= words.len();
            words
        };
        let mut rest = text;
        while let Some((before, quoted, after)) = first_quoted(rest) {
            query.words.extend(take(before));
            let phrase = take(quoted);
            if !phrase.is_empty() {
                query.phrases.push(phrase);
            }
            rest = after;
        }
        query.words.extend(take(rest));
        query
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.phrases.is_empty()
    }
}

/// What stands before, in and after the first pair of quotes.
fn first_quoted(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(is_quote)?;
    let (quoted, after) = rest.split_once(is_quote)?;
    Some((before, quoted, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> (Vec<String>, Vec<String>) {
        let query = NaturalQuery::parse(text);
        (query.words, query.phrases.iter().map(|words| words.join(" ")).collect())
    }

    #[test]
    fn quoted_words_are_a_phrase() {
        for (text, words, phrases) in [
            ("Reset my \"wi-fi router\" now", vec!["reset", "my", "now"], vec!["wi fi router"]),
            ("“Größe” zählt", vec!["zählt"], vec!["größe"]),
            ("5\" disk", vec!["5", "disk"], vec![]),
            ("a \"\" b \"!\" c", vec!["a", "b", "c"], vec![]),
            ("\"a b\" \"c", vec!["c"], vec!["a b"]),
            ("💥 \u{0}", vec![], vec![]),
        ] {
            let to_owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(parsed(text), (to_owned(words), to_owned(phrases)), "{text}");
        }
    }

    #[test]
    fn more_words_than_anybody_types_are_passed_over() {
        let query = NaturalQuery::parse(&"\"a b\" c ".repeat(100));
        let quoted: usize = query.phrases.iter().map(Vec::len).sum();
        assert_eq!(query.words.len() + quoted, NaturalQuery::MAX_WORDS);
    }

    proptest! {
        #[test]
        fn any_text_can_be_typed(text in "(.|\"|“|')*") {
            let query = NaturalQuery::parse(&text);
            let words = query.words.iter().chain(query.phrases.iter().flatten());
            for word in words {
                prop_assert!(!word.is_empty());
            }
        }
    }
}
