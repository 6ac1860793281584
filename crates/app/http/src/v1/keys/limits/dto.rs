//! Bodies and answers of a key's own limits.

use altus4_api_keys::{ApiKey, KeyLimits, Period, Used};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Fields;

/// The largest number that every JSON parser keeps exact: 2^53.
const MOST: u64 = 1 << 53;

/// A quota, a budget, and their period.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `limits` reads it")]
pub(crate) struct LimitsBody {
    /// The most requests in a period; `null`: any number.
    #[schema(maximum = 9_007_199_254_740_992_i64)]
    request_limit: Option<u64>,
    /// The most that AI may cost in a period, in millionths of a cent; `null`: any amount.
    #[schema(maximum = 9_007_199_254_740_992_i64)]
    budget_limit_microcents: Option<u64>,
    /// `daily`, `weekly` (from Monday) or `monthly`.
    #[schema(default = "monthly", pattern = "^(daily|weekly|monthly)$")]
    reset_period: Option<String>,
    /// Whether they hold.
    #[schema(default = true)]
    enabled: Option<bool>,
}

/// Reads a [`LimitsBody`].
pub(super) fn limits(fields: &mut Fields) -> KeyLimits {
    KeyLimits {
        requests: fields.whole("requestLimit", 0..=MOST),
        budget_microcents: fields.whole("budgetLimitMicrocents", 0..=MOST),
        period: fields.choice("resetPeriod", "must be daily, weekly or monthly").unwrap_or_default(),
        enabled: fields.flag("enabled").unwrap_or(true),
    }
}

/// A key's own limits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyLimits)]
pub(crate) struct KeyLimitsDto {
    #[schema(format = Uuid)]
    api_key_id: String,
    api_key_name: String,
    has_limits: bool,
    /// `null` where it has none.
    limits: Option<LimitsDto>,
}

/// A quota, a budget, and what was used of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Limits)]
pub(crate) struct LimitsDto {
    /// The most requests in a period; `null`: any number.
    request_limit: Option<u64>,
    /// The most that AI may cost in a period, in millionths of a cent; `null`: any amount.
    budget_limit_microcents: Option<u64>,
    /// `daily`, `weekly` or `monthly`.
    reset_period: &'static str,
    /// Whether they hold.
    enabled: bool,
    /// Requests in the present period that were let through.
    requests_used: u64,
    /// What AI cost in the present period, in millionths of a cent.
    spent_microcents: u64,
    #[schema(format = DateTime)]
    period_start: String,
    #[schema(format = DateTime)]
    resets_at: String,
}

impl KeyLimitsDto {
    pub(super) fn new(key: &ApiKey, used: Option<(Used, Period)>) -> Self {
        let limits = key.limits.zip(used).map(|(limits, (used, period))| LimitsDto {
            request_limit: limits.requests,
            budget_limit_microcents: limits.budget_microcents,
            reset_period: limits.period.as_str(),
            enabled: limits.enabled,
            requests_used: used.requests,
            spent_microcents: used.spent_microcents,
            period_start: period.start.to_string(),
            resets_at: period.end.to_string(),
        });
        Self {
            api_key_id: key.id.to_string(),
            api_key_name: key.name.as_str().to_owned(),
            has_limits: limits.is_some(),
            limits,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::assert_documented;

    #[test]
    fn bodies_are_read_as_documented() {
        assert_documented("LimitsBody", json!({}), limits);
    }
}
