//! The attempts under one key: the measure of every limiter, wherever it keeps them.

use std::collections::VecDeque;

use altus4_kernel::Timestamp;

use crate::{Admission, Quota};

/// A sliding window log: when each attempt was made that still counts. Holds as many as the limit at
/// the most.
#[derive(Debug, Clone, Default)]
pub struct AttemptLog {
    /// Oldest first.
    made_at: VecDeque<Timestamp>,
}

impl AttemptLog {
    /// Counts an attempt made at `now`, if there is room; see
    /// [`AttemptLimiter::admit`](crate::AttemptLimiter::admit).
    pub fn admit(&mut self, quota: Quota, now: Timestamp) -> Admission {
        for attempt in &mut self.made_at {
            *attempt = now.min(*attempt);
        }
        while self.made_at.front().is_some_and(|oldest| *oldest + quota.window <= now) {
            self.made_at.pop_front();
        }
        let limit = usize::try_from(quota.limit).unwrap_or(usize::MAX);
        let Some(surplus) = self.made_at.len().checked_sub(limit) else {
            self.made_at.push_back(now);
            return Admission::Admitted;
        };
        // The attempt that has to leave before there is room; none when the limit is 0.
        let leaving = self.made_at.get(surplus).copied().unwrap_or(now);
        let retry_after = ((leaving + quota.window).as_utc() - now.as_utc()).unsigned_abs();
        Admission::Refused { retry_after }
    }
}
