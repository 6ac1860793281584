//! What people call things.

use std::ops::RangeInclusive;

/// A name as it is kept: trimmed, with a number of characters in `chars`, and without control
/// characters; `None` where `text` can't be one.
#[must_use]
pub fn trimmed_name(text: &str, chars: RangeInclusive<usize>) -> Option<String> {
    let name = text.trim();
    let fits = chars.contains(&name.chars().count()) && !name.chars().any(char::is_control);
    fits.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_then_counted_in_characters() {
        let name = |text| trimmed_name(text, 3..=5);
        assert_eq!(name("  žába\n").as_deref(), Some("žába"));
        assert_eq!(name("🦀🦀🦀🦀🦀").as_deref(), Some("🦀🦀🦀🦀🦀"));
        assert_eq!(name(" ab "), None);
        assert_eq!(name("abcdef"), None);
    }

    #[test]
    fn a_name_is_one_line_that_can_be_shown() {
        for text in ["ab\nc", "ab\0c", "ab\u{7f}c", "ab\u{85}c", ""] {
            assert_eq!(trimmed_name(text, 0..=5), (text.is_empty()).then(String::new), "{text:?}");
        }
    }
}
