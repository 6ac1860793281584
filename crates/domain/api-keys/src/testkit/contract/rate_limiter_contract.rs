//! The cases of the [`RateLimiter`] contract. Each has subjects of its own, so that they may share a
//! server.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{Clock, Timestamp, testkit::FixedClock};
use futures::future::join_all;

use crate::{RateDecision, RateLimiter, RatePolicy, RateStatus, RateWindow};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const BLOCK: Duration = Duration::from_mins(5);
const WINDOW: Duration = RatePolicy::WINDOW;
const STEP: Duration = RatePolicy::STEP;

/// The first moment of a step.
fn start() -> Timestamp {
    FixedClock::default().now()
}

fn policy(limit: u32) -> RatePolicy {
    RatePolicy { limit, block: BLOCK }
}

async fn take(limiter: &dyn RateLimiter, subject: &str, limit: u32, now: Timestamp) -> RateDecision {
    limiter.take(subject, policy(limit), now).await.expect("take")
}

async fn peek(limiter: &dyn RateLimiter, subject: &str, limit: u32, now: Timestamp) -> RateStatus {
    limiter.peek(subject, policy(limit), now).await.expect("peek")
}

fn is_admitted(decision: RateDecision) -> bool {
    matches!(decision, RateDecision::Admitted(_))
}

/// How many of `count` requests at `now`, all at once, are admitted.
async fn admitted(
    limiter: &dyn RateLimiter,
    subject: &str,
    limit: u32,
    now: Timestamp,
    count: usize,
) -> usize {
    let decisions = join_all((0..count).map(|_| take(limiter, subject, limit, now))).await;
    decisions.into_iter().filter(|decision| is_admitted(*decision)).count()
}

/// Until when a request at `now` is refused.
async fn blocked_until(limiter: &dyn RateLimiter, subject: &str, limit: u32, now: Timestamp) -> Timestamp {
    let decision = take(limiter, subject, limit, now).await;
    assert!(!is_admitted(decision), "{subject}: {decision:?}");
    let status = decision.status();
    assert_eq!(Some(status.reset_at), status.blocked_until, "more is possible when the block ends");
    assert_eq!(status.remaining(), 0);
    status.blocked_until.filter(|until| *until > now).expect("a refusal says until when")
}

/// 64 callers with 3,000 requests between them get the limit, exactly, and all others are blocked.
pub async fn exactly_the_limit_of_many_at_once_is_admitted(limiter: &dyn RateLimiter) {
    let subject = "contract:at once";
    let callers = (0..64_usize).map(|caller| async move {
        let mut admitted = 0;
        for _ in 0..(3_000 / 64 + usize::from(caller < 3_000 % 64)) {
            admitted += usize::from(is_admitted(take(limiter, subject, 1_000, start()).await));
        }
        admitted
    });
    assert_eq!(join_all(callers).await.into_iter().sum::<usize>(), 1_000);
    let status = peek(limiter, subject, 1_000, start()).await;
    assert_eq!((status.used, status.remaining()), (1_000, 0));
}

/// Each answer tells the limit, what is used, and since and until when.
pub async fn an_admission_tells_how_things_are_after_it(limiter: &dyn RateLimiter) {
    let subject = "contract:status";
    let at = [start() + SECOND * 3, start() + SECOND * 9, start() + MINUTE];
    for (now, used) in at.into_iter().zip(1..) {
        let expected = RateStatus {
            limit: 10,
            used,
            window_start: start(),
            reset_at: start() + WINDOW + STEP,
            blocked_until: None,
        };
        assert_eq!(take(limiter, subject, 10, now).await, RateDecision::Admitted(expected));
        assert_eq!(expected.remaining(), 10 - used);
    }
}

/// Nothing is used up by looking, and a subject that nobody knows has everything left.
pub async fn peeking_counts_nothing(limiter: &dyn RateLimiter) {
    let subject = "contract:peek";
    for _ in 0..5 {
        let expected = RateStatus {
            limit: 2,
            used: 0,
            window_start: start(),
            reset_at: start() + WINDOW,
            blocked_until: None,
        };
        assert_eq!(peek(limiter, subject, 2, start()).await, expected);
    }
    let taken = take(limiter, subject, 2, start()).await.status();
    for _ in 0..5 {
        assert_eq!(peek(limiter, subject, 2, start()).await, taken);
    }
    assert_eq!(admitted(limiter, subject, 2, start(), 4).await, 1);
    let blocked = start() + WINDOW + STEP;
    for now in [start(), blocked - MILLISECOND] {
        assert_eq!(peek(limiter, subject, 2, now).await.blocked_until, Some(blocked));
    }
    let over = peek(limiter, subject, 2, blocked).await;
    assert_eq!((over.used, over.blocked_until, over.reset_at), (0, None, blocked + WINDOW));
}

/// One subject's requests leave every other subject's room as it is, however alike they look.
pub async fn subjects_share_nothing(limiter: &dyn RateLimiter) {
    let long = format!("contract:{}", "k".repeat(500));
    let longer = format!("{long}k");
    for subject in ["contract:key", "contract:KEY", "contract:key:", "contract:key ", "", &long, &longer] {
        assert_eq!(admitted(limiter, subject, 2, start(), 3).await, 2, "{subject}");
    }
}

/// A request counts for a window at least, and for a step more at the most.
pub async fn requests_leave_the_window_with_their_step(limiter: &dyn RateLimiter) {
    let subject = "contract:edges";
    let last_of_step = start() + STEP - MILLISECOND;
    assert_eq!(admitted(limiter, subject, 9, start(), 2).await, 2);
    assert_eq!(admitted(limiter, subject, 9, last_of_step, 3).await, 3);
    assert_eq!(admitted(limiter, subject, 9, start() + STEP, 1).await, 1);
    for (now, used) in [
        (start() + WINDOW, 6),
        (last_of_step + WINDOW, 6),
        (start() + WINDOW + STEP, 1),
        (start() + WINDOW + STEP * 2 - MILLISECOND, 1),
        (start() + WINDOW + STEP * 2, 0),
    ] {
        assert_eq!(peek(limiter, subject, 9, now).await.used, used, "at {now}");
    }
}

/// Whatever the steps are, no window ever holds more than the limit.
pub async fn no_window_holds_more_than_the_limit(limiter: &dyn RateLimiter) {
    let subject = "contract:any window";
    // No block, so that all there is room for comes through.
    let policy = RatePolicy { limit: 12, block: Duration::ZERO };
    let mut times = Vec::new();
    for number in 0..600 {
        let now = start() + Duration::from_millis(number * 17_777);
        if is_admitted(limiter.take(subject, policy, now).await.expect("take")) {
            times.push(now);
        }
    }
    assert!(times.len() >= 24, "{} admissions tell too little", times.len());
    for (first, thirteenth) in times.iter().zip(times.iter().skip(12)) {
        assert!(*thirteenth >= *first + WINDOW, "{first} and 12 more until {thirteenth}");
    }
}

/// The block lasts as long as it should, to the millisecond, and what was told is true.
pub async fn the_first_refusal_begins_a_block(limiter: &dyn RateLimiter) {
    let subject = "contract:block";
    assert_eq!(admitted(limiter, subject, 4, start(), 2).await, 2);
    let late = start() + WINDOW - MINUTE;
    assert_eq!(admitted(limiter, subject, 4, late, 2).await, 2);
    let refused_at = late + SECOND * 30;
    let until = blocked_until(limiter, subject, 4, refused_at).await;
    assert_eq!(until, refused_at + BLOCK, "there is room earlier, but the block holds");
    assert_eq!(blocked_until(limiter, subject, 4, until - MILLISECOND).await, until);
    assert_eq!(admitted(limiter, subject, 4, until, 5).await, 2);
}

/// Where there is no room at the end of the block, it ends when there is.
pub async fn a_block_lasts_until_there_is_room(limiter: &dyn RateLimiter) {
    let subject = "contract:no room";
    assert_eq!(admitted(limiter, subject, 3, start() + SECOND, 3).await, 3);
    let until = blocked_until(limiter, subject, 3, start() + MINUTE).await;
    assert_eq!(until, start() + WINDOW + STEP);
    assert_eq!(blocked_until(limiter, subject, 3, until - MILLISECOND).await, until);
    assert_eq!(admitted(limiter, subject, 3, until, 5).await, 3);
}

/// Who goes on calling waits no longer for it, and uses nothing up.
pub async fn refusals_cost_nothing(limiter: &dyn RateLimiter) {
    let subject = "contract:refusals";
    assert_eq!(admitted(limiter, subject, 3, start(), 3).await, 3);
    let until = blocked_until(limiter, subject, 3, start()).await;
    for minute in 1..60 {
        assert_eq!(blocked_until(limiter, subject, 3, start() + MINUTE * minute).await, until);
    }
    assert_eq!(admitted(limiter, subject, 3, until, 10).await, 3);
}

/// One call that obeys is let through again and again.
pub async fn who_waits_as_told_is_let_through(limiter: &dyn RateLimiter) {
    let subject = "contract:obedient";
    let mut now = start();
    for round in 0_u32..30 {
        admitted(limiter, subject, 5, now, round as usize % 4).await;
        if let RateDecision::Refused(status) = take(limiter, subject, 5, now).await {
            now = status.blocked_until.expect("a refusal says until when");
            assert!(is_admitted(take(limiter, subject, 5, now).await), "round {round} at {now}");
        }
        now = now + SECOND * (round % 5) * 77;
    }
}

/// After a clock was set back nobody waits for the time that is yet to come.
pub async fn a_clock_set_back_refuses_nobody_for_longer_than_a_window(limiter: &dyn RateLimiter) {
    let earlier = start() - WINDOW * 24 + SECOND * 3;
    let longest = WINDOW + STEP;

    let subject = "contract:set back";
    assert_eq!(admitted(limiter, subject, 2, start(), 2).await, 2);
    let until = blocked_until(limiter, subject, 2, earlier).await;
    assert!(until <= earlier + longest, "{until}");
    assert_eq!(admitted(limiter, subject, 2, until, 5).await, 2);

    let subject = "contract:set back while blocked";
    assert_eq!(admitted(limiter, subject, 2, start(), 3).await, 2);
    let until = blocked_until(limiter, subject, 2, earlier).await;
    assert!(until <= earlier + longest, "{until}");
    assert_eq!(blocked_until(limiter, subject, 2, earlier + BLOCK).await, until);
    assert_eq!(admitted(limiter, subject, 2, until, 5).await, 2);

    let subject = "contract:set back with room";
    assert_eq!(admitted(limiter, subject, 4, start() + STEP * 3, 1).await, 1);
    assert_eq!(admitted(limiter, subject, 4, start(), 1).await, 1);
    assert_eq!(peek(limiter, subject, 4, start()).await.used, 2);
    assert_eq!(peek(limiter, subject, 4, start() + longest).await.used, 0);
}

/// Nodes whose clocks differ a little, here across the border of two steps, count together.
pub async fn nodes_whose_clocks_differ_lose_no_request(limiter: &dyn RateLimiter) {
    let subject = "contract:nodes";
    let (behind, ahead) = (start() - MILLISECOND * 400, start() + MILLISECOND * 500);
    for now in [behind, ahead, behind, ahead, behind] {
        assert_eq!(admitted(limiter, subject, 6, now, 1).await, 1);
    }
    assert_eq!(peek(limiter, subject, 6, behind).await.used, 5);
    assert_eq!(admitted(limiter, subject, 6, ahead, 2).await, 1);
    let until = blocked_until(limiter, subject, 6, behind).await;
    assert_eq!(blocked_until(limiter, subject, 6, ahead).await, until);
    assert_eq!(
        peek(limiter, subject, 6, ahead + WINDOW - MILLISECOND).await.used,
        5,
        "that of the step before has left"
    );
    assert_eq!(peek(limiter, subject, 6, ahead + WINDOW + STEP).await.used, 0);
}

/// A limit that grows or shrinks counts what was admitted under the one before.
pub async fn a_change_of_limit_holds_at_once(limiter: &dyn RateLimiter) {
    let subject = "contract:change";
    for minute in 0..5 {
        assert_eq!(admitted(limiter, subject, 5, start() + MINUTE * minute, 1).await, 1);
    }
    let now = start() + MINUTE * 10;
    let status = peek(limiter, subject, 2, now).await;
    assert_eq!((status.used, status.remaining(), status.blocked_until), (5, 0, None));
    // One may stay besides a new one, so those of the minutes 0 to 3 have to leave.
    let room_at = start() + MINUTE * 3 + WINDOW + STEP;
    assert_eq!(status.reset_at, room_at);
    assert_eq!(admitted(limiter, subject, 6, now, 1).await, 1);
    assert_eq!(blocked_until(limiter, subject, 2, now).await, start() + MINUTE * 4 + WINDOW + STEP);
}

/// A block stays when the limit grows; when it shrinks, what is told takes that into account.
pub async fn a_block_outlives_a_change_of_limit(limiter: &dyn RateLimiter) {
    let subject = "contract:change while blocked";
    assert_eq!(admitted(limiter, subject, 2, start(), 1).await, 1);
    assert_eq!(admitted(limiter, subject, 2, start() + MINUTE * 30, 1).await, 1);
    let now = start() + MINUTE * 31;
    let until = blocked_until(limiter, subject, 2, now).await;
    assert_eq!(until, start() + WINDOW + STEP);
    assert_eq!(blocked_until(limiter, subject, 100, now + MINUTE).await, until, "no block ends early");
    let later = start() + MINUTE * 30 + WINDOW + STEP;
    assert_eq!(peek(limiter, subject, 1, now).await.blocked_until, Some(later));
    assert_eq!(blocked_until(limiter, subject, 1, now + MINUTE).await, later);
    assert_eq!(admitted(limiter, subject, 1, later, 3).await, 1);
}

/// Where nothing is allowed, nothing is admitted, and there is an answer nevertheless.
pub async fn a_limit_of_zero_admits_nothing(limiter: &dyn RateLimiter) {
    let subject = "contract:zero";
    let until = blocked_until(limiter, subject, 0, start()).await;
    assert_eq!(until, start() + WINDOW);
    assert_eq!(blocked_until(limiter, subject, 0, start() + MINUTE).await, until);
    assert_eq!(blocked_until(limiter, subject, 0, until).await, until + WINDOW);
    assert_eq!(peek(limiter, "contract:zero and new", 0, start()).await.reset_at, start() + WINDOW);
}

/// Any block is a block, and the largest limit is one.
pub async fn the_longest_and_the_shortest_block_work(limiter: &dyn RateLimiter) {
    let endless = RatePolicy { limit: 1, block: Duration::MAX };
    let subject = "contract:endless";
    assert!(is_admitted(limiter.take(subject, endless, start()).await.expect("take")));
    for hour in 0..30 {
        let decision = limiter.take(subject, endless, start() + WINDOW * hour).await.expect("take");
        assert!(!is_admitted(decision), "in hour {hour}: {decision:?}");
    }

    let subject = "contract:no block";
    let none = RatePolicy { limit: 1, block: Duration::ZERO };
    assert!(is_admitted(limiter.take(subject, none, start()).await.expect("take")));
    let refused = limiter.take(subject, none, start()).await.expect("take").status();
    assert_eq!(refused.blocked_until, Some(start() + WINDOW + STEP));

    assert_eq!(admitted(limiter, "contract:largest", u32::MAX, start(), 3).await, 3);
    assert_eq!(peek(limiter, "contract:largest", u32::MAX, start()).await.remaining(), u32::MAX - 3);
}

/// Through hundreds of requests by a clock that is mostly, but not always, going forward, under
/// limits that change at times, every answer is the one of a plain [`RateWindow`].
pub async fn answers_as_a_window_of_all_requests_would(limiter: &dyn RateLimiter) {
    let subject = "contract:many";
    let mut window = RateWindow::default();
    let mut now = start();
    // A small linear congruential generator: any steps do, and they are the same each time.
    let mut state = 7_u32;
    let (mut admitted, mut refused) = (0, 0);
    for request in 0..1_500 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let step = Duration::from_millis(u64::from(state >> 12) % 90_000);
        match state >> 27 {
            0 => now = now - WINDOW * 3,
            1..=3 => now = now - MILLISECOND * 900,
            4 => now = now + MINUTE * 20,
            5..=12 => {}
            13..=20 => now = now + MILLISECOND * 7,
            _ => now = now + step,
        }
        let limit = if (state >> 8).is_multiple_of(50) { 20 } else { 55 };
        assert_eq!(
            peek(limiter, subject, limit, now).await,
            window.peek(policy(limit), now),
            "before {request} at {now}"
        );
        let expected = window.take(policy(limit), now);
        assert_eq!(take(limiter, subject, limit, now).await, expected, "request {request} at {now}");
        if is_admitted(expected) { admitted += 1 } else { refused += 1 }
    }
    assert!(admitted > 200 && refused > 200, "{admitted} and {refused} tell too little");
}

/// One test for each case of the contract of [`RateLimiter`]. `$make` gives the limiter; it may await.
#[macro_export]
macro_rules! rate_limiter_contract {
    (block_on, $make:expr) => {
        $crate::rate_limiter_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::rate_limiter_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::rate_limiter_contract],
            [
                exactly_the_limit_of_many_at_once_is_admitted,
                an_admission_tells_how_things_are_after_it,
                peeking_counts_nothing,
                subjects_share_nothing,
                requests_leave_the_window_with_their_step,
                no_window_holds_more_than_the_limit,
                the_first_refusal_begins_a_block,
                a_block_lasts_until_there_is_room,
                refusals_cost_nothing,
                who_waits_as_told_is_let_through,
                a_clock_set_back_refuses_nobody_for_longer_than_a_window,
                nodes_whose_clocks_differ_lose_no_request,
                a_change_of_limit_holds_at_once,
                a_block_outlives_a_change_of_limit,
                a_limit_of_zero_admits_nothing,
                the_longest_and_the_shortest_block_work,
                answers_as_a_window_of_all_requests_would,
            ]
        );
    };
}
