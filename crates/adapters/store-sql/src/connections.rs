//! Registered databases.

use altus4_connections::{
    Connection, ConnectionRepository, ConnectionStatus, PLAN_CONSTRAINT, StoredConnection,
};
use altus4_kernel::{AccountId, AuditEvent, ConnectionId, Plan, PortResult, SealedSecret, Timestamp};
use async_trait::async_trait;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, prelude::TextUuid, sea_query::Expr,
};

use crate::{
    accounts, audit,
    entity::connection::{self, Column},
    error::Fault,
    moment::Moment,
    pools::Pools,
};

/// Registered databases in SQL.
pub(crate) struct SqlConnectionRepository {
    pools: Pools,
}

impl SqlConnectionRepository {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_insert(
        &self,
        stored: &StoredConnection,
        limit: Option<u32>,
        event: &AuditEvent,
    ) -> Result<(), Fault> {
        let account_id = stored.connection.account_id;
        let row = connection::Model::try_from(stored)?;
        let transaction = self.pools.begin().await?;
        accounts::lock(account_id, &transaction).await?;
        if let Some(limit) = limit {
            let owned =
                connection::Entity::find().select_only().column(Column::Id).filter(owned_by(account_id));
            let count = owned.count(&transaction).await?;
            if count >= limit.into() {
                return Err(Fault::Conflict(PLAN_CONSTRAINT));
            }
        }
        connection::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        audit::record(event, &transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn try_replace(
        &self,
        before: &Connection,
        row: connection::ActiveModel,
        event: &AuditEvent,
    ) -> Result<bool, Fault> {
        let transaction = self.pools.begin().await?;
        let update = connection::Entity::update_many()
            .set(row)
            .filter(owned_by(before.account_id))
            .filter(is(before.id))
            .filter(Column::Generation.eq(i64::from(before.generation)))
            .filter(Column::UpdatedAt.eq(Moment::from(before.updated_at)));
        if update.exec(&transaction).await?.rows_affected == 0 {
            return Ok(false);
        }
        audit::record(event, &transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

#[async_trait]
impl ConnectionRepository for SqlConnectionRepository {
    async fn insert(
        &self,
        stored: &StoredConnection,
        limit: Option<u32>,
        event: &AuditEvent,
    ) -> PortResult<()> {
        self.pools.transact("connections.insert", || self.try_insert(stored, limit, event)).await
    }

    async fn list(&self, account_id: AccountId) -> PortResult<Vec<StoredConnection>> {
        let list = async {
            let query = connection::Entity::find().filter(owned_by(account_id));
            let query = query.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id);
            let rows = query.all(self.pools.reads()).await?;
            rows.into_iter().map(StoredConnection::try_from).collect()
        };
        self.pools.call("connections.list", list).await
    }

    async fn find(&self, account_id: AccountId, id: ConnectionId) -> PortResult<Option<StoredConnection>> {
        let find = async {
            let query = connection::Entity::find().filter(owned_by(account_id)).filter(is(id));
            let row = query.one(self.pools.reads()).await?;
            row.map(StoredConnection::try_from).transpose()
        };
        self.pools.call("connections.find", find).await
    }

    async fn note_status(
        &self,
        account_id: AccountId,
        id: ConnectionId,
        status: ConnectionStatus,
        last_connected: Option<Timestamp>,
    ) -> PortResult<()> {
        let note = || async {
            let mut update = connection::Entity::update_many()
                .col_expr(Column::Status, Expr::value(status.as_str()))
                .filter(owned_by(account_id))
                .filter(is(id));
            if let Some(seen) = last_connected {
                update = update.col_expr(Column::LastConnected, Expr::value(Moment::from(seen)));
            }
            update.exec(self.pools.writes()).await?;
            Ok(())
        };
        self.pools.transact("connections.note_status", note).await
    }

    async fn replace(
        &self,
        before: &Connection,
        after: &Connection,
        password: Option<SealedSecret>,
        event: &AuditEvent,
    ) -> PortResult<bool> {
        const OPERATION: &str = "connections.replace";
        let row = changed_row(after, password).map_err(|fault| fault.into_port_error(OPERATION))?;
        self.pools.transact(OPERATION, || self.try_replace(before, row.clone(), event)).await
    }

    async fn remove(&self, account_id: AccountId, id: ConnectionId, event: &AuditEvent) -> PortResult<bool> {
        let remove = || async {
            let transaction = self.pools.begin().await?;
            let delete = connection::Entity::delete_many().filter(owned_by(account_id)).filter(is(id));
            if delete.exec(&transaction).await?.rows_affected == 0 {
                return Ok(false);
            }
            audit::record(event, &transaction).await?;
            transaction.commit().await?;
            Ok(true)
        };
        self.pools.transact("connections.remove", remove).await
    }

    async fn plan_of(&self, account_id: AccountId) -> PortResult<Option<Plan>> {
        self.pools.call("connections.plan_of", accounts::plan_of(account_id, self.pools.reads())).await
    }
}

/// What is written of a connection that is changed: all but what it is known by, and the password only
/// where there is another one.
fn changed_row(
    connection: &Connection,
    password: Option<SealedSecret>,
) -> Result<connection::ActiveModel, Fault> {
    let keeps_password = password.is_none();
    let password = password.unwrap_or_else(|| SealedSecret(String::new()));
    let stored = StoredConnection { connection: connection.clone(), password };
    let mut row = connection::Model::try_from(&stored)?.into_active_model().reset_all();
    for column in [Column::Id, Column::AccountId, Column::Engine, Column::CreatedAt] {
        row.not_set(column);
    }
    if keeps_password {
        row.not_set(Column::PasswordSealed);
    }
    Ok(row)
}

fn owned_by(account_id: AccountId) -> Condition {
    Condition::all().add(Column::AccountId.eq(TextUuid(account_id.as_uuid())))
}

fn is(id: ConnectionId) -> Condition {
    Condition::all().add(Column::Id.eq(TextUuid(id.as_uuid())))
}
