//! The port that finds candidates and reads rows.

use std::time::Duration;

use altus4_connections::Target;
use altus4_kernel::PortResult;
use altus4_search::{Candidate, CandidateRequest, FullTextIndex, Row, RowsRequest};
use async_trait::async_trait;

use crate::{MySqlSource, error::port_error, statement};

#[async_trait]
impl FullTextIndex for MySqlSource {
    /// From an index by `MATCH … IN NATURAL LANGUAGE MODE`, from a scan by `LIKE`, in the order of
    /// the primary key.
    async fn candidates(
        &self,
        target: &Target,
        request: &CandidateRequest,
        deadline: Duration,
    ) -> PortResult<Vec<Candidate>> {
        const OPERATION: &str = "full_text_index.candidates";
        let pool = self.pools.get(target).map_err(|fault| port_error(OPERATION, fault))?;
        let is_given_sorted = pool.is_given_sorted(request.table.table.name());
        let Some((query, shape)) = statement::candidates(request, is_given_sorted) else {
            return Ok(Vec::new());
        };
        let max_bytes = self.config.max_answer_bytes;
        self.run(OPERATION, deadline, async move {
            let [rows] = pool.read([query], max_bytes).await?;
            let mut candidates: Vec<_> = rows.into_iter().map(|row| shape.candidate(row)).collect();
            // They are; but the order is promised, and a server is trusted with nothing.
            candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
            Ok(candidates)
        })
        .await
    }

    async fn rows(&self, target: &Target, request: &RowsRequest, deadline: Duration) -> PortResult<Vec<Row>> {
        const OPERATION: &str = "full_text_index.rows";
        let failed = |fault| port_error(OPERATION, fault);
        let Some((query, shape)) = statement::rows(request).map_err(failed)? else { return Ok(Vec::new()) };
        let pool = self.pools.get(target).map_err(failed)?;
        let max_bytes = self.config.max_answer_bytes;
        self.run(OPERATION, deadline, async move {
            let [rows] = pool.read([query], max_bytes).await?;
            Ok(rows.into_iter().map(|row| shape.row(row)).collect())
        })
        .await
    }
}
