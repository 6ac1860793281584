//! Reading what stands in a packet. Every step gives `None` where the bytes end too early; nothing
//! here can panic or allocate.

/// The length of what stands before each packet.
pub(super) const HEAD: usize = 4;

/// Payloads of this length are continued in the next packet. No packet that is let through is.
pub(super) const CONTINUED: usize = 0xFF_FFFF;

/// What stands before a packet: how long it is and where it stands in the conversation.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) sequence: u8,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, sequence] = *bytes.first_chunk::<HEAD>()?;
        Some(Self { length: usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16, sequence })
    }

    /// The whole packet.
    pub(super) fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
        let mut packet = Vec::with_capacity(HEAD + payload.len());
        packet.extend_from_slice(&[length[0], length[1], length[2], sequence]);
        packet.extend_from_slice(payload);
        packet
    }
}

/// The part of a packet that has not been read yet.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// What stands before a zero byte, which is taken too.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(text)
    }

    /// A number that says how long it is itself (`int<lenenc>`).
    pub(super) fn number(&mut self) -> Option<u64> {
        match self.u8()? {
            small @ 0..=0xFA => Some(small.into()),
            0xFC => self.u16().map(u64::from),
            0xFD => self.array().map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]).into()),
            0xFE => self.array().map(u64::from_le_bytes),
            _ => None,
        }
    }

    /// A text with its length before it (`string<lenenc>`).
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_say_how_long_they_are() {
        for (bytes, number) in [
            (&[0xFA][..], Some(250)),
            (&[0xFB], None),
            (&[0xFC, 1, 2], Some(0x201)),
            (&[0xFC, 1], None),
            (&[0xFD, 1, 2, 3], Some(0x3_0201)),
            (&[0xFE, 0, 0, 0, 0, 0, 0, 0, 0x10], Some(1 << 60)),
            (&[0xFE, 0, 0, 0], None),
            (&[0xFF], None),
            (&[], None),
        ] {
            assert_eq!(Bytes(bytes).number(), number, "{bytes:?}");
        }
    }

    #[test]
    fn a_text_that_is_longer_than_its_packet_is_none() {
        assert_eq!(Bytes(&[3, b'a', b'b', b'c']).string(), Some(&b"abc"[..]));
        assert_eq!(Bytes(&[4, b'a', b'b', b'c']).string(), None);
        assert_eq!(Bytes(&[0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]).string(), None);
        assert_eq!(Bytes(b"abc\0d").text(), Some(&b"abc"[..]));
        assert_eq!(Bytes(b"abc").text(), None);
    }
}
