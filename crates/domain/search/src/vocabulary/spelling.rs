//! How many slips of the fingers two words are apart.

/// A word in the shape in which it is held against many others: most are passed over by their
/// lengths and letters alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letters {
    /// A bit for each letter that occurs; what is no ASCII letter shares one.
    set: u32,
    chars: u8,
}

impl Letters {
    /// The longest word that has one.
    pub(crate) const MAX_CHARS: usize = 40;

    /// Of a folded word; `None` of what isn't one to misspell: too long, or not all letters.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let mut letters = Self { set: 0, chars: 0 };
        for c in word.chars() {
            if !(c.is_alphabetic() || c == '\'') || usize::from(letters.chars) == Self::MAX_CHARS {
                return None;
            }
            letters.set |=
                if c.is_ascii_lowercase() { 1 << (u32::from(c) - u32::from('a')) } else { 1 << 26 };
            letters.chars += 1;
        }
        Some(letters)
    }

    /// How many slips a word of this length is forgiven: one from five letters, two from nine.
    pub(crate) fn forgiven(self) -> usize {
        match self.chars {
            0..5 => 0,
            5..9 => 1,
            _ => 2,
        }
    }

    /// Whether the words may be so near each other. An edit takes one letter away and adds one.
    pub(crate) fn may_be_within(self, other: Self, edits: usize) -> bool {
        usize::from(self.chars.abs_diff(other.chars)) <= edits
            && (self.set ^ other.set).count_ones() as usize <= 2 * edits
    }
}

/// How many letters have to be left out, put in, exchanged, or swapped with their neighbour to make
/// one word of the other; `None` when it is more than `most`.
///
/// The restricted distance of Damerau, "A technique for computer detection and correction of
/// spelling errors" (1964): no letter is edited twice.
pub(crate) fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, of_a) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, of_b) in b.iter().enumerate() {
            let mut least = (above[j] + usize::from(of_a != of_b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *of_a == b[j - 1] && a[i - 1] == *of_b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        if row.iter().all(|edits| *edits > most) {
            return None;
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_kind_of_slip_is_one_edit() {
        for slip in ["databse", "databasee", "datebase", "adtabase"] {
            assert_eq!(distance("database", slip, 2), Some(1), "{slip}");
        }
        assert_eq!(distance("database", "databaes", 1), Some(1));
        assert_eq!(distance("database", "adtabaes", 2), Some(2));
        assert_eq!(distance("database", "datum", 2), None);
        assert_eq!(distance("", "ab", 2), Some(2));
    }

    #[test]
    fn short_words_and_numbers_are_left_as_they_are() {
        assert_eq!(Letters::of("lamp").map(Letters::forgiven), Some(0));
        assert_eq!(Letters::of("lamps").map(Letters::forgiven), Some(1));
        assert_eq!(Letters::of("databases").map(Letters::forgiven), Some(2));
        assert_eq!(Letters::of("mp3players"), None);
    }

    proptest! {
        #[test]
        fn nothing_near_is_passed_over(a in "[a-d]{1,8}", b in "[a-d]{1,8}", most in 0_usize..3) {
            let near = distance(&a, &b, most).is_some();
            let may_be = Letters::of(&a).zip(Letters::of(&b)).is_some_and(|(a, b)| a.may_be_within(b, most));
            prop_assert!(!near || may_be);
            prop_assert_eq!(distance(&a, &b, 9), distance(&b, &a, 9));
        }
    }
}
