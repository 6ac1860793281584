//! Passing over the words of rows that can't be looked for, at a glance.

/// With which two letters the stems of a query begin: nearly all words of a row are passed over by
/// these alone, unfolded and unstemmed.
pub(super) struct Beginnings {
    /// For each first byte, a bit for each second one (its lower five bits).
    seconds: [u32; 128],
    /// Whether some stem doesn't begin with an ASCII letter or digit.
    beyond_ascii: bool,
}

impl Default for Beginnings {
    fn default() -> Self {
        Self { seconds: [0; 128], beyond_ascii: false }
    }
}

impl Beginnings {
    const ANY: u32 = u32::MAX;

    pub(super) fn add(&mut self, stem: &str) {
        match *stem.as_bytes() {
            [first, ref rest @ ..] if first.is_ascii() => {
                // A stem of one letter may be the stem of a word of two.
                self.seconds[usize::from(first)] |=
                    rest.first().map_or(Self::ANY, |second| Self::bit(*second));
            }
            _ => self.beyond_ascii = true,
        }
    }

    pub(super) fn may_be(&self, word: &str) -> bool {
        match *word.as_bytes() {
            [] => false,
            // Accents are folded away, so any word that doesn't begin with ASCII may match.
            [first, ..] if self.beyond_ascii || !first.is_ascii() => true,
            [first] => self.seconds[usize::from(first.to_ascii_lowercase())] != 0,
            [first, second, ..] => {
                self.seconds[usize::from(first.to_ascii_lowercase())] & Self::bit(second) != 0
            }
        }
    }

    fn bit(second: u8) -> u32 {
        match second {
            // The stem of "dying" is "die".
            b'y' | b'Y' => 1 << (b'i' & 31),
            ascii if ascii.is_ascii() => 1 << (ascii & 31),
            _ => Self::ANY,
        }
    }
}
