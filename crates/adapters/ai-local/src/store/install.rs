//! Installing a model: from a folder or an archive, whole or not at all.

mod archive;
mod members;

use std::{
    fs::{self, File, TryLockError},
    io::Write,
    path::Path,
};

use altus4_search::TextKind;
use tempfile::{Builder, NamedTempFile};

use self::members::FILES;
use super::{
    IN_USE, LocalModels,
    manifest::{InstalledModel, sha256_of},
};
use crate::{
    error::ModelFault,
    model::{Description, Kernels, Model, WEIGHTS_FILE},
};

/// What stands before the names of folders that are being filled.
const INCOMING: &str = ".incoming-";

/// How many tokens of the sentences that prove a model are read.
const PROOF_TOKENS: usize = 64;

/// Models that are known by the SHA-256 of their weights.
const KNOWN: [(&str, &str); 1] =
    [("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", "all-MiniLM-L6-v2")];

/// How a model is to be installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstallOptions {
    /// Its name; left out, it is called what it is known as, or what its file is.
    pub name: Option<String>,
    /// The SHA-256 that what is installed, or the weights in it, should have.
    pub sha256: Option<String>,
    /// Whether it came from elsewhere, so that its hash has to be known beforehand.
    pub is_foreign: bool,
}

impl LocalModels {
    /// Installs a model and uses it from the next start on: a folder, or an archive (`.zip`, `.whl`,
    /// `.tar.gz`) with such a folder anywhere in it. It is tried on two sentences before it counts as
    /// installed; one of the same name is replaced. Takes seconds: not for a thread that answers requests.
    ///
    /// # Errors
    /// What is wrong with it; then nothing has changed.
    pub fn install(&self, source: &Path, options: &InstallOptions) -> Result<InstalledModel, ModelFault> {
        let _lock = self.lock(".lock", INCOMING)?;
        let incoming = Builder::new().prefix(INCOMING).tempdir_in(&self.dir);
        let incoming = incoming.map_err(ModelFault::io("can't make a folder in", &self.dir))?;
        let dir = incoming.path();
        let is_folder = fs::metadata(source).map_err(ModelFault::io("can't read", source))?.is_dir();
        let whole = if is_folder {
            members::copy(source, dir)?;
            None
        } else {
            archive::extract(source, dir)?;
            Some(sha256_of(source)?)
        };
        let weights = sha256_of(&dir.join(WEIGHTS_FILE))?;
        check_hash(options, whole.as_deref(), &weights)?;
        prove(dir)?;
        let name = match &options.name {
            Some(name) => checked_name(name)?,
            None => known(&weights).map_or_else(|| name_of(source), ToOwned::to_owned),
        };
        let present: Vec<&str> =
            FILES.iter().map(|file| file.path).filter(|path| dir.join(path).is_file()).collect();
        InstalledModel::write(dir, &name, &present)?;
        sync(dir, &present)?;
        self.place(dir, &name)?;
        // What is left of it is a path where nothing is.
        let _ = incoming.keep();
        self.use_model(&name)?;
        let installed = InstalledModel::read(&self.dir.join(&name))?;
        installed.ok_or_else(|| ModelFault::NotAModel("it is gone again".to_owned()))
    }

    /// Removes a model; whether there was one. A program that runs goes on with it until it ends.
    ///
    /// # Errors
    /// Its files can't be removed.
    pub fn remove(&self, name: &str) -> Result<bool, ModelFault> {
        let Ok(name) = checked_name(name) else { return Ok(false) };
        let dir = self.dir.join(&name);
        if InstalledModel::read(&dir).is_ok_and(|model| model.is_none()) {
            return Ok(false);
        }
        let _lock = self.lock(".lock", INCOMING)?;
        // First the name, so that nobody finds half a model.
        let away = self.dir.join(format!("{INCOMING}{name}"));
        fs::rename(&dir, &away).map_err(ModelFault::io("can't remove", &dir))?;
        fs::remove_dir_all(&away).map_err(ModelFault::io("can't remove", &away))?;
        Ok(true)
    }

    /// One at a time; what another left behind half done is cleared away.
    pub(super) fn lock(&self, name: &str, left_behind: &str) -> Result<File, ModelFault> {
        fs::create_dir_all(&self.dir).map_err(ModelFault::io("can't make", &self.dir))?;
        let path = self.dir.join(name);
        let lock = File::create(&path).map_err(ModelFault::io("can't write", &path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => ModelFault::Busy,
            TryLockError::Error(error) => ModelFault::io("can't lock", &path)(error),
        })?;
        let entries = fs::read_dir(&self.dir).map_err(ModelFault::io("can't read", &self.dir))?;
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(left_behind) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(lock)
    }

    /// Gives a folder its name, in the place of the one that has it.
    fn place(&self, dir: &Path, name: &str) -> Result<(), ModelFault> {
        let (to, away) = (self.dir.join(name), self.dir.join(format!("{INCOMING}{name}")));
        let is_there = to.exists();
        if is_there {
            fs::rename(&to, &away).map_err(ModelFault::io("can't replace", &to))?;
        }
        if let Err(error) = fs::rename(dir, &to) {
            if is_there {
                let _ = fs::rename(&away, &to);
            }
            return Err(ModelFault::io("can't write", &to)(error));
        }
        let _ = fs::remove_dir_all(&away);
        Ok(())
    }

    fn use_model(&self, name: &str) -> Result<(), ModelFault> {
        let path = self.dir.join(IN_USE);
        let write = || {
            let mut file = NamedTempFile::new_in(&self.dir)?;
            file.write_all(name.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|fault| fault.error)?;
            if cfg!(unix) { File::open(&self.dir)?.sync_all() } else { Ok(()) }
        };
        write().map_err(ModelFault::io("can't write", &path))
    }
}

fn known(weights: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(sha256, _)| *sha256 == weights).map(|(_, name)| *name)
}

fn check_hash(options: &InstallOptions, whole: Option<&str>, weights: &str) -> Result<(), ModelFault> {
    let found = whole.unwrap_or(weights);
    match &options.sha256 {
        Some(expected) => {
            let is_it = |hash: &str| hash.eq_ignore_ascii_case(expected.trim());
            if is_it(found) || is_it(weights) {
                return Ok(());
            }
            let (what, expected) =
                ("what was to be installed".to_owned(), expected.trim().to_ascii_lowercase());
            Err(ModelFault::Mismatch { what, expected, found: found.to_owned() })
        }
        None if options.is_foreign && known(weights).is_none() => {
            Err(ModelFault::HashWanted { found: found.to_owned() })
        }
        None => Ok(()),
    }
}

/// Embeds two sentences, which have to come out different.
fn prove(dir: &Path) -> Result<(), ModelFault> {
    let description = Description::read(dir)?;
    let model = Model::load(dir, &description, PROOF_TOKENS)?;
    let texts = ["The sun rises in the east.", "An invoice was paid twice."];
    match &model.embed(&Kernels::new(), &texts, TextKind::Row)[..] {
        [Some(one), Some(other)] if one.similarity(other) < 0.999 => Ok(()),
        _ => Err(ModelFault::NotAModel("it makes no sense of two sentences".to_owned())),
    }
}

/// A name that is a folder's and nothing else.
fn checked_name(name: &str) -> Result<String, ModelFault> {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = (1..=100).contains(&name.len()) && name.chars().all(is_fine) && !name.starts_with('.');
    if is_name && name != IN_USE { Ok(name.to_owned()) } else { Err(ModelFault::BadName) }
}

/// What a source is called, as a name.
fn name_of(source: &Path) -> String {
    let name = source.file_name().unwrap_or_default().to_string_lossy();
    let endings = [".tar.gz", ".tgz", ".zip", ".whl"];
    let stem = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let plain: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).take(100).collect();
    checked_name(plain.trim_start_matches(['.', '-'])).unwrap_or_else(|_| "model".to_owned())
}

/// What was written outlives a power cut.
fn sync(dir: &Path, files: &[&str]) -> Result<(), ModelFault> {
    for path in files.iter().copied().chain([super::manifest::MANIFEST_FILE]) {
        let file = dir.join(path);
        File::open(&file).and_then(|file| file.sync_all()).map_err(ModelFault::io("can't write", &file))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_folders_and_leads_nowhere_else() {
        for name in ["a", "all-MiniLM-L6-v2", "x_1.0"] {
            assert_eq!(checked_name(name).expect("a name"), name);
        }
        for name in ["", ".", "..", ".hidden", "a/b", "a\\b", "in-use", "é", &"a".repeat(101)] {
            assert!(checked_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_source_gives_the_name() {
        let named = |path: &str| name_of(Path::new(path));
        assert_eq!(named("/tmp/My Model_v1.tar.gz"), "My-Model-v1");
        assert_eq!(named("bge-small.whl"), "bge-small");
        assert_eq!(named(".."), "model");
        assert_eq!(named("/"), "model");
    }

    #[test]
    fn what_comes_from_elsewhere_needs_a_known_hash() {
        let foreign = InstallOptions { is_foreign: true, ..InstallOptions::default() };
        assert!(check_hash(&foreign, Some("aa"), KNOWN[0].0).is_ok());
        assert!(matches!(check_hash(&foreign, Some("aa"), "bb"), Err(ModelFault::HashWanted { .. })));
        for hash in ["aa", "AA", " bb\n"] {
            let told = InstallOptions { sha256: Some(hash.to_owned()), ..foreign.clone() };
            assert!(check_hash(&told, Some("aa"), "bb").is_ok());
        }
        let wrong = InstallOptions { sha256: Some("cc".to_owned()), ..InstallOptions::default() };
        assert!(matches!(check_hash(&wrong, Some("aa"), KNOWN[0].0), Err(ModelFault::Mismatch { .. })));
    }
}
