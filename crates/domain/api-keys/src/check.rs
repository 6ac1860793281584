//! Whom a presented key speaks for: the store is asked at its first use, then memory answers.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use altus4_kernel::{
    Change, ChangeSubscriber, Clock, Credential, Flights, Freshness, PortError, PortResult, Principal,
    Timestamp,
};

use crate::{
    ApiKeyError, ApiKeyRepository, CachedKey, KeyCache, KeyDigest, KeyDigester, KeyHolder, KeySecret,
    KeyStatus, StoredDigest,
};

/// How long it is remembered that there is no such key. No later key can have its digest, so this
/// needs no confirmation.
const UNKNOWN: Duration = Duration::from_secs(5);

/// A key that may be used.
#[derive(Debug, Clone)]
pub struct CheckedKey {
    /// The caller.
    pub principal: Principal,
    /// The key and its account, as they were when the store was last asked.
    pub holder: Arc<KeyHolder>,
}

/// Checks presented keys. Clones share what they remember.
///
/// - A malformed key costs nothing, an unknown one a single look-up in five seconds, a known one a
///   single look-up until its copy is too old; look-ups of one key at the same time are one.
/// - What [`ChangeSubscriber::on_change`] tells holds from its return on: no copy from before is used
///   by a later request, nor made by a look-up that was under way.
/// - A change elsewhere of which nothing is heard holds after two seconds.
/// - While the store can't be asked, a copy serves until it is a minute old.
#[derive(Clone)]
pub struct KeyCheck {
    inner: Arc<Inner>,
}

struct Inner {
    keys: Arc<dyn ApiKeyRepository>,
    digester: Arc<dyn KeyDigester>,
    cache: Arc<dyn KeyCache>,
    clock: Arc<dyn Clock>,
    freshness: Freshness,
    /// Look-ups that are under way, with their epoch and their beginning.
    flights: Flights<KeyDigest, PortResult<Option<Arc<KeyHolder>>>, (u64, Timestamp)>,
}

impl KeyCheck {
    /// A check over these ports.
    #[must_use]
    pub fn new(
        keys: Arc<dyn ApiKeyRepository>,
        digester: Arc<dyn KeyDigester>,
        cache: Arc<dyn KeyCache>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (freshness, flights) = (Freshness::default(), Flights::default());
        Self { inner: Arc::new(Inner { keys, digester, cache, clock, freshness, flights }) }
    }

    /// Whom a key speaks for that is presented from this address.
    ///
    /// # Errors
    /// [`ApiKeyError::InvalidKey`] when it is malformed, unknown or revoked, or its secret was
    /// replaced and has no grace left; [`ApiKeyError::ExpiredKey`];
    /// [`ApiKeyError::AddressNotAllowed`]; [`ApiKeyError::Port`] when the store can't be asked and
    /// there is no copy.
    pub async fn authenticate(
        &self,
        presented: &str,
        address: Option<IpAddr>,
    ) -> Result<CheckedKey, ApiKeyError> {
        let secret = KeySecret::parse(presented).ok_or(ApiKeyError::InvalidKey)?;
        let newest = self.inner.digester.digest(secret.text());
        let holder = match self.inner.remembered(&newest.digest) {
            Some(known) => known.holder,
            None => self.ask(secret, newest).await?,
        };
        let holder = holder.ok_or(ApiKeyError::InvalidKey)?;
        judge(holder, self.inner.clock.now(), address)
    }

    /// What the store says; or, if it can't be asked, what it said less than a minute ago.
    async fn ask(
        &self,
        secret: KeySecret,
        newest: StoredDigest,
    ) -> Result<Option<Arc<KeyHolder>>, PortError> {
        let digest = newest.digest;
        let (epoch, asked_at) = (self.inner.freshness.epoch(), self.inner.clock.now());
        let oldest = asked_at - Freshness::UNCONFIRMED;
        let fits = |(of, at): &(u64, Timestamp)| *of == epoch && *at >= oldest;
        let flight = self.inner.flights.join(digest, (epoch, asked_at), fits, || {
            let inner = Arc::clone(&self.inner);
            async move { inner.look_up(&secret, newest, epoch, asked_at).await }
        });
        flight.await.outcome.or_else(|error| self.inner.last_known(&digest).map(Some).ok_or(error))
    }
}

impl Inner {
    /// What is remembered and still good.
    fn remembered(&self, digest: &KeyDigest) -> Option<CachedKey> {
        let cached = self.cache.get(digest)?;
        // Read after the copy was: a copy is never younger than now.
        let now = self.clock.now();
        let good = match &cached.holder {
            None => now.since(cached.asked_at).is_some_and(|age| age <= UNKNOWN),
            Some(_) => self.freshness.is_good(cached.asked_at, now),
        };
        good.then_some(cached)
    }

    /// A key that was known not too long ago and of which no change was told since.
    fn last_known(&self, digest: &KeyDigest) -> Option<Arc<KeyHolder>> {
        let cached = self.cache.get(digest)?;
        let good = Freshness::is_good_without_store(cached.asked_at, self.clock.now());
        cached.holder.filter(|_| good)
    }

    async fn look_up(
        &self,
        secret: &KeySecret,
        newest: StoredDigest,
        epoch: u64,
        asked_at: Timestamp,
    ) -> PortResult<Option<Arc<KeyHolder>>> {
        // Somebody else's look-up may have ended after this caller found nothing.
        if let Some(known) = self.remembered(&newest.digest) {
            return Ok(known.holder);
        }
        let accepted = self.digester.accepted(secret.text());
        let mut found = self.keys.find_by_digest(&accepted).await?;
        if let Some(holder) = &mut found
            && holder.found_under != newest
            && opens(holder, asked_at)
        {
            // A key from before a change of the server's secret. If it can't be moved, the next
            // look-up tries again.
            let old = holder.found_under.clone();
            if self.keys.move_digest(holder.key.id, &old, &newest).await.is_ok() {
                holder.found_under = newest.clone();
            }
        }
        let holder = found.map(Arc::new);
        self.remember(newest.digest, CachedKey { holder: holder.clone(), asked_at }, epoch);
        Ok(holder)
    }

    /// Keeps an answer, unless a change was told since the question was put.
    fn remember(&self, digest: KeyDigest, key: CachedKey, epoch: u64) {
        self.freshness.keep(epoch, || self.cache.put(digest, key));
    }

    /// Forgets what was changed, also in look-ups that are under way.
    fn forget(&self, forget: impl FnOnce(&dyn KeyCache)) {
        self.freshness.forget(|| forget(self.cache.as_ref()));
    }
}

impl ChangeSubscriber for KeyCheck {
    fn on_change(&self, change: Change) {
        match change {
            Change::ApiKey(id) => self.inner.forget(|cache| cache.forget_key(id)),
            Change::Account(id) => self.inner.forget(|cache| cache.forget_account(id)),
            Change::Connection(..) | Change::Entities(_) => {}
        }
    }

    fn on_gap(&self) {
        self.inner.forget(|cache| cache.clear());
    }

    fn on_confirmed(&self, at: Timestamp) {
        self.inner.freshness.confirm(at);
    }
}

impl fmt::Debug for KeyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCheck").finish_non_exhaustive()
    }
}

fn judge(holder: Arc<KeyHolder>, now: Timestamp, address: Option<IpAddr>) -> Result<CheckedKey, ApiKeyError> {
    if !is_in_force(&holder, now) {
        return Err(ApiKeyError::InvalidKey);
    }
    match holder.key.status(now) {
        KeyStatus::Revoked => Err(ApiKeyError::InvalidKey),
        KeyStatus::Expired => Err(ApiKeyError::ExpiredKey(holder)),
        KeyStatus::Active if !holder.key.allowed_ips.allow(address) => {
            Err(ApiKeyError::AddressNotAllowed(holder))
        }
        KeyStatus::Active => {
            let key = &holder.key;
            let principal = Principal {
                account_id: key.account_id,
                role: holder.role,
                tier: key.tier.min(holder.plan),
                permissions: key.permissions,
                credential: Credential::ApiKey { id: key.id },
            };
            Ok(CheckedKey { principal, holder })
        }
    }
}

/// Whether the secret that the key was found by is its present one, or in its grace.
fn is_in_force(holder: &KeyHolder, now: Timestamp) -> bool {
    holder.good_until.is_none_or(|end| now < end)
}

fn opens(holder: &KeyHolder, now: Timestamp) -> bool {
    is_in_force(holder, now) && holder.key.status(now) == KeyStatus::Active
}

#[cfg(test)]
mod tests;
