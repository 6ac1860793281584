//! Administrators: how the first one comes to be, and what they may do to all accounts.

use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Answer, Caller, PASSWORD, fresh_email, text};
use crate::routes::NEVER_ISSUED;

const USERS: &str = "/api/v1/admin/users";
const NEW_PASSWORD: &str = "calm-heron-9-windows";

on_both! {
    administration_is_for_administrators_alone,
    accounts_are_listed_in_pages,
    an_administrator_changes_plan_and_role,
    an_administrator_deactivates_and_takes_back,
    all_faults_of_a_change_are_told_at_once,
}

async fn patch(admin: &Caller, id: &str, body: Value) -> Answer {
    admin.send("PATCH", &format!("{USERS}/{id}"), Some(&body)).await
}

async fn administration_is_for_administrators_alone(app: &TestApp) {
    let (user, admin) = (app.session().await, app.administrator().await);
    let users_key = user.with(&user.set_up(&["admin"]).await);
    let lesser_key = admin.with(&admin.set_up(&["search", "database:read"]).await);
    let one = format!("{USERS}/{NEVER_ISSUED}");
    for (method, path) in [("GET", USERS), ("GET", &*one), ("PATCH", &*one), ("GET", "/api/v1/admin/audit")] {
        let body = json!({ "plan": "free" });
        let body = (method == "PATCH").then_some(&body);
        app.anonymous().send(method, path, body).await.fails(401, "UNAUTHORIZED");
        for caller in [&user, &users_key, &lesser_key] {
            let refused = caller.send(method, path, body).await.fails(403, "INSUFFICIENT_PERMISSIONS");
            assert_eq!(refused.details()["requiredPermissions"], json!(["admin"]), "{}", refused.text);
        }
        let allowed = admin.send(method, path, body).await;
        assert_eq!(allowed.status, if path == one { 404 } else { 200 }, "{}", allowed.text);
    }
    let other = app.administrator().await;
    let full_key = other.with(&other.set_up(&["admin"]).await);
    full_key.get(USERS).await.is(200);
}

async fn accounts_are_listed_in_pages(app: &TestApp) {
    let admin = app.administrator().await;
    let tag = fresh_email();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let body = json!({ "email": fresh_email(), "password": PASSWORD, "name": tag });
        let made = app.anonymous().post("/api/v1/auth/register", body).await.is(201);
        ids.push(text(&made.data()["user"]["id"]));
    }
    ids.reverse();
    let shown = |answer: &Answer| -> Vec<String> {
        answer.data().as_array().expect("a list").iter().map(|user| text(&user["id"])).collect()
    };

    let first = admin.get(&format!("{USERS}?search={tag}&role=user&limit=2")).await.is(200);
    assert_eq!(shown(&first), ids[..2]);
    let pagination =
        json!({ "page": 1, "limit": 2, "total": 3, "totalPages": 2, "hasNext": true, "hasPrev": false });
    assert_eq!(first.body["pagination"], pagination);
    assert_eq!(["x-total-count", "x-page", "x-per-page"].map(|name| first.header(name)), ["3", "1", "2"]);
    let link = first.header("link").to_owned();
    let (next, _) = link.split_once(">; rel=\"next\"").expect("there is a next page");
    let next = next.rsplit_once('<').expect("a link stands in brackets").1;

    let second = admin.get(next).await.is(200);
    assert_eq!(shown(&second), ids[2..]);
    let pagination =
        json!({ "page": 2, "limit": 2, "total": 3, "totalPages": 2, "hasNext": false, "hasPrev": true });
    assert_eq!(second.body["pagination"], pagination);
    assert!(second.header("link").contains("rel=\"prev\"") && !second.header("link").contains("next"));
    assert_eq!(shown(&admin.get(&format!("{USERS}?search={tag}&page=9")).await.is(200)), [""; 0]);
    assert_eq!(shown(&admin.get(&format!("{USERS}?search={tag}&role=admin")).await.is(200)), [""; 0]);
    assert_eq!(shown(&admin.get(&format!("{USERS}?search={tag}&plan=free")).await.is(200)), [""; 0]);

    let wrong = admin.get(&format!("{USERS}?page=0&limit=101&role=root&plan=gold&search=&x=1")).await;
    let fields = wrong.fails(400, "VALIDATION_ERROR").faulty_fields();
    assert_eq!(fields, ["limit", "page", "plan", "role", "search", "x"]);
}

async fn an_administrator_changes_plan_and_role(app: &TestApp) {
    let (admin, account) = (app.administrator().await, app.account().await);
    let id = text(&account.registered["user"]["id"]);
    let changed = patch(&admin, &id, json!({ "plan": "free", "role": "admin" })).await.is(200);
    assert_eq!((&changed.data()["plan"], &changed.data()["role"]), (&json!("free"), &json!("admin")));
    assert_eq!(changed.data()["isActive"], true);
    // Both count at the very next request.
    account
        .session
        .post("/api/v1/management/setup", json!({ "rateLimitTier": "pro" }))
        .await
        .fails(403, "TIER_LIMITATION");
    account.session.get(USERS).await.is(200);
    patch(&admin, &id, json!({ "role": "user" })).await.is(200);
    account.session.get(USERS).await.fails(403, "INSUFFICIENT_PERMISSIONS");
    let seen = admin.get(&format!("{USERS}/{id}")).await.is(200);
    assert_eq!((&seen.data()["plan"], &seen.data()["role"]), (&json!("free"), &json!("user")));
    assert_eq!(seen.data()["email"], account.email);
    assert!(!seen.text.contains("password") && !seen.text.contains("argon2"), "{}", seen.text);
}

async fn an_administrator_deactivates_and_takes_back(app: &TestApp) {
    let (admin, account) = (app.administrator().await, app.account().await);
    let id = text(&account.registered["user"]["id"]);
    let key = account.session.with(&account.session.set_up(&["database:read"]).await);
    let changed = patch(&admin, &id, json!({ "isActive": false })).await.is(200);
    assert_eq!(changed.data()["isActive"], false);
    assert!(changed.data()["deactivatedAt"].is_string(), "{}", changed.text);
    account.session.get("/api/v1/databases").await.fails(401, "INVALID_TOKEN");
    key.get("/api/v1/databases").await.fails(401, "INVALID_API_KEY");
    app.login(&account.email, PASSWORD).await.fails(401, "INVALID_CREDENTIALS");

    assert_eq!(patch(&admin, &id, json!({ "isActive": true })).await.is(200).data()["isActive"], true);
    account.session.get("/api/v1/databases").await.fails(401, "INVALID_TOKEN");
    key.get("/api/v1/databases").await.fails(401, "INVALID_API_KEY");
    app.login(&account.email, PASSWORD).await.is(200);
}

async fn all_faults_of_a_change_are_told_at_once(app: &TestApp) {
    let (admin, account) = (app.administrator().await, app.account().await);
    let id = text(&account.registered["user"]["id"]);
    let wrong = json!({ "role": "root", "plan": 7, "isActive": "no", "email": "x@example.org" });
    let answer = patch(&admin, &id, wrong).await.fails(400, "VALIDATION_ERROR");
    assert_eq!(answer.faulty_fields(), ["email", "isActive", "plan", "role"]);
    patch(&admin, NEVER_ISSUED, json!({ "plan": "pro" })).await.fails(404, "NOT_FOUND");
    patch(&admin, "x", json!({ "plan": "pro" })).await.fails(404, "NOT_FOUND");
    assert_eq!(patch(&admin, &id, json!({})).await.is(200).data()["plan"], "enterprise");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays_one() {
    for kind in [Kind::Sqlite, Kind::MariaDbRedis] {
        let app = TestApp::with(kind, &[]);
        let admin = app.administrator().await;
        let id = text(&admin.get("/api/v1/auth/profile").await.is(200).data()["id"]);
        for body in [json!({ "role": "user" }), json!({ "isActive": false })] {
            patch(&admin, &id, body).await.fails(409, "RESOURCE_CONFLICT");
        }
        admin.send("DELETE", "/api/v1/auth/account", None).await.fails(409, "RESOURCE_CONFLICT");
        admin.get(USERS).await.is(200);
        app.administrator().await;
        patch(&admin, &id, json!({ "role": "user" })).await.is(200);
        admin.get(USERS).await.fails(403, "INSUFFICIENT_PERMISSIONS");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_on_the_command_line() {
    for kind in [Kind::Sqlite, Kind::MariaDbRedis] {
        let app = TestApp::with(kind, &[]);
        let none = app.admin(&["list"], "");
        assert_eq!((none.code, none.stdout.as_str()), (0, "There are none.\n"), "{}", none.stderr);
        let email = fresh_email();
        let made = app.admin(&["create", &email, "--name", "The Boss"], &format!("{PASSWORD}\n"));
        assert_eq!(made.code, 0, "{}", made.stderr);
        assert!(made.stdout.contains(&email), "{}", made.stdout);
        assert!(!made.stdout.contains(PASSWORD) && !made.stderr.contains(PASSWORD));

        let login = app.login(&email, PASSWORD).await.is(200);
        assert_eq!(login.data()["user"]["role"], "admin");
        assert_eq!(login.data()["user"]["name"], "The Boss");
        app.caller(&text(&login.data()["token"])).get(USERS).await.is(200);
        assert!(app.admin(&["list"], "").stdout.contains(&email));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_looks_after_accounts() {
    let app = TestApp::sqlite();
    let account = app.account().await;
    let email = account.email.as_str();
    assert!(app.admin(&["list", "--all"], "").stdout.contains(email));
    assert!(!app.admin(&["list"], "").stdout.contains(email));

    assert_eq!(app.admin(&["set-plan", email, "free"], "").code, 0);
    assert_eq!(account.session.get("/api/v1/auth/profile").await.is(200).data()["plan"], "free");
    assert_eq!(app.admin(&["promote", email], "").code, 0);
    account.session.get(USERS).await.is(200);

    let file = app.program().folder().join("new-password");
    std::fs::write(&file, format!("{NEW_PASSWORD}\n")).expect("the folder can be written to");
    let reset = app.admin(&["reset-password", email, "--password-file", "new-password"], "");
    assert_eq!(reset.code, 0, "{}", reset.stderr);
    account.session.get(USERS).await.fails(401, "INVALID_TOKEN");
    app.login(email, PASSWORD).await.fails(401, "INVALID_CREDENTIALS");
    app.login(email, NEW_PASSWORD).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_cannot_be_done_says_why() {
    let app = TestApp::sqlite();
    let account = app.account().await;
    let email = account.email.as_str();
    for (arguments, input, said) in [
        (vec!["create", email], PASSWORD, "exists already"),
        (vec!["create", "new@example.org"], "short", "at least 8 characters"),
        (vec!["create", "new@example.org"], "", "at least 8 characters"),
        (vec!["create", "nowhere"], PASSWORD, "e-mail address"),
        (vec!["create", "new@example.org", "--password-file", "missing"], "", "can't read missing"),
        (vec!["create", "new@example.org", "--password", "x"], "", "--password"),
        (vec!["promote", "nobody@example.org"], "", "no active account"),
        (vec!["set-plan", email, "gold"], "", "'free', 'pro' or 'enterprise'"),
        (vec!["reset-password", "nobody@example.org"], NEW_PASSWORD, "no active account"),
    ] {
        let ended = app.admin(&arguments, input);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stdout);
        assert!(ended.stderr.contains(said), "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_an_account_is_removed_in_time() {
    let settings = crate::app::settings_of(Kind::MariaDbRedis);
    let app = TestApp::start(&settings);
    let (admin, account) = (app.administrator().await, app.account().await);
    let token = admin.credential().to_owned();
    let path = format!("{USERS}/{}", text(&account.registered["user"]["id"]));
    account.session.send("DELETE", "/api/v1/auth/account", None).await.is(200);
    assert_eq!(admin.get(&path).await.is(200).data()["isActive"], false);
    drop(app);

    let mut at_once = settings;
    at_once.push(("ALTUS4_PURGE_AFTER_DAYS".to_owned(), "0".to_owned()));
    let app = TestApp::start(&at_once);
    let admin = app.caller(&token);
    let began = std::time::Instant::now();
    while admin.get(&path).await.status != 404 {
        assert!(began.elapsed().as_secs() < 30, "the account is still there");
    }
    // Its log outlives it.
    let id = path.rsplit('/').next().unwrap_or_default();
    let log = admin.get(&format!("/api/v1/admin/audit?accountId={id}")).await.is(200);
    assert_eq!(log.data()[0]["action"], "account.deactivated", "{}", log.text);
}
