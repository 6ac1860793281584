//! Reading a file's schema: nine statements, whatever the number of tables (one more for every 200
//! tables, to see how large they are; and one for each view, if one of them is broken).

mod draft;

use std::{collections::HashMap, time::Duration};

use altus4_connections::{
    DiscoveredColumn, DiscoveredTable, Generated, Relation, SchemaInspector, TableKind, Target, Value,
};
use altus4_kernel::PortResult;
use async_trait::async_trait;

pub(crate) use self::draft::is_rowid_name;
use self::draft::{Draft, Drafts, Storage};
use crate::{
    SqliteSource,
    definition::{FtsDefinition, MAX_CHARS},
    error::Fault,
    kind::{declared, kind},
    session::Session,
    sql::{Statement, quoted},
    until,
};

/// Rows are counted up to here; beyond, a guess is good enough.
const COUNTED_ROWS: u64 = 10_000;
/// How many tables are counted by one statement (SQLite joins at most 500 by UNION).
const COUNTED_TABLES: usize = 200;
/// The longest name that is used.
const NAME_CHARS: usize = 64;
/// How much of a default is shown.
const DEFAULT_CHARS: usize = 255;

/// The most views that are looked at one by one.
const SINGLE_VIEWS: usize = 200;

/// Which tables are looked at.
const LISTED: &str = "l.schema = 'main' AND l.name NOT LIKE 'sqlite!_%' ESCAPE '!'";

#[async_trait]
impl SchemaInspector for SqliteSource {
    async fn inspect(&self, target: &Target, deadline: Duration) -> PortResult<Vec<DiscoveredTable>> {
        let read = async {
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            let tables = read_schema(&mut lease.session).await?;
            lease.give_back();
            Ok(tables)
        };
        read.await.map_err(|fault: Fault| fault.at("schema_inspector.inspect"))
    }
}

/// The tables and views of an open file, by name.
pub(crate) async fn read_schema(session: &mut Session) -> Result<Vec<DiscoveredTable>, Fault> {
    refuse_self_reading(session).await?;
    let definitions = fts_definitions(session).await?;
    let mut drafts = tables(session, definitions).await?;
    read_columns(session, &mut drafts).await?;
    drafts.finish_keys();
    read_index_columns(session, &mut drafts).await?;
    read_relations(session, &mut drafts).await?;
    estimate_rows(session, &mut drafts).await?;
    drafts.attach_indexes();
    Ok(drafts.into_tables())
}

/// A full-text table may take its content from a table-valued PRAGMA, and so show a view where the
/// file lies. Nobody needs that.
async fn refuse_self_reading(session: &mut Session) -> Result<(), Fault> {
    let found = session.fetch(Statement::plain(
        "SELECT 1 AS c0 FROM sqlite_schema AS s \
         WHERE s.sql LIKE '%virtual%' AND s.sql LIKE '%pragma!_%' ESCAPE '!' LIMIT 1",
    ));
    if found.await?.is_empty() { Ok(()) } else { Err(Fault::SelfReading) }
}

async fn fts_definitions(session: &mut Session) -> Result<HashMap<String, FtsDefinition>, Fault> {
    let rows = session.fetch(Statement::plain(format!(
        "SELECT +s.name AS c0, substr(s.sql, 1, {MAX_CHARS}) AS c1 FROM sqlite_schema AS s \
         WHERE s.type = 'table' AND s.sql LIKE 'create virtual%'"
    )));
    let parse = |[name, sql]: [Value; 2]| Some((name_in(name)?, FtsDefinition::parse(sql.as_text()?)?));
    Ok(rows.await?.into_iter().filter_map(cells).filter_map(parse).collect())
}

async fn tables(
    session: &mut Session,
    mut definitions: HashMap<String, FtsDefinition>,
) -> Result<Drafts, Fault> {
    let rows = session.fetch(Statement::plain(format!(
        "SELECT l.name AS c0, l.type AS c1, l.wr AS c2 FROM pragma_table_list AS l \
         WHERE {LISTED} AND l.type IN ('table', 'view', 'virtual') ORDER BY l.name"
    )));
    let mut drafts = Drafts::default();
    for [name, class, without_rowid] in rows.await?.into_iter().filter_map(cells) {
        let Some(name) = name_in(name) else { continue };
        let (kind, storage) = match class.as_text() {
            Some("view") => (TableKind::View, Storage::View),
            Some("table") if integer(&without_rowid) == 0 => (TableKind::Table, Storage::Rowid),
            Some("table") => (TableKind::Table, Storage::WithoutRowid),
            // A virtual table; those that are not FTS5's are not for searching.
            _ => {
                if let Some(definition) = definitions.remove(&name) {
                    drafts.add_fts(name, definition);
                }
                continue;
            }
        };
        drafts.add(Draft::new(DiscoveredTable { name, kind, ..DiscoveredTable::default() }, storage));
    }
    Ok(drafts)
}

/// Reads the columns of tables and views; those of FTS5 tables are known from their definitions.
///
/// A view over something that is gone has no columns, and asking for them is an error for all that are
/// asked for with it. So when views together fail, each is asked for by itself.
async fn read_columns(session: &mut Session, drafts: &mut Drafts) -> Result<(), Fault> {
    let mut rows = session.fetch(columns_where("l.type = 'table'", vec![])).await?;
    match session.fetch(columns_where("l.type = 'view'", vec![])).await {
        Ok(of_views) => rows.extend(of_views),
        Err(fault) if fault.is_of_statement() => {
            for view in drafts.views().take(SINGLE_VIEWS) {
                let name = vec![Value::Text(view.to_owned())];
                rows.extend(allow_refusal(session.fetch(columns_where("l.name = ?", name)).await)?);
            }
        }
        Err(fault) => return Err(fault),
    }
    for [table, name, declared_type, not_null, default, key_part, hidden] in
        rows.into_iter().filter_map(cells)
    {
        let Some(draft) = table.as_text().and_then(|name| drafts.find_mut(name)) else { continue };
        let declared_type = declared(declared_type.as_text().unwrap_or_default());
        let column = name_in(name).map(|name| DiscoveredColumn {
            name,
            kind: kind(&declared_type),
            declared_type,
            nullable: integer(&not_null) == 0,
            key: None,
            default: default.as_text().map(|text| text.chars().take(DEFAULT_CHARS).collect()),
            generated: generated(&hidden),
            ..Default::default()
        });
        draft.add_column(column, integer(&key_part));
    }
    Ok(())
}

fn columns_where(condition: &str, binds: Vec<Value>) -> Statement {
    let text = format!(
        "SELECT l.name AS c0, x.name AS c1, x.type AS c2, x.\"notnull\" AS c3, x.dflt_value AS c4, x.pk AS c5, \
         x.hidden AS c6 \
         FROM pragma_table_list AS l JOIN pragma_table_xinfo(l.name, 'main') AS x \
         WHERE {LISTED} AND {condition} AND x.hidden <> 1 ORDER BY l.name, x.cid"
    );
    Statement { text, binds }
}

/// Notes which columns begin an index.
async fn read_index_columns(session: &mut Session, drafts: &mut Drafts) -> Result<(), Fault> {
    let rows = session.fetch(Statement::plain(format!(
        "SELECT l.name AS c0, max(CASE WHEN n.seqno = 0 THEN n.name END) AS c1, \
         max(i.\"unique\" AND NOT i.partial) AS c2, count(*) AS c3 FROM pragma_table_list AS l \
         JOIN pragma_index_list(l.name, 'main') AS i JOIN pragma_index_info(i.name, 'main') AS n \
         WHERE {LISTED} AND l.type = 'table' GROUP BY l.name, i.name"
    )));
    for [table, column, unique, width] in rows.await?.into_iter().filter_map(cells) {
        let Some(draft) = table.as_text().and_then(|name| drafts.find_mut(name)) else { continue };
        if let Some(column) = column.as_text() {
            draft.note_index(column, integer(&unique) != 0 && integer(&width) == 1);
        }
    }
    Ok(())
}

async fn read_relations(session: &mut Session, drafts: &mut Drafts) -> Result<(), Fault> {
    let rows = session.fetch(Statement::plain(format!(
        "SELECT l.name AS c0, f.\"from\" AS c1, f.\"table\" AS c2, f.\"to\" AS c3, f.seq AS c4, f.id AS c5 \
         FROM pragma_table_list AS l JOIN pragma_foreign_key_list(l.name, 'main') AS f \
         WHERE {LISTED} AND l.type = 'table' ORDER BY l.name, f.id, f.seq"
    )));
    for [table, column, parent, parent_column, part, id] in rows.await?.into_iter().filter_map(cells) {
        let (Some(column), Some(parent)) = (name_in(column), name_in(parent)) else { continue };
        // A key that names no column refers to the parent's primary key.
        let at = usize::try_from(integer(&part)).unwrap_or(usize::MAX);
        let implied = || drafts.find(&parent)?.table.primary_key.get(at).cloned();
        let Some(references_column) = name_in(parent_column).or_else(implied) else { continue };
        let references_table = drafts.find(&parent).map_or(parent, |found| found.table.name.clone());
        if let Some(draft) = table.as_text().and_then(|name| drafts.find_mut(name)) {
            let constraint = integer(&id).to_string();
            draft.table.relations.push(Relation { column, references_table, references_column, constraint });
        }
    }
    Ok(())
}

/// Counts small tables; of larger ones takes what ANALYZE found, or else the highest `rowid`.
async fn estimate_rows(session: &mut Session, drafts: &mut Drafts) -> Result<(), Fault> {
    let analyzed = analyzed_rows(session).await?;
    let counts: Vec<_> = drafts.iter().enumerate().filter_map(|(at, draft)| count(at, draft)).collect();
    for batch in counts.chunks(COUNTED_TABLES) {
        for [at, counted, highest] in count_rows(session, batch).await?.into_iter().filter_map(cells) {
            let at = usize::try_from(integer(&at)).unwrap_or(usize::MAX);
            let Some(draft) = drafts.at_mut(at) else { continue };
            let [counted, highest] = [counted, highest].map(|n| u64::try_from(integer(&n)).unwrap_or(0));
            let guess = || analyzed.get(&draft.table.name).copied().unwrap_or(highest).max(counted);
            draft.table.estimated_rows = Some(if counted <= COUNTED_ROWS { counted } else { guess() });
        }
    }
    Ok(())
}

/// Counts some tables at once, or one by one where one of them is damaged.
async fn count_rows(session: &mut Session, counts: &[String]) -> Result<Vec<Vec<Value>>, Fault> {
    match session.fetch(Statement::plain(counts.join(" UNION ALL "))).await {
        Err(fault) if fault.is_of_statement() => {}
        rows => return rows,
    }
    let mut rows = Vec::new();
    for count in counts {
        rows.extend(allow_refusal(session.fetch(Statement::plain(count.as_str())).await)?);
    }
    Ok(rows)
}

/// What ANALYZE found; nothing if nobody ran it.
async fn analyzed_rows(session: &mut Session) -> Result<HashMap<String, u64>, Fault> {
    let rows = session.fetch(Statement::plain(
        "SELECT +a.tbl AS c0, max(CAST(a.stat AS INTEGER)) AS c1 FROM sqlite_stat1 AS a GROUP BY +a.tbl",
    ));
    let read = |[table, rows]: [Value; 2]| Some((name_in(table)?, u64::try_from(integer(&rows)).ok()?));
    Ok(allow_refusal(rows.await)?.into_iter().filter_map(cells).filter_map(read).collect())
}

/// A statement that counts the rows of the table at this place.
fn count(at: usize, draft: &Draft) -> Option<String> {
    let name = match draft.storage {
        Storage::View => return None,
        Storage::Rowid | Storage::WithoutRowid => quoted(&draft.table.name),
        Storage::Fts => quoted(&format!("{}_content", draft.table.name)),
    };
    let most = COUNTED_ROWS + 1;
    let highest = match draft.rowid_name() {
        Some(rowid) => format!("(SELECT max(b.{rowid}) FROM {name} AS b)"),
        None => "0".to_owned(),
    };
    Some(format!(
        "SELECT {at} AS c0, (SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT {most})) AS c1, {highest} AS c2"
    ))
}

/// Nothing, where SQLite refused this one statement: a table that is not there, or damaged.
fn allow_refusal(rows: Result<Vec<Vec<Value>>, Fault>) -> Result<Vec<Vec<Value>>, Fault> {
    match rows {
        Err(fault) if fault.is_of_statement() => Ok(Vec::new()),
        rows => rows,
    }
}

fn cells<const N: usize>(row: Vec<Value>) -> Option<[Value; N]> {
    row.try_into().ok()
}

/// The name, if a statement can name it: no control characters, at most 64 characters, and written in
/// UTF-8 (what isn't has been read with replacement characters).
fn name_in(value: Value) -> Option<String> {
    let Value::Text(name) = value else { return None };
    let fits = (1..=NAME_CHARS).contains(&name.chars().count())
        && !name.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER);
    fits.then_some(name)
}

/// How a column is computed, by how SQLite hides it.
fn generated(hidden: &Value) -> Option<Generated> {
    match integer(hidden) {
        2 => Some(Generated::Virtual),
        3 => Some(Generated::Stored),
        _ => None,
    }
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        _ => 0,
    }
}
