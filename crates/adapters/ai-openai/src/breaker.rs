//! Stops calling a provider that fails, and tries it again later: one for each purpose, so that a chat
//! model in trouble costs embeddings nothing.
//!
//! | what went wrong | how often in a row | left alone for |
//! | --- | --- | --- |
//! | no answer, a server's fault (5xx), nonsense | 3 | 10 s |
//! | no answer in time, where there was time for one | 3 | 10 s |
//! | too many calls, with a `Retry-After` | 1 | that long, 60 s at the most |
//! | the key is not good (401) | 1 | 60 s |
//!
//! Then one caller tries, and the others go on being told what went wrong.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use altus4_kernel::PortErrorKind;

use crate::{error::Fault, retry::MOST_PATIENCE};

/// How many failures it takes.
const PATIENCE: u32 = 3;
const REST: Duration = Duration::from_secs(10);
/// How long the one who tries may take until another may.
const TRIAL: Duration = Duration::from_secs(30);

/// What a failure says of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blame {
    /// It is there, and doesn't do this.
    None,
    /// It fails.
    Failing,
    /// Nobody should call it for so long.
    Shut(Duration),
}

fn blame(fault: &Fault) -> Blame {
    match fault {
        Fault::Refused { status: 401, .. } => Blame::Shut(MOST_PATIENCE),
        Fault::Refused { status: 429, retry_after: Some(wait), .. } => {
            Blame::Shut((*wait).min(MOST_PATIENCE))
        }
        // Other refusals may be about what somebody asked for, and would close it to all.
        Fault::Refused { status: 408 | 429 | 500.., .. }
        | Fault::Deadline
        | Fault::Unreachable(_)
        | Fault::Broken(_)
        | Fault::Nonsense(_) => Blame::Failing,
        Fault::NotAsked(_) | Fault::Refused { .. } => Blame::None,
    }
}

/// A circuit breaker. Time is handed in, so that tests need not wait.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failures: u32,
    open: Option<Open>,
}

/// Nobody calls until then.
#[derive(Debug, Clone, Copy)]
struct Open {
    until: Instant,
    kind: PortErrorKind,
    /// Somebody tries whether it is back.
    is_tried: bool,
}

impl Breaker {
    /// Whether a call may be made now; else what went wrong before. Whoever is let through says what
    /// came of it by the [`Attempt`]. One that is given up before tells something after `patience` only.
    pub(crate) fn attempt(
        self: &Arc<Self>,
        now: Instant,
        patience: Duration,
    ) -> Result<Attempt, PortErrorKind> {
        let mut state = self.state();
        let is_trial = state.open.is_some();
        if let Some(open) = &mut state.open {
            if now < open.until {
                return Err(open.kind);
            }
            (open.until, open.is_tried) = (now + TRIAL, true);
        }
        Ok(Attempt { breaker: Arc::clone(self), began: now, patience, is_trial, is_told: false })
    }

    /// What is wrong, until a call went well. A provider that was only called too often is well again
    /// when that time is over.
    pub(crate) fn fault(&self, now: Instant) -> Option<PortErrorKind> {
        let open = self.state().open?;
        (now < open.until || open.kind != PortErrorKind::RateLimited).then_some(open.kind)
    }

    /// It answered. Says whether it was open before.
    fn note_success(&self) -> bool {
        let before = std::mem::take(&mut *self.state());
        before.open.is_some()
    }

    /// It failed. Says whether that was once too often.
    fn note_failure(&self, fault: &Fault, now: Instant) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let rest = match blame(fault) {
            Blame::Shut(rest) => rest,
            // One that tried whether it is back needs no company.
            Blame::Failing if state.failures >= PATIENCE || state.open.is_some() => REST,
            Blame::Failing | Blame::None => return false,
        };
        let opens = state.open.is_none();
        let until = now + rest;
        // What is known to take longer is not made shorter by the next failure.
        if state.open.is_none_or(|open| open.is_tried || open.until < until) {
            state.open = Some(Open { until, kind: fault.kind(), is_tried: false });
        }
        opens
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who calls.
pub(crate) struct Attempt {
    breaker: Arc<Breaker>,
    began: Instant,
    patience: Duration,
    is_trial: bool,
    is_told: bool,
}

impl Attempt {
    /// Says what came of it, and whether that changed anything.
    pub(crate) fn end(mut self, fault: Option<&Fault>, now: Instant) -> Change {
        self.is_told = true;
        match fault {
            Some(fault) if blame(fault) != Blame::None => {
                if self.breaker.note_failure(fault, now) {
                    Change::Opened
                } else {
                    Change::None
                }
            }
            _ if self.breaker.note_success() => Change::Closed,
            _ => Change::None,
        }
    }

    fn give_up(&self, now: Instant) {
        let is_telling = self.is_trial || now.duration_since(self.began) >= self.patience;
        if !self.is_told && is_telling && self.breaker.note_failure(&Fault::Deadline, now) {
            tracing::warn!(error = %Fault::Deadline, "ai.provider.lost");
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
    /// Nobody calls from now on.
    Opened,
    /// Calls are made again.
    Closed,
}

#[cfg(test)]
mod tests;
