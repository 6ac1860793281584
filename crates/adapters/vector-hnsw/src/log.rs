//! The log of a collection: a header, and a frame for each call that changed something.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use altus4_search::{RowKey, Vector};

use crate::{
    error::Fault,
    files,
    frame::{self, HEAD, Operation, Reader},
    rows::Rows,
};

/// What a log begins with: what it is, and in which version.
const MAGIC: [u8; 8] = *b"a4vecs\0\x01";
const HEADER: usize = 24;
const BUFFER: usize = 1 << 20;

/// A log that is written to.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    /// The bytes of it that are good. What is behind them is no part of it.
    len: u64,
    /// How often it was written anew.
    generation: u64,
    dimensions: usize,
    is_broken: bool,
}

impl Log {
    /// A new one, in the place of whatever had its name. It isn't on the disk for good yet.
    pub(crate) fn create(path: &Path, generation: u64, dimensions: usize) -> io::Result<Self> {
        let mut file = files::create(path)?;
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&generation.to_le_bytes());
        header.extend_from_slice(&u32::try_from(dimensions).unwrap_or(u32::MAX).to_le_bytes());
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        file.write_all(&header)?;
        Ok(Self { file, len: HEADER as u64, generation, dimensions, is_broken: false })
    }

    /// Reads one from the beginning to the end, and cuts what is torn at its end.
    ///
    /// # Errors
    /// The disk's own; or it is damaged where it had been acknowledged.
    pub(crate) fn open(path: &Path) -> Result<(Self, Rows), Fault> {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(Fault::disk("opening a log"))?;
        let mut input = BufReader::with_capacity(BUFFER, &file);
        let (generation, dimensions) = header(&mut input)?;
        let mut rows = Rows::new(dimensions);
        let mut payload = Vec::new();
        let mut len = HEADER as u64;
        while next(&mut input, &mut payload).map_err(Fault::disk("reading a log"))? {
            apply(&payload, &mut rows)?;
            len += (HEAD + payload.len()) as u64;
        }
        let mut log = Self { file, len, generation, dimensions, is_broken: false };
        log.cut()?;
        Ok((log, rows))
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Whether a write failed in such a way that only opening it again tells what is in it.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Writes a frame. It is not on the disk for good yet.
    pub(crate) fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        self.file.write_all(frame)?;
        self.len += frame.len() as u64;
        Ok(())
    }

    /// Writes a frame that is on the disk for good after this; where that fails, it is not there.
    pub(crate) fn append(&mut self, frame: &[u8]) -> Result<(), Fault> {
        let written = self.file.write_all(frame).and_then(|()| self.file.sync_data());
        if let Err(reason) = written {
            // What of it is in the file is anyone's guess. Unless it can be taken back, nothing is
            // written behind it.
            let taken_back = self.file.set_len(self.len).and_then(|()| self.file.sync_data());
            self.is_broken = taken_back.and_then(|()| self.file.seek(SeekFrom::Start(self.len))).is_err();
            return Err(Fault::Disk { doing: "writing to a log", reason });
        }
        self.len += frame.len() as u64;
        Ok(())
    }

    /// Puts what is written on the disk for good.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Takes away what is behind the last good frame, if it never was a part of the log.
    fn cut(&mut self) -> Result<(), Fault> {
        let reading = Fault::disk("reading the end of a log");
        let end = self.file.metadata().map(|metadata| metadata.len()).map_err(reading)?;
        if end > self.len {
            let mut rest = Vec::new();
            let from_last = self.file.seek(SeekFrom::Start(self.len));
            from_last
                .and_then(|_| self.file.read_to_end(&mut rest))
                .map_err(Fault::disk("reading the end of a log"))?;
            // Each frame is on the disk before the next is begun: where there is another, the damaged
            // one had been acknowledged.
            if frame::is_anywhere_in(&rest[1..]) {
                return Err(Fault::Corrupt("a log is damaged before its end"));
            }
            let cut = self.file.set_len(self.len).and_then(|()| self.file.sync_all());
            cut.map_err(Fault::disk("cutting the end of a log"))?;
        }
        let at_end = self.file.seek(SeekFrom::Start(self.len));
        at_end.map(drop).map_err(Fault::disk("going to the end of a log"))
    }
}

/// The generation and the dimensions.
fn header(input: &mut impl Read) -> Result<(u64, usize), Fault> {
    const WRONG: Fault = Fault::Corrupt("a log doesn't begin as one");
    let mut bytes = [0; HEADER];
    match input.read_exact(&mut bytes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(WRONG),
        other => other.map_err(Fault::disk("reading a log"))?,
    }
    read_header(&bytes).ok_or(WRONG)
}

fn read_header(bytes: &[u8; HEADER]) -> Option<(u64, usize)> {
    let mut reader = Reader(bytes);
    let magic = reader.take(MAGIC.len())?;
    let (generation, dimensions) = (reader.long()?, reader.number()? as usize);
    let is_good = magic == MAGIC
        && reader.number()? == crc32fast::hash(&bytes[..HEADER - 4])
        && (1..=Vector::MAX_DIMENSIONS).contains(&dimensions);
    is_good.then_some((generation, dimensions))
}

/// Reads the payload of the next frame; `false` where none is whole.
fn next(input: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<bool> {
    let mut head = [0; HEAD];
    if !fill(input, &mut head)? {
        return Ok(false);
    }
    let Some((length, checksum)) = frame::head(&head) else { return Ok(false) };
    payload.resize(length, 0);
    Ok(fill(input, payload)? && crc32fast::hash(payload) == checksum)
}

/// Whether there was so much left.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        other => other.map(|()| true),
    }
}

fn apply(payload: &[u8], rows: &mut Rows) -> Result<(), Fault> {
    let mut numbers = Vec::new();
    for operation in frame::operations(payload, rows.dimensions()) {
        match operation.ok_or(Fault::Corrupt("a frame of a log makes no sense"))? {
            Operation::Put { key, content, vector } => {
                numbers.clear();
                numbers.extend(vector.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
                rows.put(RowKey(Arc::from(key)), content, &numbers);
            }
            Operation::Remove { key } => rows.remove(&RowKey(Arc::from(key))),
        }
    }
    Ok(())
}
