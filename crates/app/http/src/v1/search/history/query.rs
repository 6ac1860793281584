//! Which searches are wanted, and what was done with their results.

use std::time::Duration;

use altus4_kernel::{Environment, SearchId, Timestamp, uuid::Uuid};
use altus4_search::{
    HistoryRequest, HistoryService, InteractionKind, NewInteraction, TrendsRequest, Window, day_of,
};
use utoipa::{IntoParams, ToSchema};

use crate::extract::Fields;

/// The most events of one request.
pub(super) const MAX_EVENTS: usize = HistoryService::MAX_INTERACTIONS;
/// The farthest that history can be walked.
const MAX_OFFSET: u32 = 1_000_000;
/// The last place that a result can stand at.
const MAX_POSITION: u32 = Window::MAX_OFFSET + Window::MAX_LIMIT;
/// The most days between the first and the last.
const MAX_DAYS: i64 = 366;
const DAY: Duration = Duration::from_hours(24);

/// Which part of the history.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `history` reads them")]
pub(crate) struct HistoryQuery {
    /// How many at the most.
    #[param(default = 20, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// How many newer ones are passed over.
    #[param(default = 0, minimum = 0, maximum = 1_000_000)]
    offset: Option<u32>,
    /// A day or a moment: searches from then on.
    #[param(example = "2026-01-15")]
    from: Option<String>,
    /// A day, which is included, or a moment: searches before then.
    #[param(example = "2026-01-31")]
    to: Option<String>,
}

/// Reads [`HistoryQuery`].
pub(super) fn history(fields: &mut Fields) -> HistoryRequest {
    let limit = fields.whole("limit", 1..=100_u32).unwrap_or(20);
    let offset = fields.whole("offset", 0..=MAX_OFFSET).unwrap_or(0);
    let reason = "must be a day such as 2026-01-15, or a moment such as 2026-01-15T10:30:00Z";
    let from = fields.parsed("from", reason, |text| day(text).or_else(|| Timestamp::parse(text)));
    let end = |text: &str| day(text).map(|start| start + DAY).or_else(|| Timestamp::parse(text));
    let to = fields.parsed("to", reason, end);
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        fields.fault("to", "must not be before from");
    }
    HistoryRequest { from, to, limit, offset }
}

/// The beginning of a day in UTC.
fn day(text: &str) -> Option<Timestamp> {
    let is_day = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    Timestamp::parse(&format!("{text}T00:00:00Z")).filter(|_| is_day)
}

/// Over how long, and of which searches.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the parameters; `trends` reads them")]
pub(crate) struct TrendsQuery {
    /// `day`, `week`, `month`, `3months`, `6months` or `year`: so many days up to today.
    #[param(default = "week", pattern = "^(day|week|month|3months|6months|year)$")]
    period: Option<String>,
    /// The first day, instead of `period`.
    #[param(example = "2026-01-15")]
    start_date: Option<String>,
    /// The last day.
    #[param(example = "2026-01-31")]
    end_date: Option<String>,
    /// `live`, `test` or `all`.
    #[param(default = "live", pattern = "^(live|test|all)$")]
    environment: Option<String>,
}

/// The periods that have a name, and how many days each has.
const PERIODS: [(&str, i64); 6] =
    [("day", 1), ("week", 7), ("month", 30), ("3months", 91), ("6months", 182), ("year", 365)];

/// Reads [`TrendsQuery`]: what is asked for, and what the period is called.
pub(super) fn trends(fields: &mut Fields, today: i64) -> Option<(TrendsRequest, &'static str)> {
    let period = fields.parsed("period", "must be day, week, month, 3months, 6months or year", |text| {
        PERIODS.into_iter().find(|(name, _)| *name == text)
    });
    let date = |fields: &mut Fields, name| {
        fields.parsed(name, "must be a day such as 2026-01-15", |text| day(text).map(day_of))
    };
    let (start, end) = (date(fields, "startDate"), date(fields, "endDate"));
    let environment = fields.parsed("environment", "must be live, test or all", |text| match text {
        "all" => Some(None),
        one => one.parse().ok().map(Some),
    });
    let environment = environment.unwrap_or(Some(Environment::Live));
    let (name, days) = period.unwrap_or(PERIODS[1]);
    let name = if start.is_some() || end.is_some() { "custom" } else { name };
    let last_day = end.unwrap_or(today);
    let first_day = start.unwrap_or(last_day - (days - 1));
    if last_day < first_day {
        fields.fault("endDate", "must not be before startDate");
        return None;
    }
    if last_day - first_day >= MAX_DAYS {
        fields.fault("endDate", format!("must be at most {MAX_DAYS} days after startDate, both included"));
        return None;
    }
    Some((TrendsRequest { first_day, last_day, environment }, name))
}

/// Something that was done with a result.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `interaction` reads it")]
pub(crate) struct InteractionBody {
    /// The search, as its answer names it.
    #[schema(format = Uuid)]
    search_id: String,
    /// The result, as the answer names it.
    #[schema(format = Uuid)]
    result_id: String,
    /// `click` or `conversion`.
    #[serde(rename = "type")]
    #[schema(pattern = "^(click|conversion)$")]
    kind: String,
    /// Where in the list it stood, from 1.
    #[schema(minimum = 1, maximum = 10100)]
    position: Option<u32>,
}

/// Reads an [`InteractionBody`].
pub(super) fn interaction(fields: &mut Fields) -> Option<NewInteraction> {
    fields.require(&["searchId", "resultId", "type"]);
    let search_id = fields.choice::<SearchId>("searchId", "must be the id of a search");
    let result_id =
        fields.parsed("resultId", "must be the id of a result", |text| Uuid::try_parse(text).ok());
    let kind = fields.choice::<InteractionKind>("type", "must be click or conversion");
    let position = fields.whole("position", 1..=MAX_POSITION);
    Some(NewInteraction { search_id: search_id?, result_id: result_id?, kind: kind?, position })
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Map<String, Value> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    }

    fn days(pairs: &[(&str, &str)]) -> Result<(i64, i64, &'static str), String> {
        let read = Fields::of_query(query(pairs), |fields| trends(fields, 20_000));
        read.map(|(request, name)| (request.first_day, request.last_day, name))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn dates_win_over_the_period_and_both_ends_are_included() {
        assert_eq!(days(&[]), Ok((19_994, 20_000, "week")));
        assert_eq!(days(&[("period", "day")]), Ok((20_000, 20_000, "day")));
        let first = day_of(Timestamp::parse("2024-10-01T00:00:00Z").unwrap());
        let both = [("period", "year"), ("startDate", "2024-10-01"), ("endDate", "2024-10-02")];
        assert_eq!(days(&both), Ok((first, first + 1, "custom")));
    }

    #[test]
    fn a_span_has_an_order_and_a_bound() {
        for (start, end, fine) in [
            ("2024-01-01", "2024-12-31", true),
            ("2024-01-01", "2025-01-01", false),
            ("2024-01-02", "2024-01-01", false),
            ("2024-02-30", "2024-03-01", false),
            ("2024-1-1", "2024-03-01", false),
        ] {
            assert_eq!(days(&[("startDate", start), ("endDate", end)]).is_ok(), fine, "{start} {end}");
        }
    }

    #[test]
    fn a_day_at_the_end_of_history_is_included() {
        let read = |pairs: &[(&str, &str)]| Fields::of_query(query(pairs), |fields| Some(history(fields)));
        let request = read(&[("from", "2026-01-15"), ("to", "2026-01-15")]).unwrap();
        assert_eq!(request.from.unwrap() + DAY, request.to.unwrap());
        assert!(read(&[("from", "2026-01-16"), ("to", "2026-01-14T10:00:00Z")]).is_err());
        assert!(read(&[("from", "yesterday")]).is_err());
    }
}
