//! A small shop in a user's database, with a column of every kind; its tables as entities.

use std::fmt::Write;

use altus4_test_support::MariaDb;
use serde_json::{Value, json};
use sqlx::Executor;

use crate::app::TestApp;
use crate::client::Caller;
use crate::samples::{connection, database, open_sqlite};

/// Tables whose keys, relations and kinds of columns differ in every way that matters. Zero dates are let
/// in, as servers of long ago did.
const MARIADB: &str = "SET SESSION sql_mode = '';
CREATE TABLE makers (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, maker_name VARCHAR(40) NOT NULL UNIQUE,
    secret_rating INT NULL, created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE goods (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, title VARCHAR(60) NOT NULL, body TEXT NULL,
    maker_id INT UNSIGNED NOT NULL, second_maker_id INT UNSIGNED NULL,
    status ENUM('draft', 'on sale', 'it''s gone') NOT NULL DEFAULT 'draft',
    tags SET('new', 'cheap', 'large') NOT NULL DEFAULT '',
    price DECIMAL(20, 6) NOT NULL DEFAULT 0, stock BIGINT UNSIGNED NOT NULL DEFAULT 0,
    is_listed TINYINT(1) NOT NULL DEFAULT 1, is_odd BIT(1) NULL, mask BIT(9) NULL, made_in YEAR NULL,
    sold_on DATE NULL, sold_at DATETIME(3) NULL, touched TIMESTAMP NULL, opens TIME NULL,
    details JSON NULL, photo BLOB NULL, digest VARBINARY(16) NULL, weight FLOAT NULL, size DOUBLE NULL,
    place GEOMETRY NULL, label VARCHAR(80) AS (CONCAT(title, '!')) VIRTUAL,
    FULLTEXT goods_words (title, body), KEY (price),
    FOREIGN KEY (maker_id) REFERENCES makers (id), FOREIGN KEY (second_maker_id) REFERENCES makers (id));
CREATE TABLE shelves (floor SMALLINT NOT NULL, code VARCHAR(8) NOT NULL, note VARCHAR(20) NULL,
    PRIMARY KEY (floor, code));
CREATE TABLE goods_makers (goods_id BIGINT NOT NULL, maker_id INT UNSIGNED NOT NULL,
    PRIMARY KEY (goods_id, maker_id),
    FOREIGN KEY (goods_id) REFERENCES goods (id), FOREIGN KEY (maker_id) REFERENCES makers (id));
CREATE TABLE notes (words VARCHAR(20));
CREATE VIEW listed AS SELECT id, title, price FROM goods WHERE is_listed;
INSERT INTO makers (maker_name, secret_rating, created_at) VALUES
    ('Ada', 5, '2026-01-01 10:00:00'), ('Bo', 3, '2026-01-02 10:00:00'), ('Cy', NULL, '2026-01-03 10:00:00');
INSERT INTO goods (title, body, maker_id, second_maker_id, status, tags, price, stock, is_listed, is_odd, mask,
    made_in, sold_on, sold_at, touched, opens, details, photo, digest, weight, size, place) VALUES
    ('Kettle', 'It boils water', 1, 2, 'on sale', 'new,large', 12345678901234.567891, 18446744073709551615, 1,
        b'1', b'101010101', 1999, '2026-01-31', '2026-01-31 09:30:00.125', '2026-01-31 09:30:00', '-12:30:00',
        '{\"volts\": 230, \"parts\": [\"lid\"]}', x'00FF10', x'0102', 1.25, 0.1,
        ST_GeomFromText('POINT(1.5 -2.25)')),
    ('Lamp', 'It shines', 1, NULL, 'draft', '', 0.5, 9007199254740993, 0, b'0', NULL, 0, '0000-00-00',
        '0000-00-00 00:00:00', NULL, '838:59:59', NULL, NULL, NULL, NULL, NULL,
        ST_GeomFromText('POLYGON((0 0, 4 0, 4 4, 0 0))')),
    ('Mug', 'Holds water', 2, NULL, 'it''s gone', 'cheap', 7, 3, 1, NULL, b'1', NULL, NULL, NULL, NULL, NULL,
        '[]', x'', NULL, -3.5, 1e300, NULL);
INSERT INTO shelves VALUES (1, 'a,b', 'comma'), (1, 'b/c', NULL), (2, 'a,b', 'up'), (-1, 'ü %', 'below');
INSERT INTO goods_makers VALUES (1, 1), (1, 2), (2, 3);
INSERT INTO notes VALUES ('one'), ('two'), ('two')";

const SQLITE: &str = "
CREATE TABLE makers (
    id INTEGER PRIMARY KEY, maker_name VARCHAR(40) NOT NULL UNIQUE, secret_rating INT,
    created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE goods (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT, maker_id INT NOT NULL REFERENCES makers (id),
    second_maker_id INT REFERENCES makers (id), price DECIMAL(20, 6) NOT NULL DEFAULT 0,
    is_listed BOOLEAN NOT NULL DEFAULT 1, sold_on DATE, sold_at DATETIME, details JSON, photo BLOB, size REAL,
    label TEXT AS (title || '!') VIRTUAL);
CREATE TABLE shelves (floor INT NOT NULL, code TEXT NOT NULL, note TEXT, PRIMARY KEY (floor, code));
CREATE TABLE goods_makers (goods_id INT NOT NULL REFERENCES goods (id), maker_id INT NOT NULL REFERENCES makers (id),
    PRIMARY KEY (goods_id, maker_id));
CREATE VIEW listed AS SELECT id, title, price FROM goods WHERE is_listed;
INSERT INTO makers VALUES (1, 'Ada', 5, '2026-01-01 10:00:00'), (2, 'Bo', 3, '2026-01-02 10:00:00'),
    (3, 'Cy', NULL, '2026-01-03 10:00:00');
INSERT INTO goods (id, title, body, maker_id, second_maker_id, price, is_listed, sold_on, sold_at, details, photo,
    size) VALUES
    (1, 'Kettle', 'It boils water', 1, 2, 12.5, 1, '2026-01-31', '2026-01-31 09:30:00', '{\"volts\": 230}',
        x'00FF10', 0.1),
    (2, 'Lamp', 'It shines', 1, NULL, 0.5, 0, NULL, NULL, NULL, NULL, NULL),
    (3, 'Mug', 'Holds water', 2, NULL, 7, 1, NULL, NULL, '[]', x'', 1e300);
INSERT INTO shelves VALUES (1, 'a,b', 'comma'), (1, 'b/c', NULL), (2, 'a,b', 'up'), (-1, 'ü %', 'below');
INSERT INTO goods_makers VALUES (1, 1), (1, 2), (2, 3)";

/// A shop of an account of its own, all of whose tables are entities.
pub(crate) struct Shop {
    pub(crate) session: Caller,
    /// The connection's id.
    pub(crate) id: String,
    /// The name of its database on the shared MariaDB.
    pub(crate) database: String,
}

impl Shop {
    /// One on the shared MariaDB.
    pub(crate) async fn on_mariadb(app: &TestApp) -> Self {
        Self::of(app, MARIADB).await
    }

    /// One of what this script makes on the shared MariaDB.
    pub(crate) async fn of(app: &TestApp, script: &str) -> Self {
        let database = database(script);
        let session = app.session().await;
        let id = session.connect(connection(&database)).await;
        register_all(&session, &id).await;
        Self { session, id, database }
    }

    /// One whose table of makers is an entity of this name.
    pub(crate) async fn named(app: &TestApp, name: &str) -> Self {
        let shop = Self::on_mariadb(app).await;
        shop.change("makers", json!({ "name": name })).await;
        shop
    }

    /// One in a SQLite file.
    pub(crate) async fn on_sqlite(app: &TestApp, name: &str) -> Self {
        let mut file = open_sqlite(&app.sources(), name).await;
        file.execute(SQLITE).await.expect("SQLite takes the script");
        Self::in_file(app, name).await
    }

    /// One of what is in a SQLite file of the app's sources.
    pub(crate) async fn in_file(app: &TestApp, name: &str) -> Self {
        let session = app.session().await;
        let id = session.connect(json!({ "name": name, "engine": "sqlite", "database": name })).await;
        register_all(&session, &id).await;
        Self { session, id, database: String::new() }
    }

    /// A key of the shop's account with these permissions.
    pub(crate) async fn key(&self, permissions: &[&str]) -> Caller {
        self.session.with(&self.session.set_up(permissions).await)
    }

    /// Runs statements in the shop's database, as its owner would.
    pub(crate) fn execute(&self, script: &str) {
        MariaDb::shared().execute(&self.database, script);
    }

    /// Changes what is said of an entity.
    pub(crate) async fn change(&self, entity: &str, change: Value) {
        let path = format!("/api/v1/entities/{entity}");
        self.session.send("PATCH", &path, Some(&change)).await.is(200);
    }
}

/// Registers every table of a connection.
pub(crate) async fn register_all(session: &Caller, id: &str) -> Vec<String> {
    let body = json!({ "databaseId": id, "tables": "*" });
    let answer = session.post("/api/v1/entities", body).await.is(201);
    let entities = answer.data().as_array().cloned().unwrap_or_default();
    entities.iter().map(|entity| crate::client::text(&entity["name"])).collect()
}

/// A text as a part of a path or of a query string.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        write!(escaped, "%{byte:02X}").expect("a text takes all");
        escaped
    })
}
