//! How a session goes on and how it ends.

use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Account, Answer, Caller, PASSWORD, text};

const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";
const PROFILE: &str = "/api/v1/auth/profile";

on_both! {
    a_refresh_token_works_once,
    of_two_refreshes_at_once_one_session_lives_on_or_none,
    a_refresh_takes_the_cookie_too,
    a_good_access_token_gets_another,
    a_logout_ends_its_session_at_once,
    all_sessions_of_an_account_can_be_ended,
    a_profile_shows_the_account,
}

fn refresh_token(account: &Value) -> String {
    text(&account["tokens"]["refreshToken"])
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.anonymous().post(REFRESH, json!({ "refreshToken": token })).await
}

async fn a_refresh_token_works_once(app: &TestApp) {
    let account = app.account().await;
    let first = refresh_token(&account.registered);
    let renewed = refresh(app, &first).await.is(200);
    let data = renewed.data();
    assert_eq!(renewed.body["token"], data["token"], "published clients look beside data");
    assert_eq!(data["token"], data["tokens"]["accessToken"]);
    assert_eq!(data["expiresIn"], 900);
    assert_ne!(refresh_token(data), first);
    assert!(renewed.header("set-cookie").contains(&refresh_token(data)));
    let token = text(&data["token"]);
    app.caller(&token).get(PROFILE).await.is(200);

    // Two hold the same token: the whole session ends.
    refresh(app, &first).await.fails(401, "INVALID_TOKEN");
    refresh(app, &refresh_token(data)).await.fails(401, "INVALID_TOKEN");
    app.caller(&token).get(PROFILE).await.fails(401, "INVALID_TOKEN");
    for wrong in ["x", "", "altus4_rt_x", &text(&account.registered["token"])] {
        let answer = refresh(app, wrong).await;
        assert!([400, 401].contains(&answer.status), "{}", answer.text);
    }
}

async fn of_two_refreshes_at_once_one_session_lives_on_or_none(app: &TestApp) {
    let account = app.account().await;
    let token = refresh_token(&account.registered);
    let (one, other) = tokio::join!(refresh(app, &token), refresh(app, &token));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "{}\n{}", one.text, other.text);
}

async fn a_refresh_takes_the_cookie_too(app: &TestApp) {
    let account = app.account().await;
    let cookie = format!("altus4_refresh={}", refresh_token(&account.registered));
    let request = app.anonymous().request("POST", REFRESH).header("cookie", cookie);
    let renewed = Answer::to(request).await.is(200);
    app.caller(&text(&renewed.data()["token"])).get(PROFILE).await.is(200);
    app.anonymous().send("POST", REFRESH, None).await.is(401);
}

async fn a_good_access_token_gets_another(app: &TestApp) {
    let session = app.session().await;
    let renewed = session.send("POST", REFRESH, None).await.is(200);
    let token = text(&renewed.data()["token"]);
    assert_ne!(token, session.credential());
    app.caller(&token).get(PROFILE).await.is(200);
    let key = session.set_up(&["admin"]).await;
    session.with(&key).send("POST", REFRESH, None).await.fails(403, "SESSION_REQUIRED");
    session.post(LOGOUT, json!({})).await.is(200);
    session.send("POST", REFRESH, None).await.fails(401, "INVALID_TOKEN");
}

async fn log_in(app: &TestApp, account: &Account) -> Caller {
    let login = json!({ "email": account.email, "password": PASSWORD });
    let answer = app.anonymous().post("/api/v1/auth/login", login).await.is(200);
    app.caller(&text(&answer.data()["token"]))
}

async fn a_logout_ends_its_session_at_once(app: &TestApp) {
    let account = app.account().await;
    let other = log_in(app, &account).await;
    let ended = account.session.post(LOGOUT, json!({})).await.is(200);
    assert_eq!(ended.data(), &json!({ "success": true }));
    assert!(ended.header("set-cookie").contains("altus4_refresh=;"), "the cookie is taken back");
    account.session.get(PROFILE).await.fails(401, "INVALID_TOKEN");
    refresh(app, &refresh_token(&account.registered)).await.fails(401, "INVALID_TOKEN");
    account.session.post(LOGOUT, json!({})).await.fails(401, "INVALID_TOKEN");
    other.get(PROFILE).await.is(200);
}

async fn all_sessions_of_an_account_can_be_ended(app: &TestApp) {
    let (account, stranger) = (app.account().await, app.session().await);
    let other = log_in(app, &account).await;
    let key = account.session.with(&account.session.set_up(&["admin"]).await);
    other.send("POST", &format!("{LOGOUT}?all=true"), None).await.is(200);
    for session in [&account.session, &other] {
        session.get(PROFILE).await.fails(401, "INVALID_TOKEN");
    }
    for unconcerned in [&key, &stranger] {
        unconcerned.get(PROFILE).await.is(200);
    }
}

async fn a_profile_shows_the_account(app: &TestApp) {
    let account = app.account().await;
    let id = account.session.connect(crate::samples::connection(&crate::samples::articles())).await;
    let profile = account.session.get(PROFILE).await.is(200);
    let mut expected = account.registered["user"].clone();
    expected["connectedDatabases"] = json!([id]);
    expected["lastActive"] = profile.data()["lastActive"].clone();
    assert_eq!(profile.data(), &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_development_the_cookie_travels_over_https_alone() {
    let mut settings = crate::app::settings_of(Kind::MariaDbRedis);
    let development = TestApp::start(&settings);
    let body = |email: &str| json!({ "email": email, "password": PASSWORD, "name": "Ada" });
    let (one, other) = (crate::client::fresh_email(), crate::client::fresh_email());
    let plain = development.anonymous().post("/api/v1/auth/register", body(&one)).await.is(201);
    assert!(!plain.header("set-cookie").contains("Secure"), "{}", plain.header("set-cookie"));
    settings.push(("ALTUS4_ENV".to_owned(), "production".to_owned()));
    let production = TestApp::start(&settings);
    let secure = production.anonymous().post("/api/v1/auth/register", body(&other)).await.is(201);
    assert!(secure.header("set-cookie").contains("Secure"), "{}", secure.header("set-cookie"));
}
