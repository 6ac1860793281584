//! The views of usage that an account's callers may see.

use std::sync::Arc;

use altus4_kernel::{
    ApiKeyId, Clock, Granted, Page, PageRequest, Plan,
    grants::{Admin, Analytics},
};

use super::{
    EndpointUsage, ErrorUsage, Granularity, RequestFilter, TierUsage, UsageDays, UsageEvent, UsagePeriod,
    UsagePoint, UsageRange, UsageStore, UsageTotals, period::between, series::time_series,
};
use crate::{ApiKey, ApiKeyError, ApiKeyRepository, ResetPeriod, hour_of};

/// What the views are made from.
#[derive(Clone)]
pub struct UsagePorts {
    /// The keys.
    pub keys: Arc<dyn ApiKeyRepository>,
    /// What was done with them.
    pub usage: Arc<dyn UsageStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Shows what was done with keys, revoked and expired ones included. A key that isn't the account's
/// own is [`ApiKeyError::NoSuchKey`].
#[derive(Clone)]
pub struct UsageService {
    ports: UsagePorts,
}

/// A key's usage at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageSummary {
    /// The key.
    pub key: ApiKey,
    /// The tier that its requests are measured by: its own, at most its account's plan.
    pub tier: Plan,
    /// The sums of the period.
    pub totals: UsageTotals,
    /// The endpoints that were called most in it.
    pub endpoints: Vec<EndpointUsage>,
    /// The sums of each hour in it that has any, the oldest first.
    pub hours: Vec<UsagePoint>,
    /// How many requests there were since the first of the month (UTC).
    pub this_month: u64,
}

impl UsageService {
    /// The service over these ports.
    #[must_use]
    pub fn new(ports: UsagePorts) -> Self {
        Self { ports }
    }

    /// A key's usage in a period, with the `top` endpoints.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`].
    pub async fn summary(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        period: UsagePeriod,
        top: u32,
    ) -> Result<UsageSummary, ApiKeyError> {
        let key = self.owned(granted, id).await?;
        let plan = self.ports.keys.plan_of(granted.account_id()).await?;
        let (usage, now) = (&self.ports.usage, self.ports.clock.now());
        let range = period.range(now);
        let month = ResetPeriod::Monthly.at(now).start;
        let this_month = UsageRange { start: month, end: between(0, hour_of(now) + 1, now).end };
        Ok(UsageSummary {
            totals: usage.totals(id.into(), range).await?,
            endpoints: usage.endpoints(id.into(), range, top).await?,
            hours: usage.hours(id.into(), range).await?,
            this_month: usage.totals(id.into(), this_month).await?.requests,
            tier: plan.map_or(key.tier, |plan| key.tier.min(plan)),
            key,
        })
    }

    /// A key's usage by the tier that its requests were measured by, the smallest first.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`].
    pub async fn by_tier(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        days: UsageDays,
    ) -> Result<Vec<TierUsage>, ApiKeyError> {
        self.owned(granted, id).await?;
        Ok(self.ports.usage.tiers(id.into(), self.range(days)).await?)
    }

    /// A key's failures, the most frequent first.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`].
    pub async fn errors(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        days: UsageDays,
    ) -> Result<Vec<ErrorUsage>, ApiKeyError> {
        self.owned(granted, id).await?;
        Ok(self.ports.usage.errors(id.into(), self.range(days)).await?)
    }

    /// A key's requests, the newest first. Those that are older than the store keeps single requests
    /// are no part of them.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`].
    pub async fn requests(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        days: UsageDays,
        filter: &RequestFilter,
        page: PageRequest,
    ) -> Result<Page<UsageEvent>, ApiKeyError> {
        self.owned(granted, id).await?;
        Ok(self.ports.usage.requests(id, self.range(days), filter, page).await?)
    }

    /// A key's usage step by step, up to the present hour or day: see [`UsageDays::granularity`].
    /// Steps without requests are zeros.
    ///
    /// # Errors
    /// [`ApiKeyError::NoSuchKey`].
    pub async fn timeseries(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        days: UsageDays,
    ) -> Result<(Granularity, Vec<UsagePoint>), ApiKeyError> {
        self.owned(granted, id).await?;
        let range = self.range(days);
        let points = self.ports.usage.hours(id.into(), range).await?;
        let granularity = days.granularity();
        Ok((granularity, time_series(granularity, range, &points)))
    }

    /// The usage of all the account's keys in a period.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn account_totals(
        &self,
        granted: Granted<Analytics>,
        period: UsagePeriod,
    ) -> Result<UsageTotals, ApiKeyError> {
        let range = period.range(self.ports.clock.now());
        Ok(self.ports.usage.totals(granted.account_id().into(), range).await?)
    }

    fn range(&self, days: UsageDays) -> UsageRange {
        days.range(self.ports.clock.now())
    }

    async fn owned(&self, granted: Granted<Admin>, id: ApiKeyId) -> Result<ApiKey, ApiKeyError> {
        let key = self.ports.keys.find(granted.account_id(), id).await?;
        key.ok_or(ApiKeyError::NoSuchKey(id))
    }
}

#[cfg(test)]
mod tests;
