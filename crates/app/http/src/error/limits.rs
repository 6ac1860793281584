//! What callers are told who have used up what they may do.

use altus4_api_keys::{BudgetExceeded, RateStatus, ResetPeriod, ShareExceeded, TierLimits};
use altus4_kernel::{Plan, Timestamp};
use serde_json::{Value, json};

use super::{ApiError, Code, domain::sentence};

/// What is left of a key's own quota: nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuotaExceeded {
    pub(crate) limit: u64,
    pub(crate) used: u64,
    pub(crate) period: ResetPeriod,
    pub(crate) resets_at: Timestamp,
}

/// A tier as it is spelt in headers and in what people read.
pub(crate) fn tier_title(tier: Plan) -> &'static str {
    match tier {
        Plan::Free => "Free",
        Plan::Pro => "Pro",
        Plan::Enterprise => "Enterprise",
    }
}

/// From `now` until then in whole seconds, rounded up: who comes again after them is not early. 0 for
/// what has been.
pub(crate) fn seconds_until(then: Timestamp, now: Timestamp) -> u64 {
    let millis = (then.as_utc() - now.as_utc()).whole_milliseconds();
    u64::try_from(millis).unwrap_or(0).div_ceil(1_000)
}

/// The requests of an hour are used up.
pub(crate) fn rate_exceeded(tier: Plan, rate: &RateStatus, now: Timestamp) -> ApiError {
    let free_at = rate.blocked_until.unwrap_or(rate.reset_at);
    let details = too_many(tier, rate.limit, free_at, now);
    ApiError::new(Code::RateLimitExceeded, message("Rate limit", free_at, now)).with_details(details)
}

/// The calls of AI of an hour are used up.
pub(crate) fn ai_rate_exceeded(tier: Plan, rate: &RateStatus, now: Timestamp) -> ApiError {
    let free_at = rate.blocked_until.unwrap_or(rate.reset_at);
    let details = too_many(tier, rate.limit, free_at, now);
    ApiError::new(Code::RateLimitExceeded, message("AI rate limit", free_at, now)).with_details(details)
}

/// The key's budget is used up.
pub(crate) fn budget_exceeded(exceeded: &BudgetExceeded) -> ApiError {
    ApiError::new(Code::BudgetExceeded, sentence(exceeded)).with_details(json!({
        "budgetLimitMicrocents": exceeded.limit_microcents,
        "spentMicrocents": exceeded.used_microcents,
        "resetTime": exceeded.resets_at.to_string(),
    }))
}

/// The node is busy, and the caller has its share of it: so many requests in ten seconds, and so many
/// at the same time.
pub(crate) fn share_exceeded(
    tier: Plan,
    limits: &TierLimits,
    exceeded: ShareExceeded,
    now: Timestamp,
) -> ApiError {
    let free_at = now + exceeded.retry_after;
    let mut details = too_many(tier, limits.burst, free_at, now);
    details["concurrentLimit"] = limits.concurrent.into();
    ApiError::new(Code::RateLimitExceeded, message("Rate limit", free_at, now)).with_details(details)
}

fn too_many(tier: Plan, limit: u32, free_at: Timestamp, now: Timestamp) -> Value {
    json!({
        "limit": limit,
        "remaining": 0,
        "resetTime": free_at.to_string(),
        "retryAfter": retry_after(free_at, now),
        "tier": tier_title(tier),
        "upgradeMessage": upgrade(tier),
    })
}

/// The key's own quota is used up.
pub(crate) fn quota_exceeded(quota: QuotaExceeded, now: Timestamp) -> ApiError {
    let message = message("Request limit", quota.resets_at, now);
    ApiError::new(Code::RequestLimitExceeded, message).with_details(json!({
        "limit": quota.limit,
        "used": quota.used,
        "resetTime": quota.resets_at.to_string(),
        "retryAfter": retry_after(quota.resets_at, now),
        "resetPeriod": quota.period.as_str(),
    }))
}

/// At least a second, so that nobody comes again at once.
fn retry_after(free_at: Timestamp, now: Timestamp) -> u64 {
    seconds_until(free_at, now).max(1)
}

fn message(what: &str, free_at: Timestamp, now: Timestamp) -> String {
    format!("{what} exceeded. Try again in {} seconds.", retry_after(free_at, now))
}

fn upgrade(tier: Plan) -> &'static str {
    match tier {
        Plan::Free => "Upgrade to Pro or Enterprise for higher rate limits",
        Plan::Pro => "Upgrade to Enterprise for higher rate limits",
        Plan::Enterprise => "Enterprise has the highest rate limits",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use altus4_api_keys::Tiers;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_768_473_000 + seconds).expect("a time")
    }

    #[test]
    fn seconds_are_rounded_up_and_never_below_nothing() {
        let now = at(0);
        let until = |millis| seconds_until(now + Duration::from_millis(millis), now);
        assert_eq!([until(0), until(1), until(1_000), until(1_001)], [0, 1, 1, 2]);
        assert_eq!(seconds_until(now, at(5)), 0);
    }

    #[test]
    fn a_blocked_caller_is_told_when_its_block_ends() {
        let rate = RateStatus {
            limit: 1_000,
            used: 1_000,
            window_start: at(-60),
            reset_at: at(45),
            blocked_until: Some(at(45)),
        };
        let error = rate_exceeded(Plan::Free, &rate, at(0));
        assert_eq!(error.code(), Code::RateLimitExceeded);
        assert_eq!(error.to_string(), "Rate limit exceeded. Try again in 45 seconds.");
        let details = json!({
            "limit": 1000, "remaining": 0, "resetTime": "2026-01-15T10:30:45.000Z", "retryAfter": 45,
            "tier": "Free", "upgradeMessage": "Upgrade to Pro or Enterprise for higher rate limits",
        });
        assert_eq!(error.details(), Some(&details));
    }

    #[test]
    fn whoever_has_its_share_is_told_how_large_that_is() {
        let limits = Tiers::default().pro;
        let exceeded = ShareExceeded { retry_after: Duration::from_secs(3) };
        let error = share_exceeded(Plan::Pro, &limits, exceeded, at(0));
        let details = json!({
            "limit": 200, "concurrentLimit": 10, "remaining": 0, "resetTime": "2026-01-15T10:30:03.000Z",
            "retryAfter": 3, "tier": "Pro", "upgradeMessage": "Upgrade to Enterprise for higher rate limits",
        });
        assert_eq!((error.code(), error.details()), (Code::RateLimitExceeded, Some(&details)));
    }

    #[test]
    fn a_quota_says_when_its_period_ends() {
        let quota = QuotaExceeded { limit: 5, used: 5, period: ResetPeriod::Daily, resets_at: at(48_600) };
        let error = quota_exceeded(quota, at(0));
        assert_eq!(error.code(), Code::RequestLimitExceeded);
        let details = json!({
            "limit": 5, "used": 5, "resetTime": "2026-01-16T00:00:00.000Z", "retryAfter": 48_600,
            "resetPeriod": "daily",
        });
        assert_eq!(error.details(), Some(&details));
    }
}
