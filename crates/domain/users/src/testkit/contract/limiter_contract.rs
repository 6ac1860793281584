//! The cases of the [`AttemptLimiter`] contract. Each has keys of its own, so that they may share a
//! server.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{Clock, Timestamp, testkit::FixedClock};
use futures::future::join_all;

use crate::{Admission, AttemptLimiter, AttemptLog, Quota};

const MILLISECOND: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_mins(1);
/// Longer than a case may take on a busy machine: adapters may also forget by their own clock.
const WINDOW: Duration = Duration::from_hours(1);

fn start() -> Timestamp {
    FixedClock::default().now()
}

fn quota(limit: u32) -> Quota {
    Quota { limit, window: WINDOW }
}

async fn admit(limiter: &dyn AttemptLimiter, key: &str, limit: u32, now: Timestamp) -> Admission {
    limiter.admit(key, quota(limit), now).await.expect("admit")
}

/// How many of `count` attempts at `now` are admitted.
async fn admitted(
    limiter: &dyn AttemptLimiter,
    key: &str,
    limit: u32,
    now: Timestamp,
    count: usize,
) -> usize {
    let admissions = join_all((0..count).map(|_| admit(limiter, key, limit, now))).await;
    admissions.into_iter().filter(|admission| *admission == Admission::Admitted).count()
}

fn refused(retry_after: Duration) -> Admission {
    Admission::Refused { retry_after }
}

/// Of many attempts at once, the limit is admitted exactly; the others are told to wait a window.
pub async fn exactly_the_limit_of_many_at_once_is_admitted(limiter: &dyn AttemptLimiter) {
    for (key, limit) in [("contract:at once:1", 1), ("contract:at once:10", 10), ("contract:at once:97", 97)]
    {
        let admissions = join_all((0..120).map(|_| admit(limiter, key, limit, start()))).await;
        let (admitted, others): (Vec<_>, Vec<_>) =
            admissions.into_iter().partition(|admission| *admission == Admission::Admitted);
        assert_eq!(u32::try_from(admitted.len()), Ok(limit), "{key}");
        assert!(others.iter().all(|other| *other == refused(WINDOW)), "{key}: {others:?}");
    }
}

/// However often somebody is refused, they wait no longer for it.
pub async fn a_refused_attempt_is_not_counted(limiter: &dyn AttemptLimiter) {
    let key = "contract:refused";
    assert_eq!(admitted(limiter, key, 3, start(), 3).await, 3);
    for minute in 1..60 {
        let now = start() + MINUTE * minute;
        assert_eq!(admit(limiter, key, 3, now).await, refused(MINUTE * (60 - minute)));
    }
    assert_eq!(admitted(limiter, key, 3, start() + WINDOW, 10).await, 3);
}

/// There is room again the very millisecond that was told, and none the millisecond before.
pub async fn a_refusal_says_when_the_oldest_attempt_leaves(limiter: &dyn AttemptLimiter) {
    let key = "contract:oldest";
    for second in [0, 10, 20] {
        let now = start() + Duration::from_secs(second);
        assert_eq!(admit(limiter, key, 3, now).await, Admission::Admitted);
    }
    let now = start() + MINUTE + MILLISECOND;
    let retry_after = Duration::from_millis(59 * 60_000 - 1);
    assert_eq!(admit(limiter, key, 3, now).await, refused(retry_after));
    assert_eq!(admit(limiter, key, 3, now + retry_after - MILLISECOND).await, refused(MILLISECOND));
    assert_eq!(admit(limiter, key, 3, now + retry_after).await, Admission::Admitted);
}

/// One key's attempts leave every other key's room as it is, however alike they look.
pub async fn keys_share_nothing(limiter: &dyn AttemptLimiter) {
    let long = format!("contract:{}", "k".repeat(500));
    let longer = format!("{long}k");
    let keys = [
        "contract:key",
        "contract:KEY",
        "contract:key:",
        "contract:key*",
        "contract:key\0",
        "contract:key ",
        "contract:ключ",
        "",
        &long,
        &longer,
    ];
    for key in keys {
        assert_eq!(admitted(limiter, key, 2, start(), 3).await, 2, "{key}");
    }
}

/// A window after the last attempt nothing counts any more.
pub async fn after_the_window_all_are_admitted_again(limiter: &dyn AttemptLimiter) {
    let key = "contract:after";
    for window in 0..4 {
        let now = start() + WINDOW * window;
        assert_eq!(admitted(limiter, key, 5, now, 8).await, 5, "window {window}");
    }
    assert_eq!(admitted(limiter, key, 5, start() + WINDOW * 100, 8).await, 5);
}

/// Room comes back an attempt at a time, not all at once at the end of some period.
pub async fn the_window_slides(limiter: &dyn AttemptLimiter) {
    let key = "contract:slides";
    assert_eq!(admitted(limiter, key, 4, start(), 1).await, 1);
    let late = start() + MINUTE * 50;
    assert_eq!(admitted(limiter, key, 4, late, 9).await, 3);
    assert_eq!(admitted(limiter, key, 4, start() + WINDOW, 9).await, 1, "the first has left");
    assert_eq!(admit(limiter, key, 4, start() + MINUTE * 70).await, refused(MINUTE * 40));
    assert_eq!(admitted(limiter, key, 4, late + WINDOW, 9).await, 3, "the three of later have left");
    assert_eq!(admitted(limiter, key, 4, start() + WINDOW * 2, 9).await, 1);
}

/// When the limit shrinks, what was admitted before counts against the new one.
pub async fn a_smaller_limit_counts_what_was_admitted_before(limiter: &dyn AttemptLimiter) {
    let key = "contract:smaller";
    for minute in 0..5 {
        assert_eq!(admit(limiter, key, 5, start() + MINUTE * minute).await, Admission::Admitted);
    }
    let now = start() + MINUTE * 10;
    // Two may stay, so the fourth has to leave, which was made in minute 3.
    assert_eq!(admit(limiter, key, 2, now).await, refused(MINUTE * 53));
    assert_eq!(admit(limiter, key, 6, now).await, Admission::Admitted);
}

/// Where nothing is allowed, nothing is admitted, and there is an answer nevertheless.
pub async fn a_limit_of_zero_admits_nothing(limiter: &dyn AttemptLimiter) {
    let key = "contract:zero";
    assert_eq!(admit(limiter, key, 0, start()).await, refused(WINDOW));
    assert_eq!(admit(limiter, key, 1, start()).await, Admission::Admitted);
    assert_eq!(admit(limiter, key, 0, start() + MINUTE).await, refused(WINDOW));
}

/// After a clock was set back, attempts that now lie in the future count as made now.
pub async fn a_clock_set_back_refuses_nobody_for_longer_than_a_window(limiter: &dyn AttemptLimiter) {
    let key = "contract:set back";
    assert_eq!(admitted(limiter, key, 2, start(), 2).await, 2);
    let earlier = start() - WINDOW * 24;
    assert_eq!(admit(limiter, key, 2, earlier).await, refused(WINDOW));
    assert_eq!(admit(limiter, key, 2, earlier + MINUTE).await, refused(MINUTE * 59));
    assert_eq!(admitted(limiter, key, 2, earlier + WINDOW, 5).await, 2);
}

/// Attempts of one moment are all counted, also when a node whose clock is ahead made one between.
pub async fn nodes_whose_clocks_differ_lose_no_attempt(limiter: &dyn AttemptLimiter) {
    let key = "contract:nodes";
    let (behind, ahead) = (start() + WINDOW - MILLISECOND, start() + WINDOW);
    assert_eq!(admitted(limiter, key, 4, start(), 2).await, 2);
    assert_eq!(admitted(limiter, key, 4, behind, 1).await, 1);
    assert_eq!(admitted(limiter, key, 4, ahead, 1).await, 1, "the first two have left");
    assert_eq!(admitted(limiter, key, 4, behind, 1).await, 1);
    assert_eq!(admitted(limiter, key, 4, ahead, 5).await, 1, "three are there");
}

/// Any length of time is a window.
pub async fn the_longest_and_the_shortest_window_work(limiter: &dyn AttemptLimiter) {
    let endless = Quota { limit: 1, window: Duration::MAX };
    let first = limiter.admit("contract:endless", endless, start()).await.expect("admit");
    assert_eq!(first, Admission::Admitted);
    let second = limiter.admit("contract:endless", endless, start() + WINDOW).await.expect("admit");
    assert!(matches!(second, Admission::Refused { .. }), "{second:?}");

    for window in [Duration::ZERO, Duration::from_micros(999)] {
        let none = Quota { limit: 1, window };
        for _ in 0..3 {
            let admission = limiter.admit("contract:no time", none, start()).await.expect("admit");
            assert_eq!(admission, Admission::Admitted, "{window:?}");
        }
    }
}

/// Through hundreds of attempts by a clock that is mostly, but not always, going forward, every
/// answer is the one of a plain [`AttemptLog`].
pub async fn answers_as_a_log_of_all_attempts_would(limiter: &dyn AttemptLimiter) {
    let key = "contract:many";
    let mut log = AttemptLog::default();
    let mut now = start();
    // A small linear congruential generator: any steps do, and they are the same each time.
    let mut state = 1u32;
    let mut admitted = 0;
    for attempt in 0..400 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let step = Duration::from_secs(u64::from(state >> 16) % 600);
        match state >> 29 {
            0 | 1 => {}
            2 => now = now + MILLISECOND,
            3 => now = now - Duration::from_millis(700),
            _ => now = now + step,
        }
        let expected = log.admit(quota(7), now);
        assert_eq!(admit(limiter, key, 7, now).await, expected, "attempt {attempt} at {now}");
        admitted += usize::from(expected == Admission::Admitted);
    }
    assert!((50..350).contains(&admitted), "{admitted} of 400 tell too little");
}
