//! Rate limits as answers show them.

use altus4_api_keys::{RatePolicy, RateStatus, TierLimits};
use altus4_kernel::Plan;
use serde::Serialize;
use utoipa::ToSchema;

/// How much a caller may do still.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RateLimitStatus)]
pub(crate) struct RateLimitStatusDto {
    rate_limit: RateDto,
}

/// A caller's limits, and what it used of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallerRate)]
pub(crate) struct RateDto {
    /// `free`, `pro` or `enterprise`.
    tier: &'static str,
    limits: TierLimitsDto,
    current: CurrentDto,
}

/// What a tier allows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TierLimits)]
pub(crate) struct TierLimitsDto {
    requests_per_hour: u32,
    /// Requests in ten seconds while the service is busy.
    burst_limit: u32,
    /// Requests at the same time while the service is busy.
    concurrent_connections: u32,
    ai_requests_per_hour: u32,
}

/// What was used in the present window.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CurrentRate)]
pub(crate) struct CurrentDto {
    /// Requests that count now.
    requests: u32,
    /// Requests that would be let through now.
    remaining: u32,
    /// With two digits.
    percent_used: f64,
    /// When the oldest of the requests began to count.
    #[schema(format = DateTime)]
    window_start: String,
    /// An hour after that. Requests stop counting up to ten seconds later.
    #[schema(format = DateTime)]
    window_end: String,
    /// Until when nothing is let through, after a request too many.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_until: Option<String>,
}

impl RateLimitStatusDto {
    pub(super) fn new(tier: Plan, limits: &TierLimits, rate: &RateStatus) -> Self {
        let share = f64::from(rate.used) / f64::from(rate.limit.max(1));
        Self {
            rate_limit: RateDto {
                tier: tier.as_str(),
                limits: TierLimitsDto {
                    requests_per_hour: limits.requests_per_hour,
                    burst_limit: limits.burst,
                    concurrent_connections: limits.concurrent,
                    ai_requests_per_hour: limits.ai_calls_per_hour,
                },
                current: CurrentDto {
                    requests: rate.used,
                    remaining: rate.remaining(),
                    percent_used: (share * 10_000.0).round() / 100.0,
                    window_start: rate.window_start.to_string(),
                    window_end: (rate.window_start + RatePolicy::WINDOW).to_string(),
                    blocked_until: rate.blocked_until.map(|until| until.to_string()),
                },
            },
        }
    }
}
