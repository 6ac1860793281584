//! What a provider is sent, and what is made of a good answer.

use std::sync::Arc;

use altus4_ai_openai::{OpenAiClient, OpenAiConfig};
use altus4_kernel::{
    PortErrorKind::{NotPermitted, Rejected, Unavailable},
    PortResult, RandomSource, SystemClock, TokenUsage,
};
use altus4_search::{Embedder, Vector};
use altus4_test_support::provider::{Provider, Reply};
use serde_json::json;

use crate::fixture::{Desk, KEY, LONG, kind};

#[tokio::test]
async fn texts_become_vectors_and_the_provider_counts_them() {
    let desk = Desk::new();
    let embedded = desk.embed(&["a red bicycle", "", "a blue car", " \n"]).await.expect("embedded");
    let vector = |text| Vector::new(&Provider::vector_of(text));
    assert_eq!(embedded.vectors, [vector("a red bicycle"), None, vector("a blue car"), None]);
    assert_eq!(embedded.usage, [TokenUsage { model: "embedding-model".into(), input: 6, output: 0 }]);
    let [received] = &desk.provider.received()[..] else { panic!("one call") };
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/v1/embeddings"));
    assert_eq!(received.header("authorization"), Some(&*format!("Bearer {KEY}")));
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("accept-encoding"), None);
    let body = json!({
        "model": "embedding-model", "input": ["a red bicycle", "a blue car"], "encoding_format": "float",
    });
    assert_eq!(received.body, body);
}

#[tokio::test]
async fn nothing_is_sent_for_nothing() {
    let desk = Desk::new();
    for texts in [&[][..], &["", "  "]] {
        let embedded = desk.embed(texts).await.expect("embedded");
        assert_eq!((embedded.vectors, embedded.usage), (vec![None; texts.len()], vec![]));
    }
    assert!(desk.provider.received().is_empty());
}

#[tokio::test]
async fn many_texts_go_in_several_calls_and_come_back_in_their_order() {
    let desk = Desk::new();
    let texts: Vec<String> = (0..70).map(|number| format!("text number {number}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let embedded = desk.embed(&texts).await.expect("embedded");
    let expected: Vec<_> = texts.iter().map(|text| Vector::new(&Provider::vector_of(text))).collect();
    assert_eq!(embedded.vectors, expected);
    assert_eq!(embedded.usage.iter().map(|usage| usage.input).collect::<Vec<_>>(), [96, 96, 18]);
}

#[tokio::test]
async fn no_more_of_a_text_is_sent_than_the_model_is_said_to_take() {
    let desk = Desk::new();
    let model = desk.embedder.model();
    assert!(model.is_external);
    assert_eq!(&*model.id, format!("{}/embedding-model", desk.provider.url()));
    desk.embed(&["ü".repeat(model.max_chars + 1).as_str()]).await.expect("embedded");
    assert_eq!(desk.provider.received()[0].inputs()[0].chars().count(), model.max_chars);
}

#[tokio::test]
async fn a_text_is_made_to_order() {
    let desk = Desk::new();
    desk.provider.answer_next([Reply::chat("Here it is.\n")]);
    let made = desk.generate("Write it.").await.expect("made");
    let usage = TokenUsage { model: "chat-model".into(), input: 120, output: 30 };
    assert_eq!((made.text.as_str(), made.usage), ("Here it is.\n", usage));
    let [received] = &desk.provider.received()[..] else { panic!("one call") };
    assert_eq!(received.path, "/v1/chat/completions");
    let body = json!({
        "model": "chat-model", "messages": [{ "role": "user", "content": "Write it." }],
        "max_tokens": 64, "temperature": 0.5,
    });
    assert_eq!(received.body, body);
}

#[tokio::test]
async fn a_provider_that_counts_nothing_is_taken_to_count_a_token_for_four_bytes() {
    let desk = Desk::new();
    desk.provider.answer_next([
        Reply::json(&json!({ "choices": [{ "message": { "content": "twelve bytes" } }] })),
        Reply::json(&json!({ "data": [{ "embedding": [1.0, 0.0] }] })),
    ]);
    let usage = desk.generate("nine byte").await.expect("made").usage;
    assert_eq!((usage.input, usage.output), (3, 3));
    let usage = desk.embed(&["a text"]).await.expect("embedded").usage;
    assert_eq!((usage[0].input, usage[0].output), (2, 0));
}

#[tokio::test]
async fn without_a_key_none_is_sent() {
    let desk = Desk::with(|config| config.api_key = None);
    desk.embed(&["a text"]).await.expect("embedded");
    assert_eq!(desk.provider.received()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (desk, canary) = (Desk::new(), Provider::start());
    desk.provider.answer_next([Reply::status(307).with_header("Location", &canary.url())]);
    assert_eq!(kind(desk.generate("canary").await), Rejected);
    assert!(canary.received().is_empty());
    assert_eq!(desk.provider.received().len(), 1);
}

#[tokio::test]
async fn a_probe_asks_for_the_models_and_for_nothing_that_costs() {
    let desk = Desk::new();
    desk.client.probe(LONG).await.expect("there");
    desk.provider.answer_next([Reply::status(404), Reply::status(401), Reply::status(503)]);
    desk.client.probe(LONG).await.expect("one that has no such list is there");
    for expected in [NotPermitted, Unavailable] {
        assert_eq!(kind(desk.client.probe(LONG).await), expected);
    }
    let asked = desk.provider.received();
    assert!(asked.iter().all(|request| request.path == "/v1/models" && request.method == "GET"));
    assert_eq!(kind(Desk::without_provider().client.probe(LONG).await), Unavailable);
}

#[test]
fn nothing_shows_the_key() {
    let desk = Desk::new();
    let shown = format!("{:?} {:?}", desk.client, desk.embedder);
    assert!(!shown.contains(KEY), "{shown}");
    let config = OpenAiConfig::new("https://example.com".parse().expect("a URL"), Some("two\nlines".into()));
    assert!(!format!("{config:?}").contains("lines"));
    let fault = OpenAiClient::new(config, Arc::new(SystemClock), no_dice());
    assert_eq!(
        fault.expect_err("no key").to_string(),
        "the key of the AI provider has characters that no key has"
    );
}

fn no_dice() -> Arc<dyn RandomSource> {
    struct NoDice;
    impl RandomSource for NoDice {
        fn fill(&self, _: &mut [u8]) -> PortResult<()> {
            Ok(())
        }
    }
    Arc::new(NoDice)
}
