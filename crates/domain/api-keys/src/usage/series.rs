//! Time series: steps of equal length, none left out.

use std::collections::BTreeMap;

use altus4_kernel::Timestamp;

use super::{UsagePoint, UsageRange, UsageTotals, hour_of, hours_of};

/// How long the steps of a time series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    /// An hour.
    Hour,
    /// A day, in UTC.
    Day,
}

impl Granularity {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    fn hours(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 24,
        }
    }

    /// The first hour of the step that an hour lies in.
    pub(super) fn start_of(self, hour: i64) -> i64 {
        hour - hour.rem_euclid(self.hours())
    }
}

/// A point for each step that the range touches, the oldest first: the sums of the points that lie in
/// it, zeros where there are none.
#[must_use]
pub fn time_series(granularity: Granularity, range: UsageRange, points: &[UsagePoint]) -> Vec<UsagePoint> {
    let hours = hours_of(range);
    if hours.is_empty() {
        return Vec::new();
    }
    let mut steps: BTreeMap<i64, UsageTotals> = BTreeMap::new();
    let mut step = granularity.start_of(hours.start);
    while step < hours.end {
        steps.insert(step, UsageTotals::default());
        step += granularity.hours();
    }
    for point in points {
        if let Some(totals) = steps.get_mut(&granularity.start_of(hour_of(point.start))) {
            totals.requests += point.totals.requests;
            totals.failed += point.totals.failed;
            totals.response_time_us += point.totals.response_time_us;
            totals.spent_microcents += point.totals.spent_microcents;
        }
    }
    let point =
        |(step, totals)| Timestamp::from_unix_seconds(step * 3_600).map(|start| UsagePoint { start, totals });
    steps.into_iter().filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::{OffsetDateTime, macros::datetime};

    fn moment(at: OffsetDateTime) -> Timestamp {
        Timestamp::new(at)
    }

    fn point(at: OffsetDateTime, requests: u64) -> UsagePoint {
        let totals = UsageTotals {
            requests,
            failed: 1,
            response_time_us: 10 * requests,
            spent_microcents: 100 * requests,
            ..UsageTotals::default()
        };
        UsagePoint { start: moment(at), totals }
    }

    fn told(series: &[UsagePoint]) -> Vec<String> {
        let told =
            |point: &UsagePoint| format!("{} {}", &point.start.to_string()[..16], point.totals.requests);
        series.iter().map(told).collect()
    }

    #[test]
    fn hours_without_requests_are_zeros() {
        let range = UsageRange {
            start: moment(datetime!(2026-01-31 22:10 UTC)),
            end: moment(datetime!(2026-02-01 01:00 UTC)),
        };
        let points = [point(datetime!(2026-01-31 23:00 UTC), 7)];
        let series = time_series(Granularity::Hour, range, &points);
        assert_eq!(told(&series), ["2026-01-31T22:00 0", "2026-01-31T23:00 7", "2026-02-01T00:00 0"]);
        assert_eq!(series[1].totals, points[0].totals);
    }

    #[test]
    fn days_are_the_sums_of_their_hours() {
        let range = UsageRange {
            start: moment(datetime!(2026-02-27 00:00 UTC)),
            end: moment(datetime!(2026-03-02 11:00 UTC)),
        };
        let points = [
            point(datetime!(2026-02-27 00:00 UTC), 1),
            point(datetime!(2026-02-27 23:00 UTC), 2),
            point(datetime!(2026-03-01 00:00 UTC), 4),
            point(datetime!(2026-03-02 10:00 UTC), 8),
        ];
        let series = time_series(Granularity::Day, range, &points);
        let days = ["2026-02-27T00:00 3", "2026-02-28T00:00 0", "2026-03-01T00:00 4", "2026-03-02T00:00 8"];
        assert_eq!(told(&series), days);
        let first =
            UsageTotals { requests: 3, failed: 2, response_time_us: 30, p95_us: 0, spent_microcents: 300 };
        assert_eq!(series[0].totals, first);
    }

    #[test]
    fn an_empty_range_has_no_steps() {
        let now = moment(datetime!(2026-03-02 11:00 UTC));
        let range = UsageRange { start: now, end: now };
        assert_eq!(time_series(Granularity::Day, range, &[]), []);
    }
}
