//! A ZIP file that is written in one go (PKWARE, APPNOTE 6.3): sizes and checksums follow the data.

use std::io::Write;

use crc32fast::Hasher;
use flate2::{Compression, write::DeflateEncoder};

/// Version 2.0: folders and deflation.
const VERSION: u16 = 20;
/// The sizes follow the data, and names are UTF-8.
const FLAGS: u16 = 1 << 3 | 1 << 11;
const DEFLATED: u16 = 8;
/// 1980-01-01, the first day there is.
const DATE: u16 = 1 << 5 | 1;

/// Writes files one after the other.
#[derive(Default)]
pub(super) struct Zip {
    written: Vec<u8>,
    /// How much was taken away before.
    taken: usize,
    open: Option<Open>,
    files: Vec<File>,
}

struct Open {
    name: &'static str,
    begins: usize,
    data_begins: usize,
    length: usize,
    checksum: Hasher,
    data: DeflateEncoder<Vec<u8>>,
}

struct File {
    name: &'static str,
    begins: usize,
    length: usize,
    packed: usize,
    checksum: u32,
}

/// More than four gigabytes can't be told.
fn told(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

impl Zip {
    fn put(&mut self, numbers: &[u16]) {
        for number in numbers {
            self.written.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn place(&self) -> usize {
        self.taken + self.written.len()
    }

    /// Ends the file before, and begins another.
    pub(super) fn begin(&mut self, name: &'static str) {
        self.end();
        let begins = self.place();
        self.written.extend_from_slice(b"PK\x03\x04");
        self.put(&[VERSION, FLAGS, DEFLATED, 0, DATE]);
        self.written.extend_from_slice(&[0; 12]);
        self.put(&[length_of(name), 0]);
        self.written.extend_from_slice(name.as_bytes());
        let data = DeflateEncoder::new(Vec::new(), Compression::fast());
        let checksum = Hasher::new();
        self.open = Some(Open { name, begins, data_begins: self.place(), length: 0, checksum, data });
    }

    /// Writes into the file that was begun.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let Some(open) = &mut self.open else { return };
        open.length += bytes.len();
        open.checksum.update(bytes);
        // A vector takes everything.
        let _ = open.data.write_all(bytes);
        self.written.append(open.data.get_mut());
    }

    fn end(&mut self) {
        let Some(open) = self.open.take() else { return };
        self.written.append(&mut open.data.finish().unwrap_or_default());
        let (packed, checksum) = (self.place() - open.data_begins, open.checksum.finalize());
        self.written.extend_from_slice(b"PK\x07\x08");
        self.written.extend_from_slice(&checksum.to_le_bytes());
        self.written.extend_from_slice(&told(packed));
        self.written.extend_from_slice(&told(open.length));
        let (name, begins, length) = (open.name, open.begins, open.length);
        self.files.push(File { name, begins, length, packed, checksum });
    }

    /// Ends the last file, and the whole.
    pub(super) fn finish(&mut self) {
        self.end();
        let begins = self.place();
        for file in std::mem::take(&mut self.files) {
            self.written.extend_from_slice(b"PK\x01\x02");
            self.put(&[VERSION, VERSION, FLAGS, DEFLATED, 0, DATE]);
            self.written.extend_from_slice(&file.checksum.to_le_bytes());
            self.written.extend_from_slice(&told(file.packed));
            self.written.extend_from_slice(&told(file.length));
            self.put(&[length_of(file.name), 0, 0, 0, 0, 0, 0]);
            self.written.extend_from_slice(&told(file.begins));
            self.written.extend_from_slice(file.name.as_bytes());
            self.files.push(file);
        }
        let (count, length) = (u16::try_from(self.files.len()).unwrap_or(u16::MAX), self.place() - begins);
        self.written.extend_from_slice(b"PK\x05\x06");
        self.put(&[0, 0, count, count]);
        self.written.extend_from_slice(&told(length));
        self.written.extend_from_slice(&told(begins));
        self.put(&[0]);
    }

    /// What was written since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.taken += self.written.len();
        std::mem::take(&mut self.written)
    }
}

fn length_of(name: &str) -> u16 {
    u16::try_from(name.len()).unwrap_or(u16::MAX)
}
