//! What a full-text index holds of a text, and what it leaves out.

use std::{collections::HashSet, sync::Arc};

/// Which words a full-text index holds. A word that it leaves out is found by nobody through it: it
/// has to be looked for in the text itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRules {
    /// The shortest word held, in characters.
    pub min_chars: u32,
    /// The longest word held, in characters.
    pub max_chars: u32,
    /// Words that are left out, in lower case.
    pub stop_words: Arc<HashSet<String>>,
    /// Whether texts are cut into pieces of so many characters instead of into words (MySQL's
    /// `ngram` parser, SQLite's `trigram` tokenizer).
    pub ngram: Option<u32>,
}

/// Every word is held.
impl Default for IndexRules {
    fn default() -> Self {
        Self { min_chars: 1, max_chars: u32::MAX, stop_words: Arc::default(), ngram: None }
    }
}

impl IndexRules {
    /// Whether a word, in lower case, is held.
    #[must_use]
    pub fn holds(&self, word: &str) -> bool {
        let chars = u32::try_from(word.chars().count()).unwrap_or(u32::MAX);
        (self.min_chars..=self.max_chars).contains(&chars) && !self.stop_words.contains(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_too_short_too_long_or_too_common_are_not_held() {
        let stop_words = Arc::new(HashSet::from(["about".to_owned()]));
        let rules = IndexRules { min_chars: 3, max_chars: 5, stop_words, ngram: None };
        for (word, held) in
            [("ab", false), ("abc", true), ("größe", true), ("abcdef", false), ("about", false)]
        {
            assert_eq!(rules.holds(word), held, "{word}");
        }
        assert!(IndexRules::default().holds("a"));
    }
}
