//! The use cases of API keys.

use std::sync::Arc;

use altus4_kernel::{
    ApiKeyId, AuditAction, AuditEvent, Clock, Credential, Granted, IdGenerator, Origin, Permission,
    PermissionSet, Plan, Principal, RandomSource, grants::Admin,
};

use crate::{
    ApiKey, ApiKeyError, ApiKeyRepository, Environment, FIRST_KEY_CONSTRAINT, KeyDigester, KeyName,
    KeySecret, KeyStatus,
};

/// What an account's first key shall be.
#[derive(Debug, Clone)]
pub struct FirstKey {
    /// Its name.
    pub name: KeyName,
    /// Live or test.
    pub environment: Environment,
    /// What it may do.
    pub permissions: PermissionSet,
    /// Its tier.
    pub tier: Plan,
}

/// A free test key that may search.
impl Default for FirstKey {
    fn default() -> Self {
        Self {
            name: KeyName::initial(),
            environment: Environment::Test,
            permissions: PermissionSet::of(&[Permission::Search]),
            tier: Plan::Free,
        }
    }
}

/// A key that was just made, with the secret that nobody will see again.
#[derive(Debug, Clone)]
pub struct MintedKey {
    /// The key.
    pub key: ApiKey,
    /// Its secret.
    pub secret: KeySecret,
}

/// Makes keys and checks them.
#[derive(Clone)]
pub struct ApiKeyService {
    keys: Arc<dyn ApiKeyRepository>,
    digester: Arc<dyn KeyDigester>,
    random: Arc<dyn RandomSource>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl ApiKeyService {
    /// The service over these ports.
    #[must_use]
    pub fn new(
        keys: Arc<dyn ApiKeyRepository>,
        digester: Arc<dyn KeyDigester>,
        random: Arc<dyn RandomSource>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self { keys, digester, random, clock, ids }
    }

    /// Makes an account's first key.
    ///
    /// # Errors
    /// [`ApiKeyError::KeyExists`] when it has one; [`ApiKeyError::TierAbovePlan`].
    pub async fn set_up(
        &self,
        granted: Granted<Admin>,
        wanted: FirstKey,
        origin: &Origin,
    ) -> Result<MintedKey, ApiKeyError> {
        let account_id = granted.account_id();
        let plan = self.keys.plan_of(account_id).await?.ok_or(ApiKeyError::InvalidKey)?;
        if wanted.tier > plan {
            return Err(ApiKeyError::TierAbovePlan { plan, wanted: wanted.tier });
        }
        let secret = KeySecret::generate(wanted.environment, self.random.as_ref())?;
        let now = self.clock.now();
        let key = ApiKey {
            id: ApiKeyId::from_uuid(self.ids.next_id()),
            account_id,
            name: wanted.name,
            prefix: secret.prefix(),
            environment: wanted.environment,
            permissions: wanted.permissions,
            tier: wanted.tier,
            expires_at: None,
            revoked_at: None,
            created_at: now,
            updated_at: now,
        };
        let event =
            AuditEvent::new(self.ids.next_id(), now, granted.actor(), AuditAction::KeyCreated, origin);
        let digest = self.digester.digest(secret.text());
        match self.keys.insert_first(&key, &digest, &event.about(key.id)).await {
            Ok(()) => Ok(MintedKey { key, secret }),
            Err(error) if error.is_conflict_on(FIRST_KEY_CONSTRAINT) => Err(ApiKeyError::KeyExists),
            Err(error) => Err(error.into()),
        }
    }

    /// Who a presented key speaks for.
    ///
    /// # Errors
    /// [`ApiKeyError::InvalidKey`] when it is malformed (without a look-up), unknown or revoked;
    /// [`ApiKeyError::ExpiredKey`].
    pub async fn authenticate(&self, presented: &str) -> Result<Principal, ApiKeyError> {
        let secret = KeySecret::parse(presented).ok_or(ApiKeyError::InvalidKey)?;
        let digests = self.digester.accepted(secret.text());
        let holder = self.keys.find_by_digest(&digests).await?.ok_or(ApiKeyError::InvalidKey)?;
        match holder.key.status(self.clock.now()) {
            KeyStatus::Active => Ok(Principal {
                account_id: holder.key.account_id,
                role: holder.role,
                permissions: holder.key.permissions,
                credential: Credential::ApiKey { id: holder.key.id, tier: holder.key.tier.min(holder.plan) },
            }),
            KeyStatus::Expired => Err(ApiKeyError::ExpiredKey),
            KeyStatus::Revoked => Err(ApiKeyError::InvalidKey),
        }
    }
}
