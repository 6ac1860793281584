//! Which figures are wanted.

use std::time::Duration;

use altus4_analytics::{
    AnalyticsQuery, AnalyticsService, Asked, Environments, HistoryFilter, RangeFault, named_day,
};
use altus4_kernel::{ConnectionId, PageRequest};
use altus4_search::{SearchMode, folded};
use utoipa::IntoParams;

use crate::extract::{Fields, page_request};

/// Longer than any query.
const MAX_QUERY_CHARS: usize = 1_000;
/// An hour: no search takes longer, in milliseconds.
const MAX_TIME_MS: u32 = 3_600_000;
/// The most accounts of one page.
const MAX_ACCOUNTS: u32 = 1_000;

/// Of which days, in which environment, of which database.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the parameters; `figures` reads them")]
pub(crate) struct FiguresQuery {
    /// `day`, `week`, `month`, `3months`, `6months` or `year`: so many days up to today.
    #[param(default = "week", pattern = "^(day|week|month|3months|6months|year)$")]
    period: Option<String>,
    /// The first day (UTC), instead of `period`.
    #[param(example = "2026-01-15")]
    start_date: Option<String>,
    /// The last day, at most 366 days in all.
    #[param(example = "2026-01-31")]
    end_date: Option<String>,
    /// The id of a connection: searches that went to it alone or among others.
    #[param(format = Uuid)]
    database: Option<String>,
    /// `live`, `test` (searches with keys for tests) or `all`.
    #[param(default = "live", pattern = "^(live|test|all)$")]
    environment: Option<String>,
}

/// Reads [`FiguresQuery`].
pub(super) fn figures(fields: &mut Fields, analytics: &AnalyticsService) -> Option<AnalyticsQuery> {
    let database = fields.choice::<ConnectionId>("database", "must be the id of a connection");
    let query = of_all(fields, analytics)?;
    Some(AnalyticsQuery { database, ..query })
}

/// The same without a database.
fn of_all(fields: &mut Fields, analytics: &AnalyticsService) -> Option<AnalyticsQuery> {
    let period = fields.choice("period", "must be day, week, month, 3months, 6months or year");
    let day = |fields: &mut Fields, name| fields.parsed(name, "must be a day such as 2026-01-15", named_day);
    let (start, end) = (day(fields, "startDate"), day(fields, "endDate"));
    let environments: Option<Environments> = fields.choice("environment", "must be live, test or all");
    match analytics.days(Asked { period, start, end }) {
        Ok(period) => {
            let environments = environments.unwrap_or_default();
            Some(AnalyticsQuery { period, environments, database: None })
        }
        Err(fault @ (RangeFault::EndsBeforeStart | RangeFault::TooLong)) => {
            fields.fault("endDate", fault.to_string());
            None
        }
    }
}

/// Which single searches.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the parameters; `history` reads them")]
pub(crate) struct HistoryQuery {
    /// A part of the query, in either case.
    #[param(min_length = 1, max_length = 1000)]
    query: Option<String>,
    /// `natural`, `boolean` or `semantic`.
    #[param(pattern = "^(natural|boolean|semantic)$")]
    search_mode: Option<String>,
    /// Searches that took at least so many milliseconds.
    #[param(minimum = 0, maximum = 3_600_000)]
    min_execution_time: Option<u32>,
    /// `true`: searches that found nothing; `false`: those that didn't find nothing.
    zero_results: Option<bool>,
}

/// Reads [`FiguresQuery`], [`HistoryQuery`], and which page of them.
pub(super) fn history(
    fields: &mut Fields,
    analytics: &AnalyticsService,
) -> Option<(HistoryFilter, PageRequest)> {
    let reason = format!("must have 1 to {MAX_QUERY_CHARS} characters");
    let containing = fields.parsed("query", reason, |text| {
        let is_part = !text.trim().is_empty() && text.chars().count() <= MAX_QUERY_CHARS;
        is_part.then(|| folded(text))
    });
    let mode: Option<SearchMode> = fields.choice("searchMode", "must be natural, boolean or semantic");
    let min_took = fields.whole("minExecutionTime", 0..=MAX_TIME_MS);
    let found_nothing = fields.flag("zeroResults");
    let page = page_request(fields);
    let query = figures(fields, analytics)?;
    let filter = HistoryFilter {
        environments: query.environments,
        range: query.period.range,
        containing,
        mode: mode.map(|mode| mode.as_str().to_owned()),
        min_took: min_took.map(|millis| Duration::from_millis(millis.into())),
        found_nothing,
        database: query.database,
    };
    Some((filter, page?))
}

/// How many items come before a page, and how many are on it.
pub(super) fn place(page: PageRequest) -> (u32, u32) {
    (u32::try_from(page.offset()).unwrap_or(u32::MAX), page.limit())
}

/// Of which days and in which environment, of all accounts.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the parameters; `system` reads them")]
pub(crate) struct SystemQuery {
    /// `day`, `week`, `month`, `3months`, `6months` or `year`: so many days up to today.
    #[param(default = "week", pattern = "^(day|week|month|3months|6months|year)$")]
    period: Option<String>,
    /// The first day (UTC), instead of `period`.
    #[param(example = "2026-01-15")]
    start_date: Option<String>,
    /// The last day, at most 366 days in all.
    #[param(example = "2026-01-31")]
    end_date: Option<String>,
    /// `live`, `test` (searches with keys for tests) or `all`.
    #[param(default = "live", pattern = "^(live|test|all)$")]
    environment: Option<String>,
}

/// Reads [`SystemQuery`].
pub(super) fn system(fields: &mut Fields, analytics: &AnalyticsService) -> Option<AnalyticsQuery> {
    of_all(fields, analytics)
}

/// Which part of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `part` reads them")]
pub(crate) struct PartQuery {
    /// How many at the most.
    #[param(default = 100, minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
    /// How many are passed over.
    #[param(default = 0, minimum = 0)]
    offset: Option<u32>,
}

/// Reads [`PartQuery`]: how many are passed over, and how many are wanted.
pub(super) fn part(fields: &mut Fields) -> (u32, u32) {
    let limit = fields.whole("limit", 1..=MAX_ACCOUNTS).unwrap_or(100);
    (fields.whole("offset", 0..=u32::MAX).unwrap_or(0), limit)
}
