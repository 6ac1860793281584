//! `/v1/chat/completions`: a text for an instruction and what it is about.

use std::sync::Arc;

use altus4_kernel::{PortResult, TokenUsage};
use altus4_search::Urgency;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    OpenAiClient,
    client::{Call, Purpose},
    usage::usage_of,
};

/// More than any model writes for the tokens that are asked for here, thoughts that it tells included.
const MAX_BYTES: usize = 1024 * 1024;

/// A chat of one turn.
pub(crate) struct Chat<'a> {
    pub(crate) operation: &'static str,
    pub(crate) model: &'a Arc<str>,
    /// What the model is to do.
    pub(crate) instruction: Option<&'a str>,
    /// What it is to do it with.
    pub(crate) text: &'a str,
    pub(crate) max_tokens: u32,
    pub(crate) temperature: Option<f32>,
    pub(crate) until: Instant,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
    usage: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Content,
}

/// `null` where the model used all its tokens up for thoughts, or refuses to say anything.
#[derive(Deserialize)]
struct Content {
    content: Option<String>,
}

impl Chat<'_> {
    /// What the model writes, and what that took.
    pub(crate) async fn ask(self, client: &OpenAiClient) -> PortResult<(String, TokenUsage)> {
        let sent = self.text.len() + self.instruction.map_or(0, str::len);
        let call = Call {
            operation: self.operation,
            purpose: Purpose::Chat,
            body: serde_json::to_vec(&self.request(client.base_url().is_openai())).unwrap_or_default(),
            urgency: Urgency::Now,
            max_bytes: MAX_BYTES,
            until: self.until,
        };
        let model = self.model;
        client.call(&call, |body| read(body, model, sent)).await
    }

    fn request(&self, is_openai: bool) -> Request<'_> {
        let instruction = self.instruction.map(|content| Message { role: "system", content });
        let text = Message { role: "user", content: self.text };
        Request {
            model: self.model,
            messages: instruction.into_iter().chain([text]).collect(),
            // OpenAI's newer models know only the newer name, and what else speaks its API often only the
            // older one.
            max_tokens: (!is_openai).then_some(self.max_tokens),
            max_completion_tokens: is_openai.then_some(self.max_tokens),
            temperature: self.temperature,
            store: is_openai.then_some(false),
        }
    }
}

fn read(body: &[u8], model: &Arc<str>, sent: usize) -> Result<(String, TokenUsage), &'static str> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| "it is no answer of a chat")?;
    let choice = answer.choices.into_iter().next().ok_or("it has no text")?;
    let text = choice.message.content.unwrap_or_default();
    let usage = usage_of(answer.usage.as_ref(), model, sent, text.len());
    Ok((text, usage))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(is_openai: bool) -> Value {
        let chat = Chat {
            operation: "x",
            model: &"gpt".into(),
            instruction: Some("Do."),
            text: "It.",
            max_tokens: 7,
            temperature: Some(0.7),
            until: Instant::now(),
        };
        let text = serde_json::to_string(&chat.request(is_openai)).expect("JSON");
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn openai_is_asked_as_it_wants_to_be() {
        let messages = json!([{ "role": "system", "content": "Do." }, { "role": "user", "content": "It." }]);
        let expected = json!({ "model": "gpt", "messages": messages, "temperature": 0.7, "max_tokens": 7 });
        assert_eq!(request(false), expected);
        let expected = json!({
            "model": "gpt", "messages": messages, "temperature": 0.7, "max_completion_tokens": 7, "store": false,
        });
        assert_eq!(request(true), expected);
    }

    #[test]
    fn an_answer_without_words_is_an_empty_text() {
        let read = |body: &str| read(body.as_bytes(), &"gpt".into(), 8);
        let silent = r#"{"choices":[{"message":{"content":null},"finish_reason":"length"}],
            "usage":{"prompt_tokens":2,"completion_tokens":9}}"#;
        let (text, usage) = read(silent).expect("an answer");
        assert_eq!((text.as_str(), usage.input, usage.output), ("", 2, 9));
        let uncounted = r#"{"choices":[{"message":{"content":"abcde"}}]}"#;
        let (_, usage) = read(uncounted).expect("an answer");
        assert_eq!((usage.input, usage.output), (2, 2));
        for nonsense in [
            "",
            "<html>",
            "[]",
            r#"{"error":{}}"#,
            r#"{"choices":[]}"#,
            r#"{"choices":[{"message":{"content":7}}]}"#,
        ] {
            assert!(read(nonsense).is_err(), "{nonsense}");
        }
        let deep = format!(r#"{{"choices":[],"usage":{}"#, "[".repeat(100_000));
        assert!(read(&deep).is_err());
    }
}
