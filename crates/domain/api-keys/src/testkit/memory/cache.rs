//! What is remembered of keys, in a map.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use altus4_kernel::{AccountId, ApiKeyId};

use crate::{CachedKey, KeyCache, KeyDigest, KeyHolder};

/// Remembers everything it is told. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct InMemoryKeyCache(Arc<Mutex<HashMap<KeyDigest, CachedKey>>>);

impl InMemoryKeyCache {
    /// How many digests it remembers something of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept().len()
    }

    /// Whether it remembers nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept().is_empty()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<KeyDigest, CachedKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_where(&self, concerned: impl Fn(&KeyHolder) -> bool) {
        self.kept().retain(|_, cached| !cached.holder.as_ref().is_some_and(|holder| concerned(holder)));
    }
}

impl KeyCache for InMemoryKeyCache {
    fn get(&self, digest: &KeyDigest) -> Option<CachedKey> {
        self.kept().get(digest).cloned()
    }

    fn put(&self, digest: KeyDigest, key: CachedKey) {
        self.kept().insert(digest, key);
    }

    fn forget_key(&self, id: ApiKeyId) {
        self.forget_where(|holder| holder.key.id == id);
    }

    fn forget_account(&self, id: AccountId) {
        self.forget_where(|holder| holder.key.account_id == id);
    }

    fn forget_digest(&self, digest: &KeyDigest) {
        self.kept().remove(digest);
    }

    fn clear(&self) {
        self.kept().clear();
    }
}
