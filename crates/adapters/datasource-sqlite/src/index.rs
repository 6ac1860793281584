//! Finding and reading rows: FTS5 for what is indexed, LIKE for small tables that are not.

use std::time::Duration;

use altus4_connections::{ColumnKind, ColumnRef, FullTextKey, Table, Target, Value};
use altus4_kernel::PortResult;
use altus4_search::{
    Candidate, CandidateRequest, CandidateSource, FullTextIndex, ReadColumn, Row, RowsRequest,
};
use async_trait::async_trait;

use crate::{
    SqliteSource,
    definition::{Content, FtsDefinition, MAX_CHARS},
    error::Fault,
    inspect::is_rowid_name,
    kind::shaped,
    session::Session,
    sql::{Statement, any_of, column, cut, quoted},
    until,
};

/// How much of a key is read. A row whose key is longer can't be read by it.
const KEY_CHARS: u32 = 1_024;
/// The longest pattern that LIKE takes, in bytes (`SQLITE_MAX_LIKE_PATTERN_LENGTH`).
const MAX_PATTERN: usize = 50_000;
/// The most parameters of a statement (`SQLITE_MAX_VARIABLE_NUMBER`).
const MAX_BINDS: usize = 32_766;

#[async_trait]
impl FullTextIndex for SqliteSource {
    async fn candidates(
        &self,
        target: &Target,
        request: &CandidateRequest,
        deadline: Duration,
    ) -> PortResult<Vec<Candidate>> {
        let find = async {
            if request.words.is_empty() || request.limit == 0 {
                return Ok(Vec::new());
            }
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            let statement = match &request.source {
                CandidateSource::Index(index) => {
                    let rowid = joined_by(&mut lease.session, index, &request.table).await?;
                    search_statement(request, index, &rowid)
                }
                CandidateSource::Scan(columns) => scan_statement(request, columns),
            };
            let rows = lease.session.fetch(statement).await?;
            lease.give_back();
            Ok(rows.into_iter().filter_map(|row| candidate(row, request)).collect())
        };
        find.await.map_err(|fault: Fault| fault.at("full_text_index.candidates"))
    }

    async fn rows(&self, target: &Target, request: &RowsRequest, deadline: Duration) -> PortResult<Vec<Row>> {
        let read = async {
            let Some(statement) = rows_statement(request) else { return Ok(Vec::new()) };
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            let rows = lease.session.fetch(statement).await?;
            lease.give_back();
            let row = |row: Vec<Value>| {
                let (key, values) = parts(row, &request.table, &request.read)?;
                Some(Row { key, values })
            };
            Ok(rows.into_iter().filter_map(row).collect())
        };
        read.await.map_err(|fault: Fault| fault.at("full_text_index.rows"))
    }
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

/// The best rows of the index first, and only for them the look into the table.
fn search_statement(request: &CandidateRequest, index: &FullTextKey, rowid: &str) -> Statement {
    let fts = quoted(index.index.name());
    let text = format!(
        "SELECT m.s{} FROM (SELECT f.rowid AS r, -f.rank AS s FROM {fts} AS f WHERE f.{fts} MATCH ? \
         ORDER BY f.rank LIMIT ?) AS m CROSS JOIN {} AS b ON {} = m.r ORDER BY m.s DESC, m.r",
        selected(&request.table, &request.read),
        quoted(request.table.table.name()),
        column(rowid),
    );
    Statement { text, binds: vec![Value::Text(any_word(&request.words)), Value::Int(request.limit.into())] }
}

/// An FTS5 query for any of the words. Each is a string to FTS5, so nothing in it is an operator.
fn any_word(words: &[String]) -> String {
    // FTS5 reads a query up to the first NUL.
    let string = |word: &String| format!("\"{}\"", word.replace('"', "\"\"").replace('\0', " "));
    words.iter().map(string).collect::<Vec<_>>().join(" OR ")
}

fn scan_statement(request: &CandidateRequest, columns: &[ColumnRef]) -> Statement {
    let mut patterns: Vec<_> = request.words.iter().flat_map(|word| patterns(word)).collect();
    patterns.retain(|pattern| pattern.len() <= MAX_PATTERN);
    patterns.sort_unstable();
    patterns.dedup();
    patterns.truncate(MAX_BINDS - 1);
    let holds = |name: &ColumnRef| {
        let column = column(name.name());
        let each = (1..=patterns.len()).map(|at| format!("{column} LIKE ?{at} ESCAPE '!'"));
        any_of(&each.collect::<Vec<_>>())
    };
    let text = format!(
        "SELECT 0 AS s{} FROM {} AS b WHERE {} LIMIT ?{}",
        selected(&request.table, &request.read),
        quoted(request.table.table.name()),
        any_of(&columns.iter().map(holds).collect::<Vec<_>>()),
        patterns.len() + 1,
    );
    let mut binds: Vec<_> = patterns.into_iter().map(Value::Text).collect();
    binds.push(Value::Int(request.limit.into()));
    Statement { text, binds }
}

/// The patterns under which a word is found whatever its case. LIKE itself knows the case of ASCII
/// letters alone, so others are looked for as `straße`, `STRASSE` and `Straße` too.
fn patterns(word: &str) -> Vec<String> {
    let mut spellings = vec![word.to_owned()];
    if !word.is_ascii() {
        let lower = word.to_lowercase();
        let mut letters = lower.chars();
        let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        spellings.extend([capital + letters.as_str(), word.to_uppercase(), lower]);
    }
    let escaped = |word: String| word.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    spellings.into_iter().map(|word| format!("%{}%", escaped(word))).collect()
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
    let most = MAX_BINDS / width;
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
        "SELECT 0 AS s{} FROM {} AS b WHERE {condition}",
        selected(table, &request.read),
        quoted(table.table.name()),
    );
    Some(Statement { text, binds: keys.into_iter().flatten().collect() })
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
    let (key, values) = parts(row, &request.table, &request.read)?;
    Some(Candidate { key, score, values })
}

/// The row's key and the values that were read.
fn parts(row: Vec<Value>, table: &Table, read: &[ReadColumn]) -> Option<(Vec<Value>, Vec<Value>)> {
    let names = table.primary_key.iter().chain(read.iter().map(|read| &read.column));
    let kind = |name: &ColumnRef| {
        let column = table.columns.iter().find(|column| column.column == *name);
        column.map_or(ColumnKind::Other, |column| column.found.kind)
    };
    let values = row.into_iter().skip(1).zip(names);
    let mut key: Vec<_> = values.map(|(value, name)| shaped(value, kind(name))).collect();
    if key.len() != table.primary_key.len() + read.len() {
        return None;
    }
    let values = key.split_off(table.primary_key.len());
    Some((key, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_strings_to_fts5() {
        let words = ["NEAR".to_owned(), "a\"b".to_owned(), "x*".to_owned()];
        assert_eq!(any_word(&words), r#""NEAR" OR "a""b" OR "x*""#);
    }

    #[test]
    fn patterns_take_percent_signs_literally_and_know_other_alphabets() {
        assert_eq!(patterns("50%_!"), ["%50!%!_!!%"]);
        assert_eq!(patterns("straße"), ["%straße%", "%Straße%", "%STRASSE%", "%straße%"]);
    }
}
