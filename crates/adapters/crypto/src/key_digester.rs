//! The digests that API keys are stored under.

use altus4_api_keys::{KeyDigest, KeyDigester, StoredDigest};
use altus4_kernel::secrecy::{ExposeSecret, SecretString};
use ring::{digest::SHA256_OUTPUT_LEN, hmac};

use crate::{
    KeyFault, NamedKey,
    key_ring::{KeyLength, KeyRing},
};

/// HMAC-SHA-256 under one of the server's secrets. Whoever copies the store, or may write to it,
/// can neither test a guess nor plant a key without that secret.
#[derive(Debug)]
pub struct HmacKeyDigester {
    secrets: KeyRing<hmac::Key>,
}

impl HmacKeyDigester {
    /// Digests under these secrets, newest first, of at least 256 bits each.
    ///
    /// # Errors
    /// [`KeyFault`], a sentence without any part of a secret.
    pub fn new(secrets: Vec<NamedKey>) -> Result<Self, KeyFault> {
        let make = |bytes: &[u8]| Some(hmac::Key::new(hmac::HMAC_SHA256, bytes));
        Ok(Self { secrets: KeyRing::new(secrets, KeyLength::AtLeast(SHA256_OUTPUT_LEN), make)? })
    }
}

impl KeyDigester for HmacKeyDigester {
    fn digest(&self, secret: &SecretString) -> StoredDigest {
        stored(self.secrets.newest(), secret)
    }

    fn accepted(&self, secret: &SecretString) -> Vec<StoredDigest> {
        self.secrets.iter().map(|key| stored(key, secret)).collect()
    }
}

fn stored((id, key): (&str, &hmac::Key), secret: &SecretString) -> StoredDigest {
    let tag = hmac::sign(key, secret.expose_secret().as_bytes());
    let mut digest = [0; SHA256_OUTPUT_LEN];
    digest.copy_from_slice(tag.as_ref());
    StoredDigest { secret_id: id.to_owned(), digest: KeyDigest(digest) }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;
    use crate::key_ring::tests::{key, key_of};

    fn digester(secrets: Vec<NamedKey>) -> HmacKeyDigester {
        HmacKeyDigester::new(secrets).expect("secrets")
    }

    #[test]
    fn a_digest_is_hmac_sha_256() {
        // Computed with Python's hmac module: key 00 01 … 1f.
        let digest = digester(vec![key("a", 0)]).digest(&"what do ya want for nothing?".into());
        assert_eq!(URL_SAFE_NO_PAD.encode(digest.digest.0), "CZgF9KwxB4aWhWXAmNtRXMUIYrQgrjHiAjgxI0S-02o");
        assert_eq!(digest.secret_id, "a");
    }

    #[test]
    fn the_newest_secret_digests_and_all_are_accepted() {
        let old = digester(vec![key("old", 2)]);
        let rotated = digester(vec![key("new", 1), key("old", 2)]);
        let secret = "altus4_sk_live_x".into();
        let accepted = rotated.accepted(&secret);
        assert_eq!(accepted.first(), Some(&rotated.digest(&secret)));
        assert_eq!(accepted.len(), 2);
        assert!(accepted.contains(&old.digest(&secret)), "keys from before the rotation still work");
    }

    #[test]
    fn another_secret_or_another_key_gives_another_digest() {
        let one = digester(vec![key("same-id", 1)]);
        let other = digester(vec![key("same-id", 2)]);
        let digest = one.digest(&"altus4_sk_live_x".into());
        assert_ne!(digest.digest, other.digest(&"altus4_sk_live_x".into()).digest);
        assert_ne!(digest.digest, one.digest(&"altus4_sk_live_y".into()).digest);
        assert_ne!(digest.digest, one.digest(&"".into()).digest);
        assert_eq!(digest, one.digest(&"altus4_sk_live_x".into()));
    }

    #[test]
    fn a_short_secret_is_refused() {
        let fault = HmacKeyDigester::new(vec![key_of("a", 1, 31)]).err();
        assert!(matches!(fault, Some(KeyFault::TooShort { bytes: 31, least: 32, .. })), "{fault:?}");
        assert_eq!(HmacKeyDigester::new(vec![]).err(), Some(KeyFault::Empty));
    }

    #[test]
    fn debug_shows_ids_alone() {
        let shown = format!("{:?}", digester(vec![key("visible", 1)]));
        assert!(shown.contains("visible") && !shown.contains("1, 2, 3"), "{shown}");
    }
}
