//! The audit log.

use altus4_kernel::{AuditEvent, AuditFilter, AuditLog, Page, PageRequest, PortResult};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::{
    entity::audit_event::{self, Column},
    error::Fault,
    pools::Pools,
};

/// The audit log in SQL.
pub(crate) struct SqlAuditLog {
    pools: Pools,
}

impl SqlAuditLog {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }
}

/// Keeps an event: within the transaction of what it is about, where it is about a change.
pub(crate) async fn record(event: &AuditEvent, connection: &impl ConnectionTrait) -> Result<(), Fault> {
    let row = audit_event::Model::from(event).into_active_model();
    audit_event::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}

#[async_trait]
impl AuditLog for SqlAuditLog {
    async fn append(&self, event: &AuditEvent) -> PortResult<()> {
        self.pools.transact("audit.append", || record(event, self.pools.writes())).await
    }

    async fn list(&self, filter: &AuditFilter, page: PageRequest) -> PortResult<Page<AuditEvent>> {
        let list = async {
            let mut query = audit_event::Entity::find();
            if let Some(id) = filter.account_id {
                query = query.filter(Column::AccountId.eq(id.to_string()));
            }
            let total = query.clone().count(self.pools.reads()).await?;
            let rows = query
                .order_by_desc(Column::Id)
                .offset(page.offset())
                .limit(u64::from(page.limit()))
                .all(self.pools.reads())
                .await?;
            let items = rows.into_iter().map(AuditEvent::try_from).collect::<Result<_, _>>()?;
            Ok(Page { items, total })
        };
        self.pools.call("audit.list", list).await
    }
}
