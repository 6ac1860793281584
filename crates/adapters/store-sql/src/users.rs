//! Accounts.

use altus4_kernel::{AccountId, AuditEvent, PortResult, Timestamp};
use altus4_users::{
    Account, AccountWithHash, Email, NewAccount, PasswordChange, PasswordHash, ProfileChange, Session,
    UserRepository,
};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, DerivePartialModel, EntityTrait, IntoActiveModel,
    QueryFilter, sea_query::Expr,
};

use crate::{
    accounts, audit,
    entity::{
        account::{self, AccountRow, Column},
        session,
    },
    error::Fault,
    moment::Moment,
    pools::Pools,
    sessions, usage,
};

/// Accounts in SQL.
pub(crate) struct SqlUserRepository {
    pools: Pools,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "account::Entity")]
struct LoginRow {
    #[sea_orm(nested)]
    account: AccountRow,
    password_hash: String,
}

impl SqlUserRepository {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_insert(
        &self,
        account: &NewAccount,
        first_session: Option<&Session>,
        event: &AuditEvent,
    ) -> Result<(), Fault> {
        let transaction = self.pools.begin().await?;
        let account = account::Model::from(account).into_active_model();
        account::Entity::insert(account).exec_without_returning(&transaction).await?;
        if let Some(session) = first_session {
            let session = session::Model::from(session).into_active_model();
            session::Entity::insert(session).exec_without_returning(&transaction).await?;
        }
        audit::record(event, &transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn find_one(&self, filter: Condition) -> Result<Option<AccountWithHash>, Fault> {
        let query = account::Entity::find().filter(filter);
        let row = query.into_partial_model::<LoginRow>().one(self.pools.reads()).await?;
        row.map(|row| {
            let password = PasswordHash::new(row.password_hash);
            Ok(AccountWithHash { account: row.account.try_into()?, password })
        })
        .transpose()
    }

    async fn try_change_password(
        &self,
        id: AccountId,
        change: &PasswordChange,
        event: &AuditEvent,
    ) -> Result<bool, Fault> {
        let transaction = self.pools.begin().await?;
        let mut update = account::Entity::update_many()
            .col_expr(Column::PasswordHash, Expr::value(change.new.expose()))
            .filter(account::is_active(id));
        if let Some(old) = &change.old {
            update = update.filter(Column::PasswordHash.eq(old.expose()));
        }
        if update.exec(&transaction).await?.rows_affected == 0 {
            return Ok(false);
        }
        sessions::end_all_but(change.keep, id, change.at, &transaction).await?;
        audit::record(event, &transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn try_update_profile(
        &self,
        id: AccountId,
        change: &ProfileChange,
        event: &AuditEvent,
    ) -> Result<Option<Account>, Fault> {
        let transaction = self.pools.begin().await?;
        let mut update = account::Entity::update_many().filter(account::is_active(id));
        // Something is always set: an update of nothing is no statement.
        let present = || Expr::col(Column::Name);
        let name = change.name.as_ref().map_or_else(present, |name| Expr::value(name.as_str()));
        update = update.col_expr(Column::Name, name);
        if let Some(email) = &change.email {
            update = update
                .col_expr(Column::Email, Expr::value(email.as_str()))
                .col_expr(Column::ActiveEmail, Expr::value(email.as_str()));
        }
        if update.exec(&transaction).await?.rows_affected == 0 {
            return Ok(None);
        }
        let changed = find_active(id, &transaction).await?;
        audit::record(event, &transaction).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    async fn try_deactivate(&self, id: AccountId, now: Timestamp, event: &AuditEvent) -> Result<bool, Fault> {
        let transaction = self.pools.begin().await?;
        if accounts::take_from_admins(id, &transaction).await?.is_none_or(|row| row.deactivated_at.is_some())
        {
            return Ok(false);
        }
        accounts::deactivate(id, now, &transaction).await?;
        audit::record(event, &transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

async fn find_active(id: AccountId, transaction: &DatabaseTransaction) -> Result<Option<Account>, Fault> {
    let query = account::Entity::find().filter(account::is_active(id));
    let row = query.into_partial_model::<AccountRow>().one(transaction).await?;
    row.map(Account::try_from).transpose()
}

#[async_trait]
impl UserRepository for SqlUserRepository {
    async fn insert(
        &self,
        account: &NewAccount,
        first_session: &Session,
        event: &AuditEvent,
    ) -> PortResult<()> {
        let insert = || self.try_insert(account, Some(first_session), event);
        self.pools.transact("users.insert", insert).await
    }

    async fn insert_without_session(&self, account: &NewAccount, event: &AuditEvent) -> PortResult<()> {
        let insert = || self.try_insert(account, None, event);
        self.pools.transact("users.insert_without_session", insert).await
    }

    async fn find(&self, id: AccountId) -> PortResult<Option<Account>> {
        let find = async {
            let query = account::Entity::find().filter(account::is_active(id));
            let row = query.into_partial_model::<AccountRow>().one(self.pools.reads()).await?;
            row.map(Account::try_from).transpose()
        };
        self.pools.call("users.find", find).await
    }

    async fn find_with_hash(&self, id: AccountId) -> PortResult<Option<AccountWithHash>> {
        self.pools.call("users.find_with_hash", self.find_one(account::is_active(id))).await
    }

    async fn find_by_email(&self, email: &Email) -> PortResult<Option<AccountWithHash>> {
        let filter = Condition::all().add(Column::ActiveEmail.eq(email.as_str()));
        self.pools.call("users.find_by_email", self.find_one(filter)).await
    }

    async fn replace_password_hash(
        &self,
        id: AccountId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> PortResult<bool> {
        let replace = || async {
            let update = account::Entity::update_many()
                .col_expr(Column::PasswordHash, Expr::value(new.expose()))
                .filter(account::is_active(id))
                .filter(Column::PasswordHash.eq(old.expose()));
            Ok(update.exec(self.pools.writes()).await?.rows_affected > 0)
        };
        self.pools.transact("users.replace_password_hash", replace).await
    }

    async fn change_password(
        &self,
        id: AccountId,
        change: &PasswordChange,
        event: &AuditEvent,
    ) -> PortResult<bool> {
        let change = || self.try_change_password(id, change, event);
        self.pools.transact("users.change_password", change).await
    }

    async fn update_profile(
        &self,
        id: AccountId,
        change: &ProfileChange,
        event: &AuditEvent,
    ) -> PortResult<Option<Account>> {
        let update = || self.try_update_profile(id, change, event);
        self.pools.transact("users.update_profile", update).await
    }

    async fn deactivate(&self, id: AccountId, now: Timestamp, event: &AuditEvent) -> PortResult<bool> {
        self.pools.transact("users.deactivate", || self.try_deactivate(id, now, event)).await
    }

    async fn purge_deactivated(&self, before: Timestamp) -> PortResult<u64> {
        // First what there may be very much of: in steps, each with a time limit of its own.
        let purge_requests = || usage::purge_requests_of_deactivated(&self.pools, before);
        while self.pools.transact("users.purge_requests", purge_requests).await? > 0 {}
        let purge = || async {
            let gone = Column::DeactivatedAt.lt(Moment::from(before));
            let delete = account::Entity::delete_many().filter(gone);
            Ok(delete.exec(self.pools.writes()).await?.rows_affected)
        };
        self.pools.transact("users.purge_deactivated", purge).await
    }
}
