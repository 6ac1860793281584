//! The statements that search: which rows, in which order, how many, with which values.

use altus4_connections::{ColumnRef, Table, Value};
use altus4_search::{CandidateRequest, Matching, Order};

use super::{FACET_CHARS, joined_by, matching, matching::Source, selected};
use crate::{
    error::Fault,
    session::Session,
    sql::{Statement, column, cut, quoted},
};

/// Rows that match: what stands after `FROM`, with the table called `b`.
pub(crate) struct Search {
    rows: Statement,
    score: &'static str,
    order: &'static str,
    key: Vec<String>,
}

impl Search {
    /// The rows that match, through these indexes.
    pub(crate) async fn over(
        session: &mut Session,
        request: &Matching,
        sources: Vec<Source<'_>>,
    ) -> Result<Self, Fault> {
        let mut joined = Vec::with_capacity(sources.len());
        for source in &sources {
            joined.push(joined_by(session, source.index, &request.table).await?);
        }
        // Numbers of rows that mean different columns can't be put together.
        let is_one = joined.iter().all(|column| Some(column) == joined.first());
        let rowid = joined.into_iter().next().filter(|_| is_one);
        Ok(Self::written(request, rowid.as_deref().map(|rowid| (rowid, sources.as_slice()))))
    }

    /// The rows: what stands after `FROM`, with the table called `b`, and conditions that all hold.
    pub(crate) fn rows(self) -> Statement {
        self.rows
    }

    /// How well one of them fits: higher is better.
    pub(crate) fn score(&self) -> &'static str {
        self.score
    }

    fn written(request: &Matching, sources: Option<(&str, &[Source<'_>])>) -> Self {
        let condition = matching::condition(request);
        let table = quoted(request.table.table.name());
        let query = |source: &Source<'_>| Value::Text(source.query.clone());
        let (text, mut binds, score, order) = match sources {
            None => (format!("{table} AS b WHERE {}", condition.text), Vec::new(), "0", ""),
            Some((rowid, [source])) => {
                let fts = quoted(source.index.index.name());
                let text = format!(
                    "{fts} AS f CROSS JOIN {table} AS b ON {} = f.rowid WHERE f.{fts} MATCH ? AND {}",
                    column(rowid),
                    condition.text
                );
                // Nothing beside it: FTS5 gives its rows in this order by itself.
                (text, vec![query(source)], "-f.rank", "f.rank")
            }
            Some((rowid, sources)) => {
                let each = sources.iter().map(|source| {
                    let fts = quoted(source.index.index.name());
                    format!("SELECT f.rowid AS r, -f.rank AS s FROM {fts} AS f WHERE f.{fts} MATCH ?")
                });
                let text = format!(
                    "(SELECT u.r AS r, sum(u.s) AS s FROM ({}) AS u GROUP BY u.r) AS m \
                     CROSS JOIN {table} AS b ON {} = m.r WHERE {}",
                    each.collect::<Vec<_>>().join(" UNION ALL "),
                    column(rowid),
                    condition.text
                );
                (text, sources.iter().map(query).collect(), "m.s", "m.s DESC, m.r")
            }
        };
        binds.extend(condition.binds);
        let key = request.table.primary_key.iter().map(|name| column(name.name())).collect();
        Self { rows: Statement { text, binds }, score, order, key }
    }

    /// The first of them.
    pub(super) fn candidates(&self, request: &CandidateRequest) -> Statement {
        let key = self.key.iter().map(String::as_str);
        let own = (!self.order.is_empty()).then_some(self.order);
        let order: Vec<String> = match (&request.order, own) {
            (Order::Relevance, Some(own)) => vec![own.to_owned()],
            (Order::Relevance, None) => key.map(str::to_owned).collect(),
            (Order::By(keys), own) => {
                let direction = |descending| if descending { " DESC" } else { "" };
                let columns = keys.iter().map(|key| column(key.column.name()) + direction(key.descending));
                columns.chain(own.map(str::to_owned)).chain(key.map(str::to_owned)).collect()
            }
        };
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
        let selected = selected(&request.matching.table, &request.read);
        self.select(&format!("{} AS s{selected}", self.score), &order, request.limit.into())
    }

    /// How many there are, up to a bound.
    pub(super) fn count(&self, at_most: u64) -> Statement {
        let rows = self.select("1", "", at_most);
        Statement { text: format!("SELECT count(*) AS c0 FROM ({})", rows.text), ..rows }
    }

    /// The commonest values of a column and how many rows have them.
    pub(super) fn facet(&self, name: &ColumnRef, limit: u32) -> Statement {
        let value = cut(name.name(), FACET_CHARS);
        let end = format!(" AND {} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1", column(name.name()));
        self.select(&format!("{value} AS c0, count(*) AS c1"), &end, limit.into())
    }

    fn select(&self, selected: &str, end: &str, limit: u64) -> Statement {
        let text = format!("SELECT {selected} FROM {}{end} LIMIT ?", self.rows.text);
        let limit = Value::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        Statement { text, binds: self.rows.binds.iter().cloned().chain([limit]).collect() }
    }
}

/// The names of a table's key, as they stand in statements.
pub(super) fn key_of(table: &Table) -> String {
    table.primary_key.iter().map(|name| column(name.name())).collect::<Vec<_>>().join(", ")
}
