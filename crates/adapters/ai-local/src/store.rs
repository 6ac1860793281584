//! The models that were installed: a folder each below one folder, with a list of its files.

mod download;
mod install;
mod manifest;

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

pub use self::{
    download::Downloaded,
    install::InstallOptions,
    manifest::{InstalledModel, ModelFile},
};
use crate::{config::LocalEmbedderConfig, embedder::LocalEmbedder, error::ModelFault};

/// The file that names the model in use.
const IN_USE: &str = "in-use";

/// The models below a folder.
#[derive(Debug, Clone)]
pub struct LocalModels {
    dir: PathBuf,
}

impl LocalModels {
    /// Those below this folder, which need not be there yet.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Where they are.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// All of them, by name. What is broken is left out.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn list(&self) -> Result<Vec<InstalledModel>, ModelFault> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(ModelFault::io("can't read", &self.dir)(error)),
        };
        let mut models = Vec::new();
        for entry in entries {
            let dir = entry.map_err(ModelFault::io("can't read", &self.dir))?.path();
            let is_hidden = dir.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            if is_hidden || !dir.is_dir() {
                continue;
            }
            match InstalledModel::read(&dir) {
                Ok(Some(model)) => models.push(model),
                Ok(None) => {}
                Err(fault) => tracing::warn!(dir = %dir.display(), %fault, "ai_local.model_unreadable"),
            }
        }
        models.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(models)
    }

    /// The one in use: the last that was installed, or the only one.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn in_use(&self) -> Result<Option<InstalledModel>, ModelFault> {
        let mut models = self.list()?;
        let named = fs::read_to_string(self.dir.join(IN_USE)).unwrap_or_default();
        let place = models.iter().position(|model| model.name == named.trim());
        Ok(match place {
            Some(place) => Some(models.swap_remove(place)),
            None if models.len() == 1 => models.pop(),
            None => None,
        })
    }

    /// Begins to read the one in use; `None` where there is none.
    ///
    /// # Errors
    /// It can't be used.
    pub fn open(&self, config: LocalEmbedderConfig) -> Result<Option<LocalEmbedder>, ModelFault> {
        self.in_use()?.map(|model| LocalEmbedder::open(&model, config)).transpose()
    }
}
