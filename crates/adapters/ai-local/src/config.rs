//! What the adapters are made from.

use std::thread;

/// The settings of a [`LocalEmbedder`](crate::LocalEmbedder).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalEmbedderConfig {
    /// How many tokens of a text are read, the two that mark its ends among them; a model that takes
    /// fewer decides. A row's time grows with it.
    pub max_tokens: usize,
    /// About how many are read of the rows that a search waits for.
    pub glance_tokens: usize,
    /// On how many threads texts that somebody waits for are embedded. For others there is one more.
    pub threads: usize,
    /// How many texts may wait that somebody waits for, and how many others.
    pub max_waiting: usize,
}

/// 128 tokens, some 600 characters, and half of that where somebody waits: docs/BENCHMARKS.md tells what
/// either is worth; as many threads as there are cores, four at the most; and 20,000 texts waiting, less than 40 MB of them.
impl Default for LocalEmbedderConfig {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { max_tokens: 128, glance_tokens: 64, threads: cores.min(4), max_waiting: 20_000 }
    }
}
