//! Rows of tables with columns of every type: listed, filtered, sorted, paged through, written and read
//! back, whatever the column.

use std::sync::Arc;

use altus4_connections::{ColumnKind, Filter, Table, Test, Value};
use altus4_entities::{
    Assigned, Counting, InsertRequest, Records, RecordsError, RefusalKind, RowValues, SelectRequest,
    Selection, SortBy, SortPart, UpdateRequest, Written,
};

use crate::fixture::{DEADLINE, World};

/// Every type, with values at its edges: a row of nothing but `NULL` among them, and dates that are none.
const EVERY_TYPE: &str = "SET sql_mode = ''; SET time_zone = '+00:00';
    CREATE TABLE kinds (
        a INT NOT NULL, b VARCHAR(10) COLLATE utf8mb4_bin NOT NULL,
        tiny TINYINT, flag TINYINT(1), small SMALLINT UNSIGNED, big BIGINT, huge BIGINT UNSIGNED,
        bit1 BIT(1), bits BIT(12), all_bits BIT(64), single FLOAT, twice DOUBLE, price DECIMAL(30,10),
        digits DECIMAL(65,0), day DATE, moment DATETIME, milli DATETIME(3), stamp TIMESTAMP(6) NULL,
        clock TIME, centi TIME(2), year YEAR, fixed CHAR(5), words VARCHAR(20), latin VARCHAR(20) CHARACTER SET latin1,
        exact VARCHAR(20) COLLATE utf8mb4_bin, long_words LONGTEXT, fixed_bytes BINARY(4), some_bytes VARBINARY(8),
        many_bytes BLOB, kind ENUM('Zero','One','it''s'), kinds SET('a','b','c'), doc JSON, place POINT, shape GEOMETRY,
        uuid UUID, address INET6, double_tiny INT AS (tiny * 2) VIRTUAL, made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        PRIMARY KEY (a, b));
    INSERT INTO kinds VALUES
        (1, 'x', -128, 1, 65535, -9223372036854775808, 18446744073709551615, 1, b'100000000001', 0xFFFFFFFFFFFFFFFF,
         0.1, 0.1, '12345678901234567890.0123456789', REPEAT('9', 65), '2026-01-15', '2026-01-15 10:30:00',
         '2026-01-15 10:30:00.5', '2026-01-15 10:30:00.000001', '-838:59:59', '10:30:00.25', 2026, 'ab', 'größe 😀',
         'größe', 'Exact', REPEAT('long ', 1000), 0x61, 0xFF00, 'bytes', 'One', 'a,c', '{\"a\": [1]}', POINT(1, 2),
         LINESTRING(POINT(0, 0), POINT(1, 1)), '123e4567-e89b-12d3-a456-426655440000', '::1', DEFAULT, '2026-01-01'),
        (1, 'y', 0, 0, 0, 0, 0, 0, 0, 0, -1.5, 1e300, '-0.5', -1, '0000-00-00', '0000-00-00', '0000-00-00', 0, '00:00:00',
         '-00:00:00.50', 0, '', '', '', 'exact', '', '', '', '', 'Zero', '', '[]', POINT(-1.5, 0),
         ST_GeomFromText('POINT(1 2)', 4326), '00000000-0000-0000-0000-000000000000', '1.2.3.4', DEFAULT, '2026-01-01'),
        (2, 'X', 7, 7, 1, 1, 1, 1, 1, 1, 3.25, -1e-300, '1.5', 1, '2026-02-00', '9999-12-31 23:59:59', '1000-01-01', \
         '2038-01-19 03:14:07', '838:59:59', '00:00:01', 1901, 'AB', 'ab ', 'AB', 'EXACT', ' ', 0x00, 0x27, 0x00, 'it''s',
         'b', '\"x\"', NULL, NULL, NULL, NULL, DEFAULT, '2026-01-02'),
        (3, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
         NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, DEFAULT, '2026-01-02');";

fn request(table: &Arc<Table>) -> SelectRequest {
    let key = table.primary_key.iter();
    SelectRequest {
        rows: Selection { table: Arc::clone(table), filter: None, search: None },
        read: table.columns.iter().map(|column| column.column.clone()).collect(),
        order: key.map(|column| SortPart { by: SortBy::Column(column.clone()), descending: false }).collect(),
        after: None,
        offset: 0,
        limit: 1_000,
    }
}

async fn select(world: &World, request: &SelectRequest) -> Vec<RowValues> {
    world.source.select(&world.target, request, DEADLINE).await.expect("rows")
}

fn place(table: &Table, part: &SortPart) -> usize {
    let SortBy::Column(name) = &part.by else { panic!("by score") };
    table.columns.iter().position(|column| column.column == *name).expect("a column")
}

/// What can be asked of any table: everything that an endpoint does.
async fn every_column_serves(world: &World, table: &Arc<Table>) {
    let name = table.table.name();
    let whole = select(world, &request(table)).await;
    let count = world
        .source
        .count(&world.target, &request(table).rows, Counting::Exact, DEADLINE)
        .await
        .expect("a count");
    assert_eq!(usize::try_from(count).ok(), Some(whole.len()), "{name}");
    for (at, column) in table.columns.iter().enumerate() {
        let is_shape = column.found.kind == ColumnKind::Other
            && whole.iter().any(|row| matches!(row[at], Value::Bytes(_)));
        let is_document = column.found.kind == ColumnKind::Json;
        let is = |test| Filter::Is(column.column.clone(), test);
        for row in whole.iter().take(4) {
            let test = match &row[at] {
                Value::Null => Test::IsNull,
                _ if is_shape || is_document => continue,
                value => Test::Eq(value.clone()),
            };
            let mut found = request(table);
            found.rows.filter = Some(is(test.clone()));
            let rows = select(world, &found).await;
            assert!(rows.contains(row), "{name}.{} {test:?}", column.column.name());
            found.rows.filter = Some(Filter::Not(Box::new(is(test))));
            let others = select(world, &found).await;
            assert_eq!(rows.len() + others.len(), whole.len(), "{name}.{}", column.column.name());
        }
        for descending in [false, true] {
            let mut sorted = request(table);
            sorted.order.insert(0, SortPart { by: SortBy::Column(column.column.clone()), descending });
            let expected = select(world, &sorted).await;
            assert_eq!(expected.len(), whole.len());
            if table.primary_key.is_empty() || is_shape {
                continue;
            }
            sorted.limit = u32::try_from(whole.len() / 2).unwrap_or(1).max(1);
            let mut paged = Vec::new();
            loop {
                let part = select(world, &sorted).await;
                let Some(last) = part.last().cloned() else { break };
                sorted.after =
                    Some(sorted.order.iter().map(|part| last[place(table, part)].clone()).collect());
                paged.extend(part);
                assert!(paged.len() <= whole.len(), "{name}.{} goes round", column.column.name());
            }
            assert_eq!(paged, expected, "{name}.{} {descending}", column.column.name());
        }
    }
}

#[tokio::test]
async fn every_type_is_listed_filtered_sorted_and_paged() {
    let world = World::new(EVERY_TYPE);
    let table = world.table("kinds").await;
    every_column_serves(&world, &table).await;
}

#[tokio::test]
async fn every_type_is_written_as_it_was_read() {
    let world = World::new(EVERY_TYPE);
    let table = world.table("kinds").await;
    let whole = select(&world, &request(&table)).await;
    let (given, read): (Vec<_>, Vec<_>) = table
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.found.generated.is_none())
        .map(|(at, column)| (column.column.clone(), at))
        .unzip();
    let copy = |row: &RowValues| {
        let mut copy: Vec<_> = read.iter().map(|at| Assigned::Value(row[*at].clone())).collect();
        let Assigned::Value(Value::Int(number)) = &mut copy[0] else { panic!("{copy:?}") };
        *number += 100;
        copy
    };
    let insert = InsertRequest {
        columns: given.clone(),
        rows: whole.iter().map(copy).collect(),
        key: table.primary_key.clone(),
        returning: table.columns.iter().map(|column| column.column.clone()).collect(),
        table: Arc::clone(&table),
    };
    let made = world.source.insert(&world.target, &insert, DEADLINE).await.expect("rows");
    for (made, before) in made.iter().zip(&whole) {
        assert_eq!(made.as_ref().expect("read again")[1..], before[1..]);
    }
    // And changed to what it is.
    for row in &whole {
        let update = UpdateRequest {
            table: Arc::clone(&table),
            key: vec![(given[0].clone(), row[0].clone()), (given[1].clone(), row[1].clone())],
            set: given
                .iter()
                .zip(&read)
                .skip(2)
                .map(|(column, at)| (column.clone(), Assigned::Value(row[*at].clone())))
                .collect(),
            expected: None,
            otherwise_insert: None,
            returning: insert.returning.clone(),
        };
        let written = world.source.update(&world.target, &update, DEADLINE).await.expect("an answer");
        assert_eq!(written, Written::Done(row.clone()));
    }
}

#[tokio::test]
async fn views_are_read_and_not_written() {
    let world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20)); INSERT INTO t VALUES (1, 'x'), (2, NULL);
         CREATE VIEW v AS SELECT a, COUNT(*) AS n FROM t GROUP BY a;",
    );
    let table = world.table("v").await;
    every_column_serves(&world, &table).await;
    let insert = InsertRequest {
        columns: vec![table.columns[0].column.clone()],
        rows: vec![vec![Assigned::Value(Value::Null)]],
        key: Vec::new(),
        returning: Vec::new(),
        table,
    };
    let outcome = world.source.insert(&world.target, &insert, DEADLINE).await;
    assert!(matches!(outcome, Err(RecordsError::NotPermitted(_))), "{outcome:?}");
}

#[tokio::test]
async fn what_a_column_cannot_hold_is_refused_under_its_name() {
    let world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, small TINYINT, short VARCHAR(3), kind ENUM('a','b'), day DATE, doc JSON,
            amount DECIMAL(4,2), must INT NOT NULL);",
    );
    let table = world.table("t").await;
    let text = |text: &str| Value::Text(text.to_owned());
    for (name, value, kind) in [
        ("small", Value::Int(300), RefusalKind::OutOfRange),
        ("short", text("long"), RefusalKind::TooLong),
        ("kind", text("c"), RefusalKind::WrongKind),
        ("day", text("2026-02-30"), RefusalKind::OutOfRange),
        ("amount", text("100.00"), RefusalKind::OutOfRange),
        ("must", Value::Null, RefusalKind::NotNull),
        ("doc", Value::Json("{".into()), RefusalKind::Check),
    ] {
        let column = |name: &str| table.column(name).expect("a column").column.clone();
        let mut columns = vec![column("id"), column(name)];
        let mut row = vec![Assigned::Value(Value::Int(1)), Assigned::Value(value)];
        if name != "must" {
            columns.push(column("must"));
            row.push(Assigned::Value(Value::Int(1)));
        }
        let insert = InsertRequest {
            columns,
            rows: vec![row],
            key: table.primary_key.clone(),
            returning: Vec::new(),
            table: Arc::clone(&table),
        };
        match world.source.insert(&world.target, &insert, DEADLINE).await {
            Err(RecordsError::Refused(refusal, _)) => {
                assert_eq!(
                    (refusal.kind, refusal.row, refusal.columns),
                    (kind, Some(0), vec![name.to_owned()])
                );
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(select(&world, &request(&table)).await.is_empty());
}
