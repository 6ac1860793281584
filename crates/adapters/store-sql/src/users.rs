//! Accounts.

use altus4_kernel::{AccountId, PortResult};
use altus4_users::{Account, AccountWithHash, Email, NewAccount, PasswordHash, Session, UserRepository};
use async_trait::async_trait;
use sea_orm::{ColumnTrait, DerivePartialModel, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr};

use crate::{
    entity::account::{self, AccountRow},
    entity::session,
    error::Fault,
    pools::Pools,
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
}

#[async_trait]
impl UserRepository for SqlUserRepository {
    async fn insert(&self, account: &NewAccount, first_session: &Session) -> PortResult<()> {
        let insert = || async {
            let transaction = self.pools.begin().await?;
            let account = account::Model::from(account).into_active_model();
            account::Entity::insert(account).exec_without_returning(&transaction).await?;
            let session = session::Model::from(first_session).into_active_model();
            session::Entity::insert(session).exec_without_returning(&transaction).await?;
            Ok(transaction.commit().await?)
        };
        self.pools.transact("users.insert", insert).await
    }

    async fn find(&self, id: AccountId) -> PortResult<Option<Account>> {
        let find = async {
            let query = account::Entity::find().filter(account::is_active(id));
            let row = query.into_partial_model::<AccountRow>().one(self.pools.reads()).await?;
            row.map(Account::try_from).transpose()
        };
        self.pools.call("users.find", find).await
    }

    async fn find_by_email(&self, email: &Email) -> PortResult<Option<AccountWithHash>> {
        let find = async {
            let query = account::Entity::find().filter(account::Column::ActiveEmail.eq(email.as_str()));
            let row = query.into_partial_model::<LoginRow>().one(self.pools.reads()).await?;
            row.map(|row| {
                let password = PasswordHash::new(row.password_hash);
                Ok::<_, Fault>(AccountWithHash { account: row.account.try_into()?, password })
            })
            .transpose()
        };
        self.pools.call("users.find_by_email", find).await
    }

    async fn replace_password_hash(
        &self,
        id: AccountId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> PortResult<bool> {
        let replace = || async {
            let update = account::Entity::update_many()
                .col_expr(account::Column::PasswordHash, Expr::value(new.expose()))
                .filter(account::is_active(id))
                .filter(account::Column::PasswordHash.eq(old.expose()));
            Ok(update.exec(self.pools.writes()).await?.rows_affected > 0)
        };
        self.pools.transact("users.replace_password_hash", replace).await
    }
}
