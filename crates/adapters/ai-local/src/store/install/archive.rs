//! Models in archives.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};
use zip::ZipArchive;

use super::members::{checked_path, part_at, root_of, write};
use crate::error::ModelFault;

/// The most files that an archive may list.
const MOST_ENTRIES: usize = 100_000;

/// The most that is unpacked of one in looking for a model.
const MOST_UNPACKED: u64 = 8 << 30;

/// Takes a model's files out of an archive, whatever its name is.
pub(super) fn extract(archive: &Path, to: &Path) -> Result<(), ModelFault> {
    let open = || File::open(archive).map_err(ModelFault::io("can't read", archive));
    let mut begin = Vec::new();
    open()?.take(4).read_to_end(&mut begin).map_err(ModelFault::io("can't read", archive))?;
    match begin[..] {
        [b'P', b'K', ..] => from_zip(BufReader::new(open()?), to),
        [0x1f, 0x8b, ..] => {
            let root = root_of(&tar_names(open()?)?)?;
            from_tar(open()?, &root, to)
        }
        _ => Err(ModelFault::NotAModel(
            "it should be a folder, or an archive that is a .zip, .whl or .tar.gz file".to_owned(),
        )),
    }
}

fn unreadable(error: impl std::fmt::Display) -> ModelFault {
    ModelFault::NotAModel(format!("the archive can't be read: {error}"))
}

fn link(name: &str) -> ModelFault {
    ModelFault::NotAModel(format!("{name:?} is a link in the archive, and no file"))
}

fn from_zip(file: impl Read + Seek, to: &Path) -> Result<(), ModelFault> {
    let mut archive = ZipArchive::new(file).map_err(unreadable)?;
    bounded(archive.len())?;
    let mut names = BTreeSet::new();
    for name in archive.file_names() {
        names.insert(checked_path(&name.map_err(unreadable)?)?.to_owned());
    }
    let root = root_of(&names)?;
    for place in 0..archive.len() {
        let entry = archive.by_index(place).map_err(unreadable)?;
        let name = entry.name().map_err(unreadable)?.into_owned();
        let Some(part) = part_at(&root, checked_path(&name)?) else { continue };
        if entry.is_symlink() || !entry.is_file() {
            return Err(link(&name));
        }
        write(entry, part, to)?;
    }
    Ok(())
}

fn tar(file: File) -> Archive<impl Read> {
    Archive::new(MultiGzDecoder::new(BufReader::new(file)).take(MOST_UNPACKED))
}

fn tar_names(file: File) -> Result<BTreeSet<String>, ModelFault> {
    let mut names = BTreeSet::new();
    for entry in tar(file).entries().map_err(unreadable)? {
        let name = tar_name(&entry.map_err(unreadable)?)?;
        names.insert(checked_path(&name)?.to_owned());
        bounded(names.len())?;
    }
    Ok(names)
}

fn from_tar(file: File, root: &str, to: &Path) -> Result<(), ModelFault> {
    for entry in tar(file).entries().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = tar_name(&entry)?;
        let Some(part) = part_at(root, checked_path(&name)?) else { continue };
        if !matches!(entry.header().entry_type(), EntryType::Regular | EntryType::Continuous) {
            return Err(link(&name));
        }
        write(entry, part, to)?;
    }
    Ok(())
}

fn tar_name(entry: &tar::Entry<'_, impl Read>) -> Result<String, ModelFault> {
    let name = entry.path_bytes();
    let name = std::str::from_utf8(&name).map_err(unreadable)?;
    Ok(name.to_owned())
}

fn bounded(entries: usize) -> Result<(), ModelFault> {
    if entries > MOST_ENTRIES {
        return Err(ModelFault::NotAModel(format!("the archive has more than {MOST_ENTRIES} files")));
    }
    Ok(())
}
