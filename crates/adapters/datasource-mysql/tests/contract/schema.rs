//! Schemas.

use altus4_connections::{
    ColumnKind, DiscoveredColumn, DiscoveredIndex, DiscoveredTable, Generated, Relation, SchemaInspector,
    TableKind,
};
use altus4_datasource_mysql::MySqlConfig;
use altus4_kernel::PortErrorKind;
use altus4_test_support::MariaDb;

use crate::fixture::{DEADLINE, World, by_index, source, target, user_target};

async fn inspect(world: &World) -> Vec<DiscoveredTable> {
    world.source.inspect(&world.target, DEADLINE).await.expect("a schema")
}

#[tokio::test]
async fn a_table_is_described_as_it_was_declared() {
    let world = World::new(
        "CREATE TABLE authors (id INT PRIMARY KEY);
         CREATE TABLE articles (
            author_id INT NOT NULL, id BIGINT UNSIGNED AUTO_INCREMENT, slug VARCHAR(100) UNIQUE,
            title VARCHAR(255) NOT NULL DEFAULT 'Untitled', body LONGTEXT, status ENUM('Open','Shut') DEFAULT 'Open',
            created DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3), is_live TINYINT(1) DEFAULT NULL,
            PRIMARY KEY (id, author_id), KEY (author_id), FULLTEXT b_words (body, title), FULLTEXT a_words (title),
            CONSTRAINT writer FOREIGN KEY (author_id) REFERENCES authors (id)
         ) COMMENT 'What we wrote';
         CREATE VIEW recent AS SELECT id, title FROM articles;
         CREATE SEQUENCE counter;",
    );
    let tables = inspect(&world).await;
    assert_eq!(
        tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(),
        ["articles", "authors", "recent"]
    );
    let column =
        |name: &str, declared_type: &str, kind, nullable, key: Option<&str>, default: Option<&str>| {
            let is_text = matches!(kind, ColumnKind::Text { .. }) || declared_type.starts_with("ENUM");
            DiscoveredColumn {
                name: name.into(),
                declared_type: declared_type.into(),
                kind,
                nullable,
                key: key.map(Into::into),
                default: default.map(Into::into),
                collation: is_text.then(|| "utf8mb4_general_ci".into()),
                is_numbered: name == "id",
                ..Default::default()
            }
        };
    let text = |max_chars| ColumnKind::Text { max_chars };
    let rules = tables[0].full_text_indexes[0].rules.clone();
    let index = |name: &str, columns: &[&str]| DiscoveredIndex {
        name: name.into(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        parser: None,
        rules: rules.clone(),
    };
    let articles = DiscoveredTable {
        name: "articles".into(),
        comment: Some("What we wrote".into()),
        kind: TableKind::Table,
        columns: vec![
            column("author_id", "INT(11)", ColumnKind::Integer, false, Some("PRI"), None),
            column("id", "BIGINT(20) UNSIGNED", ColumnKind::Integer, false, Some("PRI"), None),
            column("slug", "VARCHAR(100)", text(Some(100)), true, Some("UNI"), None),
            column("title", "VARCHAR(255)", text(Some(255)), false, Some("MUL"), Some("'Untitled'")),
            column("body", "LONGTEXT", text(None), true, Some("MUL"), None),
            column("status", "ENUM('Open','Shut')", ColumnKind::Other, true, None, Some("'Open'")),
            column("created", "DATETIME(3)", ColumnKind::Temporal, true, None, Some("current_timestamp(3)")),
            column("is_live", "TINYINT(1)", ColumnKind::Boolean, true, None, None),
        ],
        primary_key: vec!["id".into(), "author_id".into()],
        full_text_indexes: vec![index("a_words", &["title"]), index("b_words", &["body", "title"])],
        relations: vec![Relation {
            column: "author_id".into(),
            references_table: "authors".into(),
            references_column: "id".into(),
            constraint: "writer".into(),
        }],
        estimated_rows: Some(0),
        last_analyzed: None,
        engine: Some("InnoDB".into()),
        is_partitioned: false,
    };
    assert_eq!(tables[0], articles);
    assert_eq!(
        (tables[2].kind, &tables[2].comment, tables[2].estimated_rows),
        (TableKind::View, &None, None)
    );
    assert_eq!(tables[2].columns.len(), 2);
}

#[tokio::test]
async fn an_empty_schema_has_no_tables() {
    assert_eq!(inspect(&World::new("SELECT 1")).await, []);
}

#[tokio::test]
async fn a_broken_view_hides_nothing_else() {
    let world = World::new(
        "CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE gone (id INT); CREATE VIEW v AS SELECT id FROM gone;
         DROP TABLE gone;",
    );
    let names: Vec<_> = inspect(&world).await.into_iter().map(|table| table.name).collect();
    assert_eq!(names, ["a"]);
}

#[tokio::test]
async fn tables_that_differ_in_case_and_names_with_marks_are_told_apart() {
    let world = World::new(
        "CREATE TABLE log (a INT); CREATE TABLE LOG (b INT, c INT); CREATE TABLE `é` (d INT);
         CREATE TABLE `tab\tname` (e INT); CREATE TABLE ok (`col\tumn` INT, f INT);",
    );
    let tables: Vec<_> = inspect(&world)
        .await
        .into_iter()
        .map(|table| (table.name, table.columns.into_iter().map(|column| column.name).collect::<Vec<_>>()))
        .collect();
    let expected = [("LOG", vec!["b", "c"]), ("log", vec!["a"]), ("ok", vec!["f"]), ("é", vec!["d"])];
    let expected = expected
        .map(|(name, columns)| (name.to_owned(), columns.into_iter().map(str::to_owned).collect::<Vec<_>>()));
    assert_eq!(tables, expected);
}

#[tokio::test]
async fn an_index_that_is_switched_off_is_not_offered() {
    let world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, a TEXT, b TEXT, FULLTEXT one (a), FULLTEXT two (b));
         ALTER TABLE t ALTER INDEX one IGNORED;",
    );
    let table = inspect(&world).await.remove(0);
    assert_eq!(table.full_text_indexes.iter().map(|index| &index.name).collect::<Vec<_>>(), ["two"]);
}

#[tokio::test]
async fn a_user_sees_only_what_the_server_lets_them_see() {
    let world = World::new(
        "CREATE TABLE seen (id INT PRIMARY KEY, a TEXT, secret TEXT); CREATE TABLE hidden (id INT PRIMARY KEY);",
    );
    let database = &world.database;
    world.server.execute(
        "",
        &format!(
            "CREATE USER 'narrow_{database}'@'%' IDENTIFIED BY 'pw';
             GRANT SELECT (id, a) ON {database}.seen TO 'narrow_{database}'@'%';
             CREATE USER 'nobody_{database}'@'%' IDENTIFIED BY 'pw';"
        ),
    );
    let narrow = user_target(world.server, database, &format!("narrow_{database}"), "pw");
    let tables = world.source.inspect(&narrow, DEADLINE).await.expect("a schema");
    let names: Vec<_> = tables[0].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((tables.len(), names), (1, vec!["id", "a"]));
    let nobody = user_target(world.server, database, &format!("nobody_{database}"), "pw");
    let error = world.source.inspect(&nobody, DEADLINE).await.expect_err("no rights");
    assert_eq!(error.kind, PortErrorKind::NotPermitted);
    assert_eq!(error.detail.and_then(|detail| detail.errno), Some(1_044));
}

#[tokio::test]
async fn the_server_s_own_tables_are_left_out() {
    let server = MariaDb::shared();
    let source = source(MySqlConfig::default());
    for system in ["mysql", "information_schema", "sys"] {
        assert_eq!(
            source.inspect(&target(server, system), DEADLINE).await.expect("a schema"),
            [],
            "{system}"
        );
    }
}

/// How long that takes is measured by `just bench-schema`.
#[tokio::test]
async fn a_schema_of_a_thousand_tables_takes_four_queries() {
    let server = MariaDb::start();
    let columns: Vec<_> =
        (0..18).map(|n| format!("c{n} VARCHAR(50) NOT NULL DEFAULT 'x' COMMENT 'column {n}'")).collect();
    let columns = columns.join(", ");
    let tables: Vec<_> = (0..1_000)
        .map(|n| format!("CREATE TABLE t{n} (id INT PRIMARY KEY, body TEXT, {columns}) ENGINE = InnoDB;"))
        .collect();
    server.execute("", "CREATE DATABASE wide");
    server.execute("wide", &tables.join("\n"));
    let source = source(MySqlConfig::default());
    let target = target(&server, "wide");
    // Once for the session, which isn't counted.
    source.inspect(&target, DEADLINE).await.expect("a schema");
    let questions = || -> u64 {
        let row = server.query("", "SHOW GLOBAL STATUS LIKE 'Questions'");
        row.split('\t').nth(1).and_then(|number| number.parse().ok()).expect("a number")
    };
    let of_asking = {
        let before = questions();
        questions() - before
    };
    let before = questions();
    let found = source.inspect(&target, DEADLINE).await.expect("a schema");
    assert_eq!(questions() - before - of_asking, 4);
    let columns: usize = found.iter().map(|table| table.columns.len()).sum();
    assert_eq!((found.len(), columns), (1_000, 20_000));
}

#[tokio::test]
async fn a_schema_beyond_what_is_held_is_refused() {
    let config = MySqlConfig { max_schema_bytes: 500, ..MySqlConfig::default() };
    let world =
        World::with_config("CREATE TABLE a (id INT); CREATE TABLE b (id INT, c INT, d INT, e INT);", config);
    let error = world.source.inspect(&world.target, DEADLINE).await.expect_err("too large");
    assert_eq!(error.kind, PortErrorKind::Rejected);
}

#[tokio::test]
async fn comments_collations_and_computed_columns_are_told() {
    let world = World::new(
        "CREATE TABLE people (
            id INT PRIMARY KEY COMMENT 'who', first VARCHAR(50) COLLATE utf8mb4_bin, last VARCHAR(50) COMMENT 'it''s ☃',
            shown VARCHAR(101) AS (CONCAT(first, last)) VIRTUAL, kept VARCHAR(101) AS (CONCAT(first, last)) STORED,
            photo BLOB, FULLTEXT (kept));",
    );
    let table = inspect(&world).await.remove(0);
    let column = |name: &str| table.columns.iter().find(|column| column.name == name).expect("the column");
    assert_eq!(column("id").comment.as_deref(), Some("who"));
    assert_eq!(column("last").comment.as_deref(), Some("it's ☃"));
    assert_eq!((&column("first").comment, column("first").generated), (&None, None));
    assert_eq!(column("first").collation.as_deref(), Some("utf8mb4_bin"));
    assert_eq!((&column("id").collation, &column("photo").collation), (&None, &None));
    assert_eq!(column("shown").generated, Some(Generated::Virtual));
    assert_eq!(column("kept").generated, Some(Generated::Stored));
    assert_eq!(table.full_text_indexes[0].columns, ["kept"]);
}

#[tokio::test]
async fn engines_and_partitions_are_told() {
    let world = World::new(
        "CREATE TABLE a (id INT PRIMARY KEY) ENGINE = MyISAM; CREATE TABLE b (id INT PRIMARY KEY) ENGINE = Aria;
         CREATE TABLE c (id INT PRIMARY KEY, t TEXT, FULLTEXT (t)) ENGINE = InnoDB PARTITION BY HASH (id) PARTITIONS 3;
         CREATE VIEW d AS SELECT id FROM a;",
    );
    let tables = inspect(&world).await;
    let told: Vec<_> = tables.iter().map(|table| (table.engine.as_deref(), table.is_partitioned)).collect();
    assert_eq!(told, [(Some("MyISAM"), false), (Some("Aria"), false), (Some("InnoDB"), true), (None, false)]);
    assert_eq!(tables[2].full_text_indexes.len(), 1);
}

/// Every table is searched, so that each name has been quoted in a statement too.
#[tokio::test]
async fn odd_names_are_found_and_can_be_searched() {
    let long = "x".repeat(64);
    let names = ["two words", "back`tick", "☃ snow", "select", "quo'te\"s", "per%cent;--", "a.b/c\\d", &long];
    let script: Vec<_> = names
        .iter()
        .map(|name| {
            let quoted = format!("`{}`", name.replace('`', "``"));
            format!(
                "CREATE TABLE {quoted} (id INT PRIMARY KEY, {quoted} TEXT, FULLTEXT {quoted} ({quoted}));
                 INSERT INTO {quoted} VALUES (1, 'needle');"
            )
        })
        .collect();
    let world = World::new(&script.join("\n"));
    let snapshot = world.snapshot().await;
    assert_eq!(snapshot.tables().len(), names.len());
    for name in names {
        let table = snapshot.table(name).unwrap_or_else(|| panic!("a table {name}"));
        let found = world.candidates(&by_index(table, &["needle"], &[name])).await;
        assert_eq!(found.len(), 1, "{name}");
    }
}
