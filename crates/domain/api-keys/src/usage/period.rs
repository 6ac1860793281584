//! Which stretch of time a view of usage is over.

use std::{fmt, str::FromStr};

use altus4_kernel::{Timestamp, UnknownName};

use super::{Granularity, UsageRange, hour_of};

/// How many days a view goes back, today included: 1–365.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageDays(u16);

impl UsageDays {
    /// The most.
    pub const MAX: u16 = 365;
    /// Up to so many days are shown by the hour, more by the day.
    const HOURLY: u16 = 7;

    /// So many days; `None` outside 1–365.
    #[must_use]
    pub fn new(days: u32) -> Option<Self> {
        u16::try_from(days).ok().filter(|days| (1..=Self::MAX).contains(days)).map(Self)
    }

    /// How many.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }

    /// How long the steps of a time series over these days are: an hour up to 7 days, else a day.
    #[must_use]
    pub fn granularity(self) -> Granularity {
        if self.0 <= Self::HOURLY { Granularity::Hour } else { Granularity::Day }
    }

    /// The days up to now: 24 hours each of which the present one is the last, where they are shown by
    /// the hour; else days of the calendar (UTC), of which today is the last. Every view of so many
    /// days is over the same range, so that their sums agree.
    #[must_use]
    pub fn range(self, now: Timestamp) -> UsageRange {
        let end = hour_of(now) + 1;
        let days = i64::from(self.0);
        let start = match self.granularity() {
            Granularity::Hour => end - 24 * days,
            Granularity::Day => Granularity::Day.start_of(end - 1) - 24 * (days - 1),
        };
        between(start, end, now)
    }
}

/// A month, of 30 days.
impl Default for UsageDays {
    fn default() -> Self {
        Self(30)
    }
}

/// What a summary is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsagePeriod {
    /// The present hour of the clock and the one before: the last 60 minutes at least.
    Hour,
    /// The last 24 hours, the present one included.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// So many days.
    Days(UsageDays),
}

impl UsagePeriod {
    const NAMED: [(&'static str, Self); 4] =
        [("hour", Self::Hour), ("day", Self::Day), ("week", Self::Week), ("month", Self::Month)];

    /// The hours that are meant, up to the present one.
    #[must_use]
    pub fn range(self, now: Timestamp) -> UsageRange {
        let days = match self {
            Self::Hour => return between(hour_of(now) - 1, hour_of(now) + 1, now),
            Self::Day => UsageDays(1),
            Self::Week => UsageDays(7),
            Self::Month => UsageDays(30),
            Self::Days(days) => days,
        };
        days.range(now)
    }
}

impl FromStr for UsagePeriod {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let named = Self::NAMED.into_iter().find(|(name, _)| *name == text);
        named.map(|(_, period)| period).ok_or(UnknownName)
    }
}

/// The name in requests and answers; `30 days` where there is none.
impl fmt::Display for UsagePeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, Self::NAMED.into_iter().find(|(_, period)| period == self)) {
            (_, Some((name, _))) => f.write_str(name),
            (Self::Days(UsageDays(1)), None) => f.write_str("1 day"),
            (Self::Days(UsageDays(days)), None) => write!(f, "{days} days"),
            (_, None) => Ok(()),
        }
    }
}

/// These hours as moments.
pub(super) fn between(start: i64, end: i64, now: Timestamp) -> UsageRange {
    // No clock is so far off that its hours are no moments.
    let moment = |hour: i64| Timestamp::from_unix_seconds(hour.saturating_mul(3_600)).unwrap_or(now);
    UsageRange { start: moment(start), end: moment(end) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn spelt(UsageRange { start, end }: UsageRange) -> String {
        let short = |moment: Timestamp| moment.to_string()[..13].to_owned();
        format!("{} – {}", short(start), short(end))
    }

    #[test]
    fn periods_end_with_the_present_hour() {
        let now = Timestamp::new(datetime!(2026-03-01 10:30 UTC));
        for (period, range) in [
            (UsagePeriod::Hour, "2026-03-01T09 – 2026-03-01T11"),
            (UsagePeriod::Day, "2026-02-28T11 – 2026-03-01T11"),
            (UsagePeriod::Week, "2026-02-22T11 – 2026-03-01T11"),
            (UsagePeriod::Month, "2026-01-31T00 – 2026-03-01T11"),
            (UsagePeriod::Days(UsageDays(8)), "2026-02-22T00 – 2026-03-01T11"),
            (UsagePeriod::Days(UsageDays(365)), "2025-03-02T00 – 2026-03-01T11"),
        ] {
            assert_eq!(spelt(period.range(now)), range, "{period}");
        }
    }

    #[test]
    fn a_whole_hour_is_the_first_moment_of_its_own() {
        let now = Timestamp::new(datetime!(2026-03-01 10:00 UTC));
        assert_eq!(spelt(UsagePeriod::Hour.range(now)), "2026-03-01T09 – 2026-03-01T11");
    }

    #[test]
    fn days_and_names_have_bounds() {
        assert_eq!([0, 1, 365, 366].map(|days| UsageDays::new(days).is_some()), [false, true, true, false]);
        for (name, period) in UsagePeriod::NAMED {
            assert_eq!(name.parse(), Ok(period));
            assert_eq!(period.to_string(), name);
        }
        assert_eq!("year".parse::<UsagePeriod>(), Err(UnknownName));
        assert_eq!(UsagePeriod::Days(UsageDays(30)).to_string(), "30 days");
    }
}
