//! Several nodes on one store.

use std::time::Duration;

use altus4_test_support::MariaDb;
use serde_json::json;

use crate::app::{Kind, TestApp, settings_of};
use crate::client::{Account, Caller, PASSWORD, eventually, text};
use crate::samples::{articles, connection, row_ids};

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_come_up_at_once_on_an_empty_store() {
    for _ in 0..3 {
        let settings = settings_of(Kind::MariaDbRedis);
        let nodes = [TestApp::launch(&settings), TestApp::launch(&settings), TestApp::launch(&settings)];
        for node in &nodes {
            node.wait_until_ready().unwrap_or_else(|said| panic!("a node did not come up: {said}"));
        }
        let account = Account::register(&nodes[0].anonymous()).await;
        let login = json!({ "email": account.email, "password": PASSWORD });
        nodes[1].anonymous().post("/api/v1/auth/login", login).await.is(200);
        nodes[2].caller(account.session.credential()).get("/api/v1/databases").await.is(200);
        let store = &settings.iter().find(|(name, _)| name == "DATABASE_URL").expect("a store").1;
        let name = store.rsplit('/').next().expect("a database's name");
        let twice = "SELECT count(*) - count(DISTINCT version) FROM seaql_migrations";
        assert_eq!(MariaDb::shared().query(name, twice), "0", "each migration was applied once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_was_told_every_node_knows() {
    let settings = settings_of(Kind::MariaDbRedis);
    let nodes = [TestApp::start(&settings), TestApp::start(&settings)];
    let account = nodes[0].account().await;
    let id = account.session.connect(connection(&articles())).await;
    let key = account.session.set_up(&["search", "database:read"]).await;
    let elsewhere = nodes[1].caller(&key);
    let found = elsewhere.search(json!({ "query": "backup" })).await;
    assert_eq!(row_ids(&found["results"]), [1, 2, 3]);
    account.session.send("DELETE", &format!("/api/v1/databases/{id}"), None).await.is(200);
    assert_eq!(elsewhere.get("/api/v1/databases").await.is(200).data(), &json!([]));
    let is_gone = async || elsewhere.search(json!({ "query": "backup" })).await["totalCount"] == 0;
    eventually(Duration::from_secs(2), is_gone).await;

    // Of an address registered on both nodes at once, one account comes.
    let email = crate::client::fresh_email();
    let body = json!({ "email": email, "password": PASSWORD, "name": "Ada" });
    let (callers, path) = ([nodes[0].anonymous(), nodes[1].anonymous()], "/api/v1/auth/register");
    let (one, other) = tokio::join!(callers[0].post(path, body.clone()), callers[1].post(path, body));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{}\n{}", one.text, other.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_on_one_node_is_over_on_all() {
    let settings = settings_of(Kind::MariaDbRedis);
    let nodes = [TestApp::start(&settings), TestApp::start(&settings)];
    let account = nodes[0].account().await;
    let login = async || {
        let answer = nodes[1].login(&account.email, PASSWORD).await.is(200);
        nodes[1].caller(&text(&answer.data()["token"]))
    };
    let is_over = async |session: &Caller| {
        for node in &nodes {
            node.caller(session.credential()).get("/api/v1/databases").await.fails(401, "INVALID_TOKEN");
        }
    };
    let (one, two, three) = (login().await, login().await, login().await);
    for node in &nodes {
        node.caller(one.credential()).get("/api/v1/databases").await.is(200);
    }
    nodes[0].caller(one.credential()).post("/api/v1/auth/logout", json!({})).await.is(200);
    is_over(&one).await;

    let change = json!({ "currentPassword": PASSWORD, "newPassword": "calm-heron-9-windows" });
    account.session.post("/api/v1/auth/change-password", change).await.is(200);
    is_over(&two).await;
    is_over(&three).await;
    nodes[1].caller(account.session.credential()).get("/api/v1/databases").await.is(200);

    account.session.send("DELETE", "/api/v1/auth/account", None).await.is(200);
    is_over(&account.session).await;
}
