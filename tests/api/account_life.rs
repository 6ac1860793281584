//! Living with an account: its sessions, its password, its profile, and leaving.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Answer, Caller, PASSWORD, fresh_email, text};
use crate::routes::NEVER_ISSUED;
use crate::samples::{ARTICLES, sqlite_articles};

const NEW_PASSWORD: &str = "calm-heron-9-windows";
const PROFILE: &str = "/api/v1/auth/profile";
const SESSIONS: &str = "/api/v1/auth/sessions";

on_both! {
    a_token_is_dead_at_the_next_request_after_logging_out,
    a_new_password_ends_the_other_sessions_at_once,
    a_wrong_present_password_changes_nothing,
    a_deactivated_account_is_gone_at_once,
    its_address_may_be_registered_again,
    sessions_are_listed_and_ended,
    sessions_of_others_do_not_exist,
    a_refresh_token_used_by_many_at_once_ends_its_session,
    what_a_user_may_not_change_stays,
    a_registration_gives_itself_nothing,
    a_profile_has_its_name_and_address_changed,
}

/// A further session of an account, and the refresh token of it.
async fn login(app: &TestApp, email: &str) -> (Caller, String) {
    let answer = app.login(email, PASSWORD).await.is(200);
    let session = app.caller(&text(&answer.data()["token"]));
    (session, text(&answer.data()["tokens"]["refreshToken"]))
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.anonymous().post("/api/v1/auth/refresh", json!({ "refreshToken": token })).await
}

async fn assert_dead(session: &Caller) {
    session.get("/api/v1/databases").await.fails(401, "INVALID_TOKEN");
    session.get(PROFILE).await.fails(401, "INVALID_TOKEN");
    session.send("POST", "/api/v1/auth/refresh", None).await.fails(401, "INVALID_TOKEN");
}

async fn a_token_is_dead_at_the_next_request_after_logging_out(app: &TestApp) {
    let account = app.account().await;
    let (second, token) = login(app, &account.email).await;
    let (third, _) = login(app, &account.email).await;
    let answer = second.send("POST", "/api/v1/auth/logout", None).await.is(200);
    assert_eq!(answer.data(), &json!({ "success": true }));
    assert_dead(&second).await;
    refresh(app, &token).await.fails(401, "INVALID_TOKEN");
    for session in [&account.session, &third] {
        session.get("/api/v1/databases").await.is(200);
    }
    third.send("POST", "/api/v1/auth/logout?all=true", None).await.is(200);
    assert_dead(&account.session).await;
    assert_dead(&third).await;
}

async fn change(session: &Caller, current: &str, new: &str) -> Answer {
    let body = json!({ "currentPassword": current, "newPassword": new });
    session.post("/api/v1/auth/change-password", body).await
}

async fn a_new_password_ends_the_other_sessions_at_once(app: &TestApp) {
    let account = app.account().await;
    let (other, token) = login(app, &account.email).await;
    let answer = change(&account.session, PASSWORD, NEW_PASSWORD).await.is(200);
    assert_eq!(answer.data(), &json!({ "success": true }));
    assert_dead(&other).await;
    refresh(app, &token).await.fails(401, "INVALID_TOKEN");
    account.session.get("/api/v1/databases").await.is(200);
    app.login(&account.email, PASSWORD).await.fails(401, "INVALID_CREDENTIALS");
    app.login(&account.email, NEW_PASSWORD).await.is(200);
}

async fn a_wrong_present_password_changes_nothing(app: &TestApp) {
    let account = app.account().await;
    let (other, _) = login(app, &account.email).await;
    change(&account.session, "not-the-password-7", NEW_PASSWORD).await.fails(401, "INVALID_CREDENTIALS");
    for (current, new, fields) in [
        (json!(PASSWORD), json!("short"), vec!["newPassword"]),
        (json!(PASSWORD), json!("password123"), vec!["newPassword"]),
        (json!(7), json!(null), vec!["currentPassword", "newPassword"]),
    ] {
        let body = json!({ "currentPassword": current, "newPassword": new });
        let answer = account.session.post("/api/v1/auth/change-password", body).await;
        assert_eq!(answer.fails(400, "VALIDATION_ERROR").faulty_fields(), fields);
    }
    other.get("/api/v1/databases").await.is(200);
    app.login(&account.email, PASSWORD).await.is(200);
}

async fn a_deactivated_account_is_gone_at_once(app: &TestApp) {
    let account = app.account().await;
    let (other, token) = login(app, &account.email).await;
    let key = account.session.with(&account.session.set_up(&["search", "database:read"]).await);
    let file = sqlite_articles(&app.sources(), &format!("leaving-{}.db", app.port()), &ARTICLES).await;
    account.session.connect(file).await;
    key.search(json!({ "query": "backup" })).await;

    let answer = account.session.send("DELETE", "/api/v1/auth/account", None).await.is(200);
    assert_eq!(answer.data(), &json!({ "success": true }));
    assert_dead(&account.session).await;
    assert_dead(&other).await;
    key.get("/api/v1/databases").await.fails(401, "INVALID_API_KEY");
    refresh(app, &token).await.fails(401, "INVALID_TOKEN");
    app.login(&account.email, PASSWORD).await.fails(401, "INVALID_CREDENTIALS");
}

async fn its_address_may_be_registered_again(app: &TestApp) {
    let account = app.account().await;
    account.session.set_up(&["search"]).await;
    account.session.send("DELETE", "/api/v1/auth/account", None).await.is(200);
    let body = json!({ "email": account.email, "password": NEW_PASSWORD, "name": "Ada Again" });
    let again = app.anonymous().post("/api/v1/auth/register", body.clone()).await.is(201);
    assert_ne!(again.data()["user"]["id"], account.registered["user"]["id"]);
    assert_eq!(again.data()["user"]["connectedDatabases"], json!([]));
    let session = app.caller(&text(&again.data()["token"]));
    // Nothing of the one before is in the way.
    session.set_up(&["search"]).await;
    app.anonymous().post("/api/v1/auth/register", body).await.fails(409, "USER_EXISTS");
    app.login(&account.email, NEW_PASSWORD).await.is(200);
}

async fn sessions_are_listed_and_ended(app: &TestApp) {
    let account = app.account().await;
    let elsewhere = app.anonymous().at([203, 0, 113, 9]);
    let request = elsewhere.request("POST", "/api/v1/auth/login").header("User-Agent", "a browser");
    let body = json!({ "email": account.email, "password": PASSWORD });
    let answer = Answer::to(request.json(&body)).await.is(200);
    let other = app.caller(&text(&answer.data()["token"]));

    let listed = account.session.get(SESSIONS).await.is(200);
    let sessions = listed.data().as_array().expect("a list").clone();
    assert_eq!(sessions.len(), 2, "{}", listed.text);
    // The newest first.
    assert_eq!(sessions[0]["userAgent"], "a browser");
    assert_eq!(sessions[0]["address"], "203.0.113.9");
    assert_eq!((&sessions[0]["current"], &sessions[1]["current"]), (&json!(false), &json!(true)));
    for session in &sessions {
        for name in ["id", "address", "createdAt", "lastUsed", "expiresAt"] {
            assert!(session[name].is_string(), "{name} is missing in {session}");
        }
        assert!(!session.to_string().to_lowercase().contains("token"), "{session}");
    }

    let path = format!("{SESSIONS}/{}", text(&sessions[0]["id"]));
    let ended = account.session.send("DELETE", &path, None).await.is(200);
    assert_eq!(ended.data(), &json!({ "success": true }));
    assert_dead(&other).await;
    account.session.send("DELETE", &path, None).await.fails(404, "NOT_FOUND");
    let left = account.session.get(SESSIONS).await.is(200);
    assert_eq!(left.data().as_array().map(Vec::len), Some(1), "{}", left.text);
    let own = format!("{SESSIONS}/{}", text(&sessions[1]["id"]));
    account.session.send("DELETE", &own, None).await.is(200);
    assert_dead(&account.session).await;
}

async fn sessions_of_others_do_not_exist(app: &TestApp) {
    let (owner, other) = (app.session().await, app.session().await);
    let id = text(&owner.get(SESSIONS).await.is(200).data()[0]["id"]);
    let end = async |id: &str| other.send("DELETE", &format!("{SESSIONS}/{id}"), None).await;
    let never = end(NEVER_ISSUED).await.fails(404, "NOT_FOUND");
    let foreign = end(&id).await.fails(404, "NOT_FOUND");
    let same = foreign.without_meta().to_string().replace(&id, NEVER_ISSUED);
    assert_eq!(same, never.without_meta().to_string());
    end("x").await.fails(404, "NOT_FOUND");
    owner.get("/api/v1/databases").await.is(200);
}

async fn a_refresh_token_used_by_many_at_once_ends_its_session(app: &TestApp) {
    for _ in 0..3 {
        let account = app.account().await;
        let token = text(&account.registered["tokens"]["refreshToken"]);
        let (a, b, c, d) = tokio::join!(
            refresh(app, &token),
            refresh(app, &token),
            refresh(app, &token),
            refresh(app, &token)
        );
        let answers = [a, b, c, d];
        let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert!(won.len() <= 1, "{} pairs were handed out", won.len());
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.clone().fails(401, "INVALID_TOKEN");
        }
        assert_dead(&account.session).await;
        for answer in won {
            assert_dead(&app.caller(&text(&answer.data()["token"]))).await;
            let next = text(&answer.data()["tokens"]["refreshToken"]);
            refresh(app, &next).await.fails(401, "INVALID_TOKEN");
        }
        app.login(&account.email, PASSWORD).await.is(200);
    }
}

async fn what_a_user_may_not_change_stays(app: &TestApp) {
    let account = app.account().await;
    let fixed = |profile: &Value| ["id", "role", "plan"].map(|name| profile[name].clone());
    let before = fixed(account.session.get(PROFILE).await.is(200).data());
    for (method, path, body) in [
        ("PUT", PROFILE, json!({ "name": "Ada Changed" })),
        ("PUT", PROFILE, json!({})),
        ("POST", "/api/v1/auth/login", json!({ "email": account.email, "password": PASSWORD })),
        ("POST", "/api/v1/auth/refresh", json!({})),
        (
            "POST",
            "/api/v1/auth/change-password",
            json!({ "currentPassword": PASSWORD, "newPassword": PASSWORD }),
        ),
        ("POST", "/api/v1/management/setup", json!({})),
        ("POST", "/api/v1/databases/test", json!({})),
        ("POST", "/api/v1/databases", json!({})),
        ("POST", "/api/v1/search", json!({ "query": "x" })),
        ("POST", "/api/v1/auth/logout?all=perhaps", json!({})),
    ] {
        let mut body = body;
        let extras = [
            ("role", json!("admin")),
            ("plan", json!("free")),
            ("id", json!(NEVER_ISSUED)),
            ("isActive", json!(false)),
        ];
        for (name, value) in extras {
            body[name] = value;
        }
        let answer = account.session.send(method, path, Some(&body)).await;
        assert!(answer.status < 500, "{method} {path}: {}", answer.text);
        let after = fixed(account.session.get(PROFILE).await.is(200).data());
        assert_eq!(after, before, "{method} {path}");
    }
    account.session.get("/api/v1/admin/users").await.fails(403, "INSUFFICIENT_PERMISSIONS");
    account.session.get("/api/v1/databases").await.is(200);
}

async fn a_registration_gives_itself_nothing(app: &TestApp) {
    for (name, value) in [
        ("role", json!("admin")),
        ("plan", json!("free")),
        ("id", json!(NEVER_ISSUED)),
        ("isActive", json!(false)),
        ("isAdmin", json!(true)),
    ] {
        let mut body = json!({ "email": fresh_email(), "password": PASSWORD, "name": "Ada" });
        body[name] = value;
        let answer = app.anonymous().post("/api/v1/auth/register", body).await;
        if answer.status == 201 {
            let user = &answer.data()["user"];
            assert_eq!((&user["role"], &user["plan"]), (&json!("user"), &json!("enterprise")), "{name}");
            app.caller(&text(&answer.data()["token"])).get(PROFILE).await.is(200);
        } else {
            assert_eq!(answer.fails(400, "VALIDATION_ERROR").faulty_fields(), [name]);
        }
    }
}

async fn a_profile_has_its_name_and_address_changed(app: &TestApp) {
    let (account, other) = (app.account().await, app.account().await);
    let put = async |body: Value| account.session.send("PUT", PROFILE, Some(&body)).await;
    assert_eq!(put(json!({ "name": " Ada L. " })).await.is(200).data()["name"], "Ada L.");
    let email = fresh_email();
    let changed = put(json!({ "email": email.to_uppercase(), "name": null })).await.is(200);
    assert_eq!((&changed.data()["email"], &changed.data()["name"]), (&json!(email), &json!("Ada L.")));
    app.login(&account.email, PASSWORD).await.fails(401, "INVALID_CREDENTIALS");
    app.login(&email, PASSWORD).await.is(200);

    put(json!({ "email": other.email })).await.fails(409, "USER_EXISTS");
    let faults = put(json!({ "email": "nowhere", "name": "", "colour": "red" })).await;
    assert_eq!(faults.fails(400, "VALIDATION_ERROR").faulty_fields(), ["colour", "email", "name"]);
    assert_eq!(account.session.get(PROFILE).await.is(200).data()["email"], email);
}
