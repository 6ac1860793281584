//! Lists of secrets, `id:base64,id:base64`, newest first. Nothing said about one shows any of it:
//! what stands in the place of the id may be the secret itself.

use std::fmt;

use altus4_crypto::NamedKey;
use altus4_kernel::secrecy::ExposeSecret;
use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    GivenSecrets,
    fault::Fault,
    variable::{API_KEY_SECRETS, ENCRYPTION_KEYS, JWT_SECRETS, Variable},
};

/// The bytes that every secret has at least, and an AES-256 key exactly.
pub(crate) const KEY_BYTES: usize = 32;
const MAX_KEYS: usize = 32;
const MAX_ID_CHARS: usize = 32;
/// Fewer different values than this among 32 bytes or more were not drawn at random.
const MIN_DIFFERENT_BYTES: usize = 8;

/// Secrets of one purpose, newest first: at least one, each under its own id.
pub(crate) struct KeyList(pub(crate) Vec<NamedKey>);

impl fmt::Debug for KeyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyList({})", self.0.len())
    }
}

/// What a list of secrets is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyPurpose {
    /// HMAC: 32 bytes or more.
    Signing,
    /// AES-256: 32 bytes.
    Sealing,
}

/// The secrets in `text`.
///
/// # Errors
/// What is wrong with the list, to be read after the variable's name.
pub(crate) fn parse_keys(purpose: KeyPurpose, text: &str) -> Result<KeyList, String> {
    let mut keys: Vec<NamedKey> = Vec::new();
    let entries = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
    for (at, entry) in entries.enumerate() {
        let key =
            parse_key(purpose, entry).map_err(|wrong| format!("has an entry (no. {}) {wrong}", at + 1))?;
        if keys.iter().any(|known| known.id == key.id) {
            return Err(format!("has two entries under the id of no. {}", at + 1));
        }
        keys.push(key);
    }
    match keys.len() {
        0 => Err("has no entry".to_owned()),
        1..=MAX_KEYS => Ok(KeyList(keys)),
        _ => Err(format!("has more than {MAX_KEYS} entries")),
    }
}

fn parse_key(purpose: KeyPurpose, entry: &str) -> Result<NamedKey, String> {
    let (id, secret) = entry.split_once(':').ok_or("without an id and a colon before the secret")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ['-', '_'].contains(&c);
    if id.is_empty() || id.len() > MAX_ID_CHARS || !id.chars().all(plain) {
        return Err(format!("whose id is not 1–{MAX_ID_CHARS} letters, digits, '-' or '_'"));
    }
    let bytes = decode(secret).ok_or("that is not base64")?;
    match (purpose, bytes.len()) {
        (_, short) if short < KEY_BYTES => Err(format!("of {short} bytes, which is too short")),
        (KeyPurpose::Sealing, long) if long > KEY_BYTES => Err(format!("of {long} bytes, which is too long")),
        _ if !looks_random(&bytes) => Err("that repeats the same few bytes".to_owned()),
        _ => Ok(NamedKey { id: id.to_owned(), bytes: bytes.into() }),
    }
}

fn looks_random(secret: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in secret {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count() >= MIN_DIFFERENT_BYTES
}

/// Base64 of either alphabet, padded or not.
fn decode(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    GeneralPurpose::new(&alphabet, config).decode(text).ok()
}

/// A fault for each list that holds a secret twice or shares one with a list before it: one leak
/// must not open two doors.
pub(crate) fn shared_secrets(secrets: &GivenSecrets) -> Vec<Fault> {
    let mut seen: Vec<(&str, &[u8])> = Vec::new();
    let mut faults = Vec::new();
    for (variable, list) in lists(secrets) {
        let mut twin = None;
        for key in &list.0 {
            let bytes = key.bytes.expose_secret();
            twin = twin.or_else(|| seen.iter().find(|(_, known)| *known == bytes).map(|(name, _)| *name));
            seen.push((variable.name, bytes));
        }
        if let Some(name) = twin {
            let wrong = if name == variable.name {
                "holds the same secret twice".to_owned()
            } else {
                format!("holds a secret that {name} holds too")
            };
            faults.push(Fault::new(variable.name, wrong, "made of secrets used nowhere else"));
        }
    }
    faults
}

/// The lists that were given, each with its variable.
fn lists(secrets: &GivenSecrets) -> impl Iterator<Item = (Variable, &KeyList)> {
    [
        (JWT_SECRETS, secrets.jwt.as_ref()),
        (ENCRYPTION_KEYS, secrets.encryption.as_ref()),
        (API_KEY_SECRETS, secrets.api_keys.as_ref()),
    ]
    .into_iter()
    .filter_map(|(variable, list)| Some((variable, list?)))
}
