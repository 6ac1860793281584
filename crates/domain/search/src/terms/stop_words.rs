//! Words that say next to nothing.

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
