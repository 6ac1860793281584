//! Patterns as `LIKE` takes them.

/// The character that takes away what `%` and `_` mean in the patterns of [`literal_pattern`] and
/// [`escaped_pattern`]. No `sql_mode` changes what it does, as one does for `\`.
pub const PATTERN_ESCAPE: char = '!';

/// A text as a pattern that only it matches, whose escape is [`PATTERN_ESCAPE`].
#[must_use]
pub fn literal_pattern(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut pattern, c| {
        push_literal(&mut pattern, c);
        pattern
    })
}

/// A pattern of [`Test::Like`](super::Test::Like), whose escape is `\`, as one whose escape is
/// [`PATTERN_ESCAPE`].
#[must_use]
pub fn escaped_pattern(pattern: &str) -> String {
    let mut ours = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => push_literal(&mut ours, characters.next().unwrap_or('\\')),
            '%' | '_' => ours.push(c),
            c => push_literal(&mut ours, c),
        }
    }
    ours
}

fn push_literal(pattern: &mut String, c: char) {
    if matches!(c, PATTERN_ESCAPE | '%' | '_') {
        pattern.push(PATTERN_ESCAPE);
    }
    pattern.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_pattern_is_escaped() {
        assert_eq!(literal_pattern("50%_off!"), "50!%!_off!!");
        assert_eq!(escaped_pattern(r"50\%_!%\\\"), r"50!%_!!%\\");
    }
}
