//! Texts that are made to order.

use std::{sync::Arc, time::Duration};

use altus4_kernel::{Generated, PortResult, Prompt, TextGenerator};
use async_trait::async_trait;

use crate::{OpenAiClient, chat::Chat, client::until};

/// A [`TextGenerator`] over a provider's chat model.
#[derive(Debug, Clone)]
pub struct OpenAiTextGenerator {
    client: OpenAiClient,
    model: Arc<str>,
}

impl OpenAiTextGenerator {
    /// Texts of this model.
    #[must_use]
    pub fn new(client: OpenAiClient, model: impl Into<Arc<str>>) -> Self {
        Self { client, model: model.into() }
    }
}

#[async_trait]
impl TextGenerator for OpenAiTextGenerator {
    async fn generate(&self, prompt: &Prompt, deadline: Duration) -> PortResult<Generated> {
        let chat = Chat {
            operation: "text_generator.generate",
            model: &self.model,
            instruction: prompt.instruction.as_deref(),
            text: &prompt.text,
            max_tokens: prompt.max_tokens,
            temperature: prompt.temperature,
            until: until(deadline),
        };
        let (text, usage) = chat.ask(&self.client).await?;
        Ok(Generated { text, usage })
    }
}
