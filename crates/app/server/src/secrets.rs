//! Secrets that nobody gave: made once in development, kept in the data directory, and the same at
//! every start after that.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use altus4_crypto::NamedKey;
use altus4_kernel::RandomSource;
use anyhow::{Context, Result, anyhow};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    private_file,
    settings::{GivenSecrets, KEY_BYTES, KeyList, KeyPurpose, parse_keys},
};

/// The file of what secrets in the store are sealed with.
const ENCRYPTION_FILE: &str = "encryption-keys";
/// The id of secrets that were made here.
const MADE_ID: &str = "generated";

/// The three sets of secrets, each newest first.
pub(crate) struct Secrets {
    pub(crate) jwt: Vec<NamedKey>,
    pub(crate) encryption: Vec<NamedKey>,
    pub(crate) api_keys: Vec<NamedKey>,
}

impl Secrets {
    /// The given secrets; in place of those that are missing, the ones kept in `data_dir`, made now
    /// if this is the first start. Processes that start at once agree on them.
    ///
    /// # Errors
    /// The directory can't be written, or what is kept there can't be read.
    pub(crate) fn complete(given: GivenSecrets, data_dir: &Path, random: &dyn RandomSource) -> Result<Self> {
        let dir = secrets_in(data_dir);
        let kept = |given: Option<KeyList>, purpose, name: &str| match given {
            Some(list) => Ok(list.0),
            None => made_once(&dir, name, purpose, random).map(|list| list.0),
        };
        Ok(Self {
            jwt: kept(given.jwt, KeyPurpose::Signing, "jwt-secrets")?,
            encryption: kept(given.encryption, KeyPurpose::Sealing, ENCRYPTION_FILE)?,
            api_keys: kept(given.api_keys, KeyPurpose::Signing, "api-key-secrets")?,
        })
    }
}

/// What secrets in the store are sealed with, newest first: the given keys, or the one that was made
/// and kept in `data_dir`. Makes none.
///
/// # Errors
/// There is none, or what is kept can't be read.
pub(crate) fn encryption_keys(given: Option<KeyList>, data_dir: &Path) -> Result<Vec<NamedKey>> {
    if let Some(list) = given {
        return Ok(list.0);
    }
    let path = secrets_in(data_dir).join(ENCRYPTION_FILE);
    let text = fs::read_to_string(&path);
    let text = text.with_context(|| {
        format!("ALTUS4_ENCRYPTION_KEYS is not set, and there is no key in {}", path.display())
    })?;
    Ok(parsed(&path, KeyPurpose::Sealing, &text)?.0)
}

fn secrets_in(data_dir: &Path) -> PathBuf {
    data_dir.join("secrets")
}

/// The list in this file, which has the form that a setting's file has.
fn made_once(dir: &Path, name: &str, purpose: KeyPurpose, random: &dyn RandomSource) -> Result<KeyList> {
    let path = dir.join(name);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut bytes = [0; KEY_BYTES];
            random.fill(&mut bytes)?;
            let made = format!("{MADE_ID}:{}\n", STANDARD.encode(bytes));
            private_file::write_once(&path, made.as_bytes())
                .and_then(|()| fs::read_to_string(&path))
                .with_context(|| format!("can't keep a new secret in {}", path.display()))?
        }
        read => read.with_context(|| format!("can't read the secret in {}", path.display()))?,
    };
    parsed(&path, purpose, &text)
}

fn parsed(path: &Path, purpose: KeyPurpose, text: &str) -> Result<KeyList> {
    parse_keys(purpose, text)
        .map_err(|wrong| anyhow!("the file {} {wrong}; restore it as it was made", path.display()))
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use altus4_crypto::SystemRandomSource;
    use altus4_kernel::secrecy::ExposeSecret;

    use super::*;

    fn complete(given: GivenSecrets, data_dir: &Path) -> Result<Secrets> {
        Secrets::complete(given, data_dir, &SystemRandomSource)
    }

    fn bytes(secrets: &Secrets) -> Vec<Vec<u8>> {
        [&secrets.jwt, &secrets.encryption, &secrets.api_keys]
            .map(|keys| keys[0].bytes.expose_secret().to_vec())
            .to_vec()
    }

    #[test]
    fn secrets_are_made_once_and_found_again() {
        let home = tempfile::tempdir().unwrap();
        let first = bytes(&complete(GivenSecrets::default(), home.path()).unwrap());
        let again = bytes(&complete(GivenSecrets::default(), home.path()).unwrap());
        assert_eq!(first, again);
        assert!(first.iter().all(|secret| secret.len() == KEY_BYTES));
        assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
    }

    #[test]
    fn processes_that_start_at_once_agree() {
        const STARTS: usize = 16;
        let home = tempfile::tempdir().unwrap();
        let gate = Barrier::new(STARTS);
        let all: Vec<_> = thread::scope(|scope| {
            let start = || {
                gate.wait();
                bytes(&complete(GivenSecrets::default(), home.path()).unwrap())
            };
            let starts: Vec<_> = (0..STARTS).map(|_| scope.spawn(start)).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
        let files = fs::read_dir(home.path().join("secrets")).unwrap().count();
        assert_eq!(files, 3, "nothing half made is left");
    }

    #[test]
    fn the_encryption_key_that_was_made_is_found_and_none_is_made() {
        let home = tempfile::tempdir().unwrap();
        let missing = encryption_keys(None, home.path()).err().unwrap().to_string();
        assert!(missing.contains("ALTUS4_ENCRYPTION_KEYS"), "{missing}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        let made = complete(GivenSecrets::default(), home.path()).unwrap().encryption;
        let found = encryption_keys(None, home.path()).unwrap();
        assert_eq!(found[0].bytes.expose_secret(), made[0].bytes.expose_secret());
        let text = format!("k1:{}", STANDARD.encode((1..=32).collect::<Vec<u8>>()));
        let given = parse_keys(KeyPurpose::Sealing, &text);
        assert_eq!(encryption_keys(given.ok(), home.path()).unwrap()[0].id, "k1");
    }

    #[cfg(unix)]
    #[test]
    fn only_their_owner_may_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        complete(GivenSecrets::default(), home.path()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let dir = home.path().join("secrets");
        assert_eq!(mode(&dir), 0o700);
        for name in ["jwt-secrets", "encryption-keys", "api-key-secrets"] {
            assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn given_secrets_leave_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let list = |byte: u8, purpose| {
            let text = format!("k1:{}", STANDARD.encode((byte..).take(KEY_BYTES).collect::<Vec<_>>()));
            Some(parse_keys(purpose, &text).unwrap())
        };
        let given = GivenSecrets {
            jwt: list(1, KeyPurpose::Signing),
            encryption: list(2, KeyPurpose::Sealing),
            api_keys: list(3, KeyPurpose::Signing),
        };
        assert_eq!(complete(given, home.path()).unwrap().jwt[0].id, "k1");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_spoilt_file_is_named_and_never_replaced() {
        let home = tempfile::tempdir().unwrap();
        complete(GivenSecrets::default(), home.path()).unwrap();
        let path = home.path().join("secrets/encryption-keys");
        fs::write(&path, "generated:c2hvcnQ=").unwrap();
        let error = complete(GivenSecrets::default(), home.path()).err().unwrap().to_string();
        assert!(error.contains("encryption-keys") && error.contains("too short"), "{error}");
        assert!(!error.contains("c2hvcnQ"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "generated:c2hvcnQ=");
    }
}
