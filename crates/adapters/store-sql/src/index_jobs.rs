//! The making of indexes in registered databases.

use altus4_connections::{
    IndexJob, IndexJobRepository, JOB_LIMIT_CONSTRAINT, JOB_TABLE_CONSTRAINT, JobFailure, JobLimits,
    JobState, Progress,
};
use altus4_kernel::{AuditEvent, ConnectionId, IndexJobId, PortResult, Timestamp};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, prelude::TextUuid,
    sea_query::Expr,
};

use crate::{
    audit,
    entity::{
        connection,
        index_job::{self, Column},
    },
    error::Fault,
    moment::Moment,
    pools::Pools,
};

/// Jobs in SQL.
pub(crate) struct SqlIndexJobRepository {
    pools: Pools,
}

impl SqlIndexJobRepository {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_insert(&self, job: &IndexJob, limits: JobLimits, event: &AuditEvent) -> Result<(), Fault> {
        let row = index_job::Model::try_from(job)?;
        let transaction = self.pools.begin().await?;
        // One job of a connection at a time: rows that aren't there yet can't be locked.
        let connection = connection::Entity::find_by_id(row.connection_id).select_only();
        let connection = connection.column(connection::Column::Id).lock_exclusive().into_tuple::<TextUuid>();
        connection.one(&transaction).await?.ok_or(Fault::NoConnection)?;
        let of_connection = Condition::all().add(Column::ConnectionId.eq(row.connection_id));
        let under_way = of_connection
            .clone()
            .add(is_unfinished())
            .add(Column::HeartbeatAt.gte(Moment::from(limits.alive_since)));
        let tables = index_job::Entity::find().select_only().column(Column::TableName).filter(under_way);
        let tables: Vec<Vec<u8>> = tables.into_tuple().all(&transaction).await?;
        if tables.contains(&row.table_name) {
            return Err(Fault::Conflict(JOB_TABLE_CONSTRAINT));
        }
        if u32::try_from(tables.len()).is_ok_and(|count| count >= limits.at_once) {
            return Err(Fault::Conflict(JOB_LIMIT_CONSTRAINT));
        }
        let is_done = Condition::any()
            .add(Condition::not(is_unfinished()))
            .add(Column::HeartbeatAt.lt(Moment::from(limits.alive_since)));
        let is_old = Column::CreatedAt.lt(Moment::from(limits.kept_since));
        index_job::Entity::delete_many()
            .filter(of_connection.add(is_done).add(is_old))
            .exec(&transaction)
            .await?;
        index_job::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        audit::record(event, &transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn try_beat(
        &self,
        jobs: &[(IndexJobId, Progress)],
        now: Timestamp,
    ) -> Result<Vec<IndexJobId>, Fault> {
        let mut known = Vec::new();
        for (id, progress) in jobs {
            let update = index_job::Entity::update_many()
                .col_expr(Column::HeartbeatAt, Expr::value(Moment::from(now)))
                .col_expr(Column::Phase, Expr::value(progress.phase.clone()))
                .col_expr(Column::Progress, Expr::value(progress.share));
            update.filter(is(*id)).filter(is_unfinished()).exec(self.pools.writes()).await?;
            // MySQL counts rows that were changed, not those that were found.
            let query = index_job::Entity::find().select_only().column(Column::Id);
            let query = query.filter(is(*id)).filter(is_unfinished()).into_tuple::<TextUuid>();
            known.extend(query.one(self.pools.writes()).await?.map(|_| *id));
        }
        Ok(known)
    }

    async fn try_finish(
        &self,
        id: IndexJobId,
        now: Timestamp,
        failure: Option<&JobFailure>,
    ) -> Result<(), Fault> {
        let state = if failure.is_none() { JobState::Succeeded } else { JobState::Failed };
        let document = failure.map(index_job::failure_document).transpose()?;
        let moment = Moment::from(now);
        index_job::Entity::update_many()
            .col_expr(Column::State, Expr::value(state.as_str()))
            .col_expr(Column::FinishedAt, Expr::value(moment))
            .col_expr(Column::HeartbeatAt, Expr::value(moment))
            .col_expr(Column::Phase, Expr::value(None::<String>))
            .col_expr(Column::Progress, Expr::value(failure.is_none().then_some(1.0)))
            .col_expr(Column::Failure, Expr::value(document))
            .filter(is(id))
            .filter(is_unfinished())
            .exec(self.pools.writes())
            .await?;
        Ok(())
    }
}

#[async_trait]
impl IndexJobRepository for SqlIndexJobRepository {
    async fn insert(&self, job: &IndexJob, limits: JobLimits, event: &AuditEvent) -> PortResult<()> {
        self.pools.transact("index_jobs.insert", || self.try_insert(job, limits, event)).await
    }

    async fn find(&self, connection_id: ConnectionId, id: IndexJobId) -> PortResult<Option<IndexJob>> {
        let find = async {
            let query = index_job::Entity::find().filter(is(id));
            let query = query.filter(Column::ConnectionId.eq(TextUuid(connection_id.as_uuid())));
            query.one(self.pools.reads()).await?.map(IndexJob::try_from).transpose()
        };
        self.pools.call("index_jobs.find", find).await
    }

    async fn begin(&self, id: IndexJobId, now: Timestamp) -> PortResult<()> {
        let begin = || async {
            let moment = Moment::from(now);
            index_job::Entity::update_many()
                .col_expr(Column::State, Expr::value(JobState::Running.as_str()))
                .col_expr(Column::StartedAt, Expr::value(moment))
                .col_expr(Column::HeartbeatAt, Expr::value(moment))
                .filter(is(id))
                .filter(is_unfinished())
                .exec(self.pools.writes())
                .await?;
            Ok(())
        };
        self.pools.transact("index_jobs.begin", begin).await
    }

    async fn beat(&self, jobs: &[(IndexJobId, Progress)], now: Timestamp) -> PortResult<Vec<IndexJobId>> {
        self.pools.transact("index_jobs.beat", || self.try_beat(jobs, now)).await
    }

    async fn finish(&self, id: IndexJobId, now: Timestamp, failure: Option<JobFailure>) -> PortResult<()> {
        self.pools.transact("index_jobs.finish", || self.try_finish(id, now, failure.as_ref())).await
    }
}

fn is(id: IndexJobId) -> Condition {
    Condition::all().add(Column::Id.eq(TextUuid(id.as_uuid())))
}

fn is_unfinished() -> Condition {
    let states = [JobState::Queued, JobState::Running].map(JobState::as_str);
    Condition::all().add(Column::State.is_in(states))
}
