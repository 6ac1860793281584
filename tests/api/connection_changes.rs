//! Connections that change: each part by itself, all faults at once, and what holds from then on.

use std::time::{Duration, Instant};

use altus4_test_support::{MariaDb, free_port};
use futures::future::join_all;
use mysql_async::prelude::Queryable;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Answer, Caller, eventually, text};
use crate::samples::{ARTICLES, articles, connection, database, row_ids, sqlite_articles};

on_both! {
    each_part_is_changed_by_itself,
    a_search_goes_where_the_connection_leads_now,
    a_login_is_changed_and_the_old_sessions_end,
    options_hold_from_the_change_on,
    what_leaves_searches_is_found_by_its_name_alone,
    all_faults_of_a_change_are_told_at_once,
    a_name_that_is_taken_is_refused,
    changes_at_once_all_hold,
    a_file_can_move,
}

async fn change(caller: &Caller, method: &str, id: &str, body: Value) -> Answer {
    caller.send(method, &format!("/api/v1/databases/{id}"), Some(&body)).await
}

async fn patch(caller: &Caller, id: &str, body: Value) -> Value {
    change(caller, "PATCH", id, body).await.is(200).data()["database"].clone()
}

/// The sessions of a user of the shared server.
fn sessions_of(user: &str) -> usize {
    let sql = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{user}'");
    MariaDb::shared().query("", &sql).parse().expect("a number")
}

/// A user of its own for this database, with this password.
fn user_of(database: &str, password: &str) -> String {
    let user = format!("user_{database}");
    let script =
        format!("CREATE USER {user} IDENTIFIED BY '{password}'; GRANT SELECT ON {database}.* TO {user}");
    MariaDb::shared().execute(database, &script);
    user
}

async fn each_part_is_changed_by_itself(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    let path = format!("/api/v1/databases/{id}");
    let mut shown = session.get(&path).await.is(200).data().clone();
    let ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
    let detailed =
        json!({ "enabled": true, "rejectUnauthorized": false, "ca": ca, "serverName": "db.internal" });
    let steps = [
        (json!({ "name": "Renamed" }), "/name", json!("Renamed"), "connected"),
        (json!({ "host": "LOCALHOST." }), "/host", json!("localhost"), "connected"),
        (json!({ "port": free_port() }), "/port", Value::Null, "error"),
        (json!({ "port": MariaDb::shared().port() }), "/port", json!(MariaDb::shared().port()), "connected"),
        (json!({ "username": "nobody" }), "/username", json!("nobody"), "error"),
        (json!({ "username": MariaDb::USER }), "/username", json!(MariaDb::USER), "connected"),
        (json!({ "ssl": detailed }), "/ssl", detailed.clone(), "error"),
        (json!({ "ssl": true }), "/ssl", json!(true), "error"),
        (json!({ "ssl": false }), "/ssl", json!(false), "connected"),
        (json!({ "database": "no_such_database" }), "/database", json!("no_such_database"), "error"),
        (json!({ "database": articles() }), "/database", Value::Null, "connected"),
        (
            json!({ "connectionOptions": { "connectionLimit": 3 } }),
            "/connectionOptions",
            json!({ "connectionLimit": 3, "timeout": 60_000 }),
            "connected",
        ),
        (
            json!({ "connectionOptions": { "timeout": 2_000 } }),
            "/connectionOptions",
            json!({ "connectionLimit": 3, "timeout": 2_000 }),
            "connected",
        ),
        (
            json!({ "searchOptions": { "defaultSearchTables": ["articles"] } }),
            "/searchOptions",
            json!({ "defaultSearchTables": ["articles"], "allowExternalAI": false, "language": "english" }),
            "connected",
        ),
        (
            json!({ "searchOptions": { "allowExternalAI": true } }),
            "/searchOptions",
            json!({ "defaultSearchTables": ["articles"], "allowExternalAI": true, "language": "english" }),
            "connected",
        ),
        (
            json!({ "searchOptions": { "language": "german" } }),
            "/searchOptions",
            json!({ "defaultSearchTables": ["articles"], "allowExternalAI": true, "language": "german" }),
            "connected",
        ),
        (json!({ "isActive": false }), "/isActive", json!(false), "connected"),
        (json!({ "engine": "mariadb", "isActive": true }), "/isActive", json!(true), "connected"),
    ];
    for (number, (body, part, value, status)) in steps.into_iter().enumerate() {
        let method = ["PUT", "PATCH"][number % 2];
        let answer = change(&session, method, &id, body.clone()).await.is(200);
        assert!(answer.data()["message"].is_string(), "{}", answer.text);
        let now = answer.data()["database"].clone();
        let value = if value.is_null() { body[&part[1..]].clone() } else { value };
        assert_eq!(now.pointer(part), Some(&value), "{body}");
        assert_eq!(now["status"], status, "{body}");
        assert!(text(&now["updatedAt"]) > text(&shown["updatedAt"]), "{body}");
        assert!(!answer.text.contains(MariaDb::PASSWORD), "{}", answer.text);
        // Nothing else is another one.
        *shown.pointer_mut(part).expect("it is shown") = value;
        for moving in ["/status", "/updatedAt", "/lastConnected"] {
            *shown.pointer_mut(moving).expect("it is shown") = now.pointer(moving).expect("shown").clone();
        }
        assert_eq!(now, shown, "{body}");
        assert_eq!(session.get(&path).await.is(200).data(), &shown, "{body}");
    }
    let nothing = patch(&session, &id, json!({ "name": null, "password": null })).await;
    assert_eq!(nothing["updatedAt"], shown["updatedAt"], "nothing was changed");
    assert_eq!(session.search(json!({ "query": "backup" })).await["totalCount"], 3);
}

async fn a_search_goes_where_the_connection_leads_now(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    assert_eq!(row_ids(&session.search(json!({ "query": "backup" })).await["results"]), [1, 2, 3]);
    let other = database(
        "CREATE TABLE notes (id INT PRIMARY KEY, text VARCHAR(99), FULLTEXT (text));
         INSERT INTO notes VALUES (77, 'a backup of another kind')",
    );
    patch(&session, &id, json!({ "database": other })).await;
    let found = session.search(json!({ "query": "backup" })).await;
    assert_eq!((row_ids(&found["results"]), &found["failures"]), (vec![77], &json!([])));
    let schema = session.get(&format!("/api/v1/databases/{id}/schema")).await.is(200);
    assert_eq!(schema.data()[0]["table"], "notes");
}

async fn a_login_is_changed_and_the_old_sessions_end(app: &TestApp) {
    let session = app.session().await;
    let names = [articles(), articles()];
    let users = names.each_ref().map(|name| user_of(name, "first-password"));
    let grant = format!("GRANT SELECT ON {}.* TO {}", names[0], users[1]);
    MariaDb::shared().execute("", &grant);
    let mut body = connection(&names[0]);
    (body["username"], body["password"]) = (json!(users[0]), json!("first-password"));
    let id = session.connect(body).await;
    let search = async || session.post("/api/v1/search", json!({ "query": "backup" })).await;
    assert_eq!(search().await.is(200).data()["totalCount"], 3);
    assert!(sessions_of(&users[0]) > 0);

    // Another user with the password as it is sealed.
    patch(&session, &id, json!({ "username": users[1] })).await;
    assert_eq!(search().await.is(200).data()["totalCount"], 3);
    assert!(sessions_of(&users[1]) > 0);
    eventually(Duration::from_secs(2), async || sessions_of(&users[0]) == 0).await;

    let wrong = patch(&session, &id, json!({ "password": "not-the-password" })).await;
    assert_eq!(wrong["status"], "error");
    search().await.fails(502, "CONNECTION_FAILED");
    eventually(Duration::from_secs(2), async || sessions_of(&users[1]) == 0).await;
    let empty = patch(&session, &id, json!({ "password": "" })).await;
    assert_eq!(empty["status"], "error");
    let right = patch(&session, &id, json!({ "password": "first-password" })).await;
    assert_eq!(right["status"], "connected");
    assert_eq!(search().await.is(200).data()["totalCount"], 3);
}

/// Keeps everybody else from reading the articles until it is disconnected.
async fn hold(name: &str) -> mysql_async::Conn {
    let mut session = mysql_async::Conn::from_url(MariaDb::shared().url(name)).await.expect("connect");
    session.query_drop("LOCK TABLES articles WRITE").await.expect("lock");
    session
}

async fn options_hold_from_the_change_on(app: &TestApp) {
    let session = app.session().await;
    let name = articles();
    let user = user_of(&name, "secret");
    let mut body = connection(&name);
    (body["username"], body["password"]) = (json!(user), json!("secret"));
    let id = session.connect(body).await;
    // Searches that are the same would be one.
    let search_for = |limit| {
        session.post("/api/v1/search", json!({ "query": "backup", "timeoutMs": 30_000, "limit": limit }))
    };
    let search = || search_for(20);
    // How many sessions four searches have that all wait.
    let at_once = async || {
        search().await.is(200);
        let holding = hold(&name).await;
        let watch = async {
            let mut most = 0;
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(25)).await;
                most = most.max(sessions_of(&user));
            }
            holding.disconnect().await.expect("disconnect");
            most
        };
        let (found, most) = tokio::join!(join_all((10..14).map(search_for)), watch);
        for answer in found {
            assert_eq!(answer.is(200).data()["totalCount"], 3);
        }
        most
    };
    assert_eq!(at_once().await, 4);
    patch(&session, &id, json!({ "connectionOptions": { "connectionLimit": 1 } })).await;
    eventually(Duration::from_secs(2), async || sessions_of(&user) == 0).await;
    assert_eq!(at_once().await, 1);

    patch(&session, &id, json!({ "connectionOptions": { "timeout": 1_000 } })).await;
    search().await.is(200);
    let holding = hold(&name).await;
    let began = Instant::now();
    search().await.fails(504, "QUERY_TIMEOUT");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    holding.disconnect().await.expect("disconnect");
}

async fn what_leaves_searches_is_found_by_its_name_alone(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    patch(&session, &id, json!({ "isActive": false })).await;
    assert_eq!(session.search(json!({ "query": "backup" })).await["results"], json!([]));
    let named = session.search(json!({ "query": "backup", "databases": [id] })).await;
    assert_eq!(row_ids(&named["results"]), [1, 2, 3]);
    patch(&session, &id, json!({ "isActive": true })).await;
    assert_eq!(session.search(json!({ "query": "backup" })).await["totalCount"], 3);
}

async fn all_faults_of_a_change_are_told_at_once(app: &TestApp) {
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    let path = format!("/api/v1/databases/{id}");
    let before = session.get(&path).await.is(200).data().clone();
    let wrong = json!({
        "name": "", "host": "no host", "port": 0, "database": "", "username": "", "password": 7, "ssl": "maybe",
        "connectionOptions": { "connectionLimit": 51, "timeout": 999, "x": 1 }, "isActive": "yes",
        "searchOptions": { "defaultSearchTables": "articles" }, "engine": "sqlite", "hots": "db.example.org",
        "id": id, "status": "connected", "userId": "x",
    });
    for method in ["PUT", "PATCH"] {
        let answer = change(&session, method, &id, wrong.clone()).await.fails(400, "VALIDATION_ERROR");
        assert_eq!(
            answer.faulty_fields(),
            [
                "connectionOptions.connectionLimit",
                "connectionOptions.timeout",
                "connectionOptions.x",
                "database",
                "engine",
                "host",
                "hots",
                "id",
                "isActive",
                "name",
                "password",
                "port",
                "searchOptions.defaultSearchTables",
                "ssl",
                "status",
                "userId",
                "username",
            ]
        );
        for body in [json!([]), json!("x"), json!(1)] {
            change(&session, method, &id, body).await.fails(400, "VALIDATION_ERROR");
        }
        let file =
            sqlite_articles(&app.sources(), &format!("faults-{method}-{}.db", app.port()), &ARTICLES).await;
        let file = session.connect(file).await;
        let server = json!({ "host": "127.0.0.1", "port": 1, "username": "u", "password": "p", "ssl": true });
        let answer = change(&session, method, &file, server).await.fails(400, "VALIDATION_ERROR");
        assert_eq!(answer.faulty_fields(), ["host", "password", "port", "ssl", "username"]);
    }
    assert_eq!(session.get(&path).await.is(200).data(), &before);
}

async fn a_name_that_is_taken_is_refused(app: &TestApp) {
    let (session, other) = (app.session().await, app.session().await);
    let mut first = connection(&articles());
    first["name"] = json!("Shop");
    session.connect(first.clone()).await;
    first["name"] = json!("Elsewhere");
    other.connect(first).await;
    let id = session.connect(connection(&articles())).await;
    let path = format!("/api/v1/databases/{id}");
    let before = session.get(&path).await.is(200).data().clone();
    for name in ["Shop", " sHOP "] {
        let body = json!({ "name": name, "isActive": false });
        change(&session, "PUT", &id, body).await.fails(409, "RESOURCE_CONFLICT");
    }
    assert_eq!(session.get(&path).await.is(200).data(), &before);
    // One's own name in other letters, and the name of another account's, are free.
    for name in ["Elsewhere", "ELSEWHERE"] {
        assert_eq!(patch(&session, &id, json!({ "name": name })).await["name"], name);
    }
}

async fn changes_at_once_all_hold(app: &TestApp) {
    let session = app.session().await;
    let name = articles();
    let id = session.connect(connection(&name)).await;
    let bodies = [
        json!({ "name": "At once" }),
        json!({ "isActive": false }),
        json!({ "host": "localhost" }),
        json!({ "searchOptions": { "defaultSearchTables": ["articles"] } }),
        json!({ "connectionOptions": { "connectionLimit": 7 } }),
        json!({ "connectionOptions": { "timeout": 7_000 } }),
        json!({ "password": MariaDb::PASSWORD }),
        json!({ "username": MariaDb::USER, "database": name }),
    ];
    let answers = join_all(bodies.into_iter().map(|body| change(&session, "PATCH", &id, body))).await;
    for answer in answers {
        answer.is(200);
    }
    let now = session.get(&format!("/api/v1/databases/{id}")).await.is(200).data().clone();
    assert_eq!(
        (&now["name"], &now["isActive"], &now["host"]),
        (&json!("At once"), &json!(false), &json!("localhost"))
    );
    assert_eq!(now["searchOptions"]["defaultSearchTables"], json!(["articles"]));
    assert_eq!(now["connectionOptions"], json!({ "connectionLimit": 7, "timeout": 7_000 }));
    assert_eq!(session.search(json!({ "query": "backup", "databases": [id] })).await["totalCount"], 3);
}

async fn a_file_can_move(app: &TestApp) {
    let session = app.session().await;
    let names = ["moved-from", "moved-to"].map(|name| format!("{name}-{}.db", app.port()));
    let id = session.connect(sqlite_articles(&app.sources(), &names[0], &ARTICLES).await).await;
    sqlite_articles(&app.sources(), &names[1], &ARTICLES[..1]).await;
    assert_eq!(session.search(json!({ "query": "backup" })).await["totalCount"], 3);
    let moved = patch(&session, &id, json!({ "database": names[1], "engine": "sqlite" })).await;
    assert_eq!((&moved["database"], &moved["status"]), (&json!(names[1]), &json!("connected")));
    assert_eq!(session.search(json!({ "query": "backup" })).await["totalCount"], 1);
    let missing = patch(&session, &id, json!({ "database": "missing.db" })).await;
    assert_eq!(missing["status"], "error");
    change(&session, "PATCH", &id, json!({ "database": "../outside.db" }))
        .await
        .fails(403, "HOST_NOT_ALLOWED");
    let shown = session.get(&format!("/api/v1/databases/{id}")).await.is(200);
    assert_eq!(shown.data()["database"], "missing.db");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_forbidden_is_refused_and_nothing_changes() {
    let deny = format!("127.0.0.1:{}", free_port());
    let app = TestApp::with(Kind::Sqlite, &[("ALTUS4_CONNECT_DENY", &format!("{deny},10.0.0.0/8"))]);
    let session = app.session().await;
    let id = session.connect(connection(&articles())).await;
    let path = format!("/api/v1/databases/{id}");
    let before = session.get(&path).await.is(200).data().clone();
    let port: u16 = deny.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    for body in [json!({ "host": "10.1.2.3" }), json!({ "port": port, "name": "other" })] {
        change(&session, "PATCH", &id, body).await.fails(403, "HOST_NOT_ALLOWED");
    }
    change(&session, "PATCH", &id, json!({ "host": "0x7f.1" })).await.fails(400, "VALIDATION_ERROR");
    assert_eq!(session.get(&path).await.is(200).data(), &before);
    assert_eq!(session.search(json!({ "query": "backup" })).await["totalCount"], 3);
}
