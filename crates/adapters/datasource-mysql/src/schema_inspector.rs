//! The port that reads schemas: four queries, whatever the number of tables.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use altus4_connections::{
    ColumnKind, DiscoveredColumn, DiscoveredIndex, DiscoveredTable, Relation, SchemaInspector, TableKind,
    Target,
};
use altus4_kernel::PortResult;
use async_trait::async_trait;
use mysql_async::{Row, Value as Wire};

use crate::{
    MySqlSource, column_type, dialect,
    error::{Fault, port_error},
    index_rules::FullTextSettings,
    pool::SessionPool,
    statement::Query,
    value,
};

/// As long as a name can be in MySQL.
const MAX_NAME_CHARS: usize = 64;
/// How many tables are asked for the parsers of their indexes.
const MAX_PARSED: usize = 64;
/// How much of a list of stop words, or of the statement that makes a table, is held.
const MAX_SIDE_BYTES: usize = 4 * 1024 * 1024;

#[async_trait]
impl SchemaInspector for MySqlSource {
    /// Tables without a column that can be named are left out too, and so are broken views. When
    /// statistics were brought up to date isn't told, since a user who only reads can't see it.
    ///
    /// A fifth query is needed where the operator has set a list of stop words of his own. MySQL tells
    /// the parsers of full-text indexes for one table at a time alone; MariaDB has none. So there the
    /// first [`MAX_PARSED`] tables that have such an index are asked for, one by one.
    async fn inspect(&self, target: &Target, deadline: Duration) -> PortResult<Vec<DiscoveredTable>> {
        const OPERATION: &str = "schema_inspector.inspect";
        let pool = self.pools.get(target).map_err(|fault| port_error(OPERATION, fault))?;
        let schema = Wire::Bytes(target.connection.database.as_str().as_bytes().to_vec());
        let max_bytes = self.config.max_schema_bytes;
        let queries = move |tables: &str| {
            [tables, dialect::COLUMNS, dialect::INDEXES, dialect::RELATIONS].map(|sql| Query {
                sql: sql.to_owned(),
                values: vec![schema.clone()],
                max_rows: usize::MAX,
            })
        };
        self.run(OPERATION, deadline, async move {
            let answers = match pool.read(queries(dialect::TABLES_AND_SETTINGS), max_bytes).await {
                Err(fault) if fault.is_unknown_setting() => {
                    pool.read(queries(dialect::TABLES), max_bytes).await
                }
                answers => answers,
            };
            let [tables, columns, indexes, relations] = answers?;
            let mut schema = Schema::default();
            for row in tables {
                schema.add_table(row);
            }
            read_stop_words(&pool, &mut schema.settings).await?;
            for row in columns {
                schema.add_column(row);
            }
            for row in indexes {
                schema.add_index(row);
            }
            for row in relations {
                schema.add_relation(row);
            }
            read_parsers(&pool, &mut schema).await?;
            pool.note_unsorted(std::mem::take(&mut schema.unsorted));
            Ok(schema.into_tables())
        })
        .await
    }
}

/// Reads the operator's own list of stop words, if there is one and the user may read it; else the
/// usual list is the best guess.
async fn read_stop_words(pool: &SessionPool, settings: &mut FullTextSettings) -> Result<(), Fault> {
    let Some(query) = settings.stop_words_query() else { return Ok(()) };
    match pool.read([query], MAX_SIDE_BYTES).await {
        Ok([rows]) => settings.set_stop_words(rows),
        Err(fault) if fault.is_answer() => {}
        Err(fault) => return Err(fault),
    }
    Ok(())
}

/// Reads which parsers full-text indexes have. What can't be read isn't told.
async fn read_parsers(pool: &SessionPool, schema: &mut Schema) -> Result<(), Fault> {
    if !schema.settings.has_parsers() {
        return Ok(());
    }
    let mut indexed: Vec<_> =
        schema.tables.values_mut().filter(|table| !table.full_text_indexes.is_empty()).collect();
    indexed.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    for table in indexed.into_iter().take(MAX_PARSED) {
        let query = Query { sql: dialect::show_create_table(&table.name), values: Vec::new(), max_rows: 1 };
        let rows = match pool.read([query], MAX_SIDE_BYTES).await {
            Err(fault) if fault.is_answer() => continue,
            rows => rows?,
        };
        let statement = rows.into_iter().flatten().next().and_then(|row| Cells::of(row).nth_text(1));
        for (name, parser) in dialect::parsers(&statement.unwrap_or_default()) {
            if let Some(index) = table.full_text_indexes.iter_mut().find(|index| index.name == name) {
                index.rules = schema.settings.of_parser(&parser).unwrap_or_else(|| index.rules.clone());
                index.parser = Some(parser);
            }
        }
    }
    Ok(())
}

/// Tables by name, as they come together. Rows of a table that isn't known are passed over: it was
/// made between two queries, or its name can't be used.
#[derive(Default)]
struct Schema {
    tables: HashMap<String, DiscoveredTable>,
    /// Those whose full-text indexes don't give the best matches first.
    unsorted: HashSet<String>,
    settings: FullTextSettings,
}

impl Schema {
    fn add_table(&mut self, row: Row) {
        let mut cells = Cells::of(row);
        let name = cells.name();
        let class = cells.text();
        if class.as_deref() == Some(dialect::SETTINGS) {
            let (_, settings) = (cells.number(), cells.text());
            self.settings = FullTextSettings::parse(&settings.unwrap_or_default());
            return;
        }
        let Some(name) = name else { return };
        let kind = match class.as_deref() {
            Some("BASE TABLE" | "SYSTEM VERSIONED") => TableKind::Table,
            Some("VIEW") => TableKind::View,
            _ => return,
        };
        let estimated_rows = cells.number();
        // A view's comment is the word VIEW, or what is wrong with it.
        let comment = cells.text().filter(|text| kind == TableKind::Table && !text.is_empty());
        let (engine, options) = (cells.text(), cells.text().unwrap_or_default());
        if !dialect::gives_best_first(engine.as_deref().unwrap_or_default(), &options) {
            self.unsorted.insert(name.clone());
        }
        let table = DiscoveredTable {
            name: name.clone(),
            kind,
            comment,
            estimated_rows,
            engine,
            is_partitioned: dialect::is_partitioned(&options),
            ..Default::default()
        };
        self.tables.insert(name, table);
    }

    fn add_column(&mut self, row: Row) {
        let mut cells = Cells::of(row);
        let Some(table) = cells.name().and_then(|name| self.tables.get_mut(&name)) else { return };
        let Some(name) = cells.name() else { return };
        let declared = cells.text().unwrap_or_default();
        let nullable = cells.text().is_some_and(|text| text == "YES");
        let key = cells.text().filter(|text| !text.is_empty());
        let default = cells.text();
        let comment = cells.text().filter(|text| !text.is_empty());
        let extra = cells.text().unwrap_or_default();
        table.columns.push(DiscoveredColumn {
            name,
            kind: column_type::kind(&declared),
            declared_type: column_type::upper(&declared),
            nullable,
            key,
            default,
            comment,
            generated: dialect::generated(&extra),
            is_numbered: dialect::is_numbered(&extra),
            collation: cells.text(),
        });
    }

    fn add_index(&mut self, row: Row) {
        let mut cells = Cells::of(row);
        let Some(table) = cells.name().and_then(|name| self.tables.get_mut(&name)) else { return };
        let Some(index) = cells.text() else { return };
        // An expression, or a name that can't be used: it stays as one that no column has, so that
        // the index isn't taken for one over fewer columns.
        let column = cells.name().unwrap_or_default();
        if index == dialect::PRIMARY {
            table.primary_key.push(column);
            return;
        }
        match table.full_text_indexes.last_mut().filter(|last| last.name == index) {
            Some(last) => last.columns.push(column),
            None => table.full_text_indexes.push(DiscoveredIndex {
                name: index,
                columns: vec![column],
                parser: None,
                rules: self.settings.of(table.engine.as_deref().unwrap_or_default()),
            }),
        }
    }

    fn add_relation(&mut self, row: Row) {
        let mut cells = Cells::of(row);
        let Some(table) = cells.name().and_then(|name| self.tables.get_mut(&name)) else { return };
        let Some(column) = cells.text() else { return };
        let (Some(references_table), Some(references_column)) = (cells.name(), cells.name()) else {
            note_json(table, &column);
            return;
        };
        if is_name(&column) {
            let constraint = cells.text().unwrap_or_default();
            table.relations.push(Relation { column, references_table, references_column, constraint });
        }
    }

    fn into_tables(self) -> Vec<DiscoveredTable> {
        let mut tables: Vec<_> =
            self.tables.into_values().filter(|table| !table.columns.is_empty()).collect();
        tables.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        tables
    }
}

/// Notes that a column holds JSON, unless its words are looked for: MariaDB has full-text indexes over it.
fn note_json(table: &mut DiscoveredTable, rule: &str) {
    let Some(name) = dialect::json_column(rule) else { return };
    let is_indexed = table.full_text_indexes.iter().any(|index| index.columns.contains(&name));
    let column = table.columns.iter_mut().find(|column| column.name == name);
    if let Some(column) = column.filter(|_| !is_indexed) {
        column.kind = ColumnKind::Json;
    }
}

/// Whether a name can be quoted safely.
fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

/// The cells of a row of `information_schema`, one after another.
struct Cells(std::vec::IntoIter<Option<Wire>>);

impl Cells {
    fn of(row: Row) -> Self {
        Self(row.unwrap_raw().into_iter())
    }

    fn text(&mut self) -> Option<String> {
        match self.0.next()?? {
            Wire::Bytes(bytes) => Some(value::text(bytes)),
            _ => None,
        }
    }

    fn nth_text(mut self, at: usize) -> Option<String> {
        self.0.nth(at.checked_sub(1)?);
        self.text()
    }

    /// A name that can be quoted safely.
    fn name(&mut self) -> Option<String> {
        self.text().filter(|name| is_name(name))
    }

    fn number(&mut self) -> Option<u64> {
        match self.0.next()?? {
            Wire::UInt(number) => Some(number),
            Wire::Int(number) => number.try_into().ok(),
            Wire::Bytes(bytes) => value::text(bytes).parse().ok(),
            _ => None,
        }
    }
}
