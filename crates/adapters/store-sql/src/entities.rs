//! Tables of registered databases that have generated endpoints.

use altus4_entities::{ENTITY_LIMIT_CONSTRAINT, Entity, EntityName, EntityRepository};
use altus4_kernel::{AccountId, AuditEvent, EntityId, PortResult};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, prelude::TextUuid, sea_query::SelectStatement,
};

use crate::{
    accounts, audit,
    entity::{
        account, connection,
        registered_entity::{self, Column, Model},
    },
    error::Fault,
    pools::Pools,
};

/// Entities in SQL.
pub(crate) struct SqlEntityRepository {
    pools: Pools,
}

impl SqlEntityRepository {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_insert(&self, entities: &[Entity], limit: u32, events: &[AuditEvent]) -> Result<(), Fault> {
        let Some(first) = entities.first() else { return Ok(()) };
        let rows = entities.iter().map(Model::try_from).collect::<Result<Vec<_>, _>>()?;
        let transaction = self.pools.begin().await?;
        accounts::lock(first.account_id, &transaction).await?;
        let connection = connection::Entity::find_by_id(TextUuid(first.connection_id.as_uuid()));
        let connection = connection
            .select_only()
            .column(connection::Column::Id)
            .filter(connection::Column::AccountId.eq(TextUuid(first.account_id.as_uuid())))
            .into_tuple::<TextUuid>();
        connection.one(&transaction).await?.ok_or(Fault::NoConnection)?;
        // First, so that a name that is taken is told before that there is no room.
        for row in rows {
            registered_entity::Entity::insert(row.into_active_model())
                .exec_without_returning(&transaction)
                .await?;
        }
        let owned = registered_entity::Entity::find().select_only().column(Column::Id);
        let count = owned.filter(of(first.account_id)).count(&transaction).await?;
        if count > limit.into() {
            return Err(Fault::Conflict(ENTITY_LIMIT_CONSTRAINT));
        }
        for event in events {
            audit::record(event, &transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn try_replace(&self, before: &Entity, after: &Entity, event: &AuditEvent) -> Result<bool, Fault> {
        let row = Model::try_from(after)?;
        let change = registered_entity::ActiveModel {
            name: Set(row.name),
            settings: Set(row.settings),
            revision: Set(row.revision),
            updated_at: Set(row.updated_at),
            ..Default::default()
        };
        let transaction = self.pools.begin().await?;
        let update = registered_entity::Entity::update_many()
            .set(change)
            .filter(is(before.account_id, before.id))
            .filter(Column::Revision.eq(i64::from(before.revision)));
        if update.exec(&transaction).await?.rows_affected == 0 {
            return Ok(false);
        }
        audit::record(event, &transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn try_remove(
        &self,
        account_id: AccountId,
        id: EntityId,
        event: &AuditEvent,
    ) -> Result<bool, Fault> {
        let transaction = self.pools.begin().await?;
        let delete = registered_entity::Entity::delete_many().filter(is(account_id, id));
        if delete.exec(&transaction).await?.rows_affected == 0 {
            return Ok(false);
        }
        audit::record(event, &transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

#[async_trait]
impl EntityRepository for SqlEntityRepository {
    async fn insert(&self, entities: &[Entity], limit: u32, events: &[AuditEvent]) -> PortResult<()> {
        self.pools.transact("entities.insert", || self.try_insert(entities, limit, events)).await
    }

    async fn list(&self, account_id: AccountId) -> PortResult<Vec<Entity>> {
        let list = async {
            let query = registered_entity::Entity::find().filter(of(account_id));
            let query = query.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id);
            query.all(self.pools.reads()).await?.into_iter().map(Entity::try_from).collect()
        };
        self.pools.call("entities.list", list).await
    }

    async fn is_known(&self, name: &EntityName) -> PortResult<bool> {
        let find = async {
            let active = account::Entity::find()
                .select_only()
                .column(account::Column::Id)
                .filter(account::Column::DeactivatedAt.is_null())
                .into_query();
            let query = registered_entity::Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(Column::Name.eq(name.as_str()))
                .filter(Column::AccountId.in_subquery(active));
            Ok(query.into_tuple::<TextUuid>().one(self.pools.reads()).await?.is_some())
        };
        self.pools.call("entities.is_known", find).await
    }

    async fn replace(&self, before: &Entity, after: &Entity, event: &AuditEvent) -> PortResult<bool> {
        self.pools.transact("entities.replace", || self.try_replace(before, after, event)).await
    }

    async fn remove(&self, account_id: AccountId, id: EntityId, event: &AuditEvent) -> PortResult<bool> {
        self.pools.transact("entities.remove", || self.try_remove(account_id, id, event)).await
    }
}

/// Those of an account that is active. When their connection goes, they go with it.
fn of(account_id: AccountId) -> Condition {
    let active: SelectStatement = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::is_active(account_id))
        .into_query();
    Condition::all().add(Column::AccountId.in_subquery(active))
}

fn is(account_id: AccountId, id: EntityId) -> Condition {
    of(account_id).add(Column::Id.eq(TextUuid(id.as_uuid())))
}
