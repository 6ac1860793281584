//! The headers that tell a caller how much it may do still: those of the contract, and those of the
//! IETF's draft (draft-ietf-httpapi-ratelimit-headers-10), one policy called `hour`.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use altus4_api_keys::RatePolicy;
use altus4_kernel::Timestamp;

use crate::{
    context::Measured,
    error::limits::{seconds_until, tier_title},
};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const TIER: HeaderName = HeaderName::from_static("x-ratelimit-tier");
const WINDOW: HeaderName = HeaderName::from_static("x-ratelimit-window");
const DRAFT: HeaderName = HeaderName::from_static("ratelimit");
const DRAFT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// All of them.
pub(super) const RATE_HEADERS: [HeaderName; 7] = [LIMIT, REMAINING, RESET, TIER, WINDOW, DRAFT, DRAFT_POLICY];

/// Adds them.
pub(super) fn add_rate_headers(headers: &mut HeaderMap, measured: &Measured, now: Timestamp) {
    let Measured { tier, rate } = measured;
    let (limit, remaining, window) = (rate.limit, rate.remaining(), RatePolicy::WINDOW.as_secs());
    headers.insert(LIMIT, limit.into());
    headers.insert(REMAINING, remaining.into());
    headers.insert(TIER, HeaderValue::from_static(tier_title(*tier)));
    headers.insert(WINDOW, window.into());
    let seconds = seconds_until(rate.reset_at, now);
    let texts = [
        (RESET, rate.reset_at.to_string()),
        (DRAFT_POLICY, format!("\"hour\";q={limit};w={window}")),
        (DRAFT, format!("\"hour\";r={remaining};t={seconds}")),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}
