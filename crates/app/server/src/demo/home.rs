//! Where a demo keeps its data.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::private_file;

/// The directory of a demo. A temporary one is removed with this value.
pub(crate) struct Home {
    dir: PathBuf,
    temporary: Option<TempDir>,
}

impl Home {
    /// The file that tells a demo's directory from any other, and holds its account.
    const ACCOUNT_FILE: &str = "demo-account.json";

    /// The directory given, or a fresh temporary one.
    ///
    /// # Errors
    /// It can't be made, or holds something else than a demo.
    pub(crate) fn open(given: Option<PathBuf>) -> Result<Self> {
        let home = if let Some(dir) = given {
            Self { dir, temporary: None }
        } else {
            let made = tempfile::Builder::new().prefix("altus4-demo-").tempdir();
            let made = made.context("can't make a temporary directory")?;
            Self { dir: made.path().to_owned(), temporary: Some(made) }
        };
        let dir = home.dir.display();
        if !is_empty_or_absent(&home.dir).with_context(|| format!("can't read {dir}"))?
            && !home.account_file().exists()
        {
            bail!("{dir} is neither empty nor the directory of an earlier demo; choose another");
        }
        private_file::make_dir(&home.sources()).with_context(|| format!("can't write to {dir}"))?;
        Ok(home)
    }

    /// The data directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The directory below which the sample lies.
    pub(crate) fn sources(&self) -> PathBuf {
        self.dir.join("sources")
    }

    /// The sample.
    pub(crate) fn sample(&self) -> PathBuf {
        self.sources().join(super::sample::FILE_NAME)
    }

    /// Where the account is written down.
    pub(crate) fn account_file(&self) -> PathBuf {
        self.dir.join(Self::ACCOUNT_FILE)
    }

    /// Whether everything is removed at the end.
    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }
}

/// A model may have been installed there before.
fn is_empty_or_absent(dir: &Path) -> io::Result<bool> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == "models"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_home_goes_with_its_value() {
        let home = Home::open(None).unwrap();
        let dir = home.dir().to_owned();
        assert!(home.is_temporary() && dir.join("sources").is_dir());
        drop(home);
        assert!(!dir.exists());
    }

    #[test]
    fn a_directory_with_a_model_alone_will_do() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("models")).unwrap();
        assert!(Home::open(Some(dir.path().to_owned())).is_ok());
    }

    #[test]
    fn a_directory_with_something_else_in_it_is_left_alone() {
        let other = tempfile::tempdir().unwrap();
        fs::write(other.path().join("altus4.db"), "precious").unwrap();
        let error = Home::open(Some(other.path().to_owned())).err().unwrap().to_string();
        assert!(error.contains("neither empty"), "{error}");
        assert!(!other.path().join("sources").exists());
    }

    #[test]
    fn a_home_of_an_earlier_demo_is_taken_again() {
        let kept = tempfile::tempdir().unwrap();
        let dir = kept.path().join("demo");
        fs::write(Home::open(Some(dir.clone())).unwrap().account_file(), "{}").unwrap();
        assert!(Home::open(Some(dir.clone())).is_ok());
        assert!(dir.exists());
    }
}
