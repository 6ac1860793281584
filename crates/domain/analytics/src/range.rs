//! Days, periods of them, and the steps that they are shown in. A day is a whole one of UTC, counted
//! from 1970.

use std::{ops::Range, str::FromStr};

use altus4_kernel::{Timestamp, UnknownName};
use time::{Date, Duration, Month};

/// The Julian day of 1970-01-01.
const EPOCH: i64 = 2_440_588;
/// 1970-01-01 was a Thursday: the first Monday came four days later.
const FIRST_MONDAY: i64 = 4;

/// The day that a moment lies in.
#[must_use]
pub fn day_of(moment: Timestamp) -> i64 {
    moment.unix_seconds().div_euclid(86_400)
}

/// The hour that a moment lies in, counted like days.
#[must_use]
pub fn hour_of(moment: Timestamp) -> i64 {
    moment.unix_seconds().div_euclid(3_600)
}

/// The first day of the month that a day lies in.
#[must_use]
pub fn month_of(day: i64) -> i64 {
    day_number(first_of_month(date(day)))
}

/// The first day of the month after that.
#[must_use]
pub fn month_after(day: i64) -> i64 {
    let first = first_of_month(date(day));
    // The 32nd of a month is always in the next.
    day_number(first_of_month(first + Duration::days(31)))
}

/// A day as `YYYY-MM-DD`.
#[must_use]
pub fn day_name(day: i64) -> String {
    let date = date(day);
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// The day of `YYYY-MM-DD`; `None` where it is none.
#[must_use]
pub fn named_day(name: &str) -> Option<i64> {
    let is_day = name.len() == 10 && name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let mut parts = name.splitn(3, '-');
    let year = parts.next().filter(|_| is_day)?.parse().ok()?;
    let month: u8 = parts.next().filter(|part| part.len() == 2)?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    Some(day_number(Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?))
}

/// Days outside the years that dates have are the nearest ones inside.
fn date(day: i64) -> Date {
    let julian =
        i32::try_from(day.saturating_add(EPOCH)).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX });
    Date::from_julian_day(julian).unwrap_or(if day < 0 { Date::MIN } else { Date::MAX })
}

fn day_number(date: Date) -> i64 {
    i64::from(date.to_julian_day()) - EPOCH
}

fn first_of_month(date: Date) -> Date {
    date.replace_day(1).unwrap_or(date)
}

/// From one day to another, both included: 1–366 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DayRange {
    first: i64,
    last: i64,
}

impl DayRange {
    /// The most days: a leap year.
    pub const MAX_DAYS: i64 = 366;

    /// The days from `first` to `last`; `None` when they are none, or too many.
    #[must_use]
    pub fn new(first: i64, last: i64) -> Option<Self> {
        let days = last.checked_sub(first)?.checked_add(1)?;
        (1..=Self::MAX_DAYS).contains(&days).then_some(Self { first, last })
    }

    /// One day.
    #[must_use]
    pub fn day(day: i64) -> Self {
        Self { first: day, last: day }
    }

    /// The first day.
    #[must_use]
    pub fn first(self) -> i64 {
        self.first
    }

    /// The last day.
    #[must_use]
    pub fn last(self) -> i64 {
        self.last
    }

    /// How many there are.
    #[must_use]
    pub fn days(self) -> i64 {
        self.last - self.first + 1
    }

    /// Each of them.
    #[must_use]
    pub fn each(self) -> Range<i64> {
        self.first..self.last + 1
    }

    /// Their hours.
    #[must_use]
    pub fn hours(self) -> Range<i64> {
        24 * self.first..24 * (self.last + 1)
    }

    /// Whether a day is one of them.
    #[must_use]
    pub fn has(self, day: i64) -> bool {
        self.each().contains(&day)
    }

    /// As many days before these, so that each is the same day of the week: what has its weekly course
    /// is compared with the same course. They are up to six days apart from these, and never overlap.
    #[must_use]
    pub fn before(self) -> Self {
        let shift = (self.days() + 6) / 7 * 7;
        Self { first: self.first - shift, last: self.last - shift }
    }

    /// The first moment of the first day.
    #[must_use]
    pub fn start(self) -> Option<Timestamp> {
        midnight(self.first)
    }

    /// The first moment after the last day.
    #[must_use]
    pub fn end(self) -> Option<Timestamp> {
        midnight(self.last + 1)
    }
}

fn midnight(day: i64) -> Option<Timestamp> {
    Timestamp::from_unix_seconds(day.checked_mul(86_400)?)
}

/// A number of days that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    /// Today.
    Day,
    /// 7 days.
    #[default]
    Week,
    /// 30 days.
    Month,
    /// 91 days.
    ThreeMonths,
    /// 182 days.
    SixMonths,
    /// 365 days.
    Year,
}

impl Period {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Day, Self::Week, Self::Month, Self::ThreeMonths, Self::SixMonths, Self::Year];

    /// The name in requests and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::ThreeMonths => "3months",
            Self::SixMonths => "6months",
            Self::Year => "year",
        }
    }

    /// How many days it has, today included.
    #[must_use]
    pub fn days(self) -> i64 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::ThreeMonths => 91,
            Self::SixMonths => 182,
            Self::Year => 365,
        }
    }
}

impl FromStr for Period {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|period| period.as_str() == text).ok_or(UnknownName)
    }
}

/// Which days are asked for: dates win over the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// A number of days, up to `end` or today.
    pub period: Option<Period>,
    /// The first day.
    pub start: Option<i64>,
    /// The last day.
    pub end: Option<i64>,
}

/// Why there are no such days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RangeFault {
    /// The last comes before the first.
    #[error("must not be before startDate")]
    EndsBeforeStart,
    /// There are too many.
    #[error("must be less than {} days after startDate", DayRange::MAX_DAYS)]
    TooLong,
}

/// The days that figures are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnalysisPeriod {
    /// The days.
    pub range: DayRange,
    /// The period's name, or `custom`.
    pub name: &'static str,
}

impl Asked {
    /// The days, where this is today.
    ///
    /// # Errors
    /// [`RangeFault`], where there are none such.
    pub fn days(self, today: i64) -> Result<AnalysisPeriod, RangeFault> {
        let period = self.period.unwrap_or_default();
        let is_custom = self.start.is_some() || self.end.is_some();
        let last = self.end.unwrap_or(today);
        let first = self.start.unwrap_or(last - (period.days() - 1));
        if last < first {
            return Err(RangeFault::EndsBeforeStart);
        }
        let range = DayRange::new(first, last).ok_or(RangeFault::TooLong)?;
        Ok(AnalysisPeriod { range, name: if is_custom { "custom" } else { period.as_str() } })
    }
}

/// How long the steps are that figures are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Days.
    Day,
    /// Weeks, from Monday on.
    Week,
    /// Months of the calendar.
    Month,
}

impl Step {
    /// Up to so many days are shown by the day,
    const DAILY: i64 = 31;
    /// and up to so many by the week.
    const WEEKLY: i64 = 100;

    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The steps that so many days are best shown in.
    #[must_use]
    pub fn of(range: DayRange) -> Self {
        match range.days() {
            days if days <= Self::DAILY => Self::Day,
            days if days <= Self::WEEKLY => Self::Week,
            _ => Self::Month,
        }
    }

    /// The first day after the step that a day lies in.
    fn after(self, day: i64) -> i64 {
        match self {
            Self::Day => day + 1,
            Self::Week => day + 7 - (day - FIRST_MONDAY).rem_euclid(7),
            Self::Month => month_after(day),
        }
    }

    /// The steps of a range, the oldest first; the first and the last end where the range does.
    #[must_use]
    pub fn steps(self, range: DayRange) -> Vec<DayRange> {
        let (mut steps, mut first) = (Vec::new(), range.first);
        while first <= range.last {
            let last = (self.after(first) - 1).min(range.last);
            steps.push(DayRange { first, last });
            first = last + 1;
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(first: &str, last: &str) -> DayRange {
        DayRange::new(named_day(first).unwrap(), named_day(last).unwrap()).unwrap()
    }

    #[test]
    fn days_have_names_and_names_are_days() {
        for name in ["1970-01-01", "1969-12-31", "2024-02-29", "2025-12-31", "2026-01-01"] {
            assert_eq!(named_day(name).map(day_name).as_deref(), Some(name));
        }
        assert_eq!(named_day("1970-01-02"), Some(1));
        for none in ["", "2025-02-29", "2025-1-01", "2025-01-1x", "25-01-01", "+025-01-01", "2025-013-1"] {
            assert_eq!(named_day(none), None, "{none}");
        }
    }

    #[test]
    fn dates_win_over_the_period_and_both_ends_are_included() {
        let today = named_day("2026-01-15").unwrap();
        let asked = |period, start: Option<&str>, end: Option<&str>| {
            let day = |name: &str| named_day(name).unwrap();
            let asked = Asked { period, start: start.map(day), end: end.map(day) }.days(today);
            asked.map(|days| (day_name(days.range.first), day_name(days.range.last), days.name))
        };
        let told = |first: &str, last: &str, name| Ok((first.to_owned(), last.to_owned(), name));
        assert_eq!(asked(None, None, None), told("2026-01-09", "2026-01-15", "week"));
        assert_eq!(asked(Some(Period::Day), None, None), told("2026-01-15", "2026-01-15", "day"));
        assert_eq!(asked(Some(Period::Year), None, None), told("2025-01-16", "2026-01-15", "year"));
        let (start, end) = (Some("2024-01-01"), Some("2024-12-31"));
        assert_eq!(asked(Some(Period::Day), start, end), told("2024-01-01", "2024-12-31", "custom"));
        assert_eq!(asked(Some(Period::Week), None, end), told("2024-12-25", "2024-12-31", "custom"));
        assert_eq!(asked(None, start, Some("2025-01-01")), Err(RangeFault::TooLong));
        assert_eq!(asked(None, Some("2026-01-16"), None), Err(RangeFault::EndsBeforeStart));
    }

    #[test]
    fn steps_cover_every_day_once_and_end_with_weeks_and_months() {
        let range = days("2024-01-30", "2025-01-29");
        for step in [Step::Day, Step::Week, Step::Month] {
            let covered: Vec<_> = step.steps(range).into_iter().flat_map(DayRange::each).collect();
            assert_eq!(covered, range.each().collect::<Vec<_>>());
        }
        let months: Vec<_> = Step::Month.steps(range).iter().map(|step| day_name(step.first)).collect();
        assert_eq!(months.len(), 13);
        assert_eq!(months[..3], ["2024-01-30", "2024-02-01", "2024-03-01"]);
        // The fifth of February 2024 was a Monday.
        let weeks = Step::Week.steps(days("2024-02-01", "2024-02-12"));
        let weeks: Vec<_> = weeks.iter().map(|week| (day_name(week.first), week.days())).collect();
        assert_eq!(weeks, [("2024-02-01".into(), 4), ("2024-02-05".into(), 7), ("2024-02-12".into(), 1)]);
    }

    #[test]
    fn the_days_before_are_the_same_days_of_the_week() {
        for length in 1..=DayRange::MAX_DAYS {
            let range = DayRange::new(20_000, 20_000 + length - 1).unwrap();
            let before = range.before();
            assert_eq!(before.days(), length);
            assert_eq!((range.first - before.first) % 7, 0);
            assert!(before.last < range.first && range.first - before.last <= 7);
        }
    }
}
