//! Texts that are made to order: what they cost, who pays, and what is told where there are none.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::http::{Method, StatusCode};
use altus4_api_keys::{TierLimits, Tiers};
use altus4_kernel::{
    AiPayer, Generated, Permission, PortError, PortErrorKind, PortResult, Prompt, PublicDetail, System,
    TextGenerator, TokenUsage,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::world::{Answer, Scene, World, bearer, request};
use crate::{
    extract::Payer,
    routes::{self, Access},
};

const GENERATE: &str = "/api/v1/ai/generate";
/// 120 tokens at 15, and 30 at 60.
const COST: u64 = 3_600;

fn usage() -> TokenUsage {
    TokenUsage { model: "chat-model".into(), input: 120, output: 30 }
}

/// Writes the same to everybody, or fails.
#[derive(Default)]
struct Writer {
    fault: Option<PortError>,
    asked: Mutex<Vec<Prompt>>,
}

#[async_trait]
impl TextGenerator for Writer {
    async fn generate(&self, prompt: &Prompt, deadline: Duration) -> PortResult<Generated> {
        assert_eq!(deadline, Duration::from_mins(1));
        self.asked.lock().unwrap().push(prompt.clone());
        match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(Generated { text: "<b>As it came.</b>".to_owned(), usage: usage() }),
        }
    }
}

struct Desk {
    world: World,
    writer: Arc<Writer>,
    session: String,
    key: String,
    id: String,
}

impl Desk {
    async fn new() -> Self {
        Self::with(Writer::default(), Tiers::default()).await
    }

    async fn with(writer: Writer, tiers: Tiers) -> Self {
        let writer = Arc::new(writer);
        let world = World::of(Scene { text_generator: Some(writer.clone()), tiers, ..Scene::default() });
        let session = world.register("ada").await;
        let body = json!({ "name": "Writer", "permissions": ["write"], "tier": "free" });
        let (key, id) = world.make_key(&session, body).await;
        Self { world, writer, session, key, id }
    }

    async fn generate(&self) -> Answer {
        self.world.post(&self.key, GENERATE, json!({ "prompt": "Write it." })).await
    }

    async fn limit(&self, microcents: u64) {
        let body = json!({ "budgetLimitMicrocents": microcents });
        let answer = self.world.put(&self.session, &format!("/api/v1/keys/{}/limits", self.id), body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }

    async fn spent(&self) -> Value {
        let answer = self.world.get(&self.session, &format!("/api/v1/keys/{}/limits", self.id)).await;
        answer.json()["data"]["limits"]["spentMicrocents"].clone()
    }

    fn asked(&self) -> usize {
        self.writer.asked.lock().unwrap().len()
    }
}

#[actix_web::test]
async fn a_text_is_made_and_paid_for() {
    let desk = Desk::new().await;
    desk.limit(1_000_000).await;
    let body = json!({ "prompt": "Write it.", "maxTokens": 7, "temperature": 0.5 });
    let answer = desk.world.post(&desk.key, GENERATE, body).await;
    answer.assert_enveloped();
    let data = json!({ "text": "<b>As it came.</b>", "tokensUsed": 150, "model": "chat-model" });
    assert_eq!(answer.json()["data"], data);
    let prompt =
        Prompt { instruction: None, text: "Write it.".to_owned(), max_tokens: 7, temperature: Some(0.5) };
    assert_eq!(*desk.writer.asked.lock().unwrap(), [prompt]);
    assert_eq!(desk.spent().await, COST);
    let events = desk.world.events(&desk.id).await;
    assert_eq!(events.iter().map(|event| event.spent_microcents).collect::<Vec<_>>(), [COST]);
    // What the store has and what was counted is the same money.
    assert_eq!(desk.spent().await, COST);
}

#[actix_web::test]
async fn a_session_pays_nothing_and_has_the_calls_of_its_plan() {
    let small = TierLimits { ai_calls_per_hour: 2, ..Tiers::default().enterprise };
    let desk = Desk::with(Writer::default(), Tiers { enterprise: small, ..Tiers::default() }).await;
    for session in [desk.session.clone(), desk.world.login("ada").await] {
        let answer = desk.world.post(&session, GENERATE, json!({ "prompt": "x" })).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let answer = desk.world.post(&desk.session, GENERATE, json!({ "prompt": "x" })).await;
    assert_eq!(answer.code(), "RATE_LIMIT_EXCEEDED");
}

#[actix_web::test]
async fn every_fault_of_a_prompt_is_told() {
    let desk = Desk::new().await;
    for (body, fields) in [
        (json!({}), vec!["prompt"]),
        (json!({ "prompt": " \n" }), vec!["prompt"]),
        (json!({ "prompt": "x".repeat(20_001) }), vec!["prompt"]),
        (
            json!({ "prompt": 7, "maxTokens": 0, "temperature": -0.1 }),
            vec!["prompt", "maxTokens", "temperature"],
        ),
        (json!({ "prompt": "x", "maxTokens": 4_097, "temperature": 2.01 }), vec!["maxTokens", "temperature"]),
        (json!({ "prompt": "x", "temperature": "hot", "model": "y" }), vec!["temperature", "model"]),
    ] {
        let answer = desk.world.post(&desk.key, GENERATE, body).await;
        assert_eq!(
            (answer.code(), answer.fields()),
            ("VALIDATION_ERROR".to_owned(), fields.iter().map(ToString::to_string).collect())
        );
    }
    let most = json!({ "prompt": "ü".repeat(20_000), "maxTokens": 4_096, "temperature": 2 });
    assert_eq!(desk.world.post(&desk.key, GENERATE, most).await.status, StatusCode::OK);
    assert_eq!(desk.asked(), 1);
}

#[actix_web::test]
async fn over_its_budget_a_key_is_told_so_before_anything_is_spent() {
    let desk = Desk::new().await;
    desk.limit(COST + 1).await;
    // The second begins within the budget, and its cost counts whole.
    for _ in 0..2 {
        assert_eq!(desk.generate().await.status, StatusCode::OK);
    }
    let refused = desk.generate().await;
    assert_eq!((refused.status, &*refused.code()), (StatusCode::PAYMENT_REQUIRED, "BUDGET_EXCEEDED"));
    refused.assert_enveloped();
    let details = json!({
        "budgetLimitMicrocents": COST + 1, "spentMicrocents": 2 * COST, "resetTime": "2026-02-01T00:00:00.000Z",
    });
    assert_eq!(refused.json()["error"]["details"], details);
    assert_eq!((desk.asked(), desk.spent().await), (2, json!(2 * COST)));
    desk.limit(3 * COST).await;
    assert_eq!(desk.generate().await.status, StatusCode::OK);
}

#[actix_web::test]
async fn over_its_calls_of_an_hour_a_caller_is_told_when_to_come_again() {
    let small = TierLimits { ai_calls_per_hour: 2, ..Tiers::default().free };
    let desk = Desk::with(Writer::default(), Tiers { free: small, ..Tiers::default() }).await;
    for _ in 0..2 {
        assert_eq!(desk.generate().await.status, StatusCode::OK);
    }
    let refused = desk.generate().await;
    assert_eq!((refused.status, &*refused.code()), (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED"));
    let details = refused.json()["error"]["details"].clone();
    assert_eq!((&details["limit"], &details["tier"]), (&json!(2), &json!("Free")));
    let seconds = details["retryAfter"].as_u64().unwrap();
    assert_eq!(refused.header("retry-after"), seconds.to_string());
    assert_eq!(desk.asked(), 2);
    desk.world.clock.advance(Duration::from_secs(seconds));
    assert_eq!(desk.generate().await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_provider_that_fails_is_told_in_words_of_this_program() {
    for (kind, said) in [
        (PortErrorKind::Unavailable, "The AI provider failed"),
        (PortErrorKind::Timeout, "The AI provider did not answer in time"),
        (PortErrorKind::RateLimited, "The AI provider asks to be called less often; try again shortly"),
        (PortErrorKind::NotPermitted, "The AI provider refuses this installation's key"),
        (PortErrorKind::Corrupt, "The AI provider's answer makes no sense"),
    ] {
        let fault = PortError::new(kind, System::Ai, "x").with_source("sk-canary");
        let desk = Desk::with(Writer { fault: Some(fault), ..Writer::default() }, Tiers::default()).await;
        let answer = desk.generate().await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!((&*answer.code(), &*answer.text("/error/message")), ("AI_SERVICE_ERROR", said));
        assert!(!String::from_utf8_lossy(&answer.body).contains("canary"));
        assert_eq!(desk.world.events(&desk.id).await[0].spent_microcents, 0);
    }
    let detail = PublicDetail { message: "status 400".to_owned(), ..PublicDetail::default() };
    let fault = PortError::new(PortErrorKind::Rejected, System::Ai, "x").with_detail(detail);
    let desk = Desk::with(Writer { fault: Some(fault), ..Writer::default() }, Tiers::default()).await;
    assert_eq!(desk.generate().await.json()["error"]["details"], json!({ "error": "status 400" }));
}

#[actix_web::test]
async fn without_a_provider_it_is_said_what_is_wanting() {
    let world = World::new();
    let session = world.register("ada").await;
    let answer = world.post(&session, GENERATE, json!({ "prompt": "x" })).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.code(), "AI_SERVICE_ERROR");
    assert!(answer.text("/error/message").contains("OPENAI_BASE_URL"), "{answer:?}");
}

#[actix_web::test]
async fn what_is_charged_after_the_answer_is_written_down_with_its_request() {
    let desk = Desk::new().await;
    desk.limit(1_000_000).await;
    let (pay, told) = oneshot::channel();
    let told = Arc::new(Mutex::new(Some(told)));
    let pay_later = move |Payer(payer): Payer| {
        let told = told.lock().unwrap().take().unwrap();
        actix_web::rt::spawn(async move {
            told.await.unwrap();
            payer.charge(&usage()).await.unwrap();
        });
        async { "answered" }
    };
    let table = vec![routes::post("/api/v1/later", Access::Needs(Permission::Write), pay_later)];
    let answer = desk.world.send_to(table, bearer(request(&Method::POST, "/api/v1/later"), &desk.key)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(desk.world.events(&desk.id).await.is_empty(), "its cost is not known yet");
    pay.send(()).unwrap();
    while desk.world.events(&desk.id).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let [event] = &desk.world.events(&desk.id).await[..] else { panic!("one request") };
    assert_eq!((&*event.endpoint, event.status, event.spent_microcents), ("/api/v1/later", 200, COST));
    assert_eq!(desk.spent().await, COST);
}
