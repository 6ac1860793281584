//! The port that finds candidates and reads rows.

use std::time::Duration;

use altus4_connections::{Target, Value};
use altus4_kernel::PortResult;
use altus4_search::{
    Candidate, CandidateRequest, Explained, Facet, FacetRequest, FullTextIndex, Matching, Order, Row,
    RowsRequest, Sample, SampleRequest, WalkRequest,
};
use async_trait::async_trait;
use mysql_async::{Row as WireRow, Value as Wire};

use crate::{
    MySqlSource,
    error::{Fault, port_error},
    plan,
    pool::SessionPool,
    statement::{self, Places, Query, Shape},
    value,
};

/// Words are found by `MATCH` where an index holds them, else by reading the text: those that the
/// index leaves out, phrases, and columns without an index. Where they can be, rows are taken from an
/// index first, and only those are read.
///
/// What holds for a word is the collation of its column: with one that minds case or accents, words
/// are found through the index with theirs alone. Reading texts needs `REGEXP` as MariaDB and MySQL 8
/// have it.
#[async_trait]
impl FullTextIndex for MySqlSource {
    async fn candidates(
        &self,
        target: &Target,
        request: &CandidateRequest,
        deadline: Duration,
    ) -> PortResult<Vec<Candidate>> {
        const OPERATION: &str = "full_text_index.candidates";
        let pool = self.pool(target, OPERATION)?;
        let is_given_sorted = pool.is_given_sorted(request.matching.table.table.name());
        let Some((query, shape)) = statement::candidates(request, is_given_sorted) else {
            return Ok(Vec::new());
        };
        let max_bytes = self.config.max_answer_bytes;
        let is_by_score = request.order == Order::Relevance;
        self.run(OPERATION, deadline, async move {
            let [rows] = pool.read([query], max_bytes).await?;
            let mut candidates: Vec<_> = rows.into_iter().map(|row| shape.candidate(row)).collect();
            // They are; but the order is promised, and a server is trusted with nothing.
            if is_by_score {
                candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
            }
            Ok(candidates)
        })
        .await
    }

    async fn rows(&self, target: &Target, request: &RowsRequest, deadline: Duration) -> PortResult<Vec<Row>> {
        self.read_rows("full_text_index.rows", target, statement::rows(request), deadline).await
    }

    async fn walk(&self, target: &Target, request: &WalkRequest, deadline: Duration) -> PortResult<Vec<Row>> {
        self.read_rows("full_text_index.walk", target, statement::walk(request), deadline).await
    }

    async fn count(
        &self,
        target: &Target,
        matching: &Matching,
        at_most: u64,
        deadline: Duration,
    ) -> PortResult<u64> {
        const OPERATION: &str = "full_text_index.count";
        let Some(query) = statement::count(matching, at_most) else { return Ok(0) };
        let pool = self.pool(target, OPERATION)?;
        let max_bytes = self.config.max_answer_bytes;
        self.run(OPERATION, deadline, async move {
            let [rows] = pool.read([query], max_bytes).await?;
            let count = rows.into_iter().next().and_then(|row| match first(row) {
                Some(Value::Int(count)) => count.try_into().ok(),
                Some(Value::UInt(count)) => Some(count),
                _ => None,
            });
            count.map(|count: u64| count.min(at_most)).ok_or(Fault::Request("the server counted nothing"))
        })
        .await
    }

    /// A statement for each column: values of different types don't fit into one answer.
    async fn facets(
        &self,
        target: &Target,
        request: &FacetRequest,
        deadline: Duration,
    ) -> PortResult<Vec<Facet>> {
        const OPERATION: &str = "full_text_index.facets";
        let facet = |column| statement::facet(&request.matching, column, request.limit);
        let Some(queries) = request.columns.iter().map(facet).collect::<Option<Vec<_>>>() else {
            return Ok(vec![Facet::new(); request.columns.len()]);
        };
        let (queries, shapes): (Vec<_>, Vec<_>) = queries.into_iter().unzip();
        let pool = self.pool(target, OPERATION)?;
        let max_bytes = self.config.max_answer_bytes;
        self.run(OPERATION, deadline, async move {
            let answers = pool.read_each(&queries, max_bytes).await?;
            let facet = |(rows, shape): (Vec<WireRow>, Shape)| {
                rows.into_iter().filter_map(|row| shape.counted(row)).collect()
            };
            Ok(answers.into_iter().zip(shapes).map(facet).collect())
        })
        .await
    }

    async fn sample(
        &self,
        target: &Target,
        request: &SampleRequest,
        deadline: Duration,
    ) -> PortResult<Sample> {
        const OPERATION: &str = "full_text_index.sample";
        let pool = self.pool(target, OPERATION)?;
        let max_bytes = self.config.max_answer_bytes;
        let request = request.clone();
        self.run(OPERATION, deadline, async move {
            let places = match statement::places(&request) {
                Some(query) => {
                    let [rows] = pool.read([query], max_bytes).await?;
                    Places::of(rows.into_iter().next(), &request)
                }
                None => Places::Beginning,
            };
            let Some((query, shape)) = statement::sample(&request, &places) else {
                return Ok(Sample::default());
            };
            let [rows] = pool.read([query], max_bytes).await?;
            let wanted = usize::try_from(request.rows).unwrap_or(usize::MAX);
            let whole = matches!(places, Places::Beginning) && rows.len() <= wanted;
            let rows = rows.into_iter().take(wanted).map(|row| shape.row(row).values).collect();
            Ok(Sample { rows, whole })
        })
        .await
    }

    /// MariaDB runs the statement; MySQL does from 8.0.18 on.
    async fn explain(
        &self,
        target: &Target,
        request: &CandidateRequest,
        deadline: Duration,
    ) -> PortResult<Explained> {
        const OPERATION: &str = "full_text_index.explain";
        let pool = self.pool(target, OPERATION)?;
        let is_given_sorted = pool.is_given_sorted(request.matching.table.table.name());
        let Some((query, _)) = statement::candidates(request, is_given_sorted) else {
            return Ok(Explained::default());
        };
        let max_bytes = self.config.max_answer_bytes;
        self.run(OPERATION, deadline, async move {
            let [rows] = pool.read([plan::explaining(&query)], max_bytes).await?;
            let mut explained = plan::read(query.sql.clone(), text(rows));
            if explained.time.is_none() {
                match pool.read([plan::measuring(&query)], max_bytes).await {
                    Ok([rows]) => plan::add_measured(&mut explained, &text(rows)),
                    // It knows no such statement.
                    Err(fault) if fault.is_answer() => {}
                    Err(fault) => return Err(fault),
                }
            }
            Ok(explained)
        })
        .await
    }
}

impl MySqlSource {
    fn pool(&self, target: &Target, operation: &'static str) -> PortResult<SessionPool> {
        self.pools.get(target).map_err(|fault| port_error(operation, fault))
    }

    /// The rows that a statement reads with their keys; none where there is nothing to ask.
    async fn read_rows(
        &self,
        operation: &'static str,
        target: &Target,
        query: Result<Option<(Query, Shape)>, Fault>,
        deadline: Duration,
    ) -> PortResult<Vec<Row>> {
        let query = query.map_err(|fault| port_error(operation, fault))?;
        let Some((query, shape)) = query else { return Ok(Vec::new()) };
        let pool = self.pool(target, operation)?;
        let max_bytes = self.config.max_answer_bytes;
        self.run(operation, deadline, async move {
            let [rows] = pool.read([query], max_bytes).await?;
            Ok(rows.into_iter().map(|row| shape.row(row)).collect())
        })
        .await
    }
}

fn first(row: WireRow) -> Option<Value> {
    let columns = row.columns();
    let cell = row.unwrap_raw().into_iter().next()??;
    columns.first().map(|column| value::decode(cell, column))
}

/// The text that is all of an answer.
fn text(rows: Vec<WireRow>) -> String {
    let cell = rows.into_iter().next().and_then(|row| row.unwrap_raw().into_iter().next().flatten());
    match cell {
        Some(Wire::Bytes(bytes)) => value::text(bytes),
        _ => String::new(),
    }
}
