//! From the path that a connection names to the file that may be opened.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use crate::{SqliteConfig, error::Fault};

/// Files that SQLite opens by itself beside a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The smallest page of SQLite, in bytes. What is shorter it takes for an empty database.
const SMALLEST: u64 = 512;

/// The file that `database` names below the operator's directory, without any link on the way to it.
///
/// The path is walked step by step, and what a link leads to is looked at only if it stays below the
/// directory: so a missing file and a present one outside give the same answer.
///
/// A file that is swapped for a link after this check is opened all the same; whoever can do that may
/// write into the operator's directory.
pub(crate) fn locate(config: &SqliteConfig, database: &str) -> Result<PathBuf, Fault> {
    let root = config.root.canonicalize().map_err(Fault::Unreadable)?;
    let mut place = root.clone();
    for component in Path::new(database).components() {
        match component {
            Component::Normal(name) => place = step(&root, place.join(name))?,
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(Fault::Outside),
        }
    }
    let found = fs::symlink_metadata(&place).map_err(Fault::Unreadable)?;
    if !found.is_file() {
        return Err(Fault::NotAFile);
    }
    let private = |file: &PathBuf| file.canonicalize().is_ok_and(|file| file == place);
    if config.private_files.iter().any(private) || COMPANIONS.iter().any(|suffix| is_no_file(&place, suffix))
    {
        return Err(Fault::Outside);
    }
    if found.len() < SMALLEST { Err(Fault::TooShort) } else { Ok(place) }
}

/// One step further; `place` has no link on its way but perhaps the last name.
fn step(root: &Path, place: PathBuf) -> Result<PathBuf, Fault> {
    match fs::symlink_metadata(&place) {
        Ok(found) if found.is_symlink() => {
            let real = place.canonicalize().ok().filter(|real| real.starts_with(root));
            real.ok_or(Fault::Outside)
        }
        Ok(_) => Ok(place),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Err(Fault::Missing)
        }
        Err(error) => Err(Fault::Unreadable(error)),
    }
}

/// Whether there is something of this name that is not a plain file.
fn is_no_file(place: &Path, suffix: &str) -> bool {
    let mut companion = place.as_os_str().to_owned();
    companion.push(suffix);
    fs::symlink_metadata(companion).is_ok_and(|found| !found.is_file())
}
