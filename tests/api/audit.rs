//! The audit log: what is kept of what was done, who may read it, and that nobody can change it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Account, Answer, Caller, PASSWORD, text};
use crate::samples::{ARTICLES, sqlite_articles};

const AUDIT: &str = "/api/v1/auth/audit";
const ALL: &str = "/api/v1/admin/audit";
const NEW_PASSWORD: &str = "calm-heron-9-windows";

on_both! {
    everything_that_matters_is_in_the_log_and_no_secret,
    an_event_says_who_from_where_and_in_which_request,
    a_log_is_its_accounts_alone,
    nothing_changes_the_log,
    the_log_comes_in_pages,
}

/// The events in an answer.
fn events(answer: &Answer) -> Vec<Value> {
    answer.data().as_array().expect("a list").clone()
}

fn id_of(account: &Account) -> String {
    text(&account.registered["user"]["id"])
}

/// The newest events of an account, as it sees them.
async fn log(session: &Caller) -> Vec<Value> {
    events(&session.get(&format!("{AUDIT}?limit=100")).await.is(200))
}

async fn everything_that_matters_is_in_the_log_and_no_secret(app: &TestApp) {
    let (account, admin) = (app.account().await, app.administrator().await);
    let (session, id) = (&account.session, id_of(&account));
    let wrong = "not-the-password-7";
    app.login(&account.email, wrong).await.is(401);
    let other = app.login(&account.email, PASSWORD).await.is(200);
    let used = text(&other.data()["tokens"]["refreshToken"]);
    let refresh = json!({ "refreshToken": used });
    let fresh = app.anonymous().post("/api/v1/auth/refresh", refresh.clone()).await.is(200);
    app.anonymous().post("/api/v1/auth/refresh", refresh).await.is(401);
    let third = app.login(&account.email, PASSWORD).await.is(200);
    app.caller(&text(&third.data()["token"])).send("POST", "/api/v1/auth/logout", None).await.is(200);
    let key = session.set_up(&["search"]).await;
    let file = sqlite_articles(&app.sources(), &format!("audited-{}.db", app.port()), &ARTICLES).await;
    let connection = session.connect(file).await;
    let connection = format!("/api/v1/databases/{connection}");
    session.send("PATCH", &connection, Some(&json!({ "name": "audited" }))).await.is(200);
    session.send("DELETE", &connection, None).await.is(200);
    session.send("PUT", "/api/v1/auth/profile", Some(&json!({ "name": "Ada Changed" }))).await.is(200);
    let change = json!({ "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD });
    session.post("/api/v1/auth/change-password", change).await.is(200);
    let path = format!("/api/v1/admin/users/{id}");
    for body in [json!({ "plan": "pro" }), json!({ "role": "admin" }), json!({ "role": "user" })] {
        admin.send("PATCH", &path, Some(&body)).await.is(200);
    }
    assert_eq!(app.admin(&["reset-password", &account.email], PASSWORD).code, 0);
    let login = app.login(&account.email, PASSWORD).await.is(200);
    let session = app.caller(&text(&login.data()["token"]));

    let own = session.get(&format!("{AUDIT}?limit=100")).await.is(200);
    session.send("DELETE", "/api/v1/auth/account", None).await.is(200);
    admin.send("PATCH", &path, Some(&json!({ "isActive": true }))).await.is(200);
    let whole = admin.get(&format!("{ALL}?accountId={id}&limit=100")).await.is(200);

    let actions = |answer: &Answer| -> BTreeSet<String> {
        events(answer)
            .iter()
            .map(|event| format!("{} {}", text(&event["action"]), text(&event["outcome"])))
            .collect()
    };
    let mut expected: BTreeSet<String> = [
        "account.plan_changed succeeded",
        "account.registered succeeded",
        "account.role_changed succeeded",
        "connection.created succeeded",
        "connection.removed succeeded",
        "connection.updated succeeded",
        "key.created succeeded",
        "password.changed succeeded",
        "password.reset succeeded",
        "profile.changed succeeded",
        "session.begun succeeded",
        "session.ended succeeded",
        "session.refused refused",
        "session.reused refused",
    ]
    .map(ToOwned::to_owned)
    .into();
    assert_eq!(actions(&own), expected);
    expected.insert("account.deactivated succeeded".to_owned());
    expected.insert("account.reactivated succeeded".to_owned());
    assert_eq!(actions(&whole), expected);

    let signature = |token: &Value| text(token).rsplit('.').next().unwrap_or_default().to_owned();
    let secrets = [
        PASSWORD.to_owned(),
        NEW_PASSWORD.to_owned(),
        wrong.to_owned(),
        account.email.clone(),
        used,
        text(&fresh.data()["tokens"]["refreshToken"]),
        signature(&other.data()["token"]),
        signature(&account.registered["token"]),
        key,
        "argon2".to_owned(),
        "Ada Changed".to_owned(),
    ];
    for secret in secrets {
        assert!(!own.text.contains(&secret) && !whole.text.contains(&secret), "{secret} is in the log");
    }
}

async fn an_event_says_who_from_where_and_in_which_request(app: &TestApp) {
    let (account, admin) = (app.account().await, app.administrator().await);
    let id = id_of(&account);
    let request = app.anonymous().at([203, 0, 113, 9]).request("POST", "/api/v1/auth/login");
    let request = request.header("X-Request-ID", format!("try-{id}")).header("User-Agent", "a browser");
    let body = json!({ "email": account.email, "password": "not-the-password-7" });
    Answer::to(request.json(&body)).await.is(401);
    let refused = log(&account.session).await[0].clone();
    assert_eq!(refused["action"], "session.refused");
    assert_eq!(refused["outcome"], "refused");
    assert_eq!(refused["requestId"], format!("try-{id}"));
    assert_eq!(refused["address"], "203.0.113.9");
    assert_eq!(refused["userAgent"], "a browser");
    assert_eq!(refused["actor"], json!({ "type": "anonymous" }));
    assert!(refused["timestamp"].is_string() && refused["id"].is_string(), "{refused}");

    let key = account.session.with(&account.session.set_up(&["admin"]).await);
    key.send("PUT", "/api/v1/auth/profile", Some(&json!({ "name": "By Key" }))).await.is(200);
    let changed = log(&key).await[0].clone();
    assert_eq!(
        (&changed["action"], &changed["actor"]["type"]),
        (&json!("profile.changed"), &json!("apiKey"))
    );
    assert!(changed["actor"]["apiKeyId"].is_string(), "{changed}");

    // An account isn't told which administrator it was, or where from; administrators are.
    let path = format!("/api/v1/admin/users/{id}");
    admin.send("PATCH", &path, Some(&json!({ "plan": "free" }))).await.is(200);
    let own = log(&account.session).await[0].clone();
    assert_eq!(own["action"], "account.plan_changed");
    assert_eq!(own["actor"], json!({ "type": "administrator" }));
    assert_eq!(own["address"], Value::Null);
    let admins_id = admin.get("/api/v1/auth/profile").await.is(200).data()["id"].clone();
    let whole = events(&admin.get(&format!("{ALL}?accountId={id}&limit=1")).await.is(200));
    assert_eq!(whole[0]["actor"], json!({ "type": "account", "accountId": admins_id }));
    assert_eq!(whole[0]["accountId"], id);
}

async fn a_log_is_its_accounts_alone(app: &TestApp) {
    let (one, other) = (app.account().await, app.account().await);
    app.login(&one.email, "not-the-password-7").await.is(401);
    one.session.set_up(&["search"]).await;
    for event in log(&other.session).await {
        assert_eq!(event["accountId"], id_of(&other));
        assert!(!event.to_string().contains(&id_of(&one)), "{event}");
    }
    assert_eq!(log(&other.session).await.len(), 1);
    // There is no asking for another's.
    let asked = other.session.get(&format!("{AUDIT}?accountId={}", id_of(&one))).await;
    asked.fails(400, "VALIDATION_ERROR");
    other.session.get(ALL).await.fails(403, "INSUFFICIENT_PERMISSIONS");
    let key = other.session.with(&other.session.set_up(&["search", "database:write"]).await);
    key.get(AUDIT).await.fails(403, "INSUFFICIENT_PERMISSIONS");
}

async fn nothing_changes_the_log(app: &TestApp) {
    let admin = app.administrator().await;
    let before = log(&admin).await;
    let id = text(&before[0]["id"]);
    for path in [AUDIT, ALL] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            admin.send(method, path, Some(&json!({}))).await.fails(405, "METHOD_NOT_ALLOWED");
            let one = format!("{path}/{id}");
            admin.send(method, &one, Some(&json!({}))).await.fails(404, "NOT_FOUND");
        }
    }
    assert_eq!(log(&admin).await, before);
}

async fn the_log_comes_in_pages(app: &TestApp) {
    let account = app.account().await;
    for _ in 0..2 {
        app.login(&account.email, PASSWORD).await.is(200);
    }
    let whole = log(&account.session).await;
    assert_eq!(whole.len(), 3);
    assert_eq!(whole[2]["action"], "account.registered");
    for (page, event) in (1..).zip(&whole) {
        let answer = account.session.get(&format!("{AUDIT}?page={page}&limit=1")).await.is(200);
        assert_eq!(events(&answer), std::slice::from_ref(event));
        assert_eq!(answer.body["pagination"]["total"], 3);
        assert_eq!((answer.header("x-total-count"), answer.header("x-per-page")), ("3", "1"));
    }
    let wrong = account.session.get(&format!("{AUDIT}?page=x&limit=0")).await.fails(400, "VALIDATION_ERROR");
    assert_eq!(wrong.faulty_fields(), ["limit", "page"]);
}
