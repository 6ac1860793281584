//! What reading and writing rows costs the server, and what others can't do to it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::fixture::{DEADLINE, World, eventually, user_target};
use altus4_connections::{Filter, Table, Test, Value};
use altus4_entities::{
    Assigned, DeleteRequest, Records, RecordsError, SelectRequest, Selection, SortBy, SortPart, TextSearch,
    UpdateRequest,
};
use altus4_test_support::MariaDb;

fn column(table: &Table, name: &str) -> altus4_connections::ColumnRef {
    table.column(name).expect("a column").column.clone()
}

fn request(table: &Arc<Table>, order: &[(&str, bool)]) -> SelectRequest {
    let part = |(name, descending): &(&str, bool)| SortPart {
        by: SortBy::Column(column(table, name)),
        descending: *descending,
    };
    SelectRequest {
        rows: Selection { table: Arc::clone(table), filter: None, search: None },
        read: vec![column(table, "id")],
        order: order.iter().map(part).collect(),
        after: None,
        offset: 0,
        limit: 20,
    }
}

/// How many rows the server has looked at, over all sessions.
fn looked_at(server: &MariaDb) -> u64 {
    let status = server.query(
        "",
        "SELECT CAST(SUM(VARIABLE_VALUE) AS UNSIGNED) FROM information_schema.GLOBAL_STATUS \
         WHERE VARIABLE_NAME IN ('HANDLER_READ_KEY', 'HANDLER_READ_NEXT', 'HANDLER_READ_PREV', \
         'HANDLER_READ_RND', 'HANDLER_READ_RND_NEXT', 'HANDLER_READ_FIRST', 'HANDLER_READ_LAST')",
    );
    status.parse().expect("a number")
}

#[tokio::test]
async fn a_page_far_behind_costs_what_the_first_one_costs() {
    let server = MariaDb::start();
    let world = World::on(
        Box::leak(Box::new(server)),
        "CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL, b INT, \
         KEY (a), KEY (b)); INSERT INTO t SELECT seq, seq % 1000, IF(seq % 10, seq % 500, NULL) FROM seq_1_to_20000;\
         ANALYZE TABLE t;",
    );
    let table = world.table("t").await;
    for (order, after) in [
        (vec![("id", false)], vec![Value::Int(19_000)]),
        (vec![("id", true)], vec![Value::Int(1_000)]),
        (vec![("a", false), ("id", false)], vec![Value::Int(900), Value::Int(10_900)]),
        (vec![("a", true), ("id", true)], vec![Value::Int(100), Value::Int(10_100)]),
        (vec![("b", false), ("id", false)], vec![Value::Int(400), Value::Int(10_401)]),
        (vec![("b", true), ("id", true)], vec![Value::Int(101), Value::Int(10_101)]),
    ] {
        let mut request = request(&table, &order);
        request.after = Some(after);
        // Once before, so that the session is there.
        world.source.select(&world.target, &request, DEADLINE).await.expect("rows");
        let before = looked_at(world.server);
        let rows = world.source.select(&world.target, &request, DEADLINE).await.expect("rows");
        let own = looked_at(world.server);
        let cost = (own - before).saturating_sub(looked_at(world.server) - own);
        assert_eq!(rows.len(), 20);
        assert!(cost < 200, "{order:?}: {cost} rows looked at");
    }
}

#[tokio::test]
async fn words_are_found_through_the_index_with_their_score() {
    let world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, body TEXT, FULLTEXT words (body));
         INSERT INTO t VALUES (1, 1, 'the needle and the needle'), (2, 2, 'a needle in hay'), (3, 1, 'hay alone'),
            (4, 1, 'needle pins');",
    );
    let table = world.table("t").await;
    let mut request = request(&table, &[("id", false)]);
    let index = table.full_text.first().cloned();
    request.rows.search = Some(TextSearch { text: "needle \"*".into(), index, columns: Vec::new() });
    request.rows.filter = Some(Filter::Is(column(&table, "a"), Test::Eq(Value::Int(1))));
    let ids = async |request: &SelectRequest| {
        world.source.select(&world.target, request, DEADLINE).await.expect("rows").concat()
    };
    assert_eq!(ids(&request).await, [Value::Int(1), Value::Int(4)]);
    request.rows.filter = None;
    request.order.insert(0, SortPart { by: SortBy::Score, descending: true });
    assert_eq!(ids(&request).await[0], Value::Int(1));
    request.order.truncate(1);
    assert_eq!(ids(&request).await.len(), 3);
    let count = world.source.count(&world.target, &request.rows, altus4_entities::Counting::Exact, DEADLINE);
    assert_eq!(count.await.expect("a count"), 3);
    request.rows.search = request.rows.search.map(|search| TextSearch { text: "** --".into(), ..search });
    assert_eq!(ids(&request).await.len(), 0);
}

#[tokio::test]
async fn who_may_only_read_is_told_so() {
    let world = World::new("CREATE TABLE t (id INT PRIMARY KEY, a INT); INSERT INTO t VALUES (1, 1);");
    world.server.execute(
        &world.database,
        &format!(
            "CREATE USER reader_{0} IDENTIFIED BY 'secret'; GRANT SELECT ON {0}.* TO reader_{0};",
            world.database
        ),
    );
    let table = world.table("t").await;
    let target = user_target(world.server, &world.database, &format!("reader_{}", world.database), "secret");
    let update = UpdateRequest {
        key: vec![(column(&table, "id"), Value::Int(1))],
        set: vec![(column(&table, "a"), Assigned::Value(Value::Int(2)))],
        expected: None,
        otherwise_insert: None,
        returning: Vec::new(),
        table: Arc::clone(&table),
    };
    let outcome = world.source.update(&target, &update, DEADLINE).await;
    assert!(matches!(outcome, Err(RecordsError::NotPermitted(_))), "{outcome:?}");
    let delete = DeleteRequest { key: update.key.clone(), expected: None, table };
    let outcome = world.source.delete(&target, &delete, DEADLINE).await;
    assert!(matches!(outcome, Err(RecordsError::NotPermitted(_))), "{outcome:?}");
}

/// Somebody else holds the row: at the deadline nothing waits on the server any more, and nothing is
/// written.
#[tokio::test]
async fn a_writer_that_waits_for_another_ends_at_its_deadline() {
    let world = World::new("CREATE TABLE t (id INT PRIMARY KEY, a INT); INSERT INTO t VALUES (1, 1);");
    let table = world.table("t").await;
    let (server, database) = (world.server, world.database.clone());
    let holder = std::thread::spawn(move || {
        server.execute(&database, "START TRANSACTION; UPDATE t SET a = 2; DO SLEEP(5); ROLLBACK;");
    });
    eventually("it is held", || !world.running().is_empty()).await;
    let update = UpdateRequest {
        key: vec![(column(&table, "id"), Value::Int(1))],
        set: vec![(column(&table, "a"), Assigned::Value(Value::Int(3)))],
        expected: None,
        otherwise_insert: None,
        returning: Vec::new(),
        table,
    };
    let began = Instant::now();
    let outcome = world.source.update(&world.target, &update, Duration::from_millis(500)).await;
    assert!(matches!(outcome, Err(RecordsError::Port(_))), "{outcome:?}");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    holder.join().expect("the holder's end");
    eventually("nothing runs", || world.running().is_empty()).await;
    assert_eq!(world.server.query(&world.database, "SELECT a FROM t"), "1");
}
