//! Databases to search: small tables with a known best answer.

use std::path::Path;

use altus4_test_support::MariaDb;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};

/// Articles of which three are about backups: 1 most, 2 less, 3 in passing, 4 not at all.
pub(crate) const ARTICLES: [(u32, &str, &str); 4] = [
    (
        1,
        "Backup and restore",
        "Make a backup of the database every night, and restore it once a month: a backup that was never \
         restored is a hope.",
    ),
    (2, "Moving to another server", "First make a backup. Then restore it on the new machine and compare."),
    (
        3,
        "Release notes of the spring",
        "Charts have legends. Exports are streamed. The calendar knows public holidays. Menus remember where \
         they were. The nightly backup is quicker than before, and colours are easier to tell apart in print.",
    ),
    (4, "Colours of the interface", "A dark theme follows the sun, and a light one follows the office."),
];

const ARTICLES_TABLE: &str = "CREATE TABLE articles (
    id INT PRIMARY KEY, title VARCHAR(200) NOT NULL, body TEXT NOT NULL, FULLTEXT ft_articles (title, body))";

/// A fresh database of the shared MariaDB with [`ARTICLES`]; its name.
pub(crate) fn articles() -> String {
    articles_on(MariaDb::shared())
}

/// The same on another server.
pub(crate) fn articles_on(server: &MariaDb) -> String {
    let database = server.create_database();
    server.execute(&database, &format!("{ARTICLES_TABLE}; {}", insertion("articles", &ARTICLES)));
    database
}

/// A fresh database of the shared MariaDB with what the script makes; its name.
pub(crate) fn database(script: &str) -> String {
    let server = MariaDb::shared();
    let database = server.create_database();
    server.execute(&database, script);
    database
}

/// The connection to a database of the shared MariaDB, as it is posted.
pub(crate) fn connection(database: &str) -> Value {
    connection_to(MariaDb::shared(), database)
}

/// The same for another server.
pub(crate) fn connection_to(server: &MariaDb, database: &str) -> Value {
    json!({
        "name": format!("{database} at {}", server.port()), "host": "127.0.0.1", "port": server.port(),
        "database": database, "username": MariaDb::USER, "password": MariaDb::PASSWORD,
    })
}

/// A SQLite file below an app's directory of sources, with these articles and an FTS5 index over
/// them that triggers keep; its connection, as it is posted.
pub(crate) async fn sqlite_articles(sources: &Path, name: &str, rows: &[(u32, &str, &str)]) -> Value {
    let schema = "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);
        CREATE VIRTUAL TABLE articles_fts USING fts5 (title, body, content = 'articles', content_rowid = 'id');
        CREATE TRIGGER articles_added AFTER INSERT ON articles BEGIN
            INSERT INTO articles_fts (rowid, title, body) VALUES (new.id, new.title, new.body);
        END;
        CREATE TRIGGER articles_removed AFTER DELETE ON articles BEGIN
            INSERT INTO articles_fts (articles_fts, rowid, title, body)
            VALUES ('delete', old.id, old.title, old.body);
        END;";
    let mut file = open_sqlite(sources, name).await;
    file.execute(sqlx::AssertSqlSafe(format!("{schema} {}", insertion("articles", rows))))
        .await
        .expect("SQLite takes the script");
    json!({ "name": name, "engine": "sqlite", "database": name })
}

/// A SQLite file below an app's directory of sources, made if it is not there.
pub(crate) async fn open_sqlite(sources: &Path, name: &str) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(sources.join(name)).create_if_missing(true);
    options.connect().await.expect("the file can be opened")
}

fn insertion(table: &str, rows: &[(u32, &str, &str)]) -> String {
    let row = |(id, title, body): &(u32, &str, &str)| {
        format!("({id}, '{}', '{}')", title.replace('\'', "''"), body.replace('\'', "''"))
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("INSERT INTO {table} (id, title, body) VALUES {}", rows.join(", "))
}

/// The ids in the rows of results, in their order.
pub(crate) fn row_ids(results: &Value) -> Vec<u64> {
    let results = results.as_array().expect("results are a list");
    results.iter().map(|result| result["data"]["id"].as_u64().expect("a row has its id")).collect()
}

/// Asserts that scores lie in 0–1 and fall strictly.
#[track_caller]
pub(crate) fn assert_scores_fall(results: &Value) {
    let results = results.as_array().expect("results are a list");
    let scores: Vec<f64> =
        results.iter().map(|result| result["relevanceScore"].as_f64().expect("a score")).collect();
    assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
    assert!(scores.windows(2).all(|pair| pair[0] > pair[1]), "{scores:?}");
}
