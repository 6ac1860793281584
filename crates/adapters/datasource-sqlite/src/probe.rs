//! Calling a file: whether it is there, is a database, and can be searched well.

use std::time::{Duration, Instant};

use altus4_connections::{
    Column, ConnectionProbe, DiscoveredTable, PoolUsage, ProbeReport, SchemaSnapshot, Table, TableKind,
    Target, Value,
};
use altus4_kernel::{ConnectionId, PortResult};
use async_trait::async_trait;

use crate::{
    SqliteSource,
    error::Fault,
    inspect::{is_rowid_name, read_schema},
    sql::{Statement, quoted},
    until,
};

/// How many tables a warning names.
const NAMED_TABLES: usize = 5;

#[async_trait]
impl ConnectionProbe for SqliteSource {
    async fn probe(&self, target: &Target, deadline: Duration) -> PortResult<ProbeReport> {
        let begun = Instant::now();
        let call = async {
            let mut lease = self.pools.lease_anew(target, until(deadline)).await?;
            // The first look into the file: here it turns out whether it is a database.
            let version =
                Statement::plain("SELECT sqlite_version() AS c0, (SELECT count(*) FROM sqlite_schema) AS c1");
            let version = lease.session.fetch(version).await?;
            let response_time = begun.elapsed();
            let version = version.first().and_then(|row| row.first()).and_then(Value::as_text);
            let tables = read_schema(&mut lease.session).await?;
            let (warnings, suggestion) = advice(tables);
            Ok(ProbeReport {
                response_time,
                version: format!("SQLite {}", version.unwrap_or_default()),
                read_only: true,
                warnings,
                suggestion,
            })
        };
        call.await.map_err(|fault: Fault| fault.at("connection_probe.probe"))
    }

    fn usage(&self, id: ConnectionId) -> PoolUsage {
        self.pools.usage(id)
    }

    fn close(&self, id: ConnectionId) {
        self.pools.close(id);
    }
}

/// What the owner should know of the file, and what to do first.
fn advice(tables: Vec<DiscoveredTable>) -> (Vec<String>, Option<String>) {
    let snapshot = SchemaSnapshot::new(tables);
    if snapshot.tables().is_empty() {
        return (vec!["The database has no tables.".to_owned()], None);
    }
    let unindexed: Vec<&Table> = snapshot
        .tables()
        .iter()
        .map(AsRef::as_ref)
        .filter(|table| table.kind == TableKind::Table && table.full_text.is_empty())
        .filter(|table| table.columns.iter().any(Column::is_text))
        .collect();
    if unindexed.is_empty() {
        return (Vec::new(), None);
    }
    let names: Vec<_> = unindexed.iter().take(NAMED_TABLES).map(|table| table.table.name()).collect();
    let more = unindexed.len().saturating_sub(NAMED_TABLES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let warning = format!(
        "Without an FTS5 index, which is searched by reading the whole table and only while it is small: {}{more}.",
        names.join(", ")
    );
    (vec![warning], unindexed.iter().find_map(|table| suggestion(table)))
}

/// The statements that index the text of a table; `None` where rows have no number to be known by.
fn suggestion(table: &Table) -> Option<String> {
    let name = table.table.name();
    let key = match table.primary_key.as_slice() {
        [key] => table.column(key.name()).filter(|column| column.found.declared_type == "INTEGER"),
        _ => None,
    };
    let rowid = match key {
        Some(key) => key.column.name(),
        // A key of another type: the row's own number, unless there is none (WITHOUT ROWID).
        None if has_hidden_rowid(table) => "rowid",
        None => return None,
    };
    // FTS5 has columns of its own by these names.
    let taken = |name: &str| ["rank", "rowid"].iter().any(|own| own.eq_ignore_ascii_case(name));
    let text = table.columns.iter().filter(|column| column.is_text() && !taken(column.column.name()));
    let columns: Vec<_> = text.map(|column| quoted(column.column.name())).collect();
    if columns.is_empty() {
        return None;
    }
    let index = quoted(&format!("{name}_fts"));
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    Some(format!(
        "CREATE VIRTUAL TABLE {index} USING fts5({}, content={}, content_rowid={}); \
         INSERT INTO {index}({index}) VALUES('rebuild');",
        columns.join(", "),
        literal(name),
        literal(rowid),
    ))
}

/// Whether a table with a declared key of its own is numbered too. Only where that is certain: its key
/// may be NULL, which the keys of tables WITHOUT ROWID may not.
fn has_hidden_rowid(table: &Table) -> bool {
    let nullable = |column: &Column| table.primary_key.contains(&column.column) && column.found.nullable;
    table.columns.iter().any(nullable) && !table.columns.iter().any(|c| is_rowid_name(c.column.name()))
}
