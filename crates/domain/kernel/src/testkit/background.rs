//! Work beside requests, for tests that want it done.

use crate::{Background, Work};

/// Runs work to its end at once, on the thread that began it.
#[derive(Debug, Clone, Copy, Default)]
pub struct InlineBackground;

impl Background for InlineBackground {
    fn run(&self, work: Work) {
        super::block_on(work);
    }
}
