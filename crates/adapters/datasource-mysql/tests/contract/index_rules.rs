//! Which words full-text indexes hold: what is told of them, beside what a server finds by them.

use std::collections::BTreeSet;

use altus4_connections::{DiscoveredTable, IndexRules, SchemaInspector};
use altus4_datasource_mysql::MySqlConfig;
use altus4_test_support::MariaDb;

use crate::fixture::{DEADLINE, source, target, user_target};

const ENGINES: [&str; 3] = ["InnoDB", "MyISAM", "Aria"];

/// A database with a table for each engine, which has a row for each of these words.
fn database_with(server: &MariaDb, words: &BTreeSet<String>) -> String {
    let database = server.create_database();
    let rows: Vec<_> = words.iter().map(|word| format!("('{word}')")).collect();
    for engine in ENGINES {
        server.execute(
            &database,
            &format!(
                "CREATE TABLE {engine} (word VARCHAR(200), FULLTEXT (word)) ENGINE = {engine};
                 INSERT INTO {engine} VALUES {};",
                rows.join(", ")
            ),
        );
    }
    database
}

/// The words whose own rows the index of a table finds; others may be found by them for want of an
/// accent.
fn found(server: &MariaDb, database: &str, table: &str, words: &BTreeSet<String>) -> BTreeSet<String> {
    let question = |word: &String| {
        format!(
            "SELECT word FROM {table}
             WHERE MATCH (word) AGAINST ('+{word}' IN BOOLEAN MODE) AND BINARY word = '{word}';"
        )
    };
    let questions: Vec<_> = words.iter().map(question).collect();
    server.query(database, &questions.join("\n")).lines().map(str::to_owned).collect()
}

fn rules<'a>(tables: &'a [DiscoveredTable], name: &str) -> &'a IndexRules {
    let table = tables.iter().find(|table| table.name == name).expect("the table");
    &table.full_text_indexes[0].rules
}

/// Words of every length that could matter, and ordinary ones.
fn samples() -> BTreeSet<String> {
    let of_length = |length: usize| "zq".repeat(length).chars().take(length).collect::<String>();
    let lengths = (1..=6).chain([19, 20, 21, 22, 83, 84, 85, 86]).map(of_length);
    let ordinary = ["database", "größe", "naïve", "snake_case", "x86", "2024", "ünd"].map(str::to_owned);
    lengths.chain(ordinary).collect()
}

async fn hold(server: &MariaDb, stop_words: &[&str]) {
    let source = source(MySqlConfig::default());
    let empty = server.create_database();
    assert_eq!(source.inspect(&target(server, &empty), DEADLINE).await.expect("a schema"), []);
    let mut words = samples();
    words.extend(stop_words.iter().map(|word| (*word).to_owned()));
    // Whatever the rules name is put to the test too.
    let probe = database_with(server, &words);
    for table in source.inspect(&target(server, &probe), DEADLINE).await.expect("a schema") {
        words.extend(table.full_text_indexes[0].rules.stop_words.iter().cloned());
    }
    let database = database_with(server, &words);
    let tables = source.inspect(&target(server, &database), DEADLINE).await.expect("a schema");
    for engine in ENGINES {
        let rules = rules(&tables, engine);
        let held: BTreeSet<String> = words.iter().filter(|word| rules.holds(word)).cloned().collect();
        assert_eq!(held, found(server, &database, engine, &words), "{engine}");
        assert!(!held.is_empty() && held.len() < words.len(), "{engine}: the test tells something");
    }
}

#[tokio::test]
async fn the_rules_are_those_that_a_server_follows_by_default() {
    hold(MariaDb::shared(), &["the", "about", "able", "zero", "www", "und"]).await;
}

#[tokio::test]
async fn the_rules_are_those_that_a_server_was_told() {
    let server = MariaDb::start_with(&[
        "--innodb-ft-min-token-size=2",
        "--innodb-ft-max-token-size=20",
        "--ft-min-word-len=1",
        "--ft-max-word-len=21",
        "--ft-stopword-file=",
    ]);
    hold(&server, &["the", "about", "able"]).await;
    server.execute(
        "",
        "CREATE DATABASE lists; CREATE TABLE lists.words (value VARCHAR(30)) ENGINE = InnoDB;
         INSERT INTO lists.words VALUES ('database'), ('Able');
         SET GLOBAL innodb_ft_server_stopword_table = 'lists/words';",
    );
    hold(&server, &["the", "about", "able"]).await;
    // Whoever may not read the list is told of the usual one.
    server.execute(
        "",
        "CREATE DATABASE own; CREATE TABLE own.t (a TEXT, FULLTEXT (a)) ENGINE = InnoDB;
         CREATE USER 'narrow'@'%' IDENTIFIED BY 'pw'; GRANT SELECT ON own.* TO 'narrow'@'%';",
    );
    let narrow = user_target(&server, "own", "narrow", "pw");
    let tables = source(MySqlConfig::default()).inspect(&narrow, DEADLINE).await.expect("a schema");
    assert!(rules(&tables, "t").stop_words.contains("about") && rules(&tables, "t").holds("database"));
    server.execute("", "SET GLOBAL innodb_ft_enable_stopword = OFF");
    let tables = source(MySqlConfig::default()).inspect(&narrow, DEADLINE).await.expect("a schema");
    assert!(rules(&tables, "t").stop_words.is_empty());
}
