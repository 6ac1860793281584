//! When a call that failed is made again.

use std::time::Duration;

use altus4_kernel::{RandomSource, Timestamp};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// The longest that a provider is left alone because it said so.
pub(crate) const MOST_PATIENCE: Duration = Duration::from_mins(1);

/// How long `Retry-After` asks to wait: seconds, or a date (RFC 9110, 10.2.3). `None` for anything else.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(value, &Rfc2822).ok()?;
    Some(Duration::try_from(date - now.as_utc()).unwrap_or_default())
}

/// Before the try after so many: twice as long each time, and by chance up to half of it less, so that
/// those who failed together don't come again together.
pub(crate) fn backoff(first: Duration, tries: u32, random: &dyn RandomSource) -> Duration {
    let longest = first.saturating_mul(2_u32.saturating_pow(tries)).min(MOST_PATIENCE);
    let mut byte = [0];
    // Without chance the wait is the longest.
    let less = random.fill(&mut byte).map_or(0, |()| u32::from(byte[0]));
    longest.saturating_sub(longest / 512 * less)
}

#[cfg(test)]
mod tests {
    use altus4_kernel::PortResult;

    use super::*;

    struct Dice(u8);

    impl RandomSource for Dice {
        fn fill(&self, bytes: &mut [u8]) -> PortResult<()> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::from_unix_seconds(1_445_412_470).expect("a time");
        for (value, wait) in [
            ("0", Some(0)),
            (" 17 ", Some(17)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(10)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(retry_after(value, now), wait.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn waits_double_and_differ_by_up_to_a_half() {
        let first = Duration::from_millis(512);
        let wait = |tries, chance| backoff(first, tries, &Dice(chance)).as_millis();
        assert_eq!([wait(0, 0), wait(1, 0), wait(2, 0)], [512, 1_024, 2_048]);
        assert_eq!([wait(0, 255), wait(1, 128)], [257, 768]);
        assert_eq!(backoff(first, u32::MAX, &Dice(0)), MOST_PATIENCE);
    }
}
