//! What was installed, written down beside it.

use std::{
    fmt::Write,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::{
    error::ModelFault,
    model::{WEIGHTS_FILE, read_json},
};

/// The file that lists the others.
pub(crate) const MANIFEST_FILE: &str = "manifest.json";

/// A model in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledModel {
    /// Its name, that of its folder.
    pub name: String,
    /// Where it is.
    pub dir: PathBuf,
    /// Its files.
    pub files: Vec<ModelFile>,
}

/// One of a model's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFile {
    /// Its path below the model's folder.
    pub path: String,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256, in small hexadecimal digits.
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    name: String,
    files: Vec<ModelFile>,
}

impl InstalledModel {
    /// What a folder holds; `None` where it is no model's.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, ModelFault> {
        let Some(Manifest { name, files }) = read_json(&dir.join(MANIFEST_FILE))? else { return Ok(None) };
        Ok(Some(Self { name, dir: dir.to_owned(), files }))
    }

    /// The SHA-256 of its weights, which tells it from every other.
    #[must_use]
    pub fn weights_sha256(&self) -> &str {
        self.file(WEIGHTS_FILE).map_or("", |file| &file.sha256)
    }

    /// How much room its files take.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    fn file(&self, path: &str) -> Option<&ModelFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether every file is as it was installed.
    ///
    /// # Errors
    /// Which one isn't.
    pub fn verify(&self) -> Result<(), ModelFault> {
        for file in &self.files {
            let found = sha256_of(&self.dir.join(&file.path))?;
            if found != file.sha256 {
                let what = format!("{} of the model '{}'", file.path, self.name);
                return Err(ModelFault::Mismatch { what, expected: file.sha256.clone(), found });
            }
        }
        Ok(())
    }

    /// Writes down what a folder holds.
    pub(crate) fn write(dir: &Path, name: &str, paths: &[&str]) -> Result<(), ModelFault> {
        let mut files = Vec::new();
        for path in paths {
            let file = dir.join(path);
            let bytes = file.metadata().map_err(ModelFault::io("can't read", &file))?.len();
            files.push(ModelFile { path: (*path).to_owned(), bytes, sha256: sha256_of(&file)? });
        }
        let manifest = dir.join(MANIFEST_FILE);
        let text = serde_json::to_vec_pretty(&Manifest { name: name.to_owned(), files })
            .map_err(|error| ModelFault::NotAModel(error.to_string()))?;
        std::fs::write(&manifest, text).map_err(ModelFault::io("can't write", &manifest))
    }
}

/// The SHA-256 of a file, in small hexadecimal digits.
pub(crate) fn sha256_of(path: &Path) -> Result<String, ModelFault> {
    let read = || {
        let mut file = File::open(path)?;
        let mut digest = Context::new(&SHA256);
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                count => digest.update(&buffer[..count]),
            }
        }
        Ok(hex(digest.finish().as_ref()))
    };
    read().map_err(ModelFault::io("can't read", path))
}

/// In small hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
