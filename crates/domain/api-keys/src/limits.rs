//! A key's own limits: how many requests, and how much money, in a period of the calendar.

use std::str::FromStr;

use altus4_kernel::{Timestamp, UnknownName};
use time::{Date, Duration, Month, OffsetDateTime, Weekday};

/// A quota of requests and a budget for AI, each counted anew in every period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyLimits {
    /// The most requests in a period; `None`: any number.
    pub requests: Option<u64>,
    /// The most that AI may cost in a period, in millionths of a cent; `None`: any amount.
    pub budget_microcents: Option<u64>,
    /// The period.
    pub period: ResetPeriod,
    /// Whether they hold. Limits that don't are kept for later.
    pub enabled: bool,
}

/// How often counting begins anew. Periods are those of the calendar in UTC (ISO 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ResetPeriod {
    /// At midnight.
    Daily,
    /// At midnight before Monday.
    Weekly,
    /// At midnight before the first of the month.
    #[default]
    Monthly,
}

impl ResetPeriod {
    /// Every period, the shortest first.
    pub const ALL: [Self; 3] = [Self::Daily, Self::Weekly, Self::Monthly];

    /// The name in requests, answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// The period that `now` lies in.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Period {
        let today = now.as_utc().date();
        let first = match self {
            Self::Daily => today,
            Self::Weekly => today - Duration::days(today.weekday().number_days_from_monday().into()),
            Self::Monthly => today - Duration::days(i64::from(today.day()) - 1),
        };
        let next = match self {
            Self::Daily => first + Duration::days(1),
            Self::Weekly => first.next_occurrence(Weekday::Monday),
            Self::Monthly => first_of_next_month(first),
        };
        Period { start: midnight(first), end: midnight(next) }
    }
}

impl FromStr for ResetPeriod {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|period| period.as_str() == text).ok_or(UnknownName)
    }
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

/// What was used in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Requests that were let through.
    pub requests: u64,
    /// What AI cost, in millionths of a cent.
    pub spent_microcents: u64,
}

impl Used {
    /// The larger of both, of each sum.
    #[must_use]
    pub fn at_least(self, other: Self) -> Self {
        Self {
            requests: self.requests.max(other.requests),
            spent_microcents: self.spent_microcents.max(other.spent_microcents),
        }
    }
}

fn first_of_next_month(first: Date) -> Date {
    let year = if first.month() == Month::December { first.year() + 1 } else { first.year() };
    Date::from_calendar_date(year, first.month().next(), 1).unwrap_or(Date::MAX)
}

fn midnight(day: Date) -> Timestamp {
    Timestamp::new(OffsetDateTime::new_utc(day, time::Time::MIDNIGHT))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn period(period: ResetPeriod, now: OffsetDateTime) -> [String; 2] {
        let Period { start, end } = period.at(Timestamp::new(now));
        [start, end].map(|moment| moment.to_string().split('T').next().unwrap_or_default().to_owned())
    }

    #[test]
    fn periods_are_those_of_the_calendar() {
        use ResetPeriod::{Daily, Monthly, Weekly};
        let silvester = datetime!(2026-12-31 23:59:59.999 UTC);
        assert_eq!(period(Daily, silvester), ["2026-12-31", "2027-01-01"]);
        assert_eq!(period(Weekly, silvester), ["2026-12-28", "2027-01-04"]);
        assert_eq!(period(Monthly, silvester), ["2026-12-01", "2027-01-01"]);
        let monday = datetime!(2028-02-28 00:00 UTC);
        assert_eq!(period(Weekly, monday), ["2028-02-28", "2028-03-06"]);
        assert_eq!(period(Monthly, monday), ["2028-02-01", "2028-03-01"]);
    }
}
