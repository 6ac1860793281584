//! A provider that answers nonsense: an error, in bounded memory, and never anything made of it.

use std::time::{Duration, Instant};

use altus4_kernel::PortErrorKind::Corrupt;
use altus4_search::Vector;
use altus4_test_support::provider::Reply;
use serde_json::json;

use crate::fixture::{Desk, kind};

fn nonsense() -> Vec<Reply> {
    let text = |text: &str| Reply::text(text);
    vec![
        text(""),
        text("<html><body>Welcome to nginx</body></html>"),
        text("{\"data\": [{\"embedding\": [0.1, 0.2"),
        text("{\"choices\": [{\"message\": {\"content\": \"cut"),
        text("null"),
        text("{}"),
        Reply::text(vec![0xff; 100]),
        Reply::text("[".repeat(200_000)),
        Reply::text("{\"data\":".repeat(50_000)),
        Reply::json(&json!({ "error": { "message": "overloaded", "code": "overloaded" } })),
        Reply::json(&json!({ "data": "x", "choices": "x" })),
    ]
}

#[tokio::test]
async fn what_makes_no_sense_is_corrupt() {
    for reply in nonsense() {
        let desk = Desk::new();
        desk.provider.answer_next([reply.clone(), reply]);
        assert_eq!(kind(desk.embed(&["canary"]).await), Corrupt);
        assert_eq!(kind(desk.generate("canary").await), Corrupt);
        assert_eq!(desk.provider.received().len(), 2, "it is not asked again");
    }
}

#[tokio::test]
async fn embeddings_of_something_else_are_corrupt() {
    for reply in [
        Reply::embeddings(&["one", "two"]),
        Reply::embeddings(&[]),
        Reply::json(&json!({ "data": [{ "index": 1, "embedding": [1.0] }] })),
        Reply::text(r#"{"data":[{"index":0,"embedding":[1.0,1e999]}]}"#),
        Reply::json(&json!({ "data": [{ "index": 0, "embedding": vec![0.5; Vector::MAX_DIMENSIONS + 1] }] })),
    ] {
        let desk = Desk::new();
        desk.provider.answer_next([reply]);
        assert_eq!(kind(desk.embed(&["canary"]).await), Corrupt);
    }
}

#[tokio::test]
async fn a_model_keeps_its_dimensions() {
    let desk = Desk::new();
    let first = desk.embed(&["a text"]).await.expect("embedded");
    desk.provider.answer_next([Reply::json(&json!({ "data": [{ "embedding": [1.0, 0.0] }] }))]);
    assert_eq!(kind(desk.embed(&["canary"]).await), Corrupt);
    assert_eq!(desk.embed(&["a text"]).await.expect("embedded").vectors, first.vectors);
}

#[tokio::test]
async fn no_more_is_read_than_an_honest_answer_has() {
    let desk = Desk::new();
    // Told beforehand, and not.
    let told = Reply::text(vec![b' '; 64 * 1024 * 1024]);
    let began = Instant::now();
    desk.provider.answer_next([told.clone(), told.without_length()]);
    assert_eq!(kind(desk.generate("canary").await), Corrupt);
    assert_eq!(kind(desk.generate("canary").await), Corrupt);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_provider_of_nonsense_is_left_alone() {
    let desk = Desk::new();
    desk.provider.behave(|_| Reply::text("<html>"));
    for _ in 0..5 {
        assert_eq!(kind(desk.embed(&["canary"]).await), Corrupt);
    }
    assert_eq!(desk.provider.received().len(), 3);
}
