//! A key's own quota: exact whatever happens at once, on many nodes, and over a crash.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp, settings_of};
use crate::client::{Caller, eventually, text};

/// Longer than usage waits to be written.
const FLUSHED: Duration = Duration::from_secs(10);

on_both! {
    a_quota_holds_exactly_and_says_when_it_is_over,
    limits_are_set_shown_and_lifted,
    limits_that_are_off_are_kept_and_do_not_hold,
}

/// Makes a key with this quota; its session, the path of its limits, and who has it.
async fn limited(app: &TestApp, quota: u32) -> (Caller, String, Caller) {
    let session = app.session().await;
    let body = json!({ "name": "Limited", "permissions": ["database:read"], "tier": "enterprise" });
    let made = session.post("/api/v1/keys", body).await.is(201);
    let path = format!("/api/v1/keys/{}/limits", text(&made.data()["apiKey"]["id"]));
    session.send("PUT", &path, Some(&json!({ "requestLimit": quota }))).await.is(200);
    let key = session.with(&text(&made.data()["secretKey"]));
    (session, path, key)
}

async fn statuses(callers: &[&Caller], requests: usize) -> (usize, usize) {
    let asked = (0..requests).map(|number| callers[number % callers.len()].get("/api/v1/databases"));
    let answers = join_all(asked).await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(of(200) + of(429), requests);
    (of(200), of(429))
}

async fn used(session: &Caller, path: &str) -> Value {
    session.get(path).await.is(200).data()["limits"]["requestsUsed"].clone()
}

async fn a_quota_holds_exactly_and_says_when_it_is_over(app: &TestApp) {
    let (session, path, key) = limited(app, 40).await;
    assert_eq!(statuses(&[&key], 120).await, (40, 80));
    let refused = key.get("/api/v1/databases").await.fails(429, "REQUEST_LIMIT_EXCEEDED");
    assert!(refused.header("retry-after").parse::<u64>().expect("seconds") > 0);
    assert_eq!(refused.details()["limit"], 40);
    assert!(refused.details()["resetTime"].is_string(), "{}", refused.text);
    assert_eq!(used(&session, &path).await, 40);
    // More room counts at once.
    session.send("PUT", &path, Some(&json!({ "requestLimit": 45 }))).await.is(200);
    assert_eq!(statuses(&[&key], 20).await, (5, 15));
}

async fn limits_are_set_shown_and_lifted(app: &TestApp) {
    let session = app.session().await;
    let made = session.post("/api/v1/keys", json!({ "name": "Measured" })).await.is(201);
    let id = text(&made.data()["apiKey"]["id"]);
    let path = format!("/api/v1/keys/{id}/limits");
    let none = session.get(&path).await.is(200);
    assert_eq!(none.data()["hasLimits"], false);
    assert_eq!((&none.data()["apiKeyId"], &none.data()["apiKeyName"]), (&json!(id), &json!("Measured")));
    let body = json!({ "requestLimit": 1_000, "budgetLimitMicrocents": 5_000_000, "resetPeriod": "weekly" });
    session.send("PUT", &path, Some(&body)).await.is(200);
    let shown = session.get(&path).await.is(200);
    assert_eq!(shown.data()["hasLimits"], true);
    let limits = &shown.data()["limits"];
    assert_eq!(limits["requestLimit"], 1_000);
    assert_eq!(limits["budgetLimitMicrocents"], 5_000_000);
    assert_eq!((&limits["resetPeriod"], &limits["enabled"]), (&json!("weekly"), &json!(true)));
    assert_eq!((&limits["requestsUsed"], &limits["spentMicrocents"]), (&json!(0), &json!(0)));
    assert!(limits["periodStart"].as_str() < limits["resetsAt"].as_str(), "{limits}");
    session.send("DELETE", &path, None).await.is(200);
    assert_eq!(session.get(&path).await.is(200).data()["hasLimits"], false);
}

async fn limits_that_are_off_are_kept_and_do_not_hold(app: &TestApp) {
    let (session, path, key) = limited(app, 1).await;
    let off = json!({ "requestLimit": 1, "enabled": false });
    session.send("PUT", &path, Some(&off)).await.is(200);
    assert_eq!(statuses(&[&key], 5).await, (5, 0));
    assert_eq!(session.get(&path).await.is(200).data()["limits"]["requestLimit"], 1);
    // What was used meanwhile counts once they hold again.
    session.send("PUT", &path, Some(&json!({ "requestLimit": 3 }))).await.is(200);
    key.get("/api/v1/databases").await.fails(429, "REQUEST_LIMIT_EXCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_share_a_quota_through_redis() {
    let settings = settings_of(Kind::MariaDbRedis);
    let nodes = [TestApp::start(&settings), TestApp::start(&settings), TestApp::start(&settings)];
    let (_, _, key) = limited(&nodes[0], 200).await;
    let callers: Vec<Caller> = nodes.iter().map(|node| node.caller(key.credential())).collect();
    // A limit is known everywhere two seconds after it was set.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(statuses(&callers.iter().collect::<Vec<_>>(), 600).await, (200, 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_survives_a_crash() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let app = in_folder(data.path());
    let (session, path, key) = limited(&app, 50).await;
    assert_eq!(statuses(&[&key], 30).await, (30, 0));
    let usage = path.replace("/limits", "/usage");
    let written = async || session.get(&usage).await.is(200).data()["totalRequests"] == 30;
    eventually(FLUSHED, written).await;
    kill(&app);
    let again = in_folder(data.path());
    let (session, key) = (again.caller(session.credential()), again.caller(key.credential()));
    assert_eq!(used(&session, &path).await, 30);
    assert_eq!(statuses(&[&key], 40).await, (20, 20));
}

/// An app on the embedded store in this folder, which it leaves behind.
fn in_folder(folder: &Path) -> TestApp {
    TestApp::with(Kind::Sqlite, &[("ALTUS4_DATA_DIR", &folder.display().to_string())])
}

fn kill(app: &TestApp) {
    let pid = app.program().pid().to_string();
    let status = Command::new("sh").args(["-c", r#"kill -KILL "$1""#, "sh", &pid]).status();
    assert!(status.expect("sh can be started").success());
    while app.program().exit_code().is_none() {
        std::thread::sleep(Duration::from_millis(10));
    }
}
