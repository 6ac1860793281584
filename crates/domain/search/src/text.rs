//! Words: how text is cut into them.
//!
//! Cut as MySQL's and MariaDB's own parser does (letters, digits, `_`, and an apostrophe inside a
//! word), so that what the server found is found again here.

use std::borrow::Cow;

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
pub(crate) fn fold(word: &str) -> Cow<'_, str> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
