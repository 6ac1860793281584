//! Usage as answers show it.

use altus4_api_keys::{
    EndpointUsage, ErrorUsage, Granularity, RateStatus, TierUsage, UsageDays, UsageEvent, UsagePeriod,
    UsagePoint, UsageSummary, UsageTotals, Used,
};
use altus4_kernel::{ApiKeyId, Page, PageRequest, Plan};
use serde::Serialize;
use utoipa::ToSchema;

/// What was done with a key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyUsage)]
pub(crate) struct UsageDto {
    usage: KeyUsageDto,
    #[schema(format = Uuid)]
    key_id: String,
    /// As in `usage`.
    total_requests: u64,
    /// Since the first of the month (UTC).
    requests_this_month: u64,
    #[schema(format = DateTime)]
    last_used: Option<String>,
    /// `free`, `pro` or `enterprise`.
    rate_limit_tier: &'static str,
    /// Requests in the present period of its own limits; `null` where it has none.
    quota_used: Option<u64>,
    /// The most of them; `null` where nothing holds it back.
    quota_limit: Option<u64>,
}

/// Totals and breakdown of one key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyUsageDetails)]
pub(crate) struct KeyUsageDto {
    #[schema(format = Uuid)]
    api_key_id: String,
    api_key_name: String,
    #[serde(flatten)]
    totals: UsageTotalsDto,
    /// Those that were called most, first.
    top_endpoints: Vec<EndpointUsageDto>,
    /// The hours with requests, the oldest first; the newest ones, if there are more than asked for.
    hourly_breakdown: Vec<HourDto>,
    rate_limit_status: RateLimitStatusDto,
}

/// The sums of a period.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UsageTotals)]
pub(crate) struct UsageTotalsDto {
    /// `hour`, `day`, `week`, `month`, or so many days, such as `30 days`.
    period: String,
    total_requests: u64,
    successful_requests: u64,
    failed_requests: u64,
    /// In milliseconds.
    average_response_time: f64,
    /// The time that 95 of 100 stayed within, in milliseconds, within 1 %.
    p95_response_time: f64,
    total_spend_microcents: u64,
}

/// The sums of an endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EndpointUsage)]
pub(crate) struct EndpointUsageDto {
    /// The pattern of its route.
    endpoint: String,
    requests: u64,
    average_response_time: f64,
}

/// The sums of an hour.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HourUsage)]
pub(crate) struct HourDto {
    /// When it begins.
    #[schema(format = DateTime)]
    hour: String,
    requests: u64,
    average_response_time: f64,
}

/// How much a key may do still in this hour.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyRateLimit)]
pub(crate) struct RateLimitStatusDto {
    tier: &'static str,
    remaining: u32,
    #[schema(format = DateTime)]
    reset_time: String,
}

impl UsageDto {
    /// `rows`: how many of each breakdown at the most.
    pub(super) fn new(
        summary: &UsageSummary,
        period: UsagePeriod,
        rows: usize,
        rate: &RateStatus,
        used: Option<Used>,
    ) -> Self {
        let key = &summary.key;
        let limits = key.limits.filter(|limits| limits.enabled);
        let newest = &summary.hours[summary.hours.len().saturating_sub(rows)..];
        Self {
            usage: KeyUsageDto {
                api_key_id: key.id.to_string(),
                api_key_name: key.name.as_str().to_owned(),
                totals: UsageTotalsDto::new(period, &summary.totals),
                top_endpoints: summary.endpoints.iter().map(EndpointUsageDto::from).collect(),
                hourly_breakdown: newest.iter().map(HourDto::from).collect(),
                rate_limit_status: RateLimitStatusDto {
                    tier: summary.tier.as_str(),
                    remaining: rate.remaining(),
                    reset_time: rate.reset_at.to_string(),
                },
            },
            key_id: key.id.to_string(),
            total_requests: summary.totals.requests,
            requests_this_month: summary.this_month,
            last_used: key.last_used.map(|moment| moment.to_string()),
            rate_limit_tier: key.tier.as_str(),
            quota_used: used.map(|used| used.requests),
            quota_limit: limits.and_then(|limits| limits.requests),
        }
    }
}

impl UsageTotalsDto {
    pub(in crate::v1) fn new(period: UsagePeriod, totals: &UsageTotals) -> Self {
        Self {
            period: period.to_string(),
            total_requests: totals.requests,
            successful_requests: totals.successful(),
            failed_requests: totals.failed,
            average_response_time: totals.average_ms(),
            p95_response_time: millis(totals.p95_us),
            total_spend_microcents: totals.spent_microcents,
        }
    }
}

impl From<&EndpointUsage> for EndpointUsageDto {
    fn from(row: &EndpointUsage) -> Self {
        Self {
            endpoint: row.endpoint.clone(),
            requests: row.totals.requests,
            average_response_time: row.totals.average_ms(),
        }
    }
}

impl From<&UsagePoint> for HourDto {
    fn from(row: &UsagePoint) -> Self {
        Self {
            hour: row.start.to_string(),
            requests: row.totals.requests,
            average_response_time: row.totals.average_ms(),
        }
    }
}

/// Milliseconds with two digits, as averages have them.
fn millis(micros: u64) -> f64 {
    UsageTotals { requests: 1, response_time_us: micros, ..UsageTotals::default() }.average_ms()
}

/// A key's sums by tier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyUsageByTier)]
pub(crate) struct TierUsagesDto {
    #[schema(format = Uuid)]
    api_key_id: String,
    days: u16,
    tiers: Vec<TierUsageDto>,
}

/// The sums of a tier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TierUsage)]
pub(crate) struct TierUsageDto {
    /// `free`, `pro` or `enterprise`.
    tier: &'static str,
    requests: u64,
    successful: u64,
    failed: u64,
    spend_microcents: u64,
}

impl TierUsagesDto {
    pub(super) fn new(id: ApiKeyId, days: UsageDays, tiers: &[TierUsage]) -> Self {
        let row = |row: &TierUsage| TierUsageDto {
            tier: row.tier.as_str(),
            requests: row.totals.requests,
            successful: row.totals.successful(),
            failed: row.totals.failed,
            spend_microcents: row.totals.spent_microcents,
        };
        Self { api_key_id: id.to_string(), days: days.get(), tiers: tiers.iter().map(row).collect() }
    }
}

/// A key's failures.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyUsageErrors)]
pub(crate) struct ErrorsDto {
    #[schema(format = Uuid)]
    api_key_id: String,
    days: u16,
    total_errors: u64,
    errors: Vec<ErrorDto>,
}

/// Failures of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ErrorUsage)]
pub(crate) struct ErrorDto {
    code: String,
    status: u16,
    count: u64,
    #[schema(format = DateTime)]
    last_seen: String,
    /// The id of the last one's request.
    sample_request_id: String,
}

impl ErrorsDto {
    pub(super) fn new(id: ApiKeyId, days: UsageDays, errors: &[ErrorUsage]) -> Self {
        let row = |row: &ErrorUsage| ErrorDto {
            code: row.code.clone(),
            status: row.status,
            count: row.count,
            last_seen: row.last_seen.to_string(),
            sample_request_id: row.sample_request_id.clone(),
        };
        Self {
            api_key_id: id.to_string(),
            days: days.get(),
            total_errors: errors.iter().map(|row| row.count).sum(),
            errors: errors.iter().map(row).collect(),
        }
    }
}

/// A page of a key's requests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyRequests)]
pub(crate) struct RequestsDto {
    #[schema(format = Uuid)]
    api_key_id: String,
    /// How many there are in all.
    total: u64,
    /// The page, from 1.
    page: u32,
    /// How many requests a page holds.
    page_size: u32,
    /// How many pages that makes.
    total_pages: u64,
    items: Vec<RequestDto>,
}

/// One request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyRequest)]
pub(crate) struct RequestDto {
    request_id: String,
    /// When it ended.
    #[schema(format = DateTime)]
    timestamp: String,
    method: String,
    /// The pattern of its route.
    endpoint: String,
    /// 499 where the client went away before there was an answer.
    status: u16,
    error_code: Option<String>,
    /// In milliseconds.
    response_time: f64,
    /// The tier that it was measured by.
    tier: &'static str,
    ip: Option<String>,
    spend_microcents: u64,
}

impl RequestsDto {
    pub(super) fn new(id: ApiKeyId, request: PageRequest, page: &Page<UsageEvent>) -> Self {
        let row = |event: &UsageEvent| RequestDto {
            request_id: event.request_id.clone(),
            timestamp: event.at.to_string(),
            method: event.method.clone(),
            endpoint: event.endpoint.clone(),
            status: event.status,
            error_code: event.error_code.clone(),
            response_time: millis(event.response_time_us),
            tier: Plan::as_str(event.tier),
            ip: event.ip.clone(),
            spend_microcents: event.spent_microcents,
        };
        Self {
            api_key_id: id.to_string(),
            total: page.total,
            page: request.page(),
            page_size: request.limit(),
            total_pages: page.total.div_ceil(u64::from(request.limit())),
            items: page.items.iter().map(row).collect(),
        }
    }
}

/// A key's sums over time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyUsageOverTime)]
pub(crate) struct TimeseriesDto {
    #[schema(format = Uuid)]
    api_key_id: String,
    days: u16,
    /// `hour` or `day`.
    granularity: &'static str,
    data: Vec<PointDto>,
}

/// The sums of an hour or a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UsagePoint)]
pub(crate) struct PointDto {
    /// When it begins.
    #[schema(format = DateTime)]
    timestamp: String,
    requests: u64,
    successful: u64,
    failed: u64,
    /// In milliseconds.
    average_response_time: f64,
    spend_microcents: u64,
}

impl TimeseriesDto {
    pub(super) fn new(
        id: ApiKeyId,
        days: UsageDays,
        granularity: Granularity,
        points: &[UsagePoint],
    ) -> Self {
        let row = |point: &UsagePoint| PointDto {
            timestamp: point.start.to_string(),
            requests: point.totals.requests,
            successful: point.totals.successful(),
            failed: point.totals.failed,
            average_response_time: point.totals.average_ms(),
            spend_microcents: point.totals.spent_microcents,
        };
        Self {
            api_key_id: id.to_string(),
            days: days.get(),
            granularity: granularity.as_str(),
            data: points.iter().map(row).collect(),
        }
    }
}
