//! A digester without cryptography.

use std::hash::{DefaultHasher, Hash, Hasher};

use altus4_kernel::secrecy::{ExposeSecret, SecretString};

use crate::{KeyDigest, KeyDigester, StoredDigest};

/// Makes digests that differ where secrets or their ids do, and that anybody could make.
#[derive(Debug, Clone)]
pub struct FakeKeyDigester {
    newest: String,
    older: Vec<String>,
}

impl FakeKeyDigester {
    /// A digester with server secrets of these ids, newest first; `k1` alone when there are none.
    #[must_use]
    pub fn new(secret_ids: &[&str]) -> Self {
        let mut ids = secret_ids.iter().map(|id| (*id).to_owned());
        Self { newest: ids.next().unwrap_or_else(|| "k1".to_owned()), older: ids.collect() }
    }

    fn under(secret_id: &str, secret: &SecretString) -> StoredDigest {
        let mut digest = [0; 32];
        for (part, bytes) in digest.chunks_exact_mut(8).enumerate() {
            let mut hasher = DefaultHasher::new();
            (part, secret_id, secret.expose_secret()).hash(&mut hasher);
            bytes.copy_from_slice(&hasher.finish().to_be_bytes());
        }
        StoredDigest { secret_id: secret_id.to_owned(), digest: KeyDigest(digest) }
    }
}

impl Default for FakeKeyDigester {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl KeyDigester for FakeKeyDigester {
    fn digest(&self, secret: &SecretString) -> StoredDigest {
        Self::under(&self.newest, secret)
    }

    fn accepted(&self, secret: &SecretString) -> Vec<StoredDigest> {
        std::iter::once(&self.newest).chain(&self.older).map(|id| Self::under(id, secret)).collect()
    }
}
