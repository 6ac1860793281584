//! Frames: what one call wrote, in one piece with its checksum, so that it is there whole or not at all.
//!
//! A frame is `MARK`, the length of its payload, the checksum (CRC-32) of the payload, and the payload:
//! one operation after the other. All numbers are little-endian.

use altus4_search::{ContentHash, RowKey};

/// What a frame begins with; it is looked for behind a damaged one.
pub(crate) const MARK: [u8; 4] = *b"\xa4fr\x01";
/// The bytes before the payload.
pub(crate) const HEAD: usize = 12;
/// The most that a payload may have.
pub(crate) const MOST: usize = 64 << 20;

const PUT: u8 = 1;
const REMOVE: u8 = 2;

/// One operation, as it was read.
pub(crate) enum Operation<'a> {
    Put { key: &'a [u8], content: ContentHash, vector: &'a [u8] },
    Remove { key: &'a [u8] },
}

/// A frame that is being written.
pub(crate) struct Frame(Vec<u8>);

impl Frame {
    pub(crate) fn new() -> Self {
        Self(vec![0; HEAD])
    }

    pub(crate) fn put(&mut self, key: &RowKey, content: ContentHash, vector: &[i16]) {
        self.begin(PUT, key);
        self.0.extend_from_slice(&content.to_bytes());
        self.0.extend(vector.iter().flat_map(|number| number.to_le_bytes()));
    }

    pub(crate) fn remove(&mut self, key: &RowKey) {
        self.begin(REMOVE, key);
    }

    fn begin(&mut self, kind: u8, key: &RowKey) {
        self.0.push(kind);
        self.0.extend_from_slice(&u32::try_from(key.0.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.0.extend_from_slice(&key.0);
    }

    /// Its bytes; `None` where there are too many of them.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        let (head, payload) = self.0.split_at_mut(HEAD);
        let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= MOST)?;
        head[..4].copy_from_slice(&MARK);
        head[4..8].copy_from_slice(&length.to_le_bytes());
        head[8..].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
        Some(self.0)
    }
}

/// The length of the payload and its checksum, as a frame's head has them; `None` if it is none.
pub(crate) fn head(bytes: &[u8; HEAD]) -> Option<(usize, u32)> {
    let mut reader = Reader(bytes);
    let mark = reader.take(4)?;
    let (length, checksum) = (reader.number()? as usize, reader.number()?);
    (mark == MARK && length <= MOST).then_some((length, checksum))
}

/// Whether a whole frame begins anywhere in these bytes.
pub(crate) fn is_anywhere_in(bytes: &[u8]) -> bool {
    let begins = |at: &usize| {
        let found = bytes[*at..].first_chunk().and_then(head);
        found.is_some_and(|(length, checksum)| {
            let payload = bytes.get(at + HEAD..at + HEAD + length);
            payload.is_some_and(|payload| crc32fast::hash(payload) == checksum)
        })
    };
    (0..bytes.len()).any(|at| begins(&at))
}

/// The operations of a payload, whose vectors have so many dimensions. `None` among them is the end of
/// what makes sense.
pub(crate) fn operations(payload: &[u8], dimensions: usize) -> impl Iterator<Item = Option<Operation<'_>>> {
    let mut reader = Reader(payload);
    std::iter::from_fn(move || {
        if reader.0.is_empty() {
            return None;
        }
        let operation = operation(&mut reader, dimensions);
        if operation.is_none() {
            reader.0 = &[];
        }
        Some(operation)
    })
}

fn operation<'a>(reader: &mut Reader<'a>, dimensions: usize) -> Option<Operation<'a>> {
    let kind = reader.take(1)?[0];
    let length = reader.number()? as usize;
    let key = reader.take(length)?;
    match kind {
        PUT => {
            let content = ContentHash::from_bytes(reader.take(16)?.try_into().ok()?);
            Some(Operation::Put { key, content, vector: reader.take(2 * dimensions)? })
        }
        REMOVE => Some(Operation::Remove { key }),
        _ => None,
    }
}

/// Takes bytes from the front.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    pub(crate) fn long(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }
}
