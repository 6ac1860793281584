//! What the forms of a word have in common.

use std::borrow::Cow;

use altus4_connections::SearchLanguage;
use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;

use crate::text::fold;

/// Cuts words down to their stems, by the rules of one language ("Snowball"; for English Porter's of
/// 2001).
pub(crate) struct Stemming {
    language: SearchLanguage,
    stemmer: Stemmer,
}

impl Stemming {
    /// By the rules of this language.
    pub(crate) fn of_language(language: SearchLanguage) -> Self {
        Self { language, stemmer: Stemmer::create(algorithm(language)) }
    }

    /// The language.
    pub(crate) fn language(&self) -> SearchLanguage {
        self.language
    }

    /// The stem of a word, without case and accents.
    pub(crate) fn of(&self, word: &str) -> String {
        self.of_folded(word, &fold(word)).into_owned()
    }

    /// The same of a word that is there without case and accents, too.
    pub(crate) fn of_folded<'a>(&self, word: &str, folded: &'a str) -> Cow<'a, str> {
        if self.language == SearchLanguage::English {
            return self.stemmer.stem(folded.strip_suffix("'s").unwrap_or(folded));
        }
        if word.is_ascii() {
            return self.stemmer.stem(folded);
        }
        // Elsewhere endings are told by their accents.
        let written: String = word.nfc().flat_map(char::to_lowercase).collect();
        Cow::Owned(fold(&self.stemmer.stem(&written)).into_owned())
    }

    /// Words with the same stem begin alike: in how many letters for certain, and in all of the stem
    /// but for how many at its end. In English, endings are taken away, or one letter is put in their
    /// place; elsewhere more of them.
    pub(super) fn likeness(&self) -> (usize, usize) {
        if self.language == SearchLanguage::English { (2, 1) } else { (1, 3) }
    }
}

fn algorithm(language: SearchLanguage) -> Algorithm {
    match language {
        SearchLanguage::Arabic => Algorithm::Arabic,
        SearchLanguage::Danish => Algorithm::Danish,
        SearchLanguage::Dutch => Algorithm::Dutch,
        SearchLanguage::English => Algorithm::English,
        SearchLanguage::Finnish => Algorithm::Finnish,
        SearchLanguage::French => Algorithm::French,
        SearchLanguage::German => Algorithm::German,
        SearchLanguage::Greek => Algorithm::Greek,
        SearchLanguage::Hungarian => Algorithm::Hungarian,
        SearchLanguage::Italian => Algorithm::Italian,
        SearchLanguage::Norwegian => Algorithm::Norwegian,
        SearchLanguage::Portuguese => Algorithm::Portuguese,
        SearchLanguage::Romanian => Algorithm::Romanian,
        SearchLanguage::Russian => Algorithm::Russian,
        SearchLanguage::Spanish => Algorithm::Spanish,
        SearchLanguage::Swedish => Algorithm::Swedish,
        SearchLanguage::Tamil => Algorithm::Tamil,
        SearchLanguage::Turkish => Algorithm::Turkish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_have_one_stem_with_and_without_accents() {
        for (language, words) in [
            (SearchLanguage::English, &["search", "Searching", "searches"][..]),
            (SearchLanguage::German, &["Haus", "Häuser", "häusern", "hauses", "Hauser"]),
            (SearchLanguage::French, &["cheval", "chevaux", "Cheval"]),
            (SearchLanguage::French, &["mangé", "mange", "mangées", "MANGER"]),
            (SearchLanguage::Spanish, &["canción", "canciones", "cancion"]),
            (SearchLanguage::Russian, &["книга", "книги", "книгой"]),
        ] {
            let stemming = Stemming::of_language(language);
            let stems: Vec<_> = words.iter().map(|word| stemming.of(word)).collect();
            assert!(stems.iter().all(|stem| *stem == stems[0]), "{words:?} {stems:?}");
        }
    }
}
