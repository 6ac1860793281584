//! Texts that a provider makes to order: what it is sent, what that costs whom, and what is told where it
//! fails. The provider is scripted.

use std::time::{Duration, Instant};

use altus4_test_support::{
    free_port,
    provider::{Provider, Reply},
};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Answer, Caller, eventually, text};
use crate::program::{Program, settings};

const GENERATE: &str = "/api/v1/ai/generate";
/// Longer than usage waits to be written.
const FLUSHED: Duration = Duration::from_secs(10);
/// What a text costs: 120 tokens that are read at 0.15 dollars for a million, and 30 written at 0.60.
const COST: u64 = 120 * 15 + 30 * 60;
const PROVIDER_KEY: &str = "sk-provider-canary-5Qx";

/// An app with a provider of its own.
struct Desk {
    provider: Provider,
    app: TestApp,
}

/// A key that may have texts made, and who looks after it.
struct Writer {
    session: Caller,
    key: Caller,
    id: String,
}

impl Desk {
    fn new(kind: Kind) -> Self {
        let provider = Provider::start();
        let app = app_of(kind, &provider.url());
        Self { provider, app }
    }

    async fn writer(&self) -> Writer {
        let session = self.app.session().await;
        let body = json!({ "name": "Writer", "permissions": ["write"], "tier": "pro" });
        let made = session.post("/api/v1/keys", body).await.is(201);
        let key = session.with(&text(&made.data()["secretKey"]));
        Writer { session, key, id: text(&made.data()["apiKey"]["id"]) }
    }
}

fn app_of(kind: Kind, url: &str) -> TestApp {
    let further = [
        ("OPENAI_BASE_URL", url),
        ("OPENAI_API_KEY", PROVIDER_KEY),
        ("OPENAI_MODEL", "chat-model"),
        ("ALTUS4_AI_PRICES", "chat-model=0.15/0.60"),
    ];
    TestApp::with(kind, &further)
}

impl Writer {
    async fn generate(&self) -> Answer {
        self.key.post(GENERATE, json!({ "prompt": "Write it." })).await
    }

    async fn limit(&self, microcents: u64) {
        let body = json!({ "budgetLimitMicrocents": microcents });
        self.session.send("PUT", &format!("/api/v1/keys/{}/limits", self.id), Some(&body)).await.is(200);
    }

    async fn spent(&self) -> Value {
        let limits = self.session.get(&format!("/api/v1/keys/{}/limits", self.id)).await.is(200);
        limits.data()["limits"]["spentMicrocents"].clone()
    }

    async fn usage(&self, tail: &str) -> Value {
        self.session.get(&format!("/api/v1/keys/{}/usage{tail}", self.id)).await.is(200).data().clone()
    }
}

async fn a_text_is_made_and_costs_what_the_provider_counted(kind: Kind) {
    let desk = Desk::new(kind);
    let writer = desk.writer().await;
    writer.limit(1_000_000_000).await;
    let body = json!({ "prompt": "Write it.", "maxTokens": 64, "temperature": 0.5 });
    let answer = writer.key.post(GENERATE, body).await.is(200);
    let data = json!({
        "text": "A text that was made to order.", "tokensUsed": 150, "model": "chat-model",
    });
    assert_eq!(answer.data(), &data);
    let [received] = &desk.provider.received()[..] else { panic!("one call") };
    assert_eq!(received.header("authorization"), Some(&*format!("Bearer {PROVIDER_KEY}")));
    let body = json!({
        "model": "chat-model", "messages": [{ "role": "user", "content": "Write it." }],
        "max_tokens": 64, "temperature": 0.5,
    });
    assert_eq!(received.body, body);
    // Ten more at once.
    join_all((0..10).map(|_| async { writer.generate().await.is(200) })).await;
    assert_eq!(writer.spent().await, 11 * COST);
    let written = async || writer.usage("?days=1").await["usage"]["totalSpendMicrocents"] == 11 * COST;
    eventually(FLUSHED, written).await;
    assert_eq!(writer.spent().await, 11 * COST, "what is written is what was counted");
    let requests = writer.usage("/requests").await;
    assert_eq!(requests["total"], 11);
    assert!(requests["items"].as_array().expect("a list").iter().all(|item| item["spendMicrocents"] == COST));
    assert_eq!(requests["items"][0]["endpoint"], GENERATE);
    assert!(!desk.app.log().contains("Write it.") && !desk.app.log().contains(PROVIDER_KEY));
}

async fn a_key_over_its_budget_gets_no_text_and_no_bill(kind: Kind) {
    let desk = Desk::new(kind);
    let writer = desk.writer().await;
    writer.limit(2 * COST).await;
    for _ in 0..2 {
        writer.generate().await.is(200);
    }
    let refused = writer.generate().await.fails(402, "BUDGET_EXCEEDED");
    assert_eq!(refused.details()["spentMicrocents"], 2 * COST);
    assert_eq!(refused.details()["budgetLimitMicrocents"], 2 * COST);
    assert_eq!(desk.provider.received().len(), 2);
    assert_eq!(writer.spent().await, 2 * COST);
    // Another key of the account has its own.
    desk.writer().await.generate().await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_made_and_costs_what_the_provider_counted_on_sqlite() {
    a_text_is_made_and_costs_what_the_provider_counted(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_made_and_costs_what_the_provider_counted_on_mariadb_and_redis() {
    a_text_is_made_and_costs_what_the_provider_counted(Kind::MariaDbRedis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_over_its_budget_gets_no_text_and_no_bill_on_sqlite() {
    a_key_over_its_budget_gets_no_text_and_no_bill(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_over_its_budget_gets_no_text_and_no_bill_on_mariadb_and_redis() {
    a_key_over_its_budget_gets_no_text_and_no_bill(Kind::MariaDbRedis).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_does_not_wait_for_is_charged_all_the_same() {
    let desk = Desk::new(Kind::Sqlite);
    let writer = desk.writer().await;
    desk.provider.behave(|_| Reply::chat("It is late.").after(Duration::from_secs(1)));
    let body = json!({ "prompt": "Write it." });
    let request = writer.key.request("POST", GENERATE).json(&body).timeout(Duration::from_millis(500));
    assert!(request.send().await.expect_err("it went away").is_timeout());
    let written = async || writer.usage("?days=1").await["usage"]["totalSpendMicrocents"] == COST;
    eventually(FLUSHED, written).await;
    let requests = writer.usage("/requests").await;
    assert_eq!((&requests["total"], &requests["items"][0]["status"]), (&json!(1), &json!(499)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_is_told_and_costs_nothing() {
    let desk = Desk::new(Kind::Sqlite);
    let writer = desk.writer().await;
    writer.limit(1_000_000).await;
    let nonsense = [
        Reply::text("<html>canary</html>"),
        Reply::text("{\"choices\": ["),
        Reply::text("[".repeat(100_000)),
        Reply::status(400),
        Reply::chat("It breaks off.").cut_after(20),
    ];
    for reply in nonsense {
        desk.provider.answer_next([reply]);
        let failed = writer.generate().await.fails(500, "AI_SERVICE_ERROR");
        assert!(!failed.text.contains("canary") && !failed.text.contains("127.0.0.1"), "{}", failed.text);
        desk.provider.behave_well();
        writer.generate().await.is(200);
    }
    assert_eq!(writer.spent().await, 5 * COST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_gone_is_told_at_once_and_makes_the_service_degraded() {
    let app = app_of(Kind::Sqlite, &format!("http://127.0.0.1:{}", free_port()));
    let key = app.key(&["write"]).await;
    let status = async || app.anonymous().get("/api/v1/management/health").await.is(200).data().clone();
    assert_eq!(status().await["status"], "healthy", "nobody called it yet");
    key.post(GENERATE, json!({ "prompt": "x" })).await.fails(500, "AI_SERVICE_ERROR");
    let began = Instant::now();
    key.post(GENERATE, json!({ "prompt": "x" })).await.fails(500, "AI_SERVICE_ERROR");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    eventually(FLUSHED, async || status().await["status"] == "degraded").await;
    let health = status().await;
    let services = health["services"].as_array().expect("a list").clone();
    let ai = services.iter().find(|service| service["name"] == "ai").expect("the provider");
    assert_eq!(ai["status"], "degraded");
    let told = app.anonymous().get("/health").await.is(200);
    assert_eq!(told.body["status"], "degraded");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_it_is_said_what_is_wanting() {
    let app = TestApp::shared(Kind::Sqlite);
    let key = app.key(&["write"]).await;
    let failed = key.post(GENERATE, json!({ "prompt": "x" })).await.fails(500, "AI_SERVICE_ERROR");
    assert!(failed.text.contains("OPENAI_API_KEY"), "{}", failed.text);
    let health = app.anonymous().get("/api/v1/management/health").await.is(200);
    assert!(!health.text.contains("\"ai\""), "{}", health.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_how_the_provider_is() {
    let provider = Provider::start();
    let check = |url: &str| {
        Program::run(&["check"], &settings(&[("OPENAI_BASE_URL", url), ("OPENAI_API_KEY", PROVIDER_KEY)]))
    };
    let well = check(&provider.url());
    assert_eq!(well.code, 0, "{}{}", well.stdout, well.stderr);
    assert!(well.stdout.contains("ai provider") && well.stdout.contains("has no price"), "{}", well.stdout);
    assert!(provider.received().iter().all(|request| request.path == "/v1/models"));
    provider.behave(|_| Reply::status(401));
    for url in [provider.url(), format!("http://127.0.0.1:{}", free_port())] {
        let failed = check(&url);
        assert_eq!(failed.code, 2, "{}", failed.stdout);
        assert!(failed.stdout.contains("FAILED"), "{}", failed.stdout);
        assert!(!format!("{}{}", failed.stdout, failed.stderr).contains(PROVIDER_KEY));
    }
}
