//! Stops calling a Redis that doesn't answer, and notices when it does again.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How many calls have to fail in a row.
const FAILURES_TO_OPEN: u32 = 5;
/// How long until one call tries again.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// A circuit breaker. Time is handed in, so that tests need not wait.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Clone, Copy)]
enum State {
    /// Calls go through; so many of the last ones failed.
    Closed { failures: u32 },
    /// Calls fail, except for one at `probe_at`.
    Open { probe_at: Instant },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

/// What the end of a call changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// Calls fail from now on.
    Opened,
    /// Calls go through again.
    Closed,
}

impl Breaker {
    /// Whether a call may be made now. A caller that is let through says afterwards what came of
    /// it; one that can't (its future was dropped) blocks nobody, as the next probe is let through
    /// a second later.
    pub(crate) fn admits(&self, now: Instant) -> bool {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => true,
            State::Open { probe_at } if probe_at <= now => {
                *state = State::Open { probe_at: now + PROBE_INTERVAL };
                true
            }
            State::Open { .. } => false,
        }
    }

    /// Redis answered.
    pub(crate) fn note_success(&self) -> Change {
        let before = std::mem::take(&mut *self.state());
        if matches!(before, State::Open { .. }) { Change::Closed } else { Change::None }
    }

    /// Redis didn't answer.
    pub(crate) fn note_failure(&self, now: Instant) -> Change {
        let mut state = self.state();
        match *state {
            State::Closed { failures } if failures + 1 < FAILURES_TO_OPEN => {
                *state = State::Closed { failures: failures + 1 };
                Change::None
            }
            State::Closed { .. } => {
                *state = State::Open { probe_at: now + PROBE_INTERVAL };
                Change::Opened
            }
            State::Open { .. } => Change::None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 1..FAILURES_TO_OPEN {
            assert_eq!(breaker.note_failure(now), Change::None);
            assert!(breaker.admits(now));
        }
        assert_eq!(breaker.note_failure(now), Change::Opened);
        breaker
    }

    #[test]
    fn a_row_of_failures_opens_it() {
        let now = Instant::now();
        assert!(!open(now).admits(now));
    }

    #[test]
    fn a_success_in_between_begins_the_count_anew() {
        let now = Instant::now();
        let breaker = Breaker::default();
        for _ in 0..3 {
            for _ in 1..FAILURES_TO_OPEN {
                assert_eq!(breaker.note_failure(now), Change::None);
            }
            assert_eq!(breaker.note_success(), Change::None);
        }
        assert!(breaker.admits(now));
    }

    #[test]
    fn one_call_a_second_tries_again() {
        let opened = Instant::now();
        let breaker = open(opened);
        assert!(!breaker.admits(opened + PROBE_INTERVAL / 2));
        for second in 1..4 {
            let now = opened + PROBE_INTERVAL * second;
            assert!(breaker.admits(now), "the probe");
            assert!(!breaker.admits(now), "a call beside the probe");
            assert_eq!(breaker.note_failure(now), Change::None);
        }
    }

    #[test]
    fn a_probe_that_is_answered_closes_it() {
        let opened = Instant::now();
        let breaker = open(opened);
        let now = opened + PROBE_INTERVAL;
        assert!(breaker.admits(now));
        assert_eq!(breaker.note_success(), Change::Closed);
        assert!(breaker.admits(now));
        assert_eq!(breaker.note_failure(now), Change::None, "the count begins anew");
    }
}
