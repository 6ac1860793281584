//! New secrets, old ones, and such as can be shown again.

use altus4_kernel::{ApiKeyId, AuditAction, Granted, Origin, grants::Admin, secrecy::SecretString};

use super::{ApiKeyService, MintedKey, secret_binding, within};
use crate::{ApiKeyError, GracePeriod, KeySecret, LegacyKeys, bounds::Asked};

impl ApiKeyService {
    /// Gives a key a new secret; everything else about it stays. The old one goes on working for
    /// `grace`, any older one no longer.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`], also when it was taken back; where a key does so to one that is
    /// more than itself, [`ApiKeyError::BeyondOwnPermissions`], [`ApiKeyError::BeyondOwnTier`] or
    /// [`ApiKeyError::StrongerKey`].
    pub async fn regenerate(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        grace: GracePeriod,
        origin: &Origin,
    ) -> Result<MintedKey, ApiKeyError> {
        let key = self.standing(granted, id).await?;
        if let Some(own) = self.acting_key(granted).await? {
            within(&own, &key, Asked::default())?;
        }
        let secret = KeySecret::generate(key.environment, self.ports.random.as_ref())?;
        let stored = self.stored(&key, &secret)?;
        let event = self.event(granted, AuditAction::KeyRegenerated, id, origin);
        let (account, now) = (granted.account_id(), self.now());
        let good_until = now + grace.duration();
        let replaced = self.ports.keys.replace_secret(account, id, &stored, good_until, now, &event).await;
        Ok(MintedKey { key: self.told(id, replaced).await?, secret })
    }

    /// The secret of a recoverable key. That it was shown is kept before it is.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`]; [`ApiKeyError::NotRecoverable`], also when it was taken back;
    /// where a key asks, as [`ApiKeyService::regenerate`].
    pub async fn reveal(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        origin: &Origin,
    ) -> Result<SecretString, ApiKeyError> {
        let key = self.get(granted, id).await?;
        if let Some(own) = self.acting_key(granted).await? {
            within(&own, &key, Asked::default())?;
        }
        let sealed = self.ports.keys.sealed_secret(granted.account_id(), id).await?;
        let sealed = sealed.ok_or(ApiKeyError::NotRecoverable(id))?;
        let secret = self.ports.cipher.open(&sealed, &secret_binding(id))?;
        let event = self.event(granted, AuditAction::KeyRevealed, id, origin);
        self.ports.audit.append(&event).await?;
        Ok(secret)
    }

    /// How many of the account's keys are still stored under an older server secret. Each is moved to
    /// the newest when it is used.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn legacy_keys(&self, granted: Granted<Admin>) -> Result<LegacyKeys, ApiKeyError> {
        // The digest of anything names the newest of the server's secrets.
        let newest = self.ports.digester.digest(&SecretString::default()).secret_id;
        Ok(self.ports.keys.legacy_keys(granted.account_id(), &newest, self.now()).await?)
    }

    /// Keeps that the account was told of its legacy keys.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn note_legacy_notice(&self, granted: Granted<Admin>) -> Result<(), ApiKeyError> {
        Ok(self.ports.keys.note_legacy_notice(granted.account_id(), self.now()).await?)
    }
}
