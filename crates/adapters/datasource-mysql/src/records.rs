//! The port to the rows of a user's tables.

mod estimate;
mod fault;
mod work;

use std::{slice::from_ref, time::Duration};

use altus4_connections::{ColumnRef, Target};
use altus4_entities::{
    Assigned, Counting, DeleteRequest, InsertRequest, ManyRequest, Records, RecordsResult, Related,
    RelatedRequest, RowValues, SelectRequest, Selection, UpdateRequest, Written,
};
use async_trait::async_trait;
use futures::future::BoxFuture;

use self::{
    fault::{Subject, records_error},
    work::{Done, Work},
};
use crate::{MySqlSource, error::Fault, statement::records as statement};

/// Rows are read in sessions that only read, each by one statement; they are written in transactions,
/// which are tried again where the server took them back for the sake of others.
#[async_trait]
impl Records for MySqlSource {
    async fn select(
        &self,
        target: &Target,
        request: &SelectRequest,
        deadline: Duration,
    ) -> RecordsResult<Vec<RowValues>> {
        let subject = Subject::new("records.select", &request.rows.table);
        let pool = self.pools.get(target).map_err(|fault| records_error(&subject, fault))?;
        let is_given_sorted = pool.is_given_sorted(request.rows.table.table.name());
        let query =
            statement::select(request, is_given_sorted).map_err(|fault| records_error(&subject, fault))?;
        let Some((query, read)) = query else { return Ok(Vec::new()) };
        let max_bytes = self.config.max_answer_bytes;
        let work = async move {
            let [rows] = pool.read([query], max_bytes).await?;
            Ok(rows.into_iter().map(|row| read.values(row)).collect())
        };
        self.run_records(subject, deadline, Box::pin(work)).await
    }

    async fn count(
        &self,
        target: &Target,
        rows: &Selection,
        counting: Counting,
        deadline: Duration,
    ) -> RecordsResult<u64> {
        let subject = Subject::new("records.count", &rows.table);
        let Some(exact) = statement::count(rows) else { return Ok(0) };
        let pool = self.pools.get(target).map_err(|fault| records_error(&subject, fault))?;
        let max_bytes = self.config.max_answer_bytes;
        let rows = rows.clone();
        let work = async move {
            if counting == Counting::Estimated
                && let Some(estimate) = estimate::rows(&pool, &rows, max_bytes).await?
            {
                return Ok(estimate);
            }
            let [rows] = pool.read([exact], max_bytes).await?;
            estimate::number(rows).ok_or(Fault::Request("the server counted nothing"))
        };
        self.run_records(subject, deadline, Box::pin(work)).await
    }

    /// Of a server without window functions (MySQL 5.7), all rows of each parent are read.
    async fn related(
        &self,
        target: &Target,
        request: &RelatedRequest,
        deadline: Duration,
    ) -> RecordsResult<Vec<Related>> {
        /// The number of an error of syntax.
        const SYNTAX: u16 = 1_064;
        let subject = Subject::new("records.related", &request.link.to);
        let prepared = |has_windows| {
            statement::related(request, has_windows).map_err(|fault| records_error(&subject, fault))
        };
        let Some(windowed) = prepared(true)? else { return Ok(Vec::new()) };
        let whole = prepared(false)?;
        let pool = self.pools.get(target).map_err(|fault| records_error(&subject, fault))?;
        let max_bytes = self.config.max_answer_bytes;
        let request = request.clone();
        let work = async move {
            let (answer, found) = match (pool.read_each(from_ref(&windowed.query), max_bytes).await, whole) {
                (Err(fault), Some(whole)) if fault.number() == Some(SYNTAX) => {
                    (pool.read_each(from_ref(&whole.query), max_bytes).await?, whole)
                }
                (answer, _) => (answer?, windowed),
            };
            Ok(found.related(&request, answer.into_iter().flatten().collect()))
        };
        self.run_records(subject, deadline, Box::pin(work)).await
    }

    async fn insert(
        &self,
        target: &Target,
        request: &InsertRequest,
        deadline: Duration,
    ) -> RecordsResult<Vec<Option<RowValues>>> {
        let subject = Subject::new("records.insert", &request.table);
        match self.work(target, subject, Work::Insert(request.clone()), deadline).await? {
            Done::Made(rows) => Ok(rows),
            Done::One(_) | Done::Many(_) => Ok(Vec::new()),
        }
    }

    async fn update(
        &self,
        target: &Target,
        request: &UpdateRequest,
        deadline: Duration,
    ) -> RecordsResult<Written> {
        let subject = Subject::new("records.update", &request.table);
        self.one(target, subject, Work::Update(request.clone()), deadline).await
    }

    async fn delete(
        &self,
        target: &Target,
        request: &DeleteRequest,
        deadline: Duration,
    ) -> RecordsResult<Written> {
        let subject = Subject::new("records.delete", &request.table);
        self.one(target, subject, Work::Delete(request.clone()), deadline).await
    }

    async fn update_many(
        &self,
        target: &Target,
        request: &ManyRequest,
        set: &[(ColumnRef, Assigned)],
        deadline: Duration,
    ) -> RecordsResult<u64> {
        let subject = Subject::new("records.update_many", &request.table);
        self.many(target, subject, Work::Many(request.clone(), Some(set.to_vec())), deadline).await
    }

    async fn delete_many(
        &self,
        target: &Target,
        request: &ManyRequest,
        deadline: Duration,
    ) -> RecordsResult<u64> {
        let subject = Subject::new("records.delete_many", &request.table);
        self.many(target, subject, Work::Many(request.clone(), None), deadline).await
    }
}

impl MySqlSource {
    /// Runs `work` as [`MySqlSource::run`] does, for this port's own errors.
    async fn run_records<T: Send + 'static>(
        &self,
        subject: Subject,
        deadline: Duration,
        work: BoxFuture<'static, Result<T, Fault>>,
    ) -> RecordsResult<T> {
        let operation = subject.operation();
        // What was refused is no fault of the call.
        let work = async move {
            match work.await {
                Err(fault) => Ok(Err(records_error(&subject, fault))),
                Ok(done) => Ok(Ok(done)),
            }
        };
        self.run(operation, deadline, work).await?
    }

    async fn one(
        &self,
        target: &Target,
        subject: Subject,
        work: Work,
        deadline: Duration,
    ) -> RecordsResult<Written> {
        match self.work(target, subject, work, deadline).await? {
            Done::One(written) => Ok(written),
            Done::Made(_) | Done::Many(_) => Ok(Written::Missing),
        }
    }

    async fn many(
        &self,
        target: &Target,
        subject: Subject,
        work: Work,
        deadline: Duration,
    ) -> RecordsResult<u64> {
        match self.work(target, subject, work, deadline).await? {
            Done::Many(count) => Ok(count),
            Done::Made(_) | Done::One(_) => Ok(0),
        }
    }

    async fn work(
        &self,
        target: &Target,
        subject: Subject,
        work: Work,
        deadline: Duration,
    ) -> RecordsResult<Done> {
        let pool = self.pools.get(target).map_err(|fault| records_error(&subject, fault))?;
        let max_bytes = self.config.max_answer_bytes;
        let work = async move { work.perform(&pool, max_bytes).await };
        self.run_records(subject, deadline, Box::pin(work)).await
    }
}
