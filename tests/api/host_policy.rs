//! What production never dials, whatever it is called: a canary on this machine hears of nobody. All
//! spellings and names that change are in the adapter's tests, with a resolver of their own.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::app::{Kind, TestApp, settings_of};
use crate::client::text;

const DATABASES: &str = "/api/v1/databases";

/// Listens on this machine and counts who comes.
fn canary() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&count);
    thread::spawn(move || {
        for _hung_up_on in listener.incoming() {
            counting.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, count)
}

fn body(host: &str, port: u16) -> Value {
    json!({
        "name": host, "host": host, "port": port, "database": "shop", "username": "root", "password": "secret",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn in_production_nobody_is_led_to_this_machine() {
    let mut settings = settings_of(Kind::MariaDbRedis);
    settings.push(("ALTUS4_ENV".to_owned(), "production".to_owned()));
    let app = TestApp::start(&settings);
    let session = app.session().await;
    let (port, count) = canary();
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.9.9.9",
        "localhost",
        "LOCALHOST.",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "0:0:0:0:0:ffff:127.0.0.1",
        "0.0.0.0",
        "::",
        "64:ff9b::127.0.0.1",
        "2002:7f00:1::",
    ] {
        for path in [DATABASES, "/api/v1/databases/test"] {
            let refused = session.post(path, body(host, port)).await.fails(403, "HOST_NOT_ALLOWED");
            assert!(!refused.text.contains("127.0.0.1") || host.contains("127.0.0.1"), "{}", refused.text);
        }
    }
    for disguised in
        ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "127.0.0.1:3306", "127。0。0。1"]
    {
        for path in [DATABASES, "/api/v1/databases/test"] {
            session.post(path, body(disguised, port)).await.fails(400, "VALIDATION_ERROR");
        }
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
    assert_eq!(session.get(DATABASES).await.data(), &json!([]));
}

/// A connection that was saved under another rule is held against the one of today, whenever it is used.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_holds_for_connections_that_were_saved_before_it() {
    let (port, count) = canary();
    let settings = settings_of(Kind::MariaDbRedis);
    let before = TestApp::start(&settings);
    let account = before.account().await;
    let saved = account.session.post(DATABASES, body("127.0.0.1", port)).await.is(201);
    let id = text(&saved.data()["id"]);
    let heard = count.load(Ordering::SeqCst);
    assert!(heard > 0, "without the rule it is dialled");
    drop(before);

    let mut settings = settings;
    settings.push(("ALTUS4_CONNECT_DENY".to_owned(), format!("127.0.0.0/8:{port}")));
    let app = TestApp::start(&settings);
    let session = app.caller(account.session.credential());
    session.post(&format!("{DATABASES}/{id}/test"), json!({})).await.fails(403, "HOST_NOT_ALLOWED");
    session.get(&format!("{DATABASES}/{id}/schema")).await.fails(403, "HOST_NOT_ALLOWED");
    let search = session.post("/api/v1/search", json!({ "query": "tide" })).await;
    assert!((400..=502).contains(&search.status), "{}", search.text);
    assert_eq!(count.load(Ordering::SeqCst), heard);
}
