//! No secret is in a log, or in any answer but the one that issues it.

use altus4_test_support::MariaDb;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Answer, Caller, fresh_email, text};
use crate::samples::{articles, connection};

const USER_PASSWORD: &str = "canary-user-password-61";
const DATABASE_PASSWORD: &str = "canary-database-password-62";
const NEW_DATABASE_PASSWORD: &str = "canary-database-password-66";
const WRONG_PASSWORD: &str = "canary-wrong-password-63";
const QUERY: &str = "canaryquerytext64";
const ROW: &str = "canaryrowtext65";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_the_embedded_service() {
    assert_keeps_secrets(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_the_service_on_mariadb_and_redis() {
    assert_keeps_secrets(Kind::MariaDbRedis).await;
}

/// Notes every answer that issues nothing.
struct Notes(Vec<Answer>);

impl Notes {
    async fn post(&mut self, caller: &Caller, path: &str, body: Value) -> Answer {
        let answer = caller.post(path, body).await;
        self.0.push(answer.clone());
        answer
    }

    async fn patch(&mut self, caller: &Caller, path: &str, body: Value) -> Answer {
        let answer = caller.send("PATCH", path, Some(&body)).await;
        self.0.push(answer.clone());
        answer
    }

    async fn get(&mut self, caller: &Caller, path: &str) -> Answer {
        let answer = caller.get(path).await;
        self.0.push(answer.clone());
        answer
    }
}

#[expect(clippy::too_many_lines, reason = "one walk through everything that has a secret")]
async fn assert_keeps_secrets(kind: Kind) {
    let server = MariaDb::shared();
    let name = articles();
    let user = format!("canary_{name}");
    server.execute(
        &name,
        &format!(
            "CREATE USER {user} IDENTIFIED BY '{DATABASE_PASSWORD}'; GRANT SELECT ON {name}.* TO {user};
             INSERT INTO articles VALUES (50, '{ROW}', '{QUERY}')"
        ),
    );
    let app = TestApp::with(kind, &[("ALTUS4_LOG", "debug")]);
    let mut notes = Notes(Vec::new());
    let email = fresh_email();

    // What is issued, and whoever needs it.
    let account = json!({ "email": email, "password": USER_PASSWORD, "name": "Ada" });
    let registered = app.anonymous().post("/api/v1/auth/register", account.clone()).await.is(201);
    let login = json!({ "email": email, "password": USER_PASSWORD });
    let logged_in = app.anonymous().post("/api/v1/auth/login", login.clone()).await.is(200);
    let session = app.caller(&text(&logged_in.data()["token"]));
    let made = session.post("/api/v1/management/setup", json!({ "permissions": ["search"] })).await.is(201);
    let key = app.caller(&text(&made.data()["secretKey"]));
    for answer in [&registered, &logged_in, &made] {
        assert!(!answer.text.contains(USER_PASSWORD), "{}", answer.text);
    }

    // All that can be done with it, well and badly.
    let mut body = connection(&name);
    body["username"] = json!(user);
    body["password"] = json!(DATABASE_PASSWORD);
    let saved = notes.post(&session, "/api/v1/databases", body.clone()).await.is(201);
    let id = text(&saved.data()["id"]);
    notes.post(&session, "/api/v1/databases/test", body.clone()).await.is(200);
    notes.post(&session, &format!("/api/v1/databases/{id}/test"), json!({})).await.is(200);
    notes.get(&session, &format!("/api/v1/databases/{id}/schema")).await.is(200);
    notes.get(&session, &format!("/api/v1/databases/{id}")).await.is(200);
    notes.get(&session, "/api/v1/databases").await.is(200);
    notes.get(&session, "/api/v1/auth/profile").await;
    notes.get(&key, "/health").await.is(200);
    let found = key.search(json!({ "query": QUERY, "highlight": true })).await;
    assert!(found.to_string().contains(ROW), "{found}");

    notes.get(&session, &format!("/api/v1/databases/{id}/status")).await.is(200);
    notes.get(&session, "/api/v1/databases/status").await.is(200);
    server.execute(&name, &format!("ALTER USER {user} IDENTIFIED BY '{NEW_DATABASE_PASSWORD}'"));
    let path = format!("/api/v1/databases/{id}");
    let changes = [
        (json!({ "password": WRONG_PASSWORD }), 200),
        (json!({ "password": NEW_DATABASE_PASSWORD }), 200),
        (json!({ "password": { "is": NEW_DATABASE_PASSWORD } }), 400),
        (json!({ "password": NEW_DATABASE_PASSWORD, "name": "" }), 400),
        (json!({ "password": NEW_DATABASE_PASSWORD.repeat(50) }), 400),
    ];
    for (change, expected) in changes {
        notes.patch(&session, &path, change).await.is(expected);
    }
    notes.patch(&app.session().await, &path, json!({ "password": NEW_DATABASE_PASSWORD })).await.is(404);
    assert!(key.search(json!({ "query": QUERY })).await.to_string().contains(ROW));

    body["password"] = json!(WRONG_PASSWORD);
    notes.post(&session, "/api/v1/databases/test", body.clone()).await.is(502);
    body["name"] = json!("wrong");
    let wrong = notes.post(&session, "/api/v1/databases", body.clone()).await.is(201);
    let wrong = text(&wrong.data()["id"]);
    notes.post(&key, "/api/v1/search", json!({ "query": "backup" })).await.is(200);
    notes.post(&key, "/api/v1/search", json!({ "query": "backup", "databases": [wrong] })).await.is(502);
    body["port"] = json!("x");
    notes.post(&session, "/api/v1/databases", body).await.is(400);
    notes.post(&app.anonymous(), "/api/v1/auth/register", account).await.is(409);
    let faulty = json!({ "email": email, "password": USER_PASSWORD, "name": "", "pasword": USER_PASSWORD });
    notes.post(&app.anonymous(), "/api/v1/auth/register", faulty).await.is(400);
    let wrong_login = json!({ "email": email, "password": WRONG_PASSWORD });
    notes.post(&app.anonymous(), "/api/v1/auth/login", wrong_login).await.is(401);
    notes.get(&app.caller(&crate::keys::mistyped(key.credential())), "/api/v1/databases").await.is(401);
    notes.get(&app.caller(&format!("{}x", session.credential())), "/api/v1/databases").await.is(401);
    notes.get(&app.anonymous(), &format!("/api/v1/nothing?api_key={}", key.credential())).await.is(404);
    notes.post(&session, "/api/v1/management/setup", json!({})).await.is(409);
    let half = format!("{{\"query\":\"{QUERY}\"");
    let half =
        session.request("POST", "/api/v1/search").header("content-type", "application/json").body(half);
    notes.0.push(Answer::to(half).await.is(400));

    let refresh = text(&logged_in.data()["tokens"]["refreshToken"]);
    let random = key.credential().rsplit_once("_test_").expect("a test key").1.to_owned();
    let signature = session.credential().rsplit_once('.').expect("a token").1.to_owned();
    let issued = [
        USER_PASSWORD,
        DATABASE_PASSWORD,
        NEW_DATABASE_PASSWORD,
        WRONG_PASSWORD,
        &refresh,
        &random,
        &signature,
    ];
    for answer in &notes.0 {
        for secret in issued.iter().chain([&QUERY]) {
            assert!(!answer.text.contains(secret), "{secret} is in {}", answer.text);
            assert!(!format!("{:?}", answer.headers).contains(secret), "{secret} is in a header");
        }
    }
    let log = format!("{}{}", app.log(), app.program().stderr());
    assert!(log.lines().count() > notes.0.len(), "the log holds every request: {log}");
    for secret in issued.iter().chain(&[QUERY, ROW, &email, MariaDb::PASSWORD]) {
        let line = log.lines().find(|line| line.contains(secret));
        // The word of the server's own password is a plain one, and stands in names.
        let told = line.filter(|line| *secret != MariaDb::PASSWORD || line.contains(":secret@"));
        assert_eq!(told, None, "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_say_nothing_of_the_inside() {
    let app = TestApp::shared(Kind::Sqlite);
    let answer = app.anonymous().get("/api/v1/nothing").await.is(404);
    for name in ["server", "x-powered-by"] {
        assert_eq!(answer.header(name), "", "{name}");
    }
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}
