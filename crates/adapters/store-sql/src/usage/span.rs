//! Sums are kept by the hour and, so that long ranges are few rows, by the day.

use std::ops::Range;

/// How many hours a sum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(i16);

impl Span {
    pub(crate) const HOUR: Self = Self(1);
    /// A day of UTC.
    pub(crate) const DAY: Self = Self(24);
    pub(crate) const ALL: [Self; 2] = [Self::HOUR, Self::DAY];

    /// As it is stored.
    pub(crate) fn hours(self) -> i16 {
        self.0
    }

    /// The first hour of the span that an hour lies in.
    pub(crate) fn start_of(self, hour: i64) -> i64 {
        hour - hour.rem_euclid(self.0.into())
    }
}

/// The spans that make up these hours: whole days, and the hours before and after them.
pub(crate) fn parts(hours: Range<i64>) -> impl Iterator<Item = (Span, Range<i64>)> {
    let last_day = Span::DAY.start_of(hours.end);
    let first_day = -Span::DAY.start_of(-hours.start);
    let parts = if first_day < last_day {
        [
            (Span::HOUR, hours.start..first_day),
            (Span::DAY, first_day..last_day),
            (Span::HOUR, last_day..hours.end),
        ]
    } else {
        [(Span::HOUR, hours), (Span::DAY, 0..0), (Span::HOUR, 0..0)]
    };
    parts.into_iter().filter(|(_, hours)| !hours.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_hour_once() {
        for start in -50..50 {
            for end in start - 2..start + 100 {
                let mut covered = Vec::new();
                for (span, hours) in parts(start..end) {
                    assert_eq!(span.start_of(hours.start), hours.start, "{start}..{end}");
                    assert_eq!(span.start_of(hours.end), hours.end, "{start}..{end}");
                    covered.extend(hours);
                }
                assert_eq!(covered, (start..end).collect::<Vec<_>>(), "{start}..{end}");
            }
        }
    }

    #[test]
    fn a_long_range_is_few_parts() {
        assert_eq!(
            parts(23..24 * 30 + 1).collect::<Vec<_>>(),
            [(Span::HOUR, 23..24), (Span::DAY, 24..720), (Span::HOUR, 720..721)]
        );
    }
}
