//! Changing keys, limiting them, taking them back.

use altus4_kernel::{ApiKeyId, AuditAction, Granted, Origin, Timestamp, grants::Admin};

use super::{ApiKeyService, check_end, within};
use crate::{ApiKey, ApiKeyError, KeyChange, KeyLimits, bounds::Asked};

impl ApiKeyService {
    /// Changes a key's settings. They hold from the next request on this node on.
    ///
    /// A key may rename any; for anything else the other must be within it afterwards, as a whole.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`], also when it was taken back; otherwise as
    /// [`ApiKeyService::create`], and [`ApiKeyError::StrongerKey`] for a part that stays as it is.
    pub async fn change(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        change: KeyChange,
        origin: &Origin,
    ) -> Result<ApiKey, ApiKeyError> {
        let key = self.standing(granted, id).await?;
        if change.is_empty() {
            return Ok(key);
        }
        if let Some(tier) = change.tier {
            self.check_plan(granted, tier).await?;
        }
        check_end(change.expires_at.flatten(), self.now())?;
        if !change.is_rename()
            && let Some(own) = self.acting_key(granted).await?
        {
            let asked = Asked { end: change.expires_at.is_some(), networks: change.allowed_ips.is_some() };
            within(&own, &change.applied_to(&key), asked)?;
        }
        let event = self.event(granted, AuditAction::KeyChanged, id, origin);
        let changed = self.ports.keys.change(granted.account_id(), id, &change, self.now(), &event).await;
        self.told(id, changed).await
    }

    /// Takes a key back: its secrets let nobody in from now on, on this node at once. Gives the moment
    /// when that was done, also when it is done again.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`].
    pub async fn revoke(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        origin: &Origin,
    ) -> Result<Timestamp, ApiKeyError> {
        let event = self.event(granted, AuditAction::KeyRevoked, id, origin);
        let revoked = self.ports.keys.revoke(granted.account_id(), id, self.now(), &event).await;
        self.told(id, revoked).await
    }

    /// Sets a key's own limits, in the place of any it had.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`], also when it was taken back; [`ApiKeyError::LimitedKey`]; where a
    /// key sets those of one that is more than itself, as [`ApiKeyService::change`].
    pub async fn set_limits(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        limits: KeyLimits,
        origin: &Origin,
    ) -> Result<ApiKey, ApiKeyError> {
        self.limit(granted, id, Some(limits), origin).await
    }

    /// Lifts a key's own limits, if it has any.
    ///
    /// # Errors
    /// As [`ApiKeyService::set_limits`].
    pub async fn remove_limits(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        origin: &Origin,
    ) -> Result<ApiKey, ApiKeyError> {
        self.limit(granted, id, None, origin).await
    }

    async fn limit(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        limits: Option<KeyLimits>,
        origin: &Origin,
    ) -> Result<ApiKey, ApiKeyError> {
        let key = self.standing(granted, id).await?;
        if let Some(own) = self.acting_key(granted).await? {
            if own.limits.is_some() {
                return Err(ApiKeyError::LimitedKey);
            }
            within(&own, &key, Asked::default())?;
        }
        if key.limits == limits {
            return Ok(key);
        }
        let event = self.event(granted, AuditAction::KeyLimitsChanged, id, origin);
        let account = granted.account_id();
        let limited = self.ports.keys.set_limits(account, id, limits, self.now(), &event).await;
        self.told(id, limited).await
    }
}
