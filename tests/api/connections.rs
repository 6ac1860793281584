//! Connections: registering a database, calling it, reading its schema.

use altus4_test_support::{MariaDb, free_port};
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::text;
use crate::samples::{ARTICLES, articles, connection, database, sqlite_articles};

const DATABASES: &str = "/api/v1/databases";

on_both! {
    a_connection_is_registered_listed_and_never_shows_its_password,
    a_test_says_what_was_found,
    a_schema_is_shown_as_it_is,
    a_name_is_unique_in_its_account,
    a_sqlite_file_is_a_connection_too,
    sealed_passwords_are_nowhere_in_plain_text,
}

async fn a_connection_is_registered_listed_and_never_shows_its_password(app: &TestApp) {
    let session = app.session().await;
    let name = articles();
    let made = session.post(DATABASES, connection(&name)).await.is(201);
    let shown = made.data();
    assert_eq!(shown["engine"], "mysql");
    assert_eq!(shown["host"], "127.0.0.1");
    assert_eq!(shown["port"], MariaDb::shared().port());
    assert_eq!(shown["database"], name);
    assert_eq!(shown["username"], MariaDb::USER);
    assert_eq!(shown["ssl"], false);
    assert_eq!(shown["connectionOptions"], json!({ "connectionLimit": 10, "timeout": 60_000 }));
    assert_eq!(shown["isActive"], true);
    assert_eq!(shown["status"], "connected");
    for time in ["lastConnected", "createdAt", "updatedAt"] {
        assert!(shown[time].is_string(), "{time}: {shown}");
    }
    assert_eq!(shown.get("password"), None);
    let listed = session.get(DATABASES).await.is(200);
    assert_eq!(listed.data(), &json!([shown]));
    for answer in [&made, &listed] {
        assert!(!answer.text.contains(MariaDb::PASSWORD), "{}", answer.text);
    }

    let path = format!("{DATABASES}/{}", text(&shown["id"]));
    assert_eq!(session.get(&path).await.is(200).data(), shown);
    session.connect(connection(&articles())).await;
    let removed = session.send("DELETE", &path, None).await.is(200);
    assert!(removed.data()["message"].is_string() && removed.data()["removedAt"].is_string());
    session.get(&path).await.fails(404, "NOT_FOUND");
    session.send("DELETE", &path, None).await.fails(404, "NOT_FOUND");
    let left = session.get(DATABASES).await.is(200);
    assert_eq!(left.data().as_array().map(Vec::len), Some(1));
}

async fn a_test_says_what_was_found(app: &TestApp) {
    let session = app.session().await;
    let name = articles();
    let id = session.connect(connection(&name)).await;
    let found = session.post(&format!("{DATABASES}/{id}/test"), json!({})).await.is(200);
    let found = found.data();
    assert_eq!(found["connected"], true);
    assert!(text(&found["version"]).contains("MariaDB"), "{found}");
    assert!(found["responseTime"].is_u64() && found["message"].is_string(), "{found}");
    let warnings = found["warnings"].to_string().to_lowercase();
    assert!(warnings.contains("all privileges"), "rights too wide are told: {warnings}");

    session.post("/api/v1/databases/test", connection(&name)).await.is(200);
    let mut wrong = connection(&name);
    wrong["password"] = json!("not-the-password-canary");
    let refused = session.post("/api/v1/databases/test", wrong.clone()).await.fails(502, "CONNECTION_FAILED");
    assert_eq!(refused.details()["errno"], 1045);
    assert_eq!(refused.details()["sqlState"], "28000");
    assert!(!refused.text.contains("canary"), "{}", refused.text);

    // Saving does not need the server to accept, or to be up.
    wrong["name"] = json!("wrong password");
    let mut closed = connection(&name);
    closed["name"] = json!("closed port");
    closed["port"] = json!(free_port());
    for body in [wrong, closed] {
        let saved = session.post(DATABASES, body).await.is(201);
        assert_eq!(saved.data()["status"], "error");
        let path = format!("{DATABASES}/{}/test", text(&saved.data()["id"]));
        session.post(&path, json!({})).await.fails(502, "CONNECTION_FAILED");
    }
}

async fn a_schema_is_shown_as_it_is(app: &TestApp) {
    let session = app.session().await;
    let name = database(
        "CREATE TABLE authors (id INT PRIMARY KEY, name VARCHAR(80) NOT NULL) COMMENT 'who writes';
         CREATE TABLE books (
            isbn CHAR(13), copy INT, author INT, title VARCHAR(255) DEFAULT 'untitled', blurb TEXT, price DECIMAL(8,2),
            PRIMARY KEY (isbn, copy), FULLTEXT ft_title (title), FULLTEXT ft_both (title, blurb),
            FOREIGN KEY (author) REFERENCES authors (id))",
    );
    let id = session.connect(connection(&name)).await;
    let path = format!("{DATABASES}/{id}/schema");
    let schema = session.get(&path).await.is(200).data().clone();
    let table = |wanted: &str| -> Value {
        let tables = schema.as_array().expect("a list of tables");
        tables.iter().find(|table| table["table"] == wanted).expect("the table is there").clone()
    };
    assert_eq!(schema.as_array().map(Vec::len), Some(2));
    assert_eq!(table("authors")["comment"], "who writes");
    let books = table("books");
    assert_eq!(books["database"], name);
    assert_eq!(books["primaryKey"], json!(["isbn", "copy"]));
    let indexes = books["fullTextIndexes"].as_array().expect("a list of indexes").clone();
    let both = indexes.iter().find(|index| index["name"] == "ft_both").expect("the index is there");
    assert_eq!((&both["columns"], &both["type"]), (&json!(["title", "blurb"]), &json!("FULLTEXT")));
    let relation = json!({ "column": "author", "referencesTable": "authors", "referencesColumn": "id" });
    assert_eq!(books["relations"], json!([relation]));
    let column = |wanted: &str| -> Value {
        let columns = books["columns"].as_array().expect("a list of columns");
        columns.iter().find(|column| column["name"] == wanted).expect("the column is there").clone()
    };
    assert_eq!(column("title")["type"], "VARCHAR(255)");
    assert_eq!(column("title")["nullable"], true);
    assert_eq!(column("title")["isFullTextIndexed"], true);
    assert_eq!(column("title")["isSearchable"], true);
    assert!(text(&column("title")["default"]).contains("untitled"));
    assert_eq!(column("price")["type"], "DECIMAL(8,2)");
    assert_eq!(column("price")["isFullTextIndexed"], false);
    assert_eq!(column("isbn")["nullable"], false);

    MariaDb::shared().execute(&name, "CREATE TABLE shelves (id INT PRIMARY KEY)");
    let cached = session.get(&path).await.is(200);
    assert_eq!(cached.data().as_array().map(Vec::len), Some(2), "a schema is cached");
    let fresh = session.get(&format!("{path}?refresh=true")).await.is(200);
    assert_eq!(fresh.data().as_array().map(Vec::len), Some(3), "and read anew where that is asked for");
}

async fn a_name_is_unique_in_its_account(app: &TestApp) {
    let (one, other) = (app.session().await, app.session().await);
    let mut body = connection(&articles());
    body["name"] = json!("Shop");
    one.connect(body.clone()).await;
    one.post(DATABASES, body.clone()).await.fails(409, "RESOURCE_CONFLICT");
    body["name"] = json!("sHOP ");
    one.post(DATABASES, body.clone()).await.fails(409, "RESOURCE_CONFLICT");
    other.connect(body.clone()).await;
    body["name"] = json!("Shop at once");
    let (a, b) = tokio::join!(one.post(DATABASES, body.clone()), one.post(DATABASES, body));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{}\n{}", a.text, b.text);
}

async fn a_sqlite_file_is_a_connection_too(app: &TestApp) {
    let session = app.session().await;
    std::fs::create_dir_all(app.sources().join("below")).expect("a folder can be made");
    let body = sqlite_articles(&app.sources(), "below/registered.db", &ARTICLES).await;
    let made = session.post(DATABASES, body).await.is(201).data().clone();
    assert_eq!(made["engine"], "sqlite");
    assert_eq!(made["database"], "below/registered.db");
    assert_eq!(made["status"], "connected");
    let path = format!("{DATABASES}/{}", text(&made["id"]));
    let found = session.post(&format!("{path}/test"), json!({})).await.is(200);
    assert_eq!(found.data()["connected"], true);
    let schema = session.get(&format!("{path}/schema")).await.is(200).data().clone();
    let tables: Vec<&Value> =
        schema.as_array().expect("a list").iter().map(|table| &table["table"]).collect();
    assert_eq!(tables, ["articles"], "the index's own tables are no tables of the user");
    assert_eq!(schema[0]["fullTextIndexes"][0]["columns"], json!(["title", "body"]));
}

async fn sealed_passwords_are_nowhere_in_plain_text(app: &TestApp) {
    let session = app.session().await;
    let mut body = connection(&articles());
    body["password"] = json!("canary-of-the-store-7");
    session.post(DATABASES, body).await.is(201);
    for file in ["altus4.db", "altus4.db-wal"] {
        let bytes = std::fs::read(app.program().folder().join("data").join(file)).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains("canary-of-the-store-7"), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_outside_the_operators_directory_do_not_exist() {
    let app = TestApp::shared(Kind::Sqlite);
    let session = app.session().await;
    let outside = app.program().folder().join("outside");
    std::fs::create_dir_all(&outside).expect("a folder can be made");
    sqlite_articles(&outside, "secret.db", &ARTICLES).await;
    std::os::unix::fs::symlink(outside.join("secret.db"), app.sources().join("link.db")).expect("a link");
    let absolute = outside.join("secret.db").display().to_string();
    let mut answers = Vec::new();
    for path in
        ["missing.db", "../outside/secret.db", "../outside/none.db", "link.db", &absolute, "/etc/passwd", "."]
    {
        let body = json!({ "name": path, "engine": "sqlite", "database": path });
        let answer = session.post("/api/v1/databases/test", body).await;
        assert!((400..=502).contains(&answer.status) && answer.status != 500, "{path}: {}", answer.text);
        assert!(!answer.text.contains("outside/secret"), "{path}: {}", answer.text);
        answers.push((path, answer));
    }
    let code = |at: usize| (answers[at].1.status, answers[at].1.body["error"]["code"].clone());
    assert_eq!(code(1), code(2), "whether a file outside exists is not told");
    assert!(!app.sources().join("missing.db").exists(), "nothing is made by looking");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_connection_are_told_at_once() {
    let session = TestApp::shared(Kind::Sqlite).session().await;
    let wrong = json!({
        "name": "", "host": "no host", "port": 0, "database": "", "username": "", "password": 7, "ssl": "maybe",
        "connectionOptions": { "connectionLimit": 51, "timeout": 999 }, "isActive": "yes", "hots": "db.example.org",
    });
    let answer = session.post(DATABASES, wrong).await.fails(400, "VALIDATION_ERROR");
    let fields = answer.faulty_fields();
    for field in ["name", "host", "port", "database", "username", "password", "ssl", "isActive", "hots"] {
        assert!(fields.iter().any(|known| known == field), "{field} is not among {fields:?}");
    }
    assert!(fields.iter().any(|field| field.starts_with("connectionOptions")), "{fields:?}");
    let missing = session.post(DATABASES, json!({})).await.fails(400, "VALIDATION_ERROR");
    for field in ["name", "host", "database", "username"] {
        assert!(missing.faulty_fields().iter().any(|known| known == field), "{}", missing.text);
    }
    assert_eq!(session.get(DATABASES).await.data(), &json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_the_operator_forbids_are_refused() {
    let own = MariaDb::shared();
    let deny = format!("127.0.0.1:{}", own.port());
    let app = TestApp::with(Kind::Sqlite, &[("ALTUS4_CONNECT_DENY", &deny)]);
    let session = app.session().await;
    let name = articles();
    for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1"] {
        let mut body = connection(&name);
        body["host"] = json!(host);
        for path in [DATABASES, "/api/v1/databases/test"] {
            session.post(path, body.clone()).await.fails(403, "HOST_NOT_ALLOWED");
        }
    }
    let mut unspecified = connection(&name);
    unspecified["host"] = json!("0.0.0.0");
    session.post(DATABASES, unspecified).await.fails(403, "HOST_NOT_ALLOWED");
    for disguised in ["2130706433", "0x7f.1", "0177.0.0.1"] {
        let mut body = connection(&name);
        body["host"] = json!(disguised);
        session.post(DATABASES, body).await.fails(400, "VALIDATION_ERROR");
    }
    assert_eq!(session.get(DATABASES).await.data(), &json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn production_dials_no_private_address() {
    let mut settings = crate::app::settings_of(Kind::MariaDbRedis);
    settings.push(("ALTUS4_ENV".to_owned(), "production".to_owned()));
    let app = TestApp::start(&settings);
    let session = app.session().await;
    for host in ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.9", "169.254.169.254", "::1", "fd00::1"] {
        let body = json!({
            "name": host, "host": host, "port": MariaDb::shared().port(), "database": "x", "username": "root",
            "password": "secret",
        });
        session.post(DATABASES, body).await.fails(403, "HOST_NOT_ALLOWED");
    }
}
