//! What calls of an AI cost and who pays for them, and the port for text that is made to order.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::PortResult;

/// What a provider says that a call used: its own counts. Only of one that counts nothing is it an
/// estimate, so that a budget holds there too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUsage {
    /// The model, by the name that it was asked for under: the one that has a price.
    pub model: Arc<str>,
    /// The tokens it read.
    pub input: u64,
    /// The tokens it wrote; embeddings have none.
    pub output: u64,
}

/// Pays for the calls of an AI provider that one request causes. A model that runs in this process
/// costs nothing and is not asked for.
///
/// Errors: those of what counts. What can't be counted MUST not be called for.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AiPayer: Send + Sync {
    /// Whether one more call may be made now, and counts it if so: there are calls left in the hour,
    /// and money in the budget.
    async fn may_call(&self) -> PortResult<bool>;

    /// Puts what a call used to the account. Called once for each answer that a provider charges for,
    /// whatever became of it here.
    async fn charge(&self, usage: &TokenUsage) -> PortResult<()>;
}

/// Pays without counting: for work that no key asked for, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Uncounted;

#[async_trait]
impl AiPayer for Uncounted {
    async fn may_call(&self) -> PortResult<bool> {
        Ok(true)
    }

    async fn charge(&self, _: &TokenUsage) -> PortResult<()> {
        Ok(())
    }
}

/// What a text is to be made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// What the model is to do.
    pub instruction: Option<String>,
    /// What it is to do it with.
    pub text: String,
    /// How many tokens it may write at the most.
    pub max_tokens: u32,
    /// From 0 (always the likeliest word) to 2; the model's own where it is left out.
    pub temperature: Option<f32>,
}

/// A text that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The text, as it came: data, to be trusted with nothing.
    pub text: String,
    /// What it took.
    pub usage: TokenUsage,
}

/// Makes texts.
///
/// Every method MUST answer within `deadline` and MUST bound what it holds in memory, whatever the
/// provider sends. Errors, all of the system `Ai`: `Unavailable`, `Timeout`, `RateLimited`,
/// `NotPermitted` (the provider refuses the credential), `Rejected` (it refuses the request; the detail
/// says why, in words of this program), `Corrupt` (its answer makes no sense).
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TextGenerator: Send + Sync {
    /// Makes one text.
    async fn generate(&self, prompt: &Prompt, deadline: Duration) -> PortResult<Generated>;
}
