//! The requests of one subject: the measure of every rate limiter, wherever it keeps them.

use std::collections::VecDeque;

use altus4_kernel::Timestamp;

use crate::{RateDecision, RatePolicy, RateStatus};

/// A sliding window counter: how many requests were made in each step of the clock that still
/// counts, and a block. Holds [`RatePolicy::STEPS`] steps at the most, and none without a request.
#[derive(Debug, Clone, Default)]
pub struct RateWindow {
    /// Oldest first. The newest may be ahead of the clock, by what the clocks of nodes differ.
    steps: VecDeque<Step>,
    /// The requests of all steps.
    used: u32,
    blocked_until: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    number: u32,
    requests: u32,
}

impl RateWindow {
    /// Counts a request made at `now`, if there is room; see
    /// [`RateLimiter::take`](crate::RateLimiter::take).
    pub fn take(&mut self, policy: RatePolicy, now: Timestamp) -> RateDecision {
        self.settle(policy, now);
        if self.blocked_until.is_none() {
            if self.used < policy.limit {
                self.count(RatePolicy::step_of(now), 1);
                return RateDecision::Admitted(self.status(policy, now));
            }
            // Where nothing is allowed there never is room; a window is as good an answer as any.
            let room_at = self.room_at(policy.limit).unwrap_or(now + RatePolicy::WINDOW);
            self.blocked_until = Some(room_at.max(now + policy.block));
        }
        RateDecision::Refused(self.status(policy, now))
    }

    /// How things are at `now`, without counting anything.
    #[must_use]
    pub fn peek(&self, policy: RatePolicy, now: Timestamp) -> RateStatus {
        let mut settled = self.clone();
        settled.settle(policy, now);
        settled.status(policy, now)
    }

    /// From when on this is as good as a new one; `None` when it is already.
    #[must_use]
    pub fn holds_until(&self) -> Option<Timestamp> {
        self.steps.back().map(|step| step.leaves_at()).max(self.blocked_until)
    }

    /// Drops what is over at `now`.
    fn settle(&mut self, policy: RatePolicy, now: Timestamp) {
        let step = RatePolicy::step_of(now);
        let furthest = RatePolicy::step_of(now + RatePolicy::SKEW);
        if self.steps.back().is_some_and(|newest| newest.number > furthest) {
            self.count_as_made_in(step);
        }
        while let Some(over) = self.steps.pop_front_if(|oldest| oldest.is_over_in(step)) {
            self.used -= over.requests;
        }
        self.blocked_until = self
            .blocked_until
            .map(|until| self.settled_block(until, policy, now))
            .filter(|until| *until > now);
    }

    /// The clock was set back: what seems to lie in the future was made now.
    fn count_as_made_in(&mut self, step: u32) {
        let mut moved = 0;
        while let Some(later) = self.steps.pop_back_if(|newest| newest.number > step) {
            moved += later.requests;
        }
        self.used -= moved;
        self.count(step, moved);
    }

    fn settled_block(&self, until: Timestamp, policy: RatePolicy, now: Timestamp) -> Timestamp {
        let room_at = self.room_at(policy.limit);
        let longest = policy.block.max(RatePolicy::WINDOW + RatePolicy::STEP);
        if until > now + longest + RatePolicy::SKEW {
            // No block is so long: it began before the clock was set back.
            return (now + policy.block).max(room_at.unwrap_or(now));
        }
        // With a smaller limit there may be room only later than was told.
        until.max(room_at.unwrap_or(until))
    }

    fn count(&mut self, step: u32, requests: u32) {
        self.used += requests;
        match self.steps.back_mut() {
            Some(newest) if newest.number >= step => newest.requests += requests,
            _ => self.steps.push_back(Step { number: step, requests }),
        }
    }

    /// When there will be room for one more; `None` when there is now, or never will be.
    fn room_at(&self, limit: u32) -> Option<Timestamp> {
        if self.used < limit {
            return None;
        }
        let mut left = self.used;
        self.steps.iter().find_map(|step| {
            left -= step.requests;
            (left < limit).then(|| step.leaves_at())
        })
    }

    fn status(&self, policy: RatePolicy, now: Timestamp) -> RateStatus {
        let oldest = self.steps.front();
        let more_at = if self.used < policy.limit {
            oldest.map(|step| step.leaves_at())
        } else {
            self.room_at(policy.limit)
        };
        RateStatus {
            limit: policy.limit,
            used: self.used,
            window_start: oldest.map_or(now, |step| step.begins_at().min(now)),
            reset_at: self.blocked_until.or(more_at).unwrap_or(now + RatePolicy::WINDOW),
            blocked_until: self.blocked_until,
        }
    }
}

impl Step {
    fn begins_at(self) -> Timestamp {
        start_of(self.number.into())
    }

    /// A window after its last moment.
    fn leaves_at(self) -> Timestamp {
        start_of(u64::from(self.number) + u64::from(RatePolicy::STEPS))
    }

    fn is_over_in(self, step: u32) -> bool {
        self.number.checked_add(RatePolicy::STEPS).is_some_and(|leaves_in| leaves_in <= step)
    }
}

fn start_of(step: u64) -> Timestamp {
    let seconds = (step * RatePolicy::STEP.as_secs()).cast_signed();
    // 32 bits of steps end before the calendar does.
    Timestamp::from_unix_seconds(seconds).unwrap_or_else(|| Timestamp::new(time::OffsetDateTime::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use altus4_kernel::{Clock, testkit::FixedClock};

    use super::*;

    const POLICY: RatePolicy = RatePolicy { limit: 3, block: Duration::from_mins(5) };

    fn start() -> Timestamp {
        FixedClock::default().now()
    }

    fn is_admitted(window: &mut RateWindow, now: Timestamp) -> bool {
        matches!(window.take(POLICY, now), RateDecision::Admitted(_))
    }

    #[test]
    fn a_window_and_the_step_it_begins_within_count() {
        let steps = RatePolicy::WINDOW.as_secs() / RatePolicy::STEP.as_secs() + 1;
        assert_eq!(u64::from(RatePolicy::STEPS), steps);
    }

    #[test]
    fn it_holds_a_bounded_number_of_steps_whatever_the_limit() {
        let mut window = RateWindow::default();
        let policy = RatePolicy { limit: u32::MAX, ..POLICY };
        for second in 0..8_000 {
            window.take(policy, start() + Duration::from_secs(second));
            assert!(window.steps.len() <= RatePolicy::STEPS as usize);
        }
        assert_eq!(window.peek(policy, start() + Duration::from_secs(8_000)).used, 3_600);
    }

    #[test]
    fn it_is_as_good_as_new_when_it_says_so() {
        let mut window = RateWindow::default();
        assert_eq!(window.holds_until(), None);
        while is_admitted(&mut window, start()) {}
        let over = window.holds_until().expect("three requests and a block");
        assert_eq!(over, start() + RatePolicy::WINDOW + RatePolicy::STEP);
        window.settle(POLICY, over - Duration::from_millis(1));
        assert_eq!((window.used, window.blocked_until), (3, Some(over)));
        window.settle(POLICY, over);
        assert!(window.holds_until().is_none() && window.steps.is_empty());
    }

    #[test]
    fn a_long_block_is_held_longer_than_what_it_came_of() {
        let mut window = RateWindow::default();
        let policy = RatePolicy { limit: 1, block: Duration::from_hours(9) };
        window.take(policy, start());
        window.take(policy, start());
        assert_eq!(window.holds_until(), Some(start() + policy.block));
    }

    #[test]
    fn times_outside_the_steps_of_the_calendar_are_no_overflow() {
        for now in [start() + Duration::MAX, start() - Duration::MAX] {
            let mut window = RateWindow::default();
            let taken = (0..10).filter(|_| is_admitted(&mut window, now)).count();
            assert_eq!(taken, 3, "{now}");
        }
    }

    #[test]
    fn the_largest_limit_can_be_used_up() {
        let policy = RatePolicy { limit: u32::MAX, ..POLICY };
        let mut window = RateWindow::default();
        window.count(RatePolicy::step_of(start()), u32::MAX - 1);
        assert!(matches!(window.take(policy, start()), RateDecision::Admitted(_)));
        assert!(matches!(window.take(policy, start()), RateDecision::Refused(_)));
        let earlier = start() - Duration::from_hours(5);
        assert_eq!(window.peek(policy, earlier).used, u32::MAX);
    }
}
