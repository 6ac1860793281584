//! A cipher without cryptography, and the contract of every cipher.

pub mod cipher_contract;

use std::{
    fmt::Write,
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering},
};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    KeyStanding, MasterKey, PortError, PortErrorKind, PortResult, SealedSecret, SecretCipher, System,
};

/// Turns secrets into hexadecimal text and back: for tests alone. Its checksum notices changes, and
/// anybody could make it.
#[derive(Debug)]
pub struct FakeSecretCipher {
    /// Ids, newest first.
    keys: Vec<String>,
    sealed: AtomicU64,
}

/// With one master key.
impl Default for FakeSecretCipher {
    fn default() -> Self {
        Self::with_keys(&["k1"])
    }
}

impl FakeSecretCipher {
    /// A cipher with master keys of these ids, newest first, of which there is at least one. An id
    /// is all there is to a key.
    #[must_use]
    pub fn with_keys(ids: &[&str]) -> Self {
        Self { keys: ids.iter().map(|id| (*id).to_owned()).collect(), sealed: AtomicU64::new(0) }
    }
}

fn checksum(key: &str, nonce: &str, hidden: &str, binding: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (key, nonce, hidden, binding).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The key's id, and what comes after it.
fn parts(sealed: &SealedSecret) -> Option<(&str, &str)> {
    sealed.0.strip_prefix("fake.")?.split_once('.')
}

fn shown(hidden: &str) -> Option<String> {
    let digits = hidden.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    String::from_utf8(digits.collect::<Option<Vec<u8>>>()?).ok()
}

impl SecretCipher for FakeSecretCipher {
    fn seal(&self, secret: &SecretString, binding: &str) -> PortResult<SealedSecret> {
        let nonce = self.sealed.fetch_add(1, Ordering::Relaxed).to_string();
        let hidden = secret.expose_secret().bytes().fold(String::new(), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let key = &self.keys[0];
        Ok(SealedSecret(format!("fake.{key}.{nonce}.{hidden}.{}", checksum(key, &nonce, &hidden, binding))))
    }

    fn open(&self, sealed: &SealedSecret, binding: &str) -> PortResult<SecretString> {
        let open = || {
            let (key, rest) = parts(sealed)?;
            let (nonce, rest) = rest.split_once('.')?;
            let (hidden, check) = rest.split_once('.')?;
            let known = self.keys.iter().any(|known| known == key);
            (known && checksum(key, nonce, hidden, binding) == check).then(|| shown(hidden))?
        };
        let corrupt = || PortError::new(PortErrorKind::Corrupt, System::Crypto, "secrets.open");
        open().map(SecretString::from).ok_or_else(corrupt)
    }

    fn sealed_under(&self, sealed: &SealedSecret) -> Option<MasterKey> {
        let plain = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let (id, _) = parts(sealed).filter(|(id, _)| (1..=32).contains(&id.len()) && plain(id))?;
        let standing = match self.keys.iter().position(|known| known == id) {
            Some(0) => KeyStanding::Newest,
            Some(_) => KeyStanding::Older,
            None => KeyStanding::Unknown,
        };
        Some(MasterKey { standing, id: id.to_owned() })
    }
}

/// One test for each case of the contract of [`SecretCipher`](crate::SecretCipher). `$make` gives
/// the cipher.
#[macro_export]
macro_rules! secret_cipher_contract {
    (block_on, $make:expr) => {
        $crate::secret_cipher_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::secret_cipher_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::cipher_contract],
            [
                what_was_sealed_can_be_opened,
                sealing_twice_gives_different_texts,
                a_sealed_text_hides_its_secret,
                a_secret_is_bound_to_its_place,
                a_changed_text_is_corrupt,
                no_text_makes_it_panic,
                what_was_just_sealed_is_under_the_newest_key,
                a_text_of_no_form_is_under_no_key,
            ]
        );
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::secret_cipher_contract!(block_on, FakeSecretCipher::with_keys(&["new", "old"]));

    #[test]
    fn keys_are_told_apart_by_what_is_known_of_them() {
        let sealed = FakeSecretCipher::default().seal(&"secret".into(), "place").expect("seal");
        for (keys, standing) in [
            (["k1", "k0"], KeyStanding::Newest),
            (["k2", "k1"], KeyStanding::Older),
            (["k3", "k2"], KeyStanding::Unknown),
        ] {
            let cipher = FakeSecretCipher::with_keys(&keys);
            let under = cipher.sealed_under(&sealed);
            assert_eq!(under, Some(MasterKey { standing, id: "k1".to_owned() }));
            assert_eq!(cipher.open(&sealed, "place").is_ok(), standing != KeyStanding::Unknown);
        }
    }
}
