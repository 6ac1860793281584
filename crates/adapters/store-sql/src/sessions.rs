//! Sessions and the rotation of their refresh tokens.

use altus4_kernel::{AccountId, AuditEvent, PortResult, SessionId, Timestamp};
use altus4_users::{Account, LiveSession, RefreshRotation, RefreshTokenDigest, Session, SessionRepository};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, DerivePartialModel, EntityTrait, IntoActiveModel, JoinType,
    QueryFilter, QueryOrder, QuerySelect, RelationTrait, UpdateMany, prelude::TextUuid, sea_query::Expr,
};

use crate::{
    audit,
    entity::{
        account::{self, AccountRow},
        session::{self, Column},
        spent_refresh_token,
    },
    error::Fault,
    moment::Moment,
    pools::Pools,
};

/// Sessions in SQL.
pub(crate) struct SqlSessionRepository {
    pools: Pools,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "session::Entity")]
struct LiveRow {
    #[sea_orm(nested)]
    session: session::Model,
    #[sea_orm(nested)]
    account: AccountRow,
}

impl SqlSessionRepository {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_insert(&self, session: &Session, event: &AuditEvent) -> Result<(), Fault> {
        let transaction = self.pools.begin().await?;
        // The account first: a row that refers to it takes a weaker lock on it, from which two
        // logins at once could not both go on to this one.
        if touch_account(session.account_id, session.created_at).exec(&transaction).await?.rows_affected == 0
        {
            return Err(Fault::NoAccount);
        }
        let row = session::Model::from(session).into_active_model();
        session::Entity::insert(row).exec_without_returning(&transaction).await?;
        audit::record(event, &transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Runs an update that ends sessions; how many it ended.
    async fn try_end(&self, end: UpdateMany<session::Entity>, event: &AuditEvent) -> Result<u64, Fault> {
        let transaction = self.pools.begin().await?;
        let ended = end.exec(&transaction).await?.rows_affected;
        if ended > 0 {
            audit::record(event, &transaction).await?;
            transaction.commit().await?;
        }
        Ok(ended)
    }

    async fn try_purge(&self, before: Timestamp, most: u32) -> Result<u64, Fault> {
        // By their ids, the oldest first: neither back end can delete so many and no more.
        let over = session::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(was_over(before))
            .order_by_asc(Column::Id)
            .limit(u64::from(most))
            .into_tuple::<TextUuid>()
            .all(self.pools.reads())
            .await?;
        if over.is_empty() {
            return Ok(0);
        }
        // Their spent tokens go with them.
        let delete = session::Entity::delete_many().filter(Column::Id.is_in(over)).filter(was_over(before));
        Ok(delete.exec(self.pools.writes()).await?.rows_affected)
    }

    async fn try_rotate(
        &self,
        presented: &RefreshTokenDigest,
        next: &RefreshTokenDigest,
        now: Timestamp,
        expires_at: Timestamp,
        reuse: &AuditEvent,
    ) -> Result<RefreshRotation, Fault> {
        let transaction = self.pools.begin().await?;
        // Another call with the same token waits here, and then finds it among the spent ones.
        let query = session::Entity::find().filter(Column::RefreshDigest.eq(presented.0.to_vec()));
        let Some(row) = query.lock_exclusive().one(&transaction).await? else {
            return end_if_spent(transaction, presented, now, reuse).await;
        };
        let over = row.ended_at.is_some() || Timestamp::from(row.expires_at) <= now;
        let account = if over { None } else { active_account(&row, &transaction).await? };
        let Some(account) = account else {
            return Ok(RefreshRotation::Unknown);
        };

        let spent = spent_refresh_token::Model {
            digest: presented.0.to_vec(),
            session_id: row.id,
            spent_at: now.into(),
        };
        spent_refresh_token::Entity::insert(spent.into_active_model())
            .exec_without_returning(&transaction)
            .await?;
        session::Entity::update_many()
            .col_expr(Column::RefreshDigest, Expr::value(next.0.to_vec()))
            .col_expr(Column::LastUsed, Expr::value(Moment::from(now)))
            .col_expr(Column::ExpiresAt, Expr::value(Moment::from(expires_at)))
            .filter(Column::Id.eq(row.id))
            .exec(&transaction)
            .await?;
        touch_account(account.id, now).exec(&transaction).await?;
        transaction.commit().await?;

        let session = Session { refresh_digest: *next, last_used: now, expires_at, ..row.try_into()? };
        Ok(RefreshRotation::Rotated(LiveSession {
            session,
            account: Account { last_active: now, ..account },
        }))
    }
}

#[async_trait]
impl SessionRepository for SqlSessionRepository {
    async fn insert(&self, session: &Session, event: &AuditEvent) -> PortResult<()> {
        self.pools.transact("sessions.insert", || self.try_insert(session, event)).await
    }

    async fn find_live(&self, id: SessionId, now: Timestamp) -> PortResult<Option<LiveSession>> {
        let find = async {
            let row = session::Entity::find_by_id(TextUuid(id.as_uuid()))
                .join(JoinType::InnerJoin, session::Relation::Account.def())
                .filter(is_live(now))
                .filter(account::Column::DeactivatedAt.is_null())
                .into_partial_model::<LiveRow>()
                .one(self.pools.reads())
                .await?;
            row.map(|row| {
                let (session, account) = (row.session.try_into()?, row.account.try_into()?);
                Ok::<_, Fault>(LiveSession { session, account })
            })
            .transpose()
        };
        self.pools.call("sessions.find_live", find).await
    }

    async fn list_live(&self, account_id: AccountId, now: Timestamp) -> PortResult<Vec<Session>> {
        let list = async {
            let rows = session::Entity::find()
                .join(JoinType::InnerJoin, session::Relation::Account.def())
                .filter(is_of(account_id))
                .filter(is_live(now))
                .filter(account::Column::DeactivatedAt.is_null())
                .order_by_desc(Column::CreatedAt)
                .order_by_desc(Column::Id)
                .all(self.pools.reads())
                .await?;
            rows.into_iter().map(Session::try_from).collect()
        };
        self.pools.call("sessions.list_live", list).await
    }

    async fn rotate(
        &self,
        presented: &RefreshTokenDigest,
        next: &RefreshTokenDigest,
        now: Timestamp,
        expires_at: Timestamp,
        reuse: &AuditEvent,
    ) -> PortResult<RefreshRotation> {
        let rotate = || self.try_rotate(presented, next, now, expires_at, reuse);
        self.pools.transact("sessions.rotate", rotate).await
    }

    async fn end(
        &self,
        account_id: AccountId,
        id: SessionId,
        now: Timestamp,
        event: &AuditEvent,
    ) -> PortResult<bool> {
        let end = || self.try_end(end_live(now).filter(is_of(account_id)).filter(is(id)), event);
        Ok(self.pools.transact("sessions.end", end).await? > 0)
    }

    async fn end_all(&self, account_id: AccountId, now: Timestamp, event: &AuditEvent) -> PortResult<u64> {
        let end = || self.try_end(end_live(now).filter(is_of(account_id)), event);
        self.pools.transact("sessions.end_all", end).await
    }

    async fn purge(&self, before: Timestamp, most: u32) -> PortResult<u64> {
        self.pools.transact("sessions.purge", || self.try_purge(before, most)).await
    }
}

/// Ends the sessions of an account, within the transaction that is the reason.
pub(crate) async fn end_all_but(
    keep: Option<SessionId>,
    account_id: AccountId,
    now: Timestamp,
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    let mut end = end_live(now).filter(is_of(account_id));
    if let Some(keep) = keep {
        end = end.filter(Column::Id.ne(TextUuid(keep.as_uuid())));
    }
    end.exec(transaction).await?;
    Ok(())
}

fn is(id: SessionId) -> Condition {
    Condition::all().add(Column::Id.eq(TextUuid(id.as_uuid())))
}

fn is_of(account_id: AccountId) -> Condition {
    Condition::all().add(Column::AccountId.eq(TextUuid(account_id.as_uuid())))
}

fn is_live(now: Timestamp) -> Condition {
    Condition::all().add(Column::EndedAt.is_null()).add(Column::ExpiresAt.gt(Moment::from(now)))
}

fn was_over(before: Timestamp) -> Condition {
    let before = Moment::from(before);
    Condition::any().add(Column::EndedAt.lt(before)).add(Column::ExpiresAt.lt(before))
}

fn end_live(now: Timestamp) -> UpdateMany<session::Entity> {
    session::Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(Moment::from(now)))
        .filter(is_live(now))
}

fn touch_account(id: AccountId, now: Timestamp) -> UpdateMany<account::Entity> {
    account::Entity::update_many()
        .col_expr(account::Column::LastActive, Expr::value(Moment::from(now)))
        .filter(account::is_active(id))
}

async fn active_account(
    row: &session::Model,
    transaction: &DatabaseTransaction,
) -> Result<Option<Account>, Fault> {
    let query = account::Entity::find().filter(account::is_active(AccountId::from_uuid(row.account_id.0)));
    let found = query.into_partial_model::<AccountRow>().one(transaction).await?;
    found.map(Account::try_from).transpose()
}

/// A token that is nobody's present one: if it was someone's once, a copy of it is about.
async fn end_if_spent(
    transaction: DatabaseTransaction,
    presented: &RefreshTokenDigest,
    now: Timestamp,
    reuse: &AuditEvent,
) -> Result<RefreshRotation, Fault> {
    let spent = spent_refresh_token::Entity::find_by_id(presented.0.to_vec()).one(&transaction).await?;
    let Some(spent) = spent else {
        return Ok(RefreshRotation::Unknown);
    };
    let ended = end_live(now).filter(Column::Id.eq(spent.session_id)).exec(&transaction).await?;
    if ended.rows_affected > 0
        && let Some(session) = session::Entity::find_by_id(spent.session_id).one(&transaction).await?
    {
        let account_id = AccountId::from_uuid(session.account_id.0);
        let reuse = reuse.clone().in_log_of(account_id).about(SessionId::from_uuid(session.id.0));
        audit::record(&reuse, &transaction).await?;
    }
    transaction.commit().await?;
    Ok(RefreshRotation::Reused)
}
