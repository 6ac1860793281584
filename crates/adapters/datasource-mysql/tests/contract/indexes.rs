//! Making full-text indexes on a real server.

use std::time::Duration;

use altus4_connections::{
    BuildProgress, Built, IndexBuilder, IndexDraft, IndexPlan, JobFailure, ParserName, Remedy, ServerFamily,
    Table,
};
use altus4_datasource_mysql::MySqlConfig;
use altus4_kernel::PortErrorKind;

use crate::fixture::{DEADLINE, World, by_index, eventually, user_target};

const ARTICLES: &str = "
CREATE TABLE articles (id INT PRIMARY KEY, title VARCHAR(200), body TEXT, `odd ``name` TEXT);
INSERT INTO articles SELECT seq, CONCAT('title ', seq), CONCAT('needle ', MD5(seq)), 'x' FROM seq_1_to_500;";

async fn plan(world: &World, table: &Table, columns: &[&str]) -> IndexPlan {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    let draft = IndexDraft { table: table.table.name().to_owned(), columns, name: None, parser: None };
    let facts = world.source.facts(&world.target, DEADLINE).await.expect("facts");
    draft.plan(table, &facts).expect("a plan")
}

async fn build(world: &World, plan: &IndexPlan) -> Built {
    let progress = BuildProgress::default();
    world.source.build(&world.target, plan, &progress).await.expect("an answer")
}

#[track_caller]
fn refused(built: Built, errno: u16) -> JobFailure {
    let Built::Refused(failure) = built else { panic!("{built:?}") };
    assert_eq!(failure.errno, Some(errno), "{failure:?}");
    failure
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_is_made_and_the_next_search_goes_through_it() {
    let world = World::new(ARTICLES);
    let table = world.table("articles").await;
    let plan = plan(&world, &table, &["title", "body", "odd `name"]).await;
    let sql = world.source.statement(&Remedy::AddIndex(plan.clone()));
    assert_eq!(
        sql,
        "CREATE FULLTEXT INDEX `ft_title_body_odd``name` ON `articles` (`title`, `body`, `odd ``name`) \
         ALGORITHM = INPLACE LOCK = SHARED"
    );
    assert_eq!(build(&world, &plan).await, Built::Done);
    let table = world.table("articles").await;
    assert_eq!(table.full_text[0].index.name(), "ft_title_body_odd`name");
    assert!(!world.candidates(&by_index(&table, &["needle"], &["body"])).await.is_empty());
    // The same again.
    refused(build(&world, &plan).await, 1_061);
    // The statement that is shown does the same.
    world.server.execute(&world.database, &format!("DROP INDEX {} ON articles", "`ft_title_body_odd``name`"));
    world.server.execute(&world.database, &sql);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_other_engines_get_theirs_too() {
    let world = World::new(
        "CREATE TABLE m (id INT PRIMARY KEY, a TEXT) ENGINE = MyISAM;
         CREATE TABLE p (id INT PRIMARY KEY, a TEXT) PARTITION BY HASH (id) PARTITIONS 2;",
    );
    for name in ["m", "p"] {
        let table = world.table(name).await;
        let mut plan = plan(&world, &table, &["a"]).await;
        // As where nothing is known of the engine.
        plan.is_online = true;
        assert_eq!(build(&world, &plan).await, Built::Done, "{name}");
        assert_eq!(world.table(name).await.full_text.len(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_to_make_indexes_is_all_that_it_takes() {
    let mut world = World::new(ARTICLES);
    let (server, database) = (world.server, world.database.clone());
    let (reader, indexer) = (format!("reader_{database}"), format!("indexer_{database}"));
    for (user, rights) in [(&reader, "SELECT"), (&indexer, "SELECT, INDEX")] {
        let sql = format!(
            "CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'p'; GRANT {rights} ON {database}.* TO {user}@'127.0.0.1'"
        );
        server.execute("", &sql);
    }
    let table = world.table("articles").await;
    let plan = plan(&world, &table, &["body"]).await;
    world.target = user_target(server, &database, &reader, "p");
    let failure = refused(build(&world, &plan).await, 1_142);
    assert!(failure.message.contains("INDEX"), "{failure:?}");
    assert!(failure.said.is_some_and(|said| said.contains("denied")));
    world.target = user_target(server, &database, &indexer, "p");
    assert_eq!(build(&world, &plan).await, Built::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_says_is_told_with_its_number() {
    let world = World::new(ARTICLES);
    let table = world.table("articles").await;
    let mut plan = plan(&world, &table, &["body"]).await;
    plan.parser = ParserName::parse("no_such_parser");
    let failure = refused(build(&world, &plan).await, 1_128);
    assert!(failure.said.is_some_and(|said| said.contains("no_such_parser")));
    plan.parser = None;
    world.server.execute(&world.database, "DROP TABLE articles");
    refused(build(&world, &plan).await, 1_146);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_nobody_waits_any_more_the_statement_ends_on_the_server() {
    let world = World::new(ARTICLES);
    let table = world.table("articles").await;
    let plan = plan(&world, &table, &["body"]).await;
    // Somebody reads the table in a transaction for a while, so that the statement has to wait.
    let (server, database) = (world.server, world.database.clone());
    let holder = std::thread::spawn(move || {
        server.execute(&database, "START TRANSACTION; SELECT id FROM articles LIMIT 1; DO SLEEP(8); COMMIT");
    });
    let creating = || {
        let sql = format!(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '{}' AND INFO LIKE 'CREATE FULLTEXT%'",
            world.database
        );
        world.server.query("", &sql)
    };
    eventually("the table is held", || {
        let sql = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO = 'DO SLEEP(8)'";
        world.server.query("", sql) == "1"
    })
    .await;
    {
        let progress = BuildProgress::default();
        let building = world.source.build(&world.target, &plan, &progress);
        tokio::pin!(building);
        let until_it_waits = eventually("the statement waits", || creating() == "1");
        tokio::select! {
            built = &mut building => panic!("{built:?}"),
            () = until_it_waits => {}
        }
    }
    eventually("nothing is left of it", || creating() == "0").await;
    holder.join().expect("the holder is done");
    assert!(world.table("articles").await.full_text.is_empty());
    assert_eq!(build(&world, &plan).await, Built::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_is_ended() {
    let config = MySqlConfig { index_limit: Duration::from_secs(1), ..MySqlConfig::default() };
    let world = World::with_config(ARTICLES, config);
    let table = world.table("articles").await;
    let plan = plan(&world, &table, &["body"]).await;
    let (server, database) = (world.server, world.database.clone());
    let holder = std::thread::spawn(move || {
        server.execute(&database, "START TRANSACTION; SELECT id FROM articles LIMIT 1; DO SLEEP(4); COMMIT");
    });
    eventually("the table is held", || {
        let sql = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO = 'DO SLEEP(4)'";
        world.server.query("", sql) == "1"
    })
    .await;
    let progress = BuildProgress::default();
    match world.source.build(&world.target, &plan, &progress).await {
        Ok(built) => drop(refused(built, 1_969)),
        Err(error) => assert_eq!(error.kind, PortErrorKind::Timeout, "{error:?}"),
    }
    holder.join().expect("the holder is done");
    assert!(world.table("articles").await.full_text.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_says_what_it_is_and_how_large_its_tables_are() {
    let world = World::new(ARTICLES);
    let facts = world.source.facts(&world.target, DEADLINE).await.expect("facts");
    assert_eq!(facts.family, ServerFamily::MariaDb);
    assert_eq!((facts.innodb_min_chars, facts.myisam_min_chars, facts.innodb_stop_words), (3, 4, true));
    assert!(facts.data_bytes["articles"] > 10_000, "{facts:?}");
}
