//! Which usage is wanted.

use altus4_api_keys::{RequestFilter, UsageDays, UsagePeriod};
use altus4_kernel::{PageRequest, Plan};
use utoipa::IntoParams;

use crate::extract::Fields;

const TIER: &str = "must be free, pro or enterprise";
/// How many rows a breakdown has when nothing is said.
const DEFAULT_ROWS: u32 = 100;
/// The most rows of a breakdown.
const MAX_ROWS: u32 = 1_000;
/// How many requests a page holds when nothing is said.
const DEFAULT_PAGE_SIZE: u32 = 50;

/// Over how long, and how many rows of each breakdown.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `usage_query` reads them")]
pub(crate) struct UsageQuery {
    /// `hour`, `day`, `week` or `month`: so much of the time up to now.
    #[param(default = "day", pattern = "^(hour|day|week|month)$")]
    period: Option<String>,
    /// So many days up to now, instead of `period`.
    #[param(minimum = 1, maximum = 365)]
    days: Option<u32>,
    /// The most rows of each breakdown: the endpoints that were called most, and the newest hours.
    #[param(default = 100, minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Reads [`UsageQuery`].
pub(super) fn usage(fields: &mut Fields) -> (UsagePeriod, u32) {
    let period = period(fields);
    let rows = fields.whole("limit", 1..=MAX_ROWS).unwrap_or(DEFAULT_ROWS);
    (period, rows)
}

/// Over how long.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `period` reads them")]
pub(crate) struct PeriodQuery {
    /// `hour`, `day`, `week` or `month`: so much of the time up to now.
    #[param(default = "day", pattern = "^(hour|day|week|month)$")]
    period: Option<String>,
    /// So many days up to now, instead of `period`.
    #[param(minimum = 1, maximum = 365)]
    days: Option<u32>,
}

/// Reads [`PeriodQuery`].
pub(in crate::v1) fn period(fields: &mut Fields) -> UsagePeriod {
    let period: Option<UsagePeriod> = fields.choice("period", "must be hour, day, week or month");
    if period.is_some() && fields.has("days") {
        fields.fault("days", "can't be given together with period");
    }
    let days = given_days(fields).map(UsagePeriod::Days);
    days.or(period).unwrap_or(UsagePeriod::Day)
}

/// Over how many days up to now.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `days` reads them")]
pub(crate) struct DaysQuery {
    /// So many days up to now.
    #[param(default = 30, minimum = 1, maximum = 365)]
    days: Option<u32>,
}

/// Reads [`DaysQuery`].
pub(super) fn days(fields: &mut Fields) -> UsageDays {
    given_days(fields).unwrap_or_default()
}

fn given_days(fields: &mut Fields) -> Option<UsageDays> {
    let days: Option<u16> = fields.whole("days", 1..=UsageDays::MAX);
    days.and_then(|days| UsageDays::new(days.into()))
}

/// Which requests, and which page of them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the parameters; `requests` reads them")]
pub(crate) struct RequestsQuery {
    /// So many days up to now.
    #[param(default = 30, minimum = 1, maximum = 365)]
    days: Option<u32>,
    /// The page, from 1.
    #[param(default = 1, minimum = 1)]
    page: Option<u32>,
    /// How many requests a page holds.
    #[param(default = 50, minimum = 1, maximum = 100)]
    page_size: Option<u32>,
    /// `success` or `failed`.
    #[param(pattern = "^(success|failed)$")]
    status: Option<String>,
    /// The tier that they were measured by.
    #[param(pattern = "^(free|pro|enterprise)$")]
    tier: Option<String>,
    /// The pattern of their route, such as `/api/v1/search`.
    endpoint: Option<String>,
}

/// Reads [`RequestsQuery`].
pub(super) fn requests(fields: &mut Fields) -> Option<(UsageDays, RequestFilter, PageRequest)> {
    let days = days(fields);
    let failed = fields.parsed("status", "must be success or failed", |text| match text {
        "success" => Some(false),
        "failed" => Some(true),
        _ => None,
    });
    let tier: Option<Plan> = fields.choice("tier", TIER);
    let filter = RequestFilter { failed, tier, endpoint: fields.text("endpoint") };
    let page = fields.whole("page", 1..=u32::MAX).unwrap_or(1);
    let size = fields.whole("pageSize", 1..=PageRequest::MAX_LIMIT).unwrap_or(DEFAULT_PAGE_SIZE);
    Some((days, filter, PageRequest::new(page, size)?))
}
