//! Files and directories that only their owner may read, written whole or not at all.

use std::{
    fs::{DirBuilder, File},
    io::{self, ErrorKind, Write},
    path::Path,
};

use tempfile::NamedTempFile;

/// Makes a directory and those above it that don't exist, for its owner alone.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Writes a file unless there is one: of several that try at once, one succeeds and the others
/// leave its content as it is. Makes the directory it belongs into.
pub(crate) fn write_once(path: &Path, content: &[u8]) -> io::Result<()> {
    let dir = dir_of(path);
    match prepare(dir, content)?.persist_noclobber(path) {
        Err(fault) if fault.error.kind() != ErrorKind::AlreadyExists => Err(fault.error),
        Ok(_) | Err(_) => sync_dir(dir),
    }
}

/// Writes a file, or replaces it whole. Makes the directory it belongs into.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let dir = dir_of(path);
    prepare(dir, content)?.persist(path).map_err(|fault| fault.error)?;
    sync_dir(dir)
}

fn dir_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// A file of its own name with this content, on the disk and readable by its owner alone.
fn prepare(dir: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    make_dir(dir)?;
    let mut file = NamedTempFile::new_in(dir)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// A new name is only sure to outlive a power cut once its directory is written.
fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
