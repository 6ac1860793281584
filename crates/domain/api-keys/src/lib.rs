//! API keys: how they are made, what is stored of them, and who a presented one speaks for.
//!
//! Invariants:
//! - A secret is shown once, by whoever made it. What is stored is an HMAC-SHA-256 of it under a
//!   server secret ([`KeyDigest`]), so a copy of the store lets nobody in.
//! - A text that is no key (wrong form, wrong checksum) is refused without a look-up.
//! - A key's tier never exceeds its account's plan, also when the plan shrinks later.
//! - A key that manages keys makes none that is more than itself, nor becomes more.
//! - What is remembered of keys is only ever a shortcut: see [`KeyCheck`] for how old it may be.

mod allowed_ips;
mod bounds;
mod check;
mod draft;
mod error;
mod idempotency;
mod key;
mod limits;
mod meter;
mod ports;
mod prices;
mod quota;
mod rate;
mod retries;
mod rotation;
mod secret;
mod service;
mod share;
mod tier;
mod usage;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use crate::allowed_ips::AllowedIps;
pub use crate::check::{CheckedKey, KeyCheck};
pub use crate::draft::{GracePeriod, KeyChange, KeyFilter, NewKey};
pub use crate::error::ApiKeyError;
pub use crate::idempotency::{AnswerStore, AnswerTimes, Claim, RetryKey, StoredAnswer};
pub use crate::key::{ApiKey, KeyName, KeyStatus};
pub use crate::limits::{KeyLimits, Period, ResetPeriod, Used};
pub use crate::meter::{Admission, AiAdmission, BudgetExceeded, Meter, MeterPorts};
pub use crate::ports::{
    ApiKeyRepository, CachedKey, FIRST_KEY_CONSTRAINT, KeyCache, KeyDigest, KeyDigester, KeyHolder,
    LegacyKeys, StoredDigest, StoredSecret,
};
pub use crate::prices::{AiPrices, TokenPrice};
pub use crate::quota::{Ceiling, FallbackQuotaCounter, QuotaCounter, QuotaKey, Taking};
pub use crate::rate::{
    FallbackRateLimiter, RateDecision, RateLimiter, RatePolicy, RateStatus, RateWindow, Subject,
};
pub use crate::retries::{Begun, SafeRetries};
pub use crate::rotation::{answer_rotation, secret_rotation};
pub use crate::secret::{KEY_PREFIX_CHARS, KeySecret};
pub use crate::service::{ApiKeyPorts, ApiKeyService, MintedKey};
pub use crate::share::{FairShare, ShareExceeded, SharePass};
pub use crate::tier::{TierLimits, Tiers};
pub use crate::usage::{
    EndpointUsage, ErrorUsage, Granularity, RequestFilter, TierUsage, UsageDays, UsageEvent, UsagePeriod,
    UsagePoint, UsagePorts, UsageRange, UsageRecorder, UsageScope, UsageService, UsageStore, UsageSummary,
    UsageTotals, hour_of, hours_of, time_series,
};

#[cfg(feature = "mock")]
pub use crate::{
    idempotency::MockAnswerStore,
    ports::{MockApiKeyRepository, MockKeyCache, MockKeyDigester},
    quota::MockQuotaCounter,
    rate::MockRateLimiter,
    usage::MockUsageStore,
};
