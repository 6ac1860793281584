//! Passing over the words of rows that can't be looked for, at a glance.

/// With which letters the words begin that have one of a query's stems: nearly all words of a row are
/// passed over by these alone, unfolded and unstemmed.
pub(super) struct Beginnings {
    /// For each first byte, a bit for each second one (its lower five bits).
    seconds: [u32; 128],
    /// What the words of each stem begin with, as [`like`] writes it.
    leads: Vec<Box<[u8]>>,
    /// Whether some stem doesn't begin with an ASCII letter or digit.
    beyond_ascii: bool,
}

impl Default for Beginnings {
    fn default() -> Self {
        Self { seconds: [0; 128], leads: Vec::new(), beyond_ascii: false }
    }
}

impl Beginnings {
    const ANY: u32 = u32::MAX;

    /// Words with this stem begin as it does, but for so many letters at its end and never in the
    /// first `sure` ones.
    pub(super) fn add(&mut self, stem: &str, sure: usize, end: usize) {
        let ascii = stem.bytes().take_while(u8::is_ascii).count();
        let shared = stem.len().saturating_sub(end).max(sure).min(ascii);
        let lead: Box<[u8]> = stem.as_bytes()[..shared].iter().copied().map(like).collect();
        match *lead {
            [] => self.beyond_ascii = true,
            // A stem of one letter may be the stem of a word of two.
            [first] => self.seconds[usize::from(first)] = Self::ANY,
            [first, second, ..] => self.seconds[usize::from(first)] |= Self::bit(second),
        }
        if !self.leads.contains(&lead) {
            self.leads.push(lead);
        }
    }

    #[inline]
    pub(super) fn may_be(&self, word: &str) -> bool {
        let bytes = word.as_bytes();
        let may_begin = match *bytes {
            [] => false,
            // Accents are folded away, so any word that doesn't begin with ASCII may match.
            [first, ..] if self.beyond_ascii || !first.is_ascii() => return true,
            [first] => self.seconds[usize::from(like(first))] != 0,
            [first, second, ..] => self.seconds[usize::from(like(first))] & Self::bit(like(second)) != 0,
        };
        may_begin && self.leads.iter().any(|lead| begins(bytes, lead))
    }

    /// Whether a word may be that begins with this part.
    pub(super) fn may_begin_with(&self, part: &str) -> bool {
        let bytes = part.as_bytes();
        let begins_so = |lead: &[u8]| begins(bytes, &lead[..lead.len().min(bytes.len())]);
        self.beyond_ascii || self.leads.iter().any(|lead| begins_so(lead))
    }

    fn bit(second: u8) -> u32 {
        if second.is_ascii() { 1 << (second & 31) } else { Self::ANY }
    }
}

/// Whether a word begins so; one that isn't ASCII all along may.
fn begins(word: &[u8], lead: &[u8]) -> bool {
    for (at, wanted) in lead.iter().enumerate() {
        match word.get(at) {
            Some(byte) if !byte.is_ascii() => return true,
            Some(byte) if like(*byte) == *wanted => {}
            _ => return false,
        }
    }
    true
}

/// Without case; and the stem of "dying" is "die".
fn like(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        b'y' => b'i',
        other => other,
    }
}
