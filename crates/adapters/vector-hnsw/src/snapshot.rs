//! The graph on the disk: a copy, which says of which rows it is one.

use std::{
    collections::HashMap,
    fs,
    io::{self, ErrorKind, Write},
    path::Path,
};

use crate::{
    chunks::Chunks,
    files,
    frame::Reader,
    graph::{Graph, MOST_AT_BASE},
    rows::Rows,
};

/// What a snapshot begins with: what it is, and in which version.
const MAGIC: [u8; 8] = *b"a4graph\x01";
const CHECKSUM: usize = 4;

/// The graph as bytes; `generation` is that of the log.
pub(crate) fn written(graph: &Graph, rows: &Rows, generation: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&generation.to_le_bytes());
    number(&mut bytes, graph.len());
    bytes.extend_from_slice(&rows.mark(graph.len()).to_le_bytes());
    let entry: Vec<u32> = graph.entry().iter().map(|(slot, _)| *slot).collect();
    list(&mut bytes, &entry);
    number(&mut bytes, graph.entry().map_or(0, |(_, top)| top));
    for slot in 0..graph.len() {
        list(&mut bytes, graph.neighbours(u32::try_from(slot).unwrap_or(u32::MAX), 0));
    }
    number(&mut bytes, graph.upper().len());
    for (slot, levels) in graph.upper() {
        list(&mut bytes, &[*slot]);
        number(&mut bytes, levels.len());
        for links in levels {
            list(&mut bytes, links);
        }
    }
    number(&mut bytes, graph.twins().len());
    for (slot, twins) in graph.twins() {
        list(&mut bytes, &[*slot]);
        list(&mut bytes, twins);
    }
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

fn number(bytes: &mut Vec<u8>, value: usize) {
    bytes.extend_from_slice(&u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes());
}

fn list(bytes: &mut Vec<u8>, slots: &[u32]) {
    number(bytes, slots.len());
    bytes.extend(slots.iter().flat_map(|slot| slot.to_le_bytes()));
}

/// Puts a snapshot's bytes into a file that is there whole or not at all. `while_allowed` does the last
/// step, if it may still be done.
pub(crate) fn save(
    bytes: &[u8],
    beside: &Path,
    while_allowed: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = files::create(beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    while_allowed(beside)
}

/// The graph in a file; `None` where there is none, it is damaged, or one of other rows.
pub(crate) fn load(path: &Path, rows: &Rows, generation: u64) -> io::Result<Option<Graph>> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => Ok(read_from(&read?, rows, generation)),
    }
}

fn read_from(bytes: &[u8], rows: &Rows, generation: u64) -> Option<Graph> {
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    if crc32fast::hash(content).to_le_bytes() != checksum {
        return None;
    }
    let mut reader = Reader(content);
    if reader.take(MAGIC.len())? != MAGIC || reader.long()? != generation {
        return None;
    }
    let len = reader.number()? as usize;
    if len > rows.len() || reader.number()? != rows.mark(len) {
        return None;
    }
    let entry = read_list(&mut reader)?.first().copied();
    let top = reader.number()? as usize;
    let mut base = Chunks::new(1 + MOST_AT_BASE);
    for _ in 0..len {
        let links = read_list(&mut reader)?;
        let mut row = [0; 1 + MOST_AT_BASE];
        row[0] = u32::try_from(links.len()).ok()?;
        row.get_mut(1..=links.len())?.copy_from_slice(&links);
        base.push(&row);
    }
    let mut upper = HashMap::new();
    for _ in 0..reader.number()? {
        let slot = *read_list(&mut reader)?.first()?;
        let levels = reader.number()?;
        upper.insert(slot, (0..levels).map(|_| read_list(&mut reader)).collect::<Option<_>>()?);
    }
    let mut twins = HashMap::new();
    for _ in 0..reader.number()? {
        let slot = *read_list(&mut reader)?.first()?;
        twins.insert(slot, read_list(&mut reader)?);
    }
    Graph::from_parts(base, upper, twins, entry.map(|entry| (entry, top)))
}

fn read_list(reader: &mut Reader<'_>) -> Option<Vec<u32>> {
    let count = reader.number()? as usize;
    let bytes = reader.take(count.checked_mul(4)?)?;
    Some(bytes.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect())
}
