//! Known sample databases through their generated endpoints, whole: Sakila and Chinook as their publishers
//! give them for MySQL, and Chinook in a SQLite file too. They are not part of this repository: `just
//! schemas` reads the scripts from the folder that `ALTUS4_SAMPLE_SCHEMAS` names.

use std::{collections::HashMap, path::Path};

use sqlx::Executor;

use crate::app::{Kind, TestApp};
use crate::entity_walk::walk_all;
use crate::samples::open_sqlite;
use crate::shop::Shop;

/// A script of the folder, without the lines that make a database of a name of its own.
fn script(file: &str) -> String {
    let folder = std::env::var_os("ALTUS4_SAMPLE_SCHEMAS").expect("ALTUS4_SAMPLE_SCHEMAS names a folder");
    let path = Path::new(&folder).join(file);
    let script = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let of_database = ["DROP DATABASE", "CREATE DATABASE", "DROP SCHEMA", "CREATE SCHEMA", "USE "];
    let lines = script.lines().filter(|line| !of_database.iter().any(|start| line.starts_with(start)));
    lines.collect::<Vec<_>>().join("\n")
}

/// Chinook's script in SQLite's words: foreign keys belong to the making of their table, a text has no sign
/// of its character set, and a date is one as ISO 8601 writes it.
fn in_sqlite(script: &str) -> String {
    let mut references: HashMap<&str, String> = HashMap::new();
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        if let Some(table) = table_after("ALTER TABLE ", line) {
            let reference = lines.next().expect("a constraint says what it is").trim().trim_end_matches(';');
            let all = references.entry(table).or_default();
            *all = format!("{all}, {reference}");
        }
    }
    let mut made = String::new();
    let mut table = None;
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        if table_after("ALTER TABLE ", line).is_some() {
            lines.next();
            continue;
        }
        table = table_after("CREATE TABLE ", line).or(table);
        if line == ");"
            && let Some(reference) = table.take().and_then(|table| references.get(table))
        {
            made += reference;
        }
        made += &line.replace("(N'", "('").replace(", N'", ", '");
        made.push('\n');
    }
    let quoted: Vec<_> = made.split('\'').map(|part| date(part).unwrap_or_else(|| part.to_owned())).collect();
    quoted.join("'")
}

/// `1962/2/18` as ISO 8601 has it.
fn date(text: &str) -> Option<String> {
    let parts: Vec<u32> = text.split('/').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [year, month, day] = parts[..] else { return None };
    Some(format!("{year:04}-{month:02}-{day:02} 00:00:00"))
}

/// The table that a line begins to make or to change.
fn table_after<'a>(start: &str, line: &'a str) -> Option<&'a str> {
    line.strip_prefix(start)?.split('`').nth(1)
}

async fn walk_on_mariadb(script: &str) {
    let shop = Shop::of(TestApp::shared(Kind::MariaDbRedis), script).await;
    walk_all(&shop.session).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the samples: just schemas"]
async fn every_table_of_chinook_is_gone_through_on_mariadb() {
    walk_on_mariadb(&script("chinook.sql")).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the samples: just schemas"]
async fn every_table_of_sakila_is_gone_through_on_mariadb() {
    let schema = script("sakila-schema.sql").replace("sakila.", "");
    walk_on_mariadb(&format!("{schema}\n{}", script("sakila-data.sql"))).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the samples: just schemas"]
async fn every_table_of_chinook_is_gone_through_on_sqlite() {
    let app = TestApp::shared(Kind::Sqlite);
    let mut file = open_sqlite(&app.sources(), "chinook.db").await;
    let script = in_sqlite(&script("chinook.sql"));
    file.execute(sqlx::AssertSqlSafe(format!("BEGIN; {script} COMMIT"))).await.expect("SQLite takes Chinook");
    let shop = Shop::in_file(app, "chinook.db").await;
    walk_all(&shop.session).await;
}
