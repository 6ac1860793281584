//! The statements that search and read rows, and the shape of their answers. Pure: requests in,
//! text and values out.

use altus4_connections::{Column, ColumnKind, ColumnRef, Table, Value};
use altus4_search::{Candidate, CandidateRequest, CandidateSource, ReadColumn, Row, RowsRequest};
use mysql_async::{Row as WireRow, Value as Wire};

use crate::{
    column_type,
    dialect::{as_well_known_text, best_first, containing, cut, is_like, quote},
    error::Fault,
    value,
};

/// More keys than one statement takes; with 16 columns of a key there would be 16,384 values, of
/// which a statement has at most 65,535.
const MAX_KEYS: usize = 1_024;

/// A statement, its values, and how many rows are to be expected at the most.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) values: Vec<Wire>,
    pub(crate) max_rows: usize,
}

/// What the columns of an answer are: the primary key, what was to be read, and from an index the
/// score.
#[derive(Debug)]
pub(crate) struct Shape {
    keys: usize,
    cells: Vec<Cell>,
}

/// A column that was to be read.
#[derive(Debug)]
struct Cell {
    max_chars: usize,
    is_json: bool,
}

/// The statement that finds candidates; `None` where nothing can match. `is_given_sorted` tells
/// whether the table's indexes give their matches best first by themselves.
pub(crate) fn candidates(request: &CandidateRequest, is_given_sorted: bool) -> Option<(Query, Shape)> {
    let words: Vec<&str> = request.words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    if words.is_empty() || request.limit == 0 {
        return None;
    }
    let table = &request.table;
    let (mut selected, shape) = select_list(table, &request.read);
    let (condition, order, values) = match &request.source {
        CandidateSource::Index(index) => {
            let matching = format!("MATCH ({}) AGAINST (? IN NATURAL LANGUAGE MODE)", names(&index.columns));
            selected.push(format!("{matching} AS {SCORE}"));
            let words = Wire::Bytes(words.join(" ").into_bytes());
            // No second key: MySQL would sort all matches instead of taking the best from the index.
            (matching, format!(" {}", best_first(SCORE, is_given_sorted)), vec![words.clone(), words])
        }
        CandidateSource::Scan(columns) => {
            let pairs = || columns.iter().flat_map(|column| words.iter().map(move |word| (column, word)));
            let conditions: Vec<_> = pairs().map(|(column, _)| is_like(&quote(column.name()))).collect();
            let order = match names(&table.primary_key) {
                none if none.is_empty() => none,
                key => format!(" ORDER BY {key}"),
            };
            let values = pairs().map(|(_, word)| Wire::Bytes(containing(word).into_bytes())).collect();
            (conditions.join(" OR "), order, values)
        }
    };
    if condition.is_empty() || selected.is_empty() {
        return None;
    }
    let sql = format!(
        "SELECT {} FROM {} WHERE {condition}{order} LIMIT {}",
        selected.join(", "),
        quote(table.table.name()),
        request.limit
    );
    let max_rows = usize::try_from(request.limit).unwrap_or(usize::MAX);
    Some((Query { sql, values, max_rows }, shape))
}

/// The statement that reads rows by their keys; `None` where no row can have one of them.
pub(crate) fn rows(request: &RowsRequest) -> Result<Option<(Query, Shape)>, Fault> {
    let table = &request.table;
    if request.keys.len() > MAX_KEYS {
        return Err(Fault::Request("more rows than can be read at once"));
    }
    let columns: Option<Vec<_>> = table.primary_key.iter().map(|column| found(table, column)).collect();
    let columns = columns
        .filter(|columns| !columns.is_empty())
        .ok_or(Fault::Request("rows of a table without a primary key can't be read by their keys"))?;
    let encode = |key: &Vec<Value>| -> Option<Vec<Wire>> {
        let pairs = key.iter().zip(&columns);
        let encoded =
            pairs.map(|(value, column)| value::encode(value, &column.found)).collect::<Option<Vec<_>>>();
        encoded.filter(|_| key.len() == columns.len())
    };
    let mut keys: Vec<_> = request.keys.iter().filter_map(encode).collect();
    let Some(last) = keys.last().cloned() else { return Ok(None) };
    let max_rows = keys.len();
    // The last key again and again, so that there are few different statements to prepare.
    keys.resize(keys.len().next_power_of_two(), last);
    let (selected, shape) = select_list(table, &request.read);
    let places = |count: usize| vec!["?"; count].join(", ");
    let (key, place) = match columns.len() {
        1 => (names(&table.primary_key), "?".to_owned()),
        several => (format!("({})", names(&table.primary_key)), format!("({})", places(several))),
    };
    let sql = format!(
        "SELECT {} FROM {} WHERE {key} IN ({})",
        selected.join(", "),
        quote(table.table.name()),
        vec![place; keys.len()].join(", ")
    );
    Ok(Some((Query { sql, values: keys.into_iter().flatten().collect(), max_rows }, shape)))
}

impl Shape {
    /// A row of an answer to [`candidates`].
    pub(crate) fn candidate(&self, row: WireRow) -> Candidate {
        let (key, values, rest) = self.parts(row);
        let score = match rest {
            Some(Value::Float(score)) => score,
            Some(Value::Int(score)) => score as f64,
            _ => 0.0,
        };
        Candidate { key, score, values }
    }

    /// A row of an answer to [`rows`].
    pub(crate) fn row(&self, row: WireRow) -> Row {
        let (key, values, _) = self.parts(row);
        Row { key, values }
    }

    /// The key, what was read, and the value after that. What the server left out is `NULL`.
    fn parts(&self, row: WireRow) -> (Vec<Value>, Vec<Value>, Option<Value>) {
        let columns = row.columns();
        let mut cells = row
            .unwrap_raw()
            .into_iter()
            .zip(columns.iter())
            .map(|(value, column)| value.map_or(Value::Null, |value| value::decode(value, column)));
        let mut next = || cells.next().unwrap_or_default();
        let key = (0..self.keys).map(|_| next()).collect();
        let values = self.cells.iter().map(|cell| cell.fit(next())).collect();
        (key, values, cells.next())
    }
}

impl Cell {
    /// Bounds what the server was asked to bound. A document that was cut is text, no document.
    fn fit(&self, value: Value) -> Value {
        match value {
            Value::Text(text) | Value::Json(text)
                if self.is_json && text.chars().nth(self.max_chars).is_none() =>
            {
                Value::Json(text)
            }
            value => value::cut(value, self.max_chars),
        }
    }
}

/// Distinct enough that no column is called so: two of a name in a select list can't be ordered by.
const SCORE: &str = "`altus4 score`";

fn names(columns: &[ColumnRef]) -> String {
    columns.iter().map(|column| quote(column.name())).collect::<Vec<_>>().join(", ")
}

fn found<'a>(table: &'a Table, column: &ColumnRef) -> Option<&'a Column> {
    table.columns.iter().find(|found| found.column == *column)
}

/// The primary key and what is to be read, texts and bytes cut by the server where they could be
/// longer than wanted.
fn select_list(table: &Table, read: &[ReadColumn]) -> (Vec<String>, Shape) {
    let mut selected: Vec<_> = table.primary_key.iter().map(|column| quote(column.name())).collect();
    let mut cells = Vec::with_capacity(read.len());
    for wanted in read {
        let max = u64::from(wanted.max_chars);
        let name = quote(wanted.column.name());
        let column = found(table, &wanted.column);
        let kind = column.map_or(ColumnKind::Text { max_chars: None }, |column| column.found.kind);
        let is_geometry = column.is_some_and(|column| column_type::is_geometry(&column.found.declared_type));
        selected.push(match kind {
            ColumnKind::Text { max_chars: Some(declared) } if declared <= max => name,
            ColumnKind::Text { .. } | ColumnKind::Binary => cut(&name, max),
            // One more, to see whether it was cut.
            ColumnKind::Json => cut(&name, max + 1),
            _ if is_geometry => cut(&as_well_known_text(&name), max),
            _ => name,
        });
        let max_chars = usize::try_from(wanted.max_chars).unwrap_or(usize::MAX);
        cells.push(Cell { max_chars, is_json: kind == ColumnKind::Json });
    }
    (selected, Shape { keys: table.primary_key.len(), cells })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use altus4_connections::{DiscoveredColumn, DiscoveredIndex, DiscoveredTable, SchemaSnapshot};

    use super::*;

    fn table() -> Arc<Table> {
        let column = |name: &str, declared: &str| DiscoveredColumn {
            name: name.into(),
            declared_type: column_type::upper(declared),
            kind: column_type::kind(declared),
            ..DiscoveredColumn::default()
        };
        let snapshot = SchemaSnapshot::new(vec![DiscoveredTable {
            name: "od`d".into(),
            columns: vec![
                column("a", "int"),
                column("b", "datetime"),
                column("title", "varchar(100)"),
                column("body", "longtext"),
                column("meta", "json"),
                column("place", "point"),
            ],
            primary_key: vec!["a".into(), "b".into()],
            full_text_indexes: vec![DiscoveredIndex {
                name: "words".into(),
                columns: vec!["title".into(), "body".into()],
                parser: None,
            }],
            ..DiscoveredTable::default()
        }]);
        Arc::clone(&snapshot.tables()[0])
    }

    fn read(table: &Table, names: &[&str]) -> Vec<ReadColumn> {
        let column = |name: &&str| table.column(name).expect("a column").column.clone();
        names.iter().map(|name| ReadColumn { column: column(name), max_chars: 200 }).collect()
    }

    #[test]
    fn candidates_cost_one_search_and_no_sort_of_all_matches() {
        let table = table();
        let request = CandidateRequest {
            source: CandidateSource::Index(table.full_text[0].clone()),
            words: vec!["it's".into(), "100%".into()],
            read: read(&table, &["title", "body", "meta", "place"]),
            limit: 50,
            table,
        };
        let (query, _) = candidates(&request, false).expect("a query");
        assert_eq!(
            query.sql,
            "SELECT `a`, `b`, `title`, LEFT(`body`, 200), LEFT(`meta`, 201), LEFT(ST_AsText(`place`), 200), \
             MATCH (`title`, `body`) AGAINST (? IN NATURAL LANGUAGE MODE) AS `altus4 score` FROM `od``d` \
             WHERE MATCH (`title`, `body`) AGAINST (? IN NATURAL LANGUAGE MODE) \
             ORDER BY `altus4 score` DESC LIMIT 50"
        );
        assert_eq!(query.values, vec![Wire::Bytes(b"it's 100%".to_vec()); 2]);
        let (query, _) = candidates(&request, true).expect("a query");
        assert!(query.sql.ends_with(" /*!50700 ORDER BY `altus4 score` DESC */ LIMIT 50"), "{}", query.sql);
    }

    #[test]
    fn a_scan_looks_for_each_word_in_each_column() {
        let table = table();
        let columns = read(&table, &["title", "body"]).into_iter().map(|read| read.column).collect();
        let request = CandidateRequest {
            source: CandidateSource::Scan(columns),
            words: vec!["50%".into(), String::new()],
            read: vec![],
            limit: 5,
            table,
        };
        let (query, _) = candidates(&request, false).expect("a query");
        assert_eq!(
            query.sql,
            "SELECT `a`, `b` FROM `od``d` \
             WHERE CONVERT(`title` USING utf8mb4) COLLATE utf8mb4_general_ci LIKE ? ESCAPE '!' \
             OR CONVERT(`body` USING utf8mb4) COLLATE utf8mb4_general_ci LIKE ? ESCAPE '!' \
             ORDER BY `a`, `b` LIMIT 5"
        );
        assert_eq!(query.values, vec![Wire::Bytes(b"%50!%%".to_vec()); 2]);
        assert!(candidates(&CandidateRequest { words: vec![String::new()], ..request }, false).is_none());
    }

    #[test]
    fn keys_are_padded_to_a_power_of_two() {
        let table = table();
        let key = |number| vec![Value::Int(number), Value::Text("2026-01-15T10:30:00".into())];
        let odd = vec![vec![Value::Int(1)], vec![Value::Null, Value::Null]];
        let keys = [vec![key(1), key(2), key(3)], odd.clone()].concat();
        let (query, _) = rows(&RowsRequest { table: Arc::clone(&table), keys, read: vec![] })
            .expect("a statement can be written")
            .expect("some row can have these keys");
        assert_eq!(
            query.sql,
            "SELECT `a`, `b` FROM `od``d` WHERE (`a`, `b`) IN ((?, ?), (?, ?), (?, ?), (?, ?))"
        );
        assert_eq!((query.values.len(), query.max_rows), (8, 3));
        assert!(matches!(rows(&RowsRequest { table, keys: odd, read: vec![] }), Ok(None)));
    }

    #[test]
    fn a_document_that_was_cut_is_text() {
        let cell = Cell { max_chars: 4, is_json: true };
        assert_eq!(cell.fit(Value::Text("[12]".into())), Value::Json("[12]".into()));
        assert_eq!(cell.fit(Value::Text("[123]".into())), Value::Text("[123".into()));
        assert_eq!(cell.fit(Value::Null), Value::Null);
    }
}
