//! The use cases of those who manage keys.

mod secrets;
mod settings;

use std::{fmt, sync::Arc};

use altus4_kernel::{
    Actor, ApiKeyId, AuditAction, AuditEvent, AuditLog, Change, ChangeFeed, Clock, Granted, IdGenerator,
    Origin, Page, PageRequest, Plan, PortResult, RandomSource, SecretCipher, Timestamp, grants::Admin,
};

use crate::{
    ApiKey, ApiKeyError, ApiKeyRepository, FIRST_KEY_CONSTRAINT, KeyDigester, KeyFilter, KeySecret,
    KeyStatus, NewKey, StoredSecret,
    bounds::{self, Asked, excess},
};

/// What [`ApiKeyService`] needs.
#[derive(Clone)]
pub struct ApiKeyPorts {
    /// Keeps keys.
    pub keys: Arc<dyn ApiKeyRepository>,
    /// Keeps that a secret was shown again.
    pub audit: Arc<dyn AuditLog>,
    /// Makes what keys are found by.
    pub digester: Arc<dyn KeyDigester>,
    /// Seals the secrets of recoverable keys.
    pub cipher: Arc<dyn SecretCipher>,
    /// What secrets are made of.
    pub random: Arc<dyn RandomSource>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of keys and events.
    pub ids: Arc<dyn IdGenerator>,
    /// Where changes of keys are told.
    pub changes: ChangeFeed,
}

/// A key that was just made, or has a new secret, with that secret, which nobody will see again.
#[derive(Debug, Clone)]
pub struct MintedKey {
    /// The key.
    pub key: ApiKey,
    /// Its secret.
    pub secret: KeySecret,
}

/// Makes keys, changes them and takes them back.
///
/// Where the caller is a key itself, what it makes, changes or gets hold of must not be more than it
/// is: see [`ApiKeyError::StrongerKey`] and its neighbours.
#[derive(Clone)]
pub struct ApiKeyService {
    ports: ApiKeyPorts,
}

impl ApiKeyService {
    /// The service over these ports.
    #[must_use]
    pub fn new(ports: ApiKeyPorts) -> Self {
        Self { ports }
    }

    /// Makes an account's first key.
    ///
    /// # Errors
    /// [`ApiKeyError::KeyExists`] when it has one; otherwise as [`ApiKeyService::create`].
    pub async fn set_up(
        &self,
        granted: Granted<Admin>,
        wanted: NewKey,
        origin: &Origin,
    ) -> Result<MintedKey, ApiKeyError> {
        let (minted, stored) = self.mint(granted, wanted).await?;
        let event = self.event(granted, AuditAction::KeyCreated, minted.key.id, origin);
        match self.ports.keys.insert_first(&minted.key, &stored, &event).await {
            Ok(()) => Ok(minted),
            Err(error) if error.is_conflict_on(FIRST_KEY_CONSTRAINT) => Err(ApiKeyError::KeyExists),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a key. What a key makes has its end, its networks and its limits where nothing else is
    /// asked for.
    ///
    /// # Errors
    /// [`ApiKeyError::TierAbovePlan`]; [`ApiKeyError::EndInThePast`]; where a key asks for more than
    /// it is, [`ApiKeyError::BeyondOwnPermissions`], [`ApiKeyError::BeyondOwnTier`],
    /// [`ApiKeyError::BeyondOwnEnd`] or [`ApiKeyError::BeyondOwnNetworks`].
    pub async fn create(
        &self,
        granted: Granted<Admin>,
        wanted: NewKey,
        origin: &Origin,
    ) -> Result<MintedKey, ApiKeyError> {
        let (minted, stored) = self.mint(granted, wanted).await?;
        let event = self.event(granted, AuditAction::KeyCreated, minted.key.id, origin);
        self.ports.keys.insert(&minted.key, &stored, &event).await?;
        Ok(minted)
    }

    /// The account's keys, the newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(
        &self,
        granted: Granted<Admin>,
        filter: KeyFilter,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, ApiKeyError> {
        Ok(self.ports.keys.list(granted.account_id(), filter, self.now(), page).await?)
    }

    /// A key of the account, whatever its status.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`].
    pub async fn get(&self, granted: Granted<Admin>, id: ApiKeyId) -> Result<ApiKey, ApiKeyError> {
        self.ports.keys.find(granted.account_id(), id).await?.ok_or(ApiKeyError::NoSuchKey(id))
    }

    async fn mint(
        &self,
        granted: Granted<Admin>,
        wanted: NewKey,
    ) -> Result<(MintedKey, StoredSecret), ApiKeyError> {
        let own = self.acting_key(granted).await?;
        self.check_plan(granted, wanted.tier).await?;
        let now = self.now();
        check_end(wanted.expires_at, now)?;
        let secret = KeySecret::generate(wanted.environment, self.ports.random.as_ref())?;
        let asked = Asked { end: wanted.expires_at.is_some(), networks: !wanted.allowed_ips.is_empty() };
        let mut key = ApiKey {
            id: ApiKeyId::from_uuid(self.ports.ids.next_id()),
            account_id: granted.account_id(),
            name: wanted.name,
            prefix: secret.prefix(),
            environment: wanted.environment,
            permissions: wanted.permissions,
            tier: wanted.tier,
            recoverable: wanted.recoverable,
            allowed_ips: wanted.allowed_ips,
            limits: None,
            usage_count: 0,
            last_used: None,
            last_used_ip: None,
            expires_at: wanted.expires_at,
            revoked_at: None,
            regenerated_at: None,
            created_at: now,
            updated_at: now,
        };
        if let Some(own) = own {
            bounds::inherit(&own, &mut key);
            within(&own, &key, asked)?;
        }
        let stored = self.stored(&key, &secret)?;
        Ok((MintedKey { key, secret }, stored))
    }

    /// The key that calls, as it is in the store; `None` when a session does.
    async fn acting_key(&self, granted: Granted<Admin>) -> Result<Option<ApiKey>, ApiKeyError> {
        let Actor::ApiKey { account, key } = granted.actor() else { return Ok(None) };
        let own = self.ports.keys.find(account, key).await?;
        let own = own.filter(|own| own.status(self.now()) == KeyStatus::Active);
        own.map(Some).ok_or(ApiKeyError::InvalidKey)
    }

    /// A key of the account that wasn't taken back.
    async fn standing(&self, granted: Granted<Admin>, id: ApiKeyId) -> Result<ApiKey, ApiKeyError> {
        let key = self.get(granted, id).await?;
        if key.revoked_at.is_some() { Err(ApiKeyError::NoSuchKey(id)) } else { Ok(key) }
    }

    async fn check_plan(&self, granted: Granted<Admin>, wanted: Plan) -> Result<(), ApiKeyError> {
        let plan = self.ports.keys.plan_of(granted.account_id()).await?.ok_or(ApiKeyError::InvalidKey)?;
        if wanted > plan { Err(ApiKeyError::TierAbovePlan { plan, wanted }) } else { Ok(()) }
    }

    /// What is kept of a key's secret.
    fn stored(&self, key: &ApiKey, secret: &KeySecret) -> Result<StoredSecret, ApiKeyError> {
        let sealed = if key.recoverable {
            Some(self.ports.cipher.seal(secret.text(), &secret_binding(key.id))?)
        } else {
            None
        };
        Ok(StoredSecret {
            digest: self.ports.digester.digest(secret.text()),
            prefix: secret.prefix(),
            sealed,
        })
    }

    fn event(
        &self,
        granted: Granted<Admin>,
        action: AuditAction,
        id: ApiKeyId,
        origin: &Origin,
    ) -> AuditEvent {
        AuditEvent::new(self.ports.ids.next_id(), self.now(), granted.actor(), action, origin).about(id)
    }

    /// Tells everybody who keeps a copy of this key that it is old: also when the store failed, since
    /// it may have made the change all the same, but not when there is no such key.
    async fn told<T>(&self, id: ApiKeyId, outcome: PortResult<Option<T>>) -> Result<T, ApiKeyError> {
        if !matches!(outcome, Ok(None)) {
            self.ports.changes.announce(Change::ApiKey(id)).await;
        }
        outcome?.ok_or(ApiKeyError::NoSuchKey(id))
    }

    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}

/// Where a sealed secret belongs: moved to another key it can't be opened.
pub(crate) fn secret_binding(id: impl fmt::Display) -> String {
    format!("api_key:{id}:secret")
}

fn check_end(end: Option<Timestamp>, now: Timestamp) -> Result<(), ApiKeyError> {
    if end.is_some_and(|end| end <= now) { Err(ApiKeyError::EndInThePast) } else { Ok(()) }
}

fn within(own: &ApiKey, key: &ApiKey, asked: Asked) -> Result<(), ApiKeyError> {
    excess(own, key).map_or(Ok(()), |excess| Err(excess.refusal(asked)))
}

#[cfg(test)]
mod tests;
