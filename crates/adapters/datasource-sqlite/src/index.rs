//! Finding and reading rows: FTS5 for what is indexed, and a look at the texts for the rest.

pub(crate) mod filter;
pub(crate) mod matching;
mod sample;
pub(crate) mod search;
mod walk;

use std::time::{Duration, Instant};

use altus4_connections::{ColumnKind, ColumnRef, FullTextKey, Table, Target, Value};
use altus4_kernel::PortResult;
use altus4_search::{
    Candidate, CandidateRequest, Explained, Facet, FacetRequest, FullTextIndex, Matching, Order, ReadColumn,
    Row, RowsRequest, Sample, SampleRequest, WalkRequest,
};
use async_trait::async_trait;

use self::{
    sample::{Places, places, sample_statement},
    search::Search,
    walk::walk_statement,
};
use crate::{
    SqliteSource,
    definition::{Content, FtsDefinition, MAX_CHARS},
    error::Fault,
    inspect::is_rowid_name,
    kind::shaped,
    session::Session,
    sql::{Statement, column, cut, quoted},
    until,
};

/// How much of a key is read. A row whose key is longer can't be read by it.
const KEY_CHARS: u32 = 1_024;
/// How much of a text tells it from others where values are counted.
const FACET_CHARS: u32 = 256;
/// The most parameters of a statement (`SQLITE_MAX_VARIABLE_NUMBER`).
const MAX_BINDS: usize = 32_766;

/// Words are read in the texts themselves, after FTS5 has chosen rows where it can; so what a word is
/// doesn't hang on its tokenizer. Only where that one leaves rows out of its choice that the texts
/// would have (`remove_diacritics 0`, `ascii`, `trigram`: accents count then), they are not found.
#[async_trait]
impl FullTextIndex for SqliteSource {
    async fn candidates(
        &self,
        target: &Target,
        request: &CandidateRequest,
        deadline: Duration,
    ) -> PortResult<Vec<Candidate>> {
        let find = async {
            let Some(sources) = matching::sources(&request.matching).filter(|_| request.limit > 0) else {
                return Ok(Vec::new());
            };
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            let search = Search::over(&mut lease.session, &request.matching, sources).await?;
            let rows = lease.session.fetch(search.candidates(request)).await?;
            lease.give_back();
            let mut found: Vec<_> = rows.into_iter().filter_map(|row| candidate(row, request)).collect();
            if request.order == Order::Relevance {
                found.sort_by(|a, b| b.score.total_cmp(&a.score));
            }
            Ok(found)
        };
        find.await.map_err(|fault: Fault| fault.at("full_text_index.candidates"))
    }

    async fn rows(&self, target: &Target, request: &RowsRequest, deadline: Duration) -> PortResult<Vec<Row>> {
        let Some(statement) = rows_statement(request) else { return Ok(Vec::new()) };
        let read = self.read_rows(target, statement, (&request.table, &request.read), until(deadline));
        read.await.map_err(|fault| fault.at("full_text_index.rows"))
    }

    async fn walk(&self, target: &Target, request: &WalkRequest, deadline: Duration) -> PortResult<Vec<Row>> {
        let Some(statement) = walk_statement(request) else { return Ok(Vec::new()) };
        let read = self.read_rows(target, statement, (&request.table, &request.read), until(deadline));
        read.await.map_err(|fault| fault.at("full_text_index.walk"))
    }

    async fn count(
        &self,
        target: &Target,
        matching: &Matching,
        at_most: u64,
        deadline: Duration,
    ) -> PortResult<u64> {
        let count = async {
            let Some(sources) = matching::sources(matching) else { return Ok(0) };
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            let search = Search::over(&mut lease.session, matching, sources).await?;
            let rows = lease.session.fetch(search.count(at_most)).await?;
            lease.give_back();
            let number = rows.first().and_then(|row| row.first()).and_then(whole);
            Ok(number.unwrap_or_default())
        };
        count.await.map_err(|fault: Fault| fault.at("full_text_index.count"))
    }

    async fn facets(
        &self,
        target: &Target,
        request: &FacetRequest,
        deadline: Duration,
    ) -> PortResult<Vec<Facet>> {
        let count = async {
            let Some(sources) = matching::sources(&request.matching) else {
                return Ok(vec![Facet::new(); request.columns.len()]);
            };
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            let search = Search::over(&mut lease.session, &request.matching, sources).await?;
            let mut facets = Vec::with_capacity(request.columns.len());
            for name in &request.columns {
                let rows = lease.session.fetch(search.facet(name, request.limit)).await?;
                let kind = kind(&request.matching.table, name);
                let counted = |row: Vec<Value>| match row.as_slice() {
                    [value, count] => Some((shaped(value.clone(), kind), whole(count)?)),
                    _ => None,
                };
                facets.push(rows.into_iter().filter_map(counted).collect());
            }
            lease.give_back();
            Ok(facets)
        };
        count.await.map_err(|fault: Fault| fault.at("full_text_index.facets"))
    }

    async fn sample(
        &self,
        target: &Target,
        request: &SampleRequest,
        deadline: Duration,
    ) -> PortResult<Sample> {
        let read = async {
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            let places = match places(request) {
                Some(statement) => Places::of(lease.session.fetch(statement).await?.first(), request),
                None => Places::Beginning,
            };
            let Some(statement) = sample_statement(request, places) else { return Ok(Sample::default()) };
            let rows = lease.session.fetch(statement).await?;
            lease.give_back();
            let wanted = usize::try_from(request.rows).unwrap_or(usize::MAX);
            let whole = matches!(places, Places::Beginning) && rows.len() <= wanted;
            let values = |row| Some(parts(row, &request.table, &request.read)?.1);
            Ok(Sample { rows: rows.into_iter().take(wanted).filter_map(values).collect(), whole })
        };
        read.await.map_err(|fault: Fault| fault.at("full_text_index.sample"))
    }

    /// SQLite tells no numbers beforehand; the statement is run for its time.
    async fn explain(
        &self,
        target: &Target,
        request: &CandidateRequest,
        deadline: Duration,
    ) -> PortResult<Explained> {
        let explain = async {
            let Some(sources) = matching::sources(&request.matching) else { return Ok(Explained::default()) };
            let index = sources.first().map(|source| source.index.index.name().to_owned());
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            let search = Search::over(&mut lease.session, &request.matching, sources).await?;
            let statement = search.candidates(request);
            let sql = statement.text.clone();
            let text = format!("EXPLAIN QUERY PLAN {sql}");
            let steps = lease.session.fetch(Statement { text, binds: statement.binds.clone() }).await?;
            let began = Instant::now();
            lease.session.fetch(statement).await?;
            let time = Some(began.elapsed());
            lease.give_back();
            let step = |row: &Vec<Value>| row.last().and_then(Value::as_text).map(str::to_owned);
            let plan = steps.iter().filter_map(step).collect::<Vec<_>>().join("\n");
            Ok(Explained { sql, plan, index, time, ..Explained::default() })
        };
        explain.await.map_err(|fault: Fault| fault.at("full_text_index.explain"))
    }
}

impl SqliteSource {
    /// The rows that a statement reads with their keys.
    async fn read_rows(
        &self,
        target: &Target,
        statement: Statement,
        (table, read): (&Table, &[ReadColumn]),
        until: Instant,
    ) -> Result<Vec<Row>, Fault> {
        let mut lease = self.pools.lease(target, until).await?;
        let rows = lease.session.fetch(statement).await?;
        lease.give_back();
        let row = |row: Vec<Value>| {
            let (key, values) = parts(row, table, read)?;
            Some(Row { key, values })
        };
        Ok(rows.into_iter().filter_map(row).collect())
    }
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => (*number).try_into().ok(),
        _ => None,
    }
}

fn kind(table: &Table, name: &ColumnRef) -> ColumnKind {
    let column = table.columns.iter().find(|column| column.column == *name);
    column.map_or(ColumnKind::Other, |column| column.found.kind)
}

/// The column of the table by which the index knows its rows: what the FTS5 table itself says, as long
/// as the table has such a column.
///
/// A look at one row of the schema, which SQLite holds in memory; kept nowhere, so that it is never
/// older than the index.
async fn joined_by(session: &mut Session, index: &FullTextKey, table: &Table) -> Result<String, Fault> {
    let rows = session.fetch(Statement {
        text: format!(
            "SELECT substr(s.sql, 1, {MAX_CHARS}) AS c0 FROM sqlite_schema AS s \
             WHERE s.type = 'table' AND s.name = ?"
        ),
        binds: vec![Value::Text(index.index.name().to_owned())],
    });
    let rows = rows.await?;
    let sql = rows.first().and_then(|row| row.first()).and_then(Value::as_text);
    let definition = sql.and_then(FtsDefinition::parse).ok_or(Fault::StaleIndex)?;
    let (base, rowid) = match definition.content {
        Content::Own => (index.index.name().to_owned(), "rowid".to_owned()),
        Content::Table { name, rowid } => (name, rowid),
        Content::Nothing => return Err(Fault::StaleIndex),
    };
    if !base.eq_ignore_ascii_case(table.table.name()) {
        return Err(Fault::StaleIndex);
    }
    match table.column(&rowid) {
        Some(found) => Ok(found.column.name().to_owned()),
        None if is_rowid_name(&rowid) => Ok(rowid),
        None => Err(Fault::StaleIndex),
    }
}

/// Reads the rows by their keys; `None` if there is no key to read by. The list of keys is filled up
/// to a power of two, so that there are few different statements.
fn rows_statement(request: &RowsRequest) -> Option<Statement> {
    let table = &request.table;
    let width = table.primary_key.len();
    let whole = |key: &&Vec<Value>| key.len() == width && !key.contains(&Value::Null);
    let mut keys: Vec<_> = request.keys.iter().filter(whole).cloned().collect();
    let last = keys.last()?.clone();
    if width == 0 {
        return None;
    }
    let mut binds = Vec::new();
    let passes = request.filter.as_ref().map(|filter| filter::condition(table, filter, &mut binds));
    let most = MAX_BINDS.saturating_sub(binds.len()) / width;
    let filled = keys.len().checked_next_power_of_two().filter(|filled| *filled <= most);
    keys.resize(filled.unwrap_or(most), last);
    let names: Vec<_> = table.primary_key.iter().map(|name| column(name.name())).collect();
    let condition = if let [name] = names.as_slice() {
        format!("{name} IN ({})", vec!["?"; keys.len()].join(", "))
    } else {
        let one = format!("({})", vec!["?"; width].join(", "));
        format!("({}) IN (VALUES {})", names.join(", "), vec![one; keys.len()].join(", "))
    };
    let text = format!(
        "SELECT 0 AS s{} FROM {} AS b WHERE {condition}{}",
        selected(table, &request.read),
        quoted(table.table.name()),
        passes.map(|passes| format!(" AND {passes}")).unwrap_or_default(),
    );
    Some(Statement { text, binds: keys.into_iter().flatten().chain(binds).collect() })
}

/// What is read of each row: its key, and the wanted columns.
fn selected(table: &Table, read: &[ReadColumn]) -> String {
    let keys = table.primary_key.iter().map(|key| (key, KEY_CHARS));
    let columns = keys.chain(read.iter().map(|read| (&read.column, read.max_chars)));
    let part =
        |(at, (name, max)): (usize, (&ColumnRef, u32))| format!(", {} AS c{at}", cut(name.name(), max));
    columns.enumerate().map(part).collect::<Vec<_>>().concat()
}

fn candidate(mut row: Vec<Value>, request: &CandidateRequest) -> Option<Candidate> {
    let score = match row.first_mut().map(std::mem::take)? {
        Value::Float(score) => score,
        _ => 0.0,
    };
    let (key, values) = parts(row, &request.matching.table, &request.read)?;
    Some(Candidate { key, score, values })
}

/// The row's key and the values that were read.
fn parts(row: Vec<Value>, table: &Table, read: &[ReadColumn]) -> Option<(Vec<Value>, Vec<Value>)> {
    let names = table.primary_key.iter().chain(read.iter().map(|read| &read.column));
    let values = row.into_iter().skip(1).zip(names);
    let mut key: Vec<_> = values.map(|(value, name)| shaped(value, kind(table, name))).collect();
    if key.len() != table.primary_key.len() + read.len() {
        return None;
    }
    let values = key.split_off(table.primary_key.len());
    Some((key, values))
}
