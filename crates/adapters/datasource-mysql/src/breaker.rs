//! Stops calling a server that doesn't answer, refuses the login or breaks the protocol, and tries
//! it again later: one for each pool, so that no database's trouble costs another anything.
//!
//! | what went wrong | how often in a row | left alone for |
//! | --- | --- | --- |
//! | no connection, or none that logs in | 3 | 30 s |
//! | no room for another session (1040, 1203, 1226) | 3 | 5 s |
//! | wrong user or password (1045, 1698) | 1 | 5 min |
//! | the protocol was broken | 3, within an hour | 1 h, its open sessions too |
//!
//! Then one caller tries, and the others go on being told what went wrong. Its owner's `test` always
//! calls, and so does a connection whose settings were changed, which has another pool.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::error::{Fault, Known};

/// How many failures to connect, or violations, it takes.
const PATIENCE: u32 = 3;
const QUARANTINE: Duration = Duration::from_hours(1);
/// How long the one who tries may take until another may: longer than connecting takes.
const TRIAL: Duration = Duration::from_secs(10);
/// A caller who gave up sooner than this tells nothing of the server.
const TELLING_WAIT: Duration = Duration::from_secs(1);

/// What a failure to connect says of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Nothing.
    None,
    /// It can't be reached, or lets nobody in.
    Unreachable,
    /// It has no room.
    Full,
    /// The user or the password is wrong.
    Login,
    /// It broke the protocol.
    Rogue,
}

impl Blame {
    fn rest(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Full => Duration::from_secs(5),
            Self::Unreachable => Duration::from_secs(30),
            Self::Login => Duration::from_mins(5),
            Self::Rogue => QUARANTINE,
        }
    }
}

/// A circuit breaker. Time is handed in, so that tests need not wait.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Failures to connect in a row.
    failures: u32,
    /// Violations, and when the last one was.
    violations: u32,
    violated: Option<Instant>,
    open: Option<Open>,
}

/// Nobody connects until then.
#[derive(Debug)]
struct Open {
    until: Instant,
    known: Known,
    is_quarantine: bool,
}

impl Breaker {
    /// Whether a session may be opened now; else what went wrong before. Whoever is let through says
    /// what came of it by the [`Attempt`].
    pub(crate) fn attempt(self: &Arc<Self>, now: Instant) -> Result<Attempt, Known> {
        let mut state = self.state();
        if let Some(open) = &mut state.open {
            if now < open.until {
                return Err(open.known.clone());
            }
            open.until = now + TRIAL;
        }
        Ok(Attempt { breaker: Arc::clone(self), began: now, is_told: false })
    }

    /// What a server in quarantine did; its open sessions aren't used either.
    pub(crate) fn quarantine(&self, now: Instant) -> Option<Known> {
        let state = self.state();
        state
            .open
            .as_ref()
            .filter(|open| open.is_quarantine && now < open.until)
            .map(|open| open.known.clone())
    }

    /// Whether nobody connects now.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        self.state().open.as_ref().is_some_and(|open| now < open.until)
    }

    /// The server let somebody in. Says whether it was open before.
    pub(crate) fn note_success(&self) -> bool {
        let mut state = self.state();
        state.failures = 0;
        state.open.take().is_some()
    }

    /// Its owner called it, and it did all that it should. Says whether it was open before.
    pub(crate) fn close(&self) -> bool {
        let before = std::mem::take(&mut *self.state());
        before.open.is_some()
    }

    /// No session could be opened, or the server broke the protocol in one. Says whether that was
    /// once too often.
    pub(crate) fn note_failure(&self, fault: &Fault, now: Instant) -> bool {
        let blame = fault.blame();
        let mut state = self.state();
        let is_enough = match blame {
            Blame::None => return false,
            Blame::Rogue => {
                let is_recent = state.violated.is_some_and(|last| now.duration_since(last) < 2 * QUARANTINE);
                state.violations = if is_recent { state.violations + 1 } else { 1 };
                state.violated = Some(now);
                state.violations >= PATIENCE
            }
            Blame::Login => true,
            Blame::Unreachable | Blame::Full => {
                state.failures = state.failures.saturating_add(1);
                state.failures >= PATIENCE
            }
        };
        // What is known to be worse is not made better by the next failure.
        let until = now + blame.rest();
        let is_longer = state.open.as_ref().is_none_or(|open| open.until < until);
        let opens = is_enough && state.open.as_ref().is_none_or(|open| open.until <= now + TRIAL);
        if is_enough && is_longer {
            let is_quarantine = blame == Blame::Rogue;
            state.open = Some(Open { until, known: fault.known(), is_quarantine });
        }
        opens
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who connects.
pub(crate) struct Attempt {
    breaker: Arc<Breaker>,
    began: Instant,
    is_told: bool,
}

impl Attempt {
    /// Says what came of it, and whether that opened the breaker.
    pub(crate) fn end<T>(mut self, outcome: &Result<T, Fault>, now: Instant) -> Change {
        self.is_told = true;
        match outcome {
            Ok(_) if self.breaker.note_success() => Change::Closed,
            Err(fault) if self.breaker.note_failure(fault, now) => Change::Opened,
            _ => Change::None,
        }
    }

    fn give_up(&self, now: Instant) {
        if !self.is_told && now.duration_since(self.began) >= TELLING_WAIT {
            self.breaker.note_failure(&Fault::Deadline, now);
        }
    }
}

/// The caller's deadline came first, or the caller went away.
impl Drop for Attempt {
    fn drop(&mut self) {
        self.give_up(Instant::now());
    }
}

/// What the end of an attempt changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// Nobody connects from now on.
    Opened,
    /// Sessions are opened again.
    Closed,
}

#[cfg(test)]
#[path = "breaker/tests.rs"]
mod tests;
