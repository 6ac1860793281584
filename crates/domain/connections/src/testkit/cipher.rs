//! A cipher without cryptography.

use std::{
    fmt::Write,
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering},
};

use altus4_kernel::{
    PortError, PortErrorKind, PortResult, System,
    secrecy::{ExposeSecret, SecretString},
};

use crate::{SealedSecret, SecretCipher};

/// Turns secrets into hexadecimal text and back: for tests alone. Its checksum notices changes, and
/// anybody could make it.
#[derive(Debug, Default)]
pub struct FakeSecretCipher(AtomicU64);

fn checksum(nonce: &str, hidden: &str, binding: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (nonce, hidden, binding).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
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
        let nonce = self.0.fetch_add(1, Ordering::Relaxed).to_string();
        let hidden = secret.expose_secret().bytes().fold(String::new(), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(SealedSecret(format!("fake.{nonce}.{hidden}.{}", checksum(&nonce, &hidden, binding))))
    }

    fn open(&self, sealed: &SealedSecret, binding: &str) -> PortResult<SecretString> {
        let open = || {
            let (nonce, rest) = sealed.0.strip_prefix("fake.")?.split_once('.')?;
            let (hidden, check) = rest.split_once('.')?;
            (checksum(nonce, hidden, binding) == check).then(|| shown(hidden))?
        };
        let corrupt = || PortError::new(PortErrorKind::Corrupt, System::Crypto, "secrets.open");
        open().map(SecretString::from).ok_or_else(corrupt)
    }
}
