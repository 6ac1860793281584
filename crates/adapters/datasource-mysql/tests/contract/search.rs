//! Candidates and rows.

use altus4_connections::Value;
use altus4_datasource_mysql::MySqlConfig;
use altus4_kernel::PortErrorKind;
use altus4_search::{Candidate, CandidateRequest, FullTextIndex, ReadColumn, RowsRequest};

use crate::fixture::{DEADLINE, World, by_index, by_scan, odd_server, read, snapshot, source, target};

const ARTICLES: &str = "
CREATE TABLE articles (
    id INT PRIMARY KEY AUTO_INCREMENT, title VARCHAR(200) NOT NULL, body TEXT,
    FULLTEXT a_both (title, body), FULLTEXT b_body (body)
);
INSERT INTO articles (title, body) VALUES
    ('Tuning indexes', 'How to make MySQL indexes fast, with examples of indexes.'),
    ('Gardening', 'Roses want sun and patience.'),
    ('Backups', 'A backup of indexes is rarely needed.'),
    ('O''Reilly on 100% cotton', 'A back\\\\slash and a \"quoted\" word.');";

fn titles(found: &[Candidate]) -> Vec<&str> {
    found.iter().filter_map(|candidate| candidate.values.first()?.as_text()).collect()
}

fn ids(found: &[Candidate]) -> Vec<i64> {
    let id = |candidate: &Candidate| match candidate.key.as_slice() {
        [Value::Int(id)] => *id,
        other => panic!("{other:?}"),
    };
    found.iter().map(id).collect()
}

#[tokio::test]
async fn the_best_rows_come_first() {
    let world = World::new(ARTICLES);
    let table = world.table("articles").await;
    let found = world.candidates(&by_index(&table, &["indexes", "mysql"], &["title"])).await;
    assert_eq!(titles(&found), ["Tuning indexes", "Backups"]);
    assert!(found[0].score > found[1].score && found[1].score > 0.0);
    assert_eq!(ids(&found), [1, 3]);
    let one = CandidateRequest { limit: 1, ..by_index(&table, &["indexes", "mysql"], &["title"]) };
    assert_eq!(titles(&world.candidates(&one).await), ["Tuning indexes"]);
}

#[tokio::test]
async fn nothing_is_asked_where_nothing_can_match() {
    let world = World::new(ARTICLES);
    let table = world.table("articles").await;
    assert!(world.candidates(&by_index(&table, &[], &["title"])).await.is_empty());
    assert!(world.candidates(&by_index(&table, &["absent"], &["title"])).await.is_empty());
    assert!(world.rows(&RowsRequest { keys: vec![], read: vec![], table, filter: None }).await.is_empty());
}

#[tokio::test]
async fn rows_are_read_by_their_keys_and_those_gone_are_left_out() {
    let world = World::new(ARTICLES);
    let table = world.table("articles").await;
    let keys = [1, 99, 3, 2].map(|id| vec![Value::Int(id)]).to_vec();
    let mut rows =
        world.rows(&RowsRequest { keys, read: read(&table, &["title"]), table, filter: None }).await;
    rows.sort_by_key(|row| format!("{:?}", row.key));
    let text = |text: &str| Value::Text(text.to_owned());
    let found: Vec<_> = rows.into_iter().map(|row| (row.key, row.values)).collect();
    assert_eq!(
        found,
        [
            (vec![Value::Int(1)], vec![text("Tuning indexes")]),
            (vec![Value::Int(2)], vec![text("Gardening")]),
            (vec![Value::Int(3)], vec![text("Backups")]),
        ]
    );
}

#[tokio::test]
async fn a_composite_key_finds_its_rows_alone() {
    let world = World::new(
        "CREATE TABLE pages (book VARCHAR(20), page INT, body TEXT, PRIMARY KEY (page, book), FULLTEXT (body));
         INSERT INTO pages VALUES ('a', 1, 'needle one'), ('a', 2, 'needle two'), ('b', 1, 'hay'), ('b', 2, 'hay');",
    );
    let table = world.table("pages").await;
    let mut found = world.candidates(&by_index(&table, &["needle"], &["body"])).await;
    found.sort_by_key(|candidate| format!("{:?}", candidate.key));
    let key = |page, book: &str| vec![Value::Int(page), Value::Text(book.to_owned())];
    assert_eq!(found.iter().map(|c| c.key.clone()).collect::<Vec<_>>(), [key(1, "a"), key(2, "a")]);
    let keys = vec![key(1, "a"), key(2, "b"), key(3, "a")];
    let mut rows =
        world.rows(&RowsRequest { keys, read: read(&table, &["book"]), table, filter: None }).await;
    rows.sort_by_key(|row| format!("{:?}", row.key));
    assert_eq!(rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>(), [key(1, "a"), key(2, "b")]);
}

#[tokio::test]
async fn more_than_fits_into_one_statement_is_refused_and_the_next_call_works() {
    let world = World::new(
        "CREATE TABLE notes (id VARCHAR(500) PRIMARY KEY, body TEXT); INSERT INTO notes VALUES ('a', 'b');",
    );
    let table = world.table("notes").await;
    let key = |text: String| vec![Value::Text(text)];
    let long = (0..1_024).map(|number| key(format!("{number:05000}"))).collect();
    let request = RowsRequest { keys: long, read: vec![], table, filter: None };
    let error = world.source.rows(&world.target, &request, DEADLINE).await.expect_err("5 MB of keys");
    assert_eq!(error.kind, PortErrorKind::Rejected);
    assert!(error.detail.expect("a detail").message.contains("one statement"));
    let request = RowsRequest { keys: vec![key("a".to_owned())], ..request };
    assert_eq!(world.rows(&request).await.len(), 1);
}

#[tokio::test]
async fn a_table_without_a_key_is_searched_but_not_read_by_key() {
    let world = World::new(
        "CREATE TABLE notes (body TEXT, score INT, FULLTEXT (body));
         INSERT INTO notes VALUES ('needle', 7);",
    );
    let table = world.table("notes").await;
    let found = world.candidates(&by_index(&table, &["needle"], &["body", "score"])).await;
    assert_eq!(found[0].key, Vec::<Value>::new());
    assert_eq!(found[0].values, [Value::Text("needle".into()), Value::Int(7)]);
    let request = RowsRequest { keys: vec![vec![Value::Int(1)]], read: vec![], table, filter: None };
    let error = world.source.rows(&world.target, &request, DEADLINE).await.expect_err("no key");
    assert_eq!(error.kind, PortErrorKind::Rejected);
}

#[tokio::test]
async fn odd_names_are_searched_and_read() {
    let long = "n".repeat(64);
    let script = format!(
        "CREATE TABLE `se``lect ? :from` (
            `order` INT PRIMARY KEY, `altus4_score` TEXT, `a b``c'\"\\\\ %` TEXT, `größe 寿司` TEXT, `{long}` TEXT,
            FULLTEXT `in``dex` (`altus4_score`, `a b``c'\"\\\\ %`, `größe 寿司`, `{long}`)
         );
         INSERT INTO `se``lect ? :from` VALUES (1, 'needle', 'two', 'three', 'four'), (2, 'a', 'b', 'c', 'needle');
         CREATE TABLE `{long}` (`key` INT PRIMARY KEY, `group` TEXT, FULLTEXT (`group`));
         INSERT INTO `{long}` VALUES (3, 'needle');"
    );
    let world = World::new(&script);
    let table = world.table("se`lect ? :from").await;
    let columns = ["altus4_score", "a b`c'\"\\\\ %", "größe 寿司", &long];
    let found = world.candidates(&by_index(&table, &["needle"], &columns)).await;
    assert_eq!(found.len(), 2);
    let row = found.iter().find(|candidate| candidate.key == [Value::Int(1)]).expect("the first row");
    let expected = ["needle", "two", "three", "four"].map(|text| Value::Text(text.to_owned()));
    assert_eq!(row.values, expected);
    assert_eq!(world.candidates(&by_scan(&table, &["needle"], &columns)).await.len(), 2);
    let keys = vec![vec![Value::Int(1)]];
    let rows = world.rows(&RowsRequest { keys, read: read(&table, &columns), table, filter: None }).await;
    assert_eq!(rows[0].values, expected);
    let table = world.table(&long).await;
    assert_eq!(ids(&world.candidates(&by_index(&table, &["needle"], &["group"])).await), [3]);
}

#[tokio::test]
async fn a_scan_takes_wildcards_literally_and_passes_over_case_and_accents() {
    let world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(50) COLLATE utf8mb4_bin, b TEXT CHARACTER SET latin1);
         INSERT INTO t VALUES (1, '100% cotton', ''), (2, '100 cotton', ''), (3, 'snake_case', ''),
            (4, 'snakeXcase', ''), (5, '', 'Wow!'), (6, '', 'Größe'), (7, 'back\\\\slash', ''), (8, NULL, NULL);",
    );
    let table = world.table("t").await;
    for (words, expected) in [
        (vec!["100%"], vec![1]),
        (vec!["snake_case"], vec![3]),
        (vec!["wow!"], vec![5]),
        (vec!["GRÖSSE", "größe"], vec![6]),
        (vec!["back\\slash"], vec![7]),
        (vec!["COTTON", "snakexcase"], vec![1, 2, 4]),
        (vec!["'", "\" OR 1=1 -- "], vec![]),
    ] {
        let found = world.candidates(&by_scan(&table, &words, &["a", "b"])).await;
        assert_eq!(ids(&found), expected, "{words:?}");
        assert!(found.iter().all(|candidate| candidate.score == 0.0));
    }
    let two = CandidateRequest { limit: 2, ..by_scan(&table, &["cotton", "case"], &["a"]) };
    assert_eq!(ids(&world.candidates(&two).await), [1, 2]);
}

#[tokio::test]
async fn words_with_quotes_backslashes_and_percents_mean_themselves_under_any_sql_mode() {
    let server = odd_server();
    let database = server.create_database();
    server.execute(
        &database,
        "CREATE TABLE t (id INT PRIMARY KEY, body TEXT, FULLTEXT (body));
         INSERT INTO t VALUES
            (1, 'o''reilly'), (2, 'back\\slash'), (3, '100%'), (4, 'a \"quoted\" word'), (5, 'größe');
         COMMIT;",
    );
    let source = source(MySqlConfig::default());
    let target = target(server, &database);
    let snapshot = snapshot(&source, &target).await;
    let table = snapshot.table("t").expect("the table");
    for (word, id) in [("o'reilly", 1), ("back\\slash", 2), ("100%", 3), ("\"quoted\"", 4), ("größe", 5)] {
        let indexed = source.candidates(&target, &by_index(table, &[word], &["body"]), DEADLINE).await;
        assert_eq!(ids(&indexed.expect("candidates")), [id], "{word}");
        let scanned = source.candidates(&target, &by_scan(table, &[word], &["body"]), DEADLINE).await;
        assert_eq!(ids(&scanned.expect("candidates")), [id], "{word}");
    }
    let injection = ["' OR 1=1 -- ", "\\' OR 1=1 -- ", "\" OR 1=1 -- "];
    let found = source.candidates(&target, &by_scan(table, &injection, &["body"]), DEADLINE).await;
    assert_eq!(found.expect("candidates"), []);
}

#[tokio::test]
async fn a_giant_text_is_cut_on_the_server() {
    let world = World::new(
        "CREATE TABLE big (id INT PRIMARY KEY, body LONGTEXT, raw LONGBLOB, FULLTEXT (body));
         INSERT INTO big VALUES (1, CONCAT('needle ', REPEAT('ä', 7000000)), REPEAT('x', 9000000));",
    );
    let table = world.table("big").await;
    let found = world.candidates(&by_index(&table, &["needle"], &["body", "raw"])).await;
    let text = found[0].values[0].as_text().expect("a text");
    assert_eq!((text.chars().count(), text.starts_with("needle ä")), (1_000, true));
    assert_eq!(found[0].values[1], Value::Bytes(vec![b'x'; 1_000]));
}

#[tokio::test]
async fn more_than_is_held_is_refused_and_the_next_call_works() {
    let world = World::new(
        "CREATE TABLE big (id INT PRIMARY KEY, body LONGTEXT, FULLTEXT (body));
         INSERT INTO big SELECT seq, CONCAT('needle ', REPEAT('x', 2000000)) FROM seq_1_to_12;",
    );
    let table = world.table("big").await;
    let column = table.column("body").expect("a column").column.clone();
    let wide = |max_chars, limit| CandidateRequest {
        read: vec![ReadColumn { column: column.clone(), max_chars }],
        limit,
        ..by_index(&table, &["needle"], &[])
    };
    // Twelve rows of 2 MB are too many bytes, and one row of 5 MB would be too large a packet.
    world.server.execute(&world.database, "UPDATE big SET body = REPEAT('needle ', 700000) WHERE id = 12");
    for request in [wide(2_000_000, 11), wide(5_000_000, 1)] {
        let error = world.source.candidates(&world.target, &request, DEADLINE).await.expect_err("too large");
        assert_eq!(error.kind, PortErrorKind::Rejected);
        let message = error.detail.expect("a detail").message;
        assert_eq!(message, "the rows of this answer are larger than this service takes");
    }
    assert_eq!(world.candidates(&wide(100, 200)).await.len(), 12);
}

#[tokio::test]
async fn a_schema_that_changed_since_is_rejected_and_says_why() {
    let world = World::new(ARTICLES);
    let table = world.table("articles").await;
    let request = by_index(&table, &["indexes"], &["title"]);
    for (change, errno) in [
        ("ALTER TABLE articles DROP INDEX a_both", 1191),
        ("ALTER TABLE articles DROP COLUMN title", 1054),
        ("DROP TABLE articles", 1146),
    ] {
        world.server.execute(&world.database, change);
        let error = world.source.candidates(&world.target, &request, DEADLINE).await.expect_err(change);
        assert_eq!(error.kind, PortErrorKind::Rejected, "{change}");
        assert_eq!(error.detail.and_then(|detail| detail.errno), Some(errno), "{change}");
    }
}

#[tokio::test]
async fn an_added_column_does_not_confuse_a_prepared_statement() {
    let world = World::new(ARTICLES);
    let table = world.table("articles").await;
    let request = by_index(&table, &["roses"], &["title", "body"]);
    // Scores are left out: they move with the server's statistics, which a change begins anew.
    let rows = |found: Vec<Candidate>| found.into_iter().map(|row| (row.key, row.values)).collect::<Vec<_>>();
    let before = rows(world.candidates(&request).await);
    world.server.execute(
        &world.database,
        "ALTER TABLE articles MODIFY title VARCHAR(100) NOT NULL AFTER body, ADD more INT FIRST",
    );
    assert_eq!(rows(world.candidates(&request).await), before);
}

#[tokio::test]
async fn new_rows_are_seen_even_where_sessions_begin_without_autocommit() {
    let server = odd_server();
    let database = server.create_database();
    server.execute(&database, "CREATE TABLE t (id INT PRIMARY KEY, body TEXT, FULLTEXT (body))");
    let source = source(MySqlConfig::default());
    let target = target(server, &database);
    let snapshot = snapshot(&source, &target).await;
    let request = by_index(snapshot.table("t").expect("the table"), &["needle"], &["body"]);
    assert_eq!(source.candidates(&target, &request, DEADLINE).await.expect("candidates").len(), 0);
    server.execute(&database, "INSERT INTO t VALUES (1, 'needle'); COMMIT;");
    assert_eq!(source.candidates(&target, &request, DEADLINE).await.expect("candidates").len(), 1);
}

/// The best 50 as the server sorts them itself.
fn sorted_by_the_server(world: &World, table: &str) -> Vec<String> {
    let score = "MATCH (body) AGAINST ('needle thread' IN NATURAL LANGUAGE MODE)";
    let sql = format!("SELECT ROUND({score}, 4) AS s FROM {table} WHERE {score} ORDER BY s DESC LIMIT 50");
    world.server.query(&world.database, &sql).lines().map(str::to_owned).collect()
}

/// Scores are compared, so statistics are made at once: left to itself, the server makes them, and
/// with them other scores, some seconds later.
#[tokio::test]
async fn the_best_of_many_come_first_whatever_keeps_the_table() {
    let body = "CONCAT(REPEAT('needle ', 1 + seq % 17), REPEAT('thread ', seq % 5 = 0), REPEAT('hay ', 40))";
    let table = |name: &str, options: &str| {
        format!(
            "CREATE TABLE {name} (id INT PRIMARY KEY, body TEXT, FULLTEXT (body)) {options};
             INSERT INTO {name} SELECT seq, {body} FROM seq_1_to_2000;
             INSERT INTO {name} SELECT seq, 'hay' FROM seq_2001_to_6000;
             ANALYZE TABLE {name};"
        )
    };
    let tables = [
        ("plain", ""),
        ("parted", "PARTITION BY HASH (id) PARTITIONS 4"),
        ("versioned", "WITH SYSTEM VERSIONING"),
        ("myisam", "ENGINE = MyISAM"),
        ("aria", "ENGINE = Aria"),
    ];
    let world = World::new(&tables.map(|(name, options)| table(name, options)).join("\n"));
    let snapshot = world.snapshot().await;
    // Another source has not seen the schema, so it asks for the order.
    let unknowing = source(MySqlConfig::default());
    for (name, _) in tables {
        let table = snapshot.table(name).expect("the table");
        let request = CandidateRequest { limit: 50, ..by_index(table, &["needle", "thread"], &[]) };
        let expected = sorted_by_the_server(&world, name);
        assert_eq!(expected.len(), 50, "{name}");
        for source in [&world.source, &unknowing] {
            let found = source.candidates(&world.target, &request, DEADLINE).await.expect("candidates");
            let scores: Vec<_> = found.iter().map(|found| format!("{:.4}", found.score)).collect();
            assert_eq!(scores, expected, "{name}");
        }
    }
}
