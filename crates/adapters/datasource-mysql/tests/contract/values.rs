//! Values of every type, as they are read and as keys.

use altus4_connections::Value;
use altus4_search::{FullTextIndex as _, RowsRequest, WalkRequest};

use crate::fixture::{DEADLINE, World, by_index, read};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[tokio::test]
async fn every_type_is_read_as_what_it_is() {
    let columns: Vec<(&str, &str, Value)> = vec![
        ("TINYINT", "-128", Value::Int(-128)),
        ("TINYINT(1)", "1", Value::Bool(true)),
        ("BOOLEAN", "FALSE", Value::Bool(false)),
        ("TINYINT(1)", "7", Value::Int(7)),
        ("SMALLINT UNSIGNED", "65535", Value::Int(65_535)),
        ("MEDIUMINT", "-8388608", Value::Int(-8_388_608)),
        ("INT", "-2147483648", Value::Int(-2_147_483_648)),
        ("BIGINT", "-9223372036854775808", Value::Int(i64::MIN)),
        ("BIGINT UNSIGNED", "18446744073709551615", Value::UInt(u64::MAX)),
        ("BIGINT UNSIGNED", "1", Value::Int(1)),
        ("BIT(1)", "b'1'", Value::Bool(true)),
        ("BIT(12)", "b'100000000001'", Value::Int(2_049)),
        ("BIT(64)", "0xFFFFFFFFFFFFFFFF", Value::UInt(u64::MAX)),
        ("FLOAT", "0.1", Value::Float(0.1)),
        ("DOUBLE", "0.1", Value::Float(0.1)),
        ("DOUBLE", "-1e300", Value::Float(-1e300)),
        ("DECIMAL(30,10)", "'12345678901234567890.0123456789'", text("12345678901234567890.0123456789")),
        ("DATE", "'2026-01-15'", text("2026-01-15")),
        ("DATE", "'0000-00-00'", text("0000-00-00")),
        ("DATETIME", "'2026-01-15 10:30:00'", text("2026-01-15T10:30:00")),
        ("DATETIME(3)", "'2026-01-15 10:30:00.5'", text("2026-01-15T10:30:00.500")),
        ("DATETIME", "'0000-00-00'", text("0000-00-00T00:00:00")),
        ("TIMESTAMP(6) NULL", "'2026-01-15 10:30:00.000001'", text("2026-01-15T10:30:00.000001")),
        ("TIME", "'-838:59:59'", text("-838:59:59")),
        ("TIME(2)", "'10:30:00.25'", text("10:30:00.25")),
        ("YEAR", "2026", Value::Int(2026)),
        ("CHAR(5)", "'ab'", text("ab")),
        ("VARCHAR(20)", "'größe 😀'", text("größe 😀")),
        ("VARCHAR(20) CHARACTER SET latin1", "'größe'", text("größe")),
        ("VARCHAR(20) COLLATE utf8mb4_bin", "'binary order'", text("binary order")),
        ("TINYTEXT", "'t'", text("t")),
        ("MEDIUMTEXT", "'m'", text("m")),
        ("LONGTEXT", "''", text("")),
        ("BINARY(4)", "0x61", Value::Bytes(vec![0x61, 0, 0, 0])),
        ("VARBINARY(4)", "0xFF00", Value::Bytes(vec![0xFF, 0])),
        ("BLOB", "'bytes'", Value::Bytes(b"bytes".to_vec())),
        ("ENUM('Open','Shut')", "'Open'", text("Open")),
        ("SET('a','b','c')", "'a,c'", text("a,c")),
        ("JSON", "'{\"a\": [1]}'", Value::Json("{\"a\": [1]}".into())),
        ("POINT", "POINT(1, 2)", text("POINT(1 2)")),
        ("UUID", "'123e4567-e89b-12d3-a456-426655440000'", text("123e4567-e89b-12d3-a456-426655440000")),
        ("INET6", "'::1'", text("::1")),
        ("INT", "NULL", Value::Null),
    ];
    let declared: Vec<_> = columns.iter().enumerate().map(|(n, (kind, ..))| format!("c{n} {kind}")).collect();
    let values: Vec<_> = columns.iter().map(|(_, value, _)| *value).collect();
    let world = World::new(&format!(
        "SET sql_mode = ''; SET time_zone = '+00:00';
         CREATE TABLE t (id INT PRIMARY KEY, words TEXT, {}, FULLTEXT (words));
         INSERT INTO t VALUES (1, 'needle', {});",
        declared.join(", "),
        values.join(", ")
    ));
    let table = world.table("t").await;
    let names: Vec<_> = (0..columns.len()).map(|n| format!("c{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let found = world.candidates(&by_index(&table, &["needle"], &names)).await;
    let rows = world
        .rows(&RowsRequest {
            keys: vec![vec![Value::Int(1)]],
            read: read(&table, &names),
            table,
            filter: None,
        })
        .await;
    assert_eq!(rows[0].values, found[0].values);
    for ((kind, stored, expected), value) in columns.iter().zip(&found[0].values) {
        assert_eq!(value, expected, "{kind} {stored}");
    }
}

/// Types of keys, with two values of each.
const KEYS: &[(&str, &str, &str)] = &[
    ("BIGINT UNSIGNED", "18446744073709551615", "18446744073709551614"),
    ("TINYINT(1)", "1", "2"),
    ("BIT(12)", "b'100000000001'", "b'100000000000'"),
    ("FLOAT", "0.1", "0.2"),
    ("DOUBLE", "0.1", "0.2"),
    ("DECIMAL(20,5)", "123456789012345.67891", "123456789012345.67892"),
    ("DATE", "'2026-01-15'", "'2026-01-16'"),
    ("DATETIME(6)", "'2026-01-15 10:30:00.000001'", "'2026-01-15 10:30:00.000002'"),
    ("TIMESTAMP", "'2026-01-15 10:30:00'", "'2026-01-15 10:30:01'"),
    ("TIME", "'-10:30:00'", "'10:30:00'"),
    ("YEAR", "2026", "2027"),
    ("VARCHAR(20)", "'größe 😀'", "'b'"),
    ("VARCHAR(20) CHARACTER SET latin1", "'größe'", "'b'"),
    ("VARCHAR(20) COLLATE utf8mb4_bin", "'a'", "'A'"),
    ("BINARY(16)", "0xFF00FE01FD02FC03FB04FA05F906F807", "0xFF00FE01FD02FC03FB04FA05F906F808"),
    ("ENUM('Open','Shut')", "'Open'", "'Shut'"),
    ("ENUM('z','A','a') COLLATE utf8mb4_bin", "'z'", "'a'"),
    ("SET('b','a')", "'b'", "'b,a'"),
    (
        "DECIMAL(65,0)",
        "'99999999999999999999999999999999999999999999999999999999999999998'",
        "'99999999999999999999999999999999999999999999999999999999999999999'",
    ),
    ("UUID", "'123e4567-e89b-12d3-a456-426655440000'", "'123e4567-e89b-12d3-a456-426655440001'"),
];

/// A table for each of [`KEYS`].
fn keyed() -> World {
    let script: Vec<_> = KEYS
        .iter()
        .enumerate()
        .map(|(n, (kind, one, other))| {
            format!(
                "CREATE TABLE t{n} (k {kind} NOT NULL PRIMARY KEY, body TEXT, FULLTEXT (body));
                 INSERT INTO t{n} VALUES ({one}, 'needle'), ({other}, 'hay');"
            )
        })
        .collect();
    World::new(&format!("SET sql_mode = ''; SET time_zone = '+00:00'; {}", script.join("\n")))
}

#[tokio::test]
async fn a_key_of_any_type_finds_the_row_it_was_read_from() {
    let world = keyed();
    let snapshot = world.snapshot().await;
    for (n, (kind, ..)) in KEYS.iter().enumerate() {
        let table = snapshot.table(&format!("t{n}")).expect("the table");
        let found = world.candidates(&by_index(table, &["needle"], &[])).await;
        let keys = vec![found[0].key.clone()];
        let request = RowsRequest {
            keys: keys.clone(),
            read: read(table, &["body"]),
            table: table.clone(),
            filter: None,
        };
        let rows = world.rows(&request).await;
        let rows: Vec<_> = rows.into_iter().map(|row| (row.key, row.values)).collect();
        assert_eq!(rows, [(keys[0].clone(), vec![text("needle")])], "{kind}");
    }
}

#[tokio::test]
async fn a_walk_goes_by_a_key_of_any_type() {
    let world = keyed();
    let snapshot = world.snapshot().await;
    for (n, (kind, ..)) in KEYS.iter().enumerate() {
        let table = snapshot.table(&format!("t{n}")).expect("the table");
        let all = WalkRequest {
            table: table.clone(),
            after: None,
            filter: None,
            read: read(table, &["body"]),
            limit: 9,
        };
        let walk = async |request: &WalkRequest| {
            world.source.walk(&world.target, request, DEADLINE).await.expect("rows")
        };
        let rows = walk(&all).await;
        assert_eq!(rows.len(), 2, "{kind}");
        let second = WalkRequest { after: Some(rows[0].key.clone()), ..all.clone() };
        assert_eq!(walk(&second).await, rows[1..], "{kind}");
        let rest = WalkRequest { after: Some(rows[1].key.clone()), ..all };
        assert_eq!(walk(&rest).await, [], "{kind}");
    }
}

#[tokio::test]
async fn a_generated_column_is_read_like_any_other() {
    let world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, a TEXT, b TEXT AS (UPPER(a)) STORED, c INT AS (id * 2) VIRTUAL,
            FULLTEXT (b));
         INSERT INTO t (id, a) VALUES (1, 'needle');",
    );
    let table = world.table("t").await;
    let found = world.candidates(&by_index(&table, &["needle"], &["b", "c"])).await;
    assert_eq!(found[0].values, [text("NEEDLE"), Value::Int(2)]);
}
