//! Vectors of tables in registered databases: what is known of them, and which node works on each.

use std::collections::HashSet;

use altus4_kernel::{AuditEvent, ConnectionId, PortResult, Timestamp, VectorIndexId};
use altus4_search::{
    ClaimedVectors, VECTOR_LIMIT_CONSTRAINT, VECTOR_SAME_CONSTRAINT, VectorClaim, VectorIndexRecord,
    VectorIndexRepository,
};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::TextUuid,
    sea_query::{Expr, SelectStatement},
};
use uuid::Uuid;

use crate::{
    audit,
    entity::{
        connection,
        vector_index::{self, Column, Model},
    },
    error::Fault,
    moment::Moment,
    pools::Pools,
};

/// Records in SQL.
pub(crate) struct SqlVectorIndexes {
    pools: Pools,
}

impl SqlVectorIndexes {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_insert(
        &self,
        record: &VectorIndexRecord,
        limit: u32,
        event: &AuditEvent,
    ) -> Result<(), Fault> {
        let row = Model::try_from(record)?;
        let transaction = self.pools.begin().await?;
        // One of a connection at a time: rows that aren't there yet can't be locked.
        let connection = connection::Entity::find_by_id(row.connection_id).select_only();
        let connection = connection.column(connection::Column::Id).lock_exclusive().into_tuple::<TextUuid>();
        connection.one(&transaction).await?.ok_or(Fault::NoConnection)?;
        let known = vector_index::Entity::find().select_only().column(Column::TableName);
        let known = known.column(Column::Columns).filter(of(record.connection_id));
        let known: Vec<(Vec<u8>, String)> = known.into_tuple().all(&transaction).await?;
        let columns = Model::sorted_columns(&row.columns)?;
        for (table, others) in &known {
            if *table == row.table_name && Model::sorted_columns(others)? == columns {
                return Err(Fault::Conflict(VECTOR_SAME_CONSTRAINT));
            }
        }
        if u32::try_from(known.len()).is_ok_and(|count| count >= limit) {
            return Err(Fault::Conflict(VECTOR_LIMIT_CONSTRAINT));
        }
        vector_index::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        audit::record(event, &transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn try_remove(
        &self,
        connection_id: ConnectionId,
        id: VectorIndexId,
        event: &AuditEvent,
    ) -> Result<bool, Fault> {
        let transaction = self.pools.begin().await?;
        let update = vector_index::Entity::update_many().col_expr(Column::IsRemoved, Expr::value(true));
        let update = update.filter(of(connection_id).add(is(id)));
        if update.exec(&transaction).await?.rows_affected == 0 {
            return Ok(false);
        }
        audit::record(event, &transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Each is taken by itself, and only if it is still free.
    async fn try_claim(&self, claim: VectorClaim) -> Result<Vec<ClaimedVectors>, Fault> {
        let is_wanted =
            Condition::any().add(Column::DueAt.lte(Moment::from(claim.now))).add(Condition::not(is_alive()));
        let query = vector_index::Entity::find().select_only().column(Column::Id);
        let query = query.filter(is_free(claim).add(is_wanted)).order_by_asc(Column::DueAt);
        let query = query.order_by_asc(Column::Id).limit(u64::from(claim.limit)).into_tuple::<TextUuid>();
        let mut claimed = Vec::new();
        for id in query.all(self.pools.reads()).await? {
            let update = vector_index::Entity::update_many()
                .col_expr(Column::ClaimedBy, Expr::value(claim.node.to_string()))
                .col_expr(Column::HeartbeatAt, Expr::value(Moment::from(claim.now)))
                .col_expr(Column::Place, Expr::value(claim.place.to_string()))
                .filter(is_free(claim).add(Column::Id.eq(id)));
            if update.exec(self.pools.writes()).await?.rows_affected == 1 {
                claimed.push(id);
            }
        }
        let ours = Condition::all().add(Column::Id.is_in(claimed)).add(is_of(claim.node));
        let ours = vector_index::Entity::find().filter(ours).order_by_asc(Column::DueAt);
        let rows = ours.order_by_asc(Column::Id).all(self.pools.writes()).await?;
        let ids = rows.iter().map(|row| row.connection_id);
        let there = connection::Entity::find().select_only().column(connection::Column::Id);
        let there = there.filter(connection::Column::Id.is_in(ids)).into_tuple::<TextUuid>();
        let there: HashSet<_> =
            there.all(self.pools.writes()).await?.into_iter().map(|TextUuid(id)| id).collect();
        let claimed = |row: Model| {
            let is_removed = row.is_removed || !there.contains(&row.connection_id.0);
            Ok(ClaimedVectors { record: row.try_into()?, is_removed })
        };
        rows.into_iter().map(claimed).collect()
    }

    async fn try_beat(
        &self,
        node: Uuid,
        ids: &[VectorIndexId],
        now: Timestamp,
    ) -> Result<Vec<VectorIndexId>, Fault> {
        let ids: Vec<_> = ids.iter().map(|id| TextUuid(id.as_uuid())).collect();
        let ours = Condition::all().add(Column::Id.is_in(ids)).add(is_of(node));
        let update = vector_index::Entity::update_many();
        let update = update.col_expr(Column::HeartbeatAt, Expr::value(Moment::from(now)));
        update.filter(ours.clone()).exec(self.pools.writes()).await?;
        let query = vector_index::Entity::find().select_only().column(Column::Id);
        let query = query.filter(ours.add(is_alive())).into_tuple::<TextUuid>();
        let ours = query.all(self.pools.writes()).await?;
        Ok(ours.into_iter().map(|TextUuid(id)| VectorIndexId::from_uuid(id)).collect())
    }

    async fn try_save(&self, node: Uuid, record: &VectorIndexRecord) -> Result<bool, Fault> {
        let ours = Condition::all().add(is(record.id)).add(is_of(node)).add(is_alive());
        let saved = Model::try_from(record)?.saved();
        let update = vector_index::Entity::update_many().set(saved).filter(ours.clone());
        if update.exec(self.pools.writes()).await?.rows_affected > 0 {
            return Ok(true);
        }
        // MySQL counts rows that were changed, not those that were found.
        let query = vector_index::Entity::find().select_only().column(Column::Id).filter(ours);
        Ok(query.into_tuple::<TextUuid>().one(self.pools.writes()).await?.is_some())
    }
}

#[async_trait]
impl VectorIndexRepository for SqlVectorIndexes {
    async fn insert(&self, record: &VectorIndexRecord, limit: u32, event: &AuditEvent) -> PortResult<()> {
        self.pools.transact("vector_indexes.insert", || self.try_insert(record, limit, event)).await
    }

    async fn list(&self, connection_id: ConnectionId) -> PortResult<Vec<VectorIndexRecord>> {
        let list = async {
            let query = vector_index::Entity::find().filter(of(connection_id));
            let query = query.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id);
            query.all(self.pools.reads()).await?.into_iter().map(VectorIndexRecord::try_from).collect()
        };
        self.pools.call("vector_indexes.list", list).await
    }

    async fn find(
        &self,
        connection_id: ConnectionId,
        id: VectorIndexId,
    ) -> PortResult<Option<VectorIndexRecord>> {
        let find = async {
            let query = vector_index::Entity::find().filter(of(connection_id).add(is(id)));
            query.one(self.pools.reads()).await?.map(VectorIndexRecord::try_from).transpose()
        };
        self.pools.call("vector_indexes.find", find).await
    }

    async fn remove(
        &self,
        connection_id: ConnectionId,
        id: VectorIndexId,
        event: &AuditEvent,
    ) -> PortResult<bool> {
        let remove = || self.try_remove(connection_id, id, event);
        self.pools.transact("vector_indexes.remove", remove).await
    }

    async fn claim(&self, claim: VectorClaim) -> PortResult<Vec<ClaimedVectors>> {
        self.pools.transact("vector_indexes.claim", || self.try_claim(claim)).await
    }

    async fn beat(
        &self,
        node: Uuid,
        ids: &[VectorIndexId],
        now: Timestamp,
    ) -> PortResult<Vec<VectorIndexId>> {
        self.pools.transact("vector_indexes.beat", || self.try_beat(node, ids, now)).await
    }

    async fn save(&self, node: Uuid, record: &VectorIndexRecord) -> PortResult<bool> {
        self.pools.transact("vector_indexes.save", || self.try_save(node, record)).await
    }

    async fn rest(&self, node: Uuid, id: VectorIndexId, due_at: Timestamp) -> PortResult<()> {
        let rest = || async {
            vector_index::Entity::update_many()
                .col_expr(Column::ClaimedBy, Expr::value(None::<String>))
                .col_expr(Column::HeartbeatAt, Expr::value(None::<Moment>))
                .col_expr(Column::DueAt, Expr::value(Moment::from(due_at)))
                .filter(Condition::all().add(is(id)).add(is_of(node)))
                .exec(self.pools.writes())
                .await?;
            Ok(())
        };
        self.pools.transact("vector_indexes.rest", rest).await
    }

    async fn forget(&self, node: Uuid, id: VectorIndexId) -> PortResult<()> {
        let forget = || async {
            let ours = Condition::all().add(is(id)).add(is_of(node));
            vector_index::Entity::delete_many().filter(ours).exec(self.pools.writes()).await?;
            Ok(())
        };
        self.pools.transact("vector_indexes.forget", forget).await
    }
}

fn is(id: VectorIndexId) -> Condition {
    Condition::all().add(Column::Id.eq(TextUuid(id.as_uuid())))
}

fn is_of(node: Uuid) -> Condition {
    Condition::all().add(Column::ClaimedBy.eq(node.to_string()))
}

/// Nobody living has it, and its vectors are within reach.
fn is_free(claim: VectorClaim) -> Condition {
    let is_free = Condition::any()
        .add(Column::ClaimedBy.is_null())
        .add(Column::HeartbeatAt.lt(Moment::from(claim.alive_since)));
    let is_here =
        Condition::any().add(Column::Place.is_null()).add(Column::Place.eq(claim.place.to_string()));
    Condition::all().add(is_free).add(is_here)
}

/// It wasn't removed, by itself or with its connection.
fn is_alive() -> Condition {
    let there: SelectStatement =
        connection::Entity::find().select_only().column(connection::Column::Id).into_query();
    Condition::all().add(Column::IsRemoved.eq(false)).add(Column::ConnectionId.in_subquery(there))
}

/// Those of a connection that are still there.
fn of(connection_id: ConnectionId) -> Condition {
    is_alive().add(Column::ConnectionId.eq(TextUuid(connection_id.as_uuid())))
}
