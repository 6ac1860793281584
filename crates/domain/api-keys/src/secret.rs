//! The text of a key: `altus4_sk_<live|test>_<43 characters>`.
//!
//! The 43 characters are base64url of 32 bytes: 28 random ones (224 bits) and the CRC-32 of
//! everything before it, big-endian. The checksum tells a mistyped or made-up key without a
//! look-up, and a real one to secret scanners; it is no proof of anything.

use altus4_kernel::{
    Environment, PortResult, RandomSource,
    secrecy::{ExposeSecret, SecretString},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// How much of a key is kept and shown to tell it from others.
pub const KEY_PREFIX_CHARS: usize = 30;

const RANDOM_BYTES: usize = 28;
const PREFIX: &str = "altus4_sk_";

/// The text of a well-formed key. That it is well formed says nothing about whether it exists.
#[derive(Debug, Clone)]
pub struct KeySecret {
    text: SecretString,
    environment: Environment,
}

impl KeySecret {
    /// A fresh key.
    ///
    /// # Errors
    /// Those of the random source.
    pub fn generate(environment: Environment, random: &dyn RandomSource) -> PortResult<Self> {
        let mut bytes = [0; RANDOM_BYTES + 4];
        random.fill(&mut bytes[..RANDOM_BYTES])?;
        let check = checksum(environment, &bytes[..RANDOM_BYTES]);
        bytes[RANDOM_BYTES..].copy_from_slice(&check);
        let text = format!("{PREFIX}{}_{}", environment.as_str(), URL_SAFE_NO_PAD.encode(bytes));
        Ok(Self { text: text.into(), environment })
    }

    /// The key that `text` spells; `None` when its form or its checksum is wrong.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (environment, body) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let environment: Environment = environment.parse().ok()?;
        let bytes: [u8; RANDOM_BYTES + 4] = URL_SAFE_NO_PAD.decode(body).ok()?.try_into().ok()?;
        let (random, check) = bytes.split_at(RANDOM_BYTES);
        (checksum(environment, random) == check).then(|| Self { text: text.into(), environment })
    }

    /// Whether `text` means to be a key, well formed or not.
    #[must_use]
    pub fn looks_like_one(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// The whole text, to be shown once.
    #[must_use]
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    /// Whether it is a live or a test key.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// The beginning that is stored and shown.
    #[must_use]
    pub fn prefix(&self) -> String {
        self.text.expose_secret().chars().take(KEY_PREFIX_CHARS).collect()
    }
}

fn checksum(environment: Environment, random: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(PREFIX.as_bytes());
    hasher.update(environment.as_str().as_bytes());
    hasher.update(random);
    hasher.finalize().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl RandomSource for Counting {
        fn fill(&self, bytes: &mut [u8]) -> PortResult<()> {
            bytes.iter_mut().zip(7u8..).for_each(|(byte, value)| *byte = value);
            Ok(())
        }
    }

    fn generated() -> String {
        let key = KeySecret::generate(Environment::Live, &Counting).expect("random bytes");
        key.text().expose_secret().to_owned()
    }

    #[test]
    fn a_generated_key_has_the_documented_form() {
        let text = generated();
        assert_eq!(text.len(), "altus4_sk_live_".len() + 43);
        let parsed = KeySecret::parse(&text).expect("its own form");
        assert_eq!(parsed.environment(), Environment::Live);
        assert_eq!(parsed.prefix(), text[..30]);
    }

    #[test]
    fn any_single_changed_character_is_noticed() {
        let text = generated();
        for place in 0..text.len() {
            let mut mistyped = text.clone().into_bytes();
            mistyped[place] = if mistyped[place] == b'x' { b'y' } else { b'x' };
            let mistyped = String::from_utf8(mistyped).expect("ASCII");
            assert!(KeySecret::parse(&mistyped).is_none(), "place {place}");
        }
    }

    #[test]
    fn a_key_of_the_other_environment_is_another_key() {
        assert!(KeySecret::parse(&generated().replace("_live_", "_test_")).is_none());
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in ["", "altus4_sk_", "altus4_sk_live_", "altus4_sk_live_é", "altus4_sk_prod_x", "\0"] {
            assert!(KeySecret::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn debug_never_shows_it() {
        let key = KeySecret::parse(&generated()).expect("its own form");
        assert!(!format!("{key:?}").contains("altus4_sk"));
    }
}
