//! Registration, login and sessions.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Answer, PASSWORD, fresh_email, text};

on_both! {
    registering_answers_with_the_account_and_its_tokens,
    an_account_can_log_in,
    one_address_has_one_account,
    of_two_registrations_at_once_one_wins,
    role_and_plan_in_the_body_have_no_effect,
    an_unknown_address_and_a_wrong_password_answer_alike,
}

fn registration(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "name": "Ada Lovelace" })
}

async fn registering_answers_with_the_account_and_its_tokens(app: &TestApp) {
    let email = fresh_email();
    let answer = app.anonymous().post("/api/v1/auth/register", registration(&email)).await.is(201);
    let data = answer.data();
    let user = &data["user"];
    assert_eq!(user["email"], email);
    assert_eq!(user["name"], "Ada Lovelace");
    assert_eq!(user["role"], "user");
    assert_eq!(user["plan"], "enterprise");
    assert_eq!(user["connectedDatabases"], json!([]));
    assert!(user["createdAt"].is_string() && user["lastActive"].is_string(), "{user}");
    let id = uuid::Uuid::parse_str(&text(&user["id"])).expect("an id is a UUID");
    assert_eq!(id.get_version_num(), 7);

    let tokens = &data["tokens"];
    assert_eq!(data["token"], tokens["accessToken"]);
    assert_eq!(data["expiresIn"], 900);
    assert_eq!(tokens["expiresIn"], 900);
    assert_eq!(tokens["tokenType"], "Bearer");
    assert_ne!(tokens["refreshToken"], tokens["accessToken"]);
    assert_claims(&text(&data["token"]), &text(&user["id"]));

    let cookie = answer.header("set-cookie");
    for part in
        ["altus4_refresh=", "HttpOnly", "SameSite=Strict", "Path=/api", &text(&tokens["refreshToken"])]
    {
        assert!(cookie.contains(part), "{part} is not in {cookie}");
    }
    app.caller(&text(&data["token"])).get("/api/v1/databases").await.is(200);
}

fn assert_claims(token: &str, account: &str) {
    let part = |at: usize| -> Value {
        let part = token.split('.').nth(at).expect("a token has three parts");
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).expect("a part is JSON")
    };
    assert_eq!(part(0)["alg"], "HS256");
    let claims = part(1);
    assert_eq!(claims["sub"], account);
    assert_eq!(claims["nbf"], claims["iat"]);
    for name in ["iss", "aud", "sid", "jti"] {
        assert!(claims[name].is_string(), "{name} is missing in {claims}");
    }
    let seconds = |name: &str| claims[name].as_u64().expect("a time in seconds");
    assert_eq!(seconds("exp") - seconds("iat"), 900);
}

async fn an_account_can_log_in(app: &TestApp) {
    let account = app.account().await;
    let login = |email: String| {
        app.anonymous()
            .request("POST", "/api/v1/auth/login")
            .json(&json!({ "email": email, "password": PASSWORD }))
    };
    let answer = Answer::to(login(account.email.clone())).await.is(200);
    assert_eq!(answer.data()["user"]["id"], account.registered["user"]["id"]);
    assert_eq!(answer.data()["token"], answer.data()["tokens"]["accessToken"]);
    assert!(answer.header("set-cookie").contains("altus4_refresh="));
    let other = Answer::to(login(account.email.to_uppercase())).await.is(200);
    assert_ne!(other.data()["token"], answer.data()["token"], "each session has tokens of its own");
    for token in [&answer.data()["token"], &other.data()["token"]] {
        app.caller(&text(token)).get("/api/v1/databases").await.is(200);
    }
}

async fn one_address_has_one_account(app: &TestApp) {
    let account = app.account().await;
    for email in [account.email.clone(), account.email.to_uppercase(), format!(" {} ", account.email)] {
        app.anonymous().post("/api/v1/auth/register", registration(&email)).await.fails(409, "USER_EXISTS");
    }
}

async fn of_two_registrations_at_once_one_wins(app: &TestApp) {
    for _ in 0..3 {
        let email = fresh_email();
        let register = |body| async { app.anonymous().post("/api/v1/auth/register", body).await };
        let (one, other) = tokio::join!(register(registration(&email)), register(registration(&email)));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{}\n{}", one.text, other.text);
        let refused = if one.status == 409 { one } else { other };
        refused.fails(409, "USER_EXISTS");
    }
}

async fn role_and_plan_in_the_body_have_no_effect(app: &TestApp) {
    let mut body = registration(&fresh_email());
    body["role"] = json!("admin");
    body["plan"] = json!("free");
    let answer = app.anonymous().post("/api/v1/auth/register", body).await.is(201);
    assert_eq!(answer.data()["user"]["role"], "user");
    assert_eq!(answer.data()["user"]["plan"], "enterprise");
}

async fn an_unknown_address_and_a_wrong_password_answer_alike(app: &TestApp) {
    let account = app.account().await;
    let login = |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        let caller = app.anonymous();
        async move { caller.post("/api/v1/auth/login", body).await.fails(401, "INVALID_CREDENTIALS") }
    };
    let wrong = login(&account.email, "not-the-password-7").await;
    for other in [
        login(&fresh_email(), PASSWORD).await,
        login("no address at all", PASSWORD).await,
        login(&account.email, "x").await,
        login(&account.email, &PASSWORD.to_uppercase()).await,
    ] {
        assert_eq!(other.without_meta(), wrong.without_meta());
        assert_eq!(other.header("set-cookie"), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_refused_by_name_of_the_reason() {
    let app = TestApp::shared(crate::app::Kind::Sqlite);
    let long = "x7".repeat(65);
    for (password, reason) in [
        ("seven77", "8"),
        (long.as_str(), "128"),
        ("password123", "common"),
        ("P@ssw0rd2024", "common"),
        ("Altus4-2026", "service"),
        ("ada@Example.org", "e-mail"),
    ] {
        let mut body = registration(&fresh_email());
        body["password"] = json!(password);
        let answer = app.anonymous().post("/api/v1/auth/register", body).await.fails(400, "VALIDATION_ERROR");
        assert_eq!(answer.details()["field"], "password", "{}", answer.text);
        assert!(text(&answer.details()["reason"]).contains(reason), "{}", answer.text);
        assert!(!answer.text.contains(password), "{}", answer.text);
    }
    for password in ["ünïcödé-pässwörter", "  with spaces around  ", &"y8".repeat(64)] {
        let email = fresh_email();
        let body = json!({ "email": email, "password": password, "name": "A" });
        app.anonymous().post("/api/v1/auth/register", body).await.is(201);
        let body = json!({ "email": email, "password": password });
        app.anonymous().post("/api/v1/auth/login", body).await.is(200);
        let body = json!({ "email": email, "password": password.trim() });
        let trimmed = app.anonymous().post("/api/v1/auth/login", body).await;
        assert_eq!(trimmed.status == 200, password.trim() == password, "{}", trimmed.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_registration_are_told_at_once() {
    let app = TestApp::shared(crate::app::Kind::Sqlite);
    for body in [
        json!({ "email": "nowhere", "password": "short", "name": "" }),
        json!({}),
        json!({ "email": 7, "password": null, "name": ["Ada"] }),
        json!({ "email": "", "password": "", "name": "n".repeat(101) }),
    ] {
        let answer = app.anonymous().post("/api/v1/auth/register", body).await.fails(400, "VALIDATION_ERROR");
        assert_eq!(answer.faulty_fields(), ["email", "name", "password"], "{}", answer.text);
        let first = &answer.details()["errors"][0];
        assert_eq!(answer.details()["field"], first["field"], "{}", answer.text);
        assert_eq!(answer.details()["reason"], first["reason"], "{}", answer.text);
    }
}
