//! What is asked beside searches: filters on columns of every type, counts, facets, samples, plans.

use std::sync::Arc;

use altus4_connections::{Filter, Table, Test, Value};
use altus4_search::{
    CandidateRequest, Expr, FacetRequest, FullTextIndex, Matching, Order, SampleRequest, Scope, SortKey,
};

use crate::fixture::{DEADLINE, World, by_index, read};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn every(table: &Arc<Table>, filter: Option<Filter>) -> Matching {
    Matching { table: Arc::clone(table), scope: Scope::default(), expr: Expr::All(vec![]), filter }
}

fn is(table: &Table, column: &str, test: Test) -> Filter {
    Filter::Is(table.column(column).expect("a column").column.clone(), test)
}

async fn count(world: &World, matching: &Matching) -> u64 {
    world.source.count(&world.target, matching, 1_000, DEADLINE).await.expect("a count")
}

#[tokio::test]
async fn a_value_finds_the_row_that_has_it_whatever_the_type() {
    let columns: [(&str, &str, Value); 22] = [
        ("TINYINT(1)", "1", Value::Bool(true)),
        ("BIGINT UNSIGNED", "18446744073709551615", Value::UInt(u64::MAX)),
        ("INT", "-7", text("-7")),
        ("BIT(12)", "b'100000000001'", Value::Int(2_049)),
        ("FLOAT", "0.1", Value::Float(0.1)),
        ("DOUBLE", "0.1", text("0.1")),
        ("DECIMAL(40,10)", "'123456789012345678901234567890.0123456789'", text("123456789012345678901234567890.0123456789")),
        ("DATE", "'2026-01-15'", text("2026-01-15")),
        ("DATETIME(6)", "'2026-01-15 10:30:00.000001'", text("2026-01-15T10:30:00.000001")),
        ("TIMESTAMP NULL", "'2026-01-15 10:30:00'", text("2026-01-15 10:30:00")),
        ("TIME(2)", "'-10:30:00.25'", text("-10:30:00.25")),
        ("YEAR", "2026", text("2026")),
        ("VARCHAR(40)", "'größe 😀 \\'x\\' \\\\ %'", text("größe 😀 'x' \\ %")),
        ("VARCHAR(20) CHARACTER SET latin1", "'größe'", text("größe")),
        ("VARCHAR(20) COLLATE utf8mb4_bin", "'Exact'", text("Exact")),
        ("TEXT", "'12'", Value::Int(12)),
        ("VARBINARY(4)", "0xFF00", Value::Bytes(vec![0xFF, 0])),
        ("ENUM('Open','Shut')", "'Shut'", text("Shut")),
        ("SET('a','b','c')", "'a,c'", text("a,c")),
        ("JSON", "'{\"a\": [1]}'", text("{\"a\": [1]}")),
        ("UUID", "'123e4567-e89b-12d3-a456-426655440000'", text("123e4567-e89b-12d3-a456-426655440000")),
        ("VARCHAR(9)", "'a\\0b'", text("a\0b")),
    ];
    let declared: Vec<_> = columns.iter().enumerate().map(|(n, (kind, ..))| format!("c{n} {kind} NULL")).collect();
    let values: Vec<_> = columns.iter().map(|(_, value, _)| *value).collect();
    let nulls = vec!["NULL"; columns.len()].join(", ");
    let world = World::new(&format!(
        "SET sql_mode = ''; SET time_zone = '+00:00'; CREATE TABLE t (id INT PRIMARY KEY, {});
         INSERT INTO t VALUES (1, {}), (2, {nulls});",
        declared.join(", ").replace("TIMESTAMP NULL NULL", "TIMESTAMP NULL"),
        values.join(", ")
    ));
    let table = world.table("t").await;
    for (n, (kind, _, value)) in columns.iter().enumerate() {
        let filter = |test| is(&table, &format!("c{n}"), test);
        let equal = filter(Test::Eq(value.clone()));
        let not = Filter::Not(Box::new(equal.clone()));
        for (filter, expected) in [
            (equal, 1),
            (not, 1),
            (filter(Test::In(vec![Value::Null, value.clone()])), 1),
            (filter(Test::Gt(value.clone())), 0),
            (filter(Test::Gte(value.clone())), 1),
            (filter(Test::IsNull), 1),
            (filter(Test::Eq(Value::Null)), 0),
        ] {
            assert_eq!(count(&world, &every(&table, Some(filter.clone()))).await, expected, "{kind}: {filter:?}");
        }
        // What fits no column is an answer, and so is a pattern on any type.
        for odd in ["' OR 1=1 -- ", "5 apples", "\"", "\\", "%", "_", "😀", "", "\0", "2026-99-99"] {
            for test in [Test::Eq(text(odd)), Test::Lt(text(odd)), Test::Like(odd.into()), Test::Ilike(odd.into()), Test::Contains(odd.into())] {
                let matching = every(&table, Some(filter(test)));
                assert!(count(&world, &matching).await <= 1);
            }
        }
    }
}

#[tokio::test]
async fn columns_sort_before_scores_and_nulls_come_first() {
    let world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, price INT NULL, body TEXT, FULLTEXT (body));
         INSERT INTO t VALUES (1, 5, 'needle'), (2, NULL, 'needle'), (3, 5, 'needle needle'), (4, 9, 'needle'), (5, 1, 'hay');",
    );
    let table = world.table("t").await;
    let price = table.column("price").expect("a column").column.clone();
    for (descending, expected) in [(false, [2, 3, 1, 4]), (true, [4, 3, 1, 2])] {
        let order = Order::By(vec![SortKey { column: price.clone(), descending }]);
        let request = CandidateRequest { order, ..by_index(&table, &["needle"], &[]) };
        let keys: Vec<_> = world.candidates(&request).await.into_iter().map(|row| row.key).collect();
        assert_eq!(keys, expected.map(|id| vec![Value::Int(id)]));
    }
}

#[tokio::test]
async fn facets_keep_their_types_and_cut_long_texts() {
    let world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, body TEXT, n INT, b BOOLEAN, long_text LONGTEXT, FULLTEXT (body));
         INSERT INTO t VALUES (1, 'needle', 7, 1, REPEAT('x', 5000000)), (2, 'needle', 7, 0, NULL),
            (3, 'needle', 8, 1, 'short'), (4, 'hay', 7, 1, NULL);",
    );
    let table = world.table("t").await;
    let columns = read(&table, &["n", "b", "long_text"]).into_iter().map(|read| read.column).collect();
    let request = FacetRequest { matching: by_index(&table, &["needle"], &[]).matching, columns, limit: 10 };
    let found = world.source.facets(&world.target, &request, DEADLINE).await.expect("facets");
    assert_eq!(found[0], [(Value::Int(7), 2), (Value::Int(8), 1)]);
    assert_eq!(found[1], [(Value::Bool(true), 2), (Value::Bool(false), 1)]);
    assert_eq!(found[2], [(text("short"), 1), (text(&"x".repeat(256)), 1)]);
}

#[tokio::test]
async fn a_sample_comes_from_all_over_the_table() {
    let world = World::new(
        "CREATE TABLE t (id BIGINT PRIMARY KEY, body TEXT);
         INSERT INTO t SELECT seq * 3 - 9000, 'text' FROM seq_1_to_5000;
         CREATE TABLE u (id BIGINT UNSIGNED PRIMARY KEY); INSERT INTO u SELECT 18446744073709551615 - seq FROM seq_0_to_99;
         CREATE TABLE words (word VARCHAR(20) PRIMARY KEY); INSERT INTO words VALUES ('b'), ('a'), ('c');
         CREATE TABLE empty (id INT PRIMARY KEY);",
    );
    let sample = async |name: &str, column: &str, rows| {
        let table = world.table(name).await;
        let request = SampleRequest { read: read(&table, &[column]), table, rows };
        world.source.sample(&world.target, &request, DEADLINE).await.expect("a sample")
    };
    let number = |row: &Vec<Value>| match row[0] {
        Value::Int(id) => id,
        ref other => panic!("{other:?}"),
    };
    let found = sample("t", "id", 100).await;
    assert!(!found.whole && found.rows.len() == 100);
    let (low, high) = (found.rows.iter().map(number).min(), found.rows.iter().map(number).max());
    assert!(low == Some(-8_997) && high > Some(5_000), "{low:?} {high:?}");
    assert_eq!(sample("t", "id", 100).await, found);
    assert_eq!(sample("t", "id", 5_000).await.rows.len(), 5_000);
    assert_eq!(sample("u", "id", 20).await.rows.len(), 20);
    let words = sample("words", "word", 2).await;
    assert_eq!((words.rows, words.whole), (vec![vec![text("a")], vec![text("b")]], false));
    assert!(sample("words", "word", 3).await.whole);
    let none = sample("empty", "id", 5).await;
    assert!(none.whole && none.rows.is_empty());
}

#[tokio::test]
async fn an_explanation_names_the_index_and_what_was_looked_at() {
    let world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, body TEXT, FULLTEXT words (body));
         INSERT INTO t SELECT seq, IF(seq % 4 = 0, 'needle', 'hay') FROM seq_1_to_400;",
    );
    let table = world.table("t").await;
    let request = by_index(&table, &["needle"], &[]);
    let explained = world.source.explain(&world.target, &request, DEADLINE).await.expect("an explanation");
    assert_eq!(explained.index.as_deref(), Some("words"));
    assert_eq!(explained.rows_examined, Some(100));
    assert!(explained.rows_estimated.is_some() && explained.time.is_some());
    assert!(explained.plan.starts_with('{') && explained.sql.starts_with("SELECT "), "{explained:?}");
}
