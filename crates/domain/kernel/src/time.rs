//! Time as this service keeps it, and the ports that tell it and wait for it.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

use async_trait::async_trait;
use time::{
    OffsetDateTime, UtcOffset,
    format_description::{FormatItem, well_known::Rfc3339},
    macros::format_description,
};

const ISO_MILLIS: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A moment: UTC, whole milliseconds. Making every time so before it reaches a store keeps
/// comparisons right on back ends that keep times as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The moment, moved to UTC and cut to milliseconds.
    #[must_use]
    pub fn new(moment: OffsetDateTime) -> Self {
        let utc = moment.to_offset(UtcOffset::UTC);
        Self(utc.replace_millisecond(utc.millisecond()).unwrap_or(utc))
    }

    /// The moment in `text`, as RFC 3339 has it: ISO 8601 with a date, a time and an offset, such as
    /// `2026-01-15T10:30:00Z`; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(Self::new)
    }

    /// The moment this many seconds after 1970-01-01T00:00:00Z; `None` outside the years ±9999.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).ok().map(Self)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// Whole milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        self.0.unix_timestamp() * 1_000 + i64::from(self.0.millisecond())
    }

    /// How much later this is than `then`; `None` when it is earlier.
    #[must_use]
    pub fn since(self, then: Self) -> Option<Duration> {
        let millis = self.unix_millis().checked_sub(then.unix_millis())?;
        u64::try_from(millis).ok().map(Duration::from_millis)
    }

    /// The same moment as the `time` crate has it, in UTC.
    #[must_use]
    pub fn as_utc(self) -> OffsetDateTime {
        self.0
    }
}

/// ISO 8601 with milliseconds and `Z`, as every answer shows it.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(ISO_MILLIS).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Later by that much, or the last moment there is.
impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let span = time::Duration::try_from(span).unwrap_or(time::Duration::MAX);
        Self::new(self.0.saturating_add(span))
    }
}

/// Earlier by that much, or the first moment there is.
impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        let span = time::Duration::try_from(span).unwrap_or(time::Duration::MAX);
        Self::new(self.0.saturating_sub(span))
    }
}

/// Tells the time. Injected, so that tests decide it.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of a running service: the machine's.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp::new(OffsetDateTime::now_utc())
    }
}

/// Waits, for domain code that sets a deadline but knows no runtime.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Timer: Send + Sync {
    /// Returns when `span` has passed, never earlier. Dropping the future ends the wait.
    async fn sleep(&self, span: Duration);
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_timestamp_is_utc_with_whole_milliseconds() {
        let stamp = Timestamp::new(datetime!(2026-01-15 16:00:00.123_456_789 +05:30));
        assert_eq!(stamp.to_string(), "2026-01-15T10:30:00.123Z");
        assert_eq!(stamp, Timestamp::new(datetime!(2026-01-15 10:30:00.123 UTC)));
    }

    #[test]
    fn a_moment_is_read_in_any_offset_and_in_no_other_form() {
        let stamp = Some(Timestamp::new(datetime!(2026-01-15 10:30:00.123 UTC)));
        for text in ["2026-01-15T10:30:00.123Z", "2026-01-15T16:00:00.1234+05:30", "2026-01-15t10:30:00.123z"]
        {
            assert_eq!(Timestamp::parse(text), stamp, "{text}");
        }
        for text in ["", "2026-01-15", "2026-01-15T10:30:00", "1768473000", "2026-02-30T00:00:00Z"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn adding_too_much_stays_at_the_last_moment() {
        let stamp = Timestamp::new(datetime!(2026-01-15 10:30 UTC));
        assert!(stamp + Duration::MAX > stamp);
    }
}
