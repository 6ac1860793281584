//! A checked list of keys, newest first.

use std::fmt;

use altus4_kernel::secrecy::ExposeSecret;

use crate::{KeyFault, NamedKey};

const MAX_ID_CHARS: usize = 32;
/// Fewer different bytes than any 32 random ones have.
const LEAST_DISTINCT_BYTES: usize = 8;

/// How long the keys of a ring have to be, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeyLength {
    AtLeast(usize),
    Exactly(usize),
}

/// Keys in the form that `K` needs. Never empty; the ids differ.
pub(crate) struct KeyRing<K> {
    newest: (String, K),
    older: Vec<(String, K)>,
}

impl<K> KeyRing<K> {
    /// The ring of these keys, each turned into a `K`. `make` may refuse a key's length only.
    pub(crate) fn new(
        keys: Vec<NamedKey>,
        length: KeyLength,
        make: impl Fn(&[u8]) -> Option<K>,
    ) -> Result<Self, KeyFault> {
        let mut ring: Vec<(String, K)> = Vec::with_capacity(keys.len());
        for (index, NamedKey { id, bytes }) in keys.into_iter().enumerate() {
            if !is_id(&id) {
                return Err(KeyFault::Id { number: index + 1 });
            }
            if ring.iter().any(|(other, _)| *other == id) {
                return Err(KeyFault::DuplicateId { id });
            }
            let bytes = bytes.expose_secret();
            check(&id, bytes, length)?;
            let Some(key) = make(bytes) else {
                return Err(KeyFault::WrongLength { id, bytes: bytes.len(), wanted: length.bytes() });
            };
            ring.push((id, key));
        }
        let mut ring = ring.into_iter();
        let newest = ring.next().ok_or(KeyFault::Empty)?;
        Ok(Self { newest, older: ring.collect() })
    }

    /// The key that makes what is new, and its id.
    pub(crate) fn newest(&self) -> (&str, &K) {
        (&self.newest.0, &self.newest.1)
    }

    /// The key of this id.
    pub(crate) fn find(&self, id: &str) -> Option<&K> {
        self.iter().find(|(known, _)| *known == id).map(|(_, key)| key)
    }

    /// All keys with their ids, newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &K)> {
        [&self.newest].into_iter().chain(&self.older).map(|(id, key)| (id.as_str(), key))
    }
}

/// The ids alone.
impl<K> fmt::Debug for KeyRing<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(id, _)| id)).finish()
    }
}

impl KeyLength {
    fn bytes(self) -> usize {
        match self {
            Self::AtLeast(bytes) | Self::Exactly(bytes) => bytes,
        }
    }
}

/// Whether a key could have this id.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=MAX_ID_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn check(id: &str, bytes: &[u8], length: KeyLength) -> Result<(), KeyFault> {
    match length {
        KeyLength::AtLeast(least) if bytes.len() < least => {
            return Err(KeyFault::TooShort { id: id.to_owned(), bytes: bytes.len(), least });
        }
        KeyLength::Exactly(wanted) if bytes.len() != wanted => {
            return Err(KeyFault::WrongLength { id: id.to_owned(), bytes: bytes.len(), wanted });
        }
        _ => {}
    }
    let mut seen = [false; 256];
    for byte in bytes {
        seen[usize::from(*byte)] = true;
    }
    if seen.into_iter().filter(|seen| *seen).count() < LEAST_DISTINCT_BYTES {
        return Err(KeyFault::NotRandom { id: id.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A key whose bytes are told from every other's by `seed`.
    pub(crate) fn key(id: &str, seed: u8) -> NamedKey {
        key_of(id, seed, 32)
    }

    pub(crate) fn key_of(id: &str, seed: u8, length: usize) -> NamedKey {
        let bytes: Vec<u8> = (seed..=255).cycle().take(length).collect();
        NamedKey { id: id.to_owned(), bytes: bytes.into() }
    }

    fn ring(keys: Vec<NamedKey>, length: KeyLength) -> Result<KeyRing<Vec<u8>>, KeyFault> {
        KeyRing::new(keys, length, |bytes| Some(bytes.to_vec()))
    }

    fn fault(keys: Vec<NamedKey>, length: KeyLength) -> KeyFault {
        ring(keys, length).expect_err("no such ring")
    }

    const LEAST: KeyLength = KeyLength::AtLeast(32);

    #[test]
    fn keys_are_found_by_their_id_and_listed_newest_first() {
        let ring = ring(vec![key("new", 1), key("old", 2), key("older", 3)], LEAST).expect("a ring");
        assert_eq!(ring.newest().0, "new");
        assert_eq!(ring.iter().map(|(id, _)| id).collect::<Vec<_>>(), ["new", "old", "older"]);
        assert_eq!(ring.find("old").map(|bytes| bytes[0]), Some(2));
        assert_eq!(ring.find("OLD"), None);
    }

    #[test]
    fn a_list_without_keys_is_refused() {
        assert_eq!(fault(vec![], LEAST), KeyFault::Empty);
    }

    #[test]
    fn two_keys_of_one_id_are_refused() {
        let keys = vec![key("a", 1), key("b", 2), key("a", 3)];
        assert_eq!(fault(keys, LEAST), KeyFault::DuplicateId { id: "a".to_owned() });
    }

    #[test]
    fn ids_have_a_small_alphabet() {
        let long = "x".repeat(33);
        for id in ["", "a.b", "a b", "../../dev/null", "é", "a\0", "a\n", long.as_str()] {
            assert_eq!(fault(vec![key("ok", 1), key(id, 2)], LEAST), KeyFault::Id { number: 2 }, "{id:?}");
        }
        ring(vec![key("2026-01_Key-a", 1), key(&"x".repeat(32), 2)], LEAST).expect("ids");
    }

    #[test]
    fn lengths_are_held() {
        let short = KeyFault::TooShort { id: "a".to_owned(), bytes: 31, least: 32 };
        assert_eq!(fault(vec![key_of("a", 1, 31)], LEAST), short);
        ring(vec![key_of("a", 1, 64)], LEAST).expect("more is welcome");
        for length in [0, 16, 31, 33, 64] {
            let wrong = KeyFault::WrongLength { id: "a".to_owned(), bytes: length, wanted: 32 };
            assert_eq!(fault(vec![key_of("a", 1, length)], KeyLength::Exactly(32)), wrong);
        }
    }

    #[test]
    fn a_key_of_repeated_bytes_is_refused() {
        for bytes in [vec![0; 32], b"abcdefg".repeat(5)] {
            let key = NamedKey { id: "a".to_owned(), bytes: bytes.into() };
            assert_eq!(fault(vec![key], LEAST), KeyFault::NotRandom { id: "a".to_owned() });
        }
    }

    #[test]
    fn no_fault_and_no_debug_shows_a_key() {
        let secret = b"correct horse battery staple 123";
        let named = |id: &str, bytes: &[u8]| NamedKey { id: id.to_owned(), bytes: bytes.to_vec().into() };
        let mut shown = vec![
            format!("{:?}", named("a", secret)),
            format!("{:?}", ring(vec![named("a", secret)], LEAST)),
            // The key has been put where the id belongs.
            fault(vec![named("correct horse battery staple 123", secret)], LEAST).to_string(),
        ];
        for keys in [
            vec![named("a", &secret[..31])],
            vec![named("a", secret), named("a", secret)],
            vec![named("a", &b"staple".repeat(6))],
        ] {
            let fault = fault(keys, LEAST);
            shown.extend([fault.to_string(), format!("{fault:?}")]);
        }
        for text in shown {
            for trace in ["correct", "horse", "staple", "99, 111", "115, 116"] {
                assert!(!text.contains(trace), "{text}");
            }
        }
    }
}
