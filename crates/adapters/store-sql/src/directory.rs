//! Accounts as administrators see them.

use altus4_kernel::{AccountId, AuditEvent, Page, PageRequest, PortResult, Role, Timestamp};
use altus4_users::{AccountChange, AccountDirectory, AccountFilter, ListedAccount};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DerivePartialModel, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
    prelude::TextUuid,
    sea_query::{Expr, Func},
};

use crate::{
    accounts, audit,
    entity::account::{self, AccountRow, Column},
    error::Fault,
    moment::Moment,
    pools::Pools,
};

/// All accounts in SQL.
pub(crate) struct SqlAccountDirectory {
    pools: Pools,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "account::Entity")]
struct ListedRow {
    #[sea_orm(nested)]
    account: AccountRow,
    deactivated_at: Option<Moment>,
}

impl TryFrom<ListedRow> for ListedAccount {
    type Error = Fault;

    fn try_from(row: ListedRow) -> Result<Self, Fault> {
        Ok(Self { account: row.account.try_into()?, deactivated_at: row.deactivated_at.map(Into::into) })
    }
}

impl SqlAccountDirectory {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_change(
        &self,
        id: AccountId,
        change: &AccountChange,
        now: Timestamp,
        events: &[AuditEvent],
    ) -> Result<Option<ListedAccount>, Fault> {
        let transaction = self.pools.begin().await?;
        if change.is_active == Some(false) || change.role == Some(Role::User) {
            accounts::take_from_admins(id, &transaction).await?;
        }
        let mut update = account::Entity::update_many()
            .col_expr(Column::Role, change.role.map_or(Expr::col(Column::Role), |role| role.as_str().into()))
            .col_expr(Column::Plan, change.plan.map_or(Expr::col(Column::Plan), |plan| plan.as_str().into()))
            .filter(Column::Id.eq(TextUuid(id.as_uuid())));
        if change.is_active == Some(true) {
            update = update
                .col_expr(Column::DeactivatedAt, Expr::value(None::<Moment>))
                .col_expr(Column::ActiveEmail, Expr::col(Column::Email));
        }
        if update.exec(&transaction).await?.rows_affected == 0 {
            return Ok(None);
        }
        if change.is_active == Some(false) {
            accounts::deactivate(id, now, &transaction).await?;
        }
        let changed = get(id, &transaction).await?;
        for event in events {
            audit::record(event, &transaction).await?;
        }
        transaction.commit().await?;
        Ok(changed)
    }
}

#[async_trait]
impl AccountDirectory for SqlAccountDirectory {
    async fn list(&self, filter: &AccountFilter, page: PageRequest) -> PortResult<Page<ListedAccount>> {
        let list = async {
            let query = account::Entity::find().filter(matching(filter));
            let total = query.clone().count(self.pools.reads()).await?;
            let rows = query
                .order_by_desc(Column::Id)
                .offset(page.offset())
                .limit(u64::from(page.limit()))
                .into_partial_model::<ListedRow>()
                .all(self.pools.reads())
                .await?;
            let items = rows.into_iter().map(ListedAccount::try_from).collect::<Result<_, _>>()?;
            Ok(Page { items, total })
        };
        self.pools.call("directory.list", list).await
    }

    async fn get(&self, id: AccountId) -> PortResult<Option<ListedAccount>> {
        self.pools.call("directory.get", get(id, self.pools.reads())).await
    }

    async fn change(
        &self,
        id: AccountId,
        change: &AccountChange,
        now: Timestamp,
        events: &[AuditEvent],
    ) -> PortResult<Option<ListedAccount>> {
        let change = || self.try_change(id, change, now, events);
        self.pools.transact("directory.change", change).await
    }
}

async fn get(id: AccountId, connection: &impl ConnectionTrait) -> Result<Option<ListedAccount>, Fault> {
    let query = account::Entity::find_by_id(TextUuid(id.as_uuid()));
    let row = query.into_partial_model::<ListedRow>().one(connection).await?;
    row.map(ListedAccount::try_from).transpose()
}

fn matching(filter: &AccountFilter) -> Condition {
    let mut all = Condition::all();
    if let Some(role) = filter.role {
        all = all.add(Column::Role.eq(role.as_str()));
    }
    if let Some(plan) = filter.plan {
        all = all.add(Column::Plan.eq(plan.as_str()));
    }
    if let Some(part) = &filter.search {
        all = all.add(Condition::any().add(has(Column::Email, part)).add(has(Column::Name, part)));
    }
    all
}

/// Whether a column has this text in it, in either case. `LIKE` would take some characters for more
/// than they are.
fn has(column: Column, part: &str) -> Expr {
    use sea_orm::sea_query::ExprTrait;
    let lower = |text: Expr| Expr::from(Func::lower(text));
    Expr::from(Func::cust("INSTR").args([lower(Expr::col(column)), lower(Expr::value(part))])).gt(0)
}
