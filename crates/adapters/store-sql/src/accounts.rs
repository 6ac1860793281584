//! What repositories ask of an account in common, and its end.

use altus4_kernel::{AccountId, Plan, Role, Timestamp};
use altus4_users::LAST_ADMIN_CONSTRAINT;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DerivePartialModel, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, prelude::TextUuid, sea_query::Expr,
};

use crate::{
    entity::{account, api_key, connection, kept_answer, saved_search},
    error::Fault,
    moment::Moment,
    search_log, sessions,
};

/// Locks an active account until the transaction ends: counting what an account has, and adding to
/// it, happens one call at a time.
pub(crate) async fn lock(id: AccountId, transaction: &DatabaseTransaction) -> Result<(), Fault> {
    let query = account::Entity::find().select_only().column(account::Column::Id);
    let locked = query
        .filter(account::is_active(id))
        .lock_exclusive()
        .into_tuple::<TextUuid>()
        .one(transaction)
        .await?;
    locked.map(drop).ok_or(Fault::NoAccount)
}

/// The plan of an active account.
pub(crate) async fn plan_of(id: AccountId, connection: &impl ConnectionTrait) -> Result<Option<Plan>, Fault> {
    let query = account::Entity::find().select_only().column(account::Column::Plan);
    let plan = query.filter(account::is_active(id)).into_tuple::<String>().one(connection).await?;
    plan.as_deref().map(account::plan).transpose()
}

/// What decides whether an account may be taken away.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "account::Entity")]
pub(crate) struct StandingRow {
    role: String,
    pub(crate) deactivated_at: Option<Moment>,
}

impl StandingRow {
    fn is_admin(&self) -> bool {
        self.role == Role::Admin.as_str() && self.deactivated_at.is_none()
    }
}

/// Locks an account that is to be no active administrator afterwards; a conflict when it is the last
/// one. `None` when there is no such account, active or not.
pub(crate) async fn take_from_admins(
    id: AccountId,
    transaction: &DatabaseTransaction,
) -> Result<Option<StandingRow>, Fault> {
    let query = account::Entity::find_by_id(TextUuid(id.as_uuid()));
    let standing = query.clone().into_partial_model::<StandingRow>().one(transaction).await?;
    let Some(standing) = standing else { return Ok(None) };
    // All who take an administrator away lock all of them first, in one order, and count one at a
    // time.
    let mut admins = if standing.is_admin() { lock_admins(transaction).await? } else { Vec::new() };
    let Some(standing) = query.lock_exclusive().into_partial_model::<StandingRow>().one(transaction).await?
    else {
        return Ok(None);
    };
    if standing.is_admin() {
        let own = TextUuid(id.as_uuid());
        if !admins.contains(&own) {
            // It became one meanwhile.
            admins = lock_admins(transaction).await?;
        }
        if admins == [own] {
            return Err(Fault::Conflict(LAST_ADMIN_CONSTRAINT));
        }
    }
    Ok(Some(standing))
}

async fn lock_admins(transaction: &DatabaseTransaction) -> Result<Vec<TextUuid>, Fault> {
    let query = account::Entity::find().select_only().column(account::Column::Id);
    let admins = query
        .filter(account::Column::Role.eq(Role::Admin.as_str()))
        .filter(account::Column::DeactivatedAt.is_null())
        .order_by_asc(account::Column::Id)
        .lock_exclusive()
        .into_tuple::<TextUuid>()
        .all(transaction)
        .await?;
    Ok(admins)
}

/// Deactivates an account within a transaction, with everything that lets anybody in or out.
pub(crate) async fn deactivate(
    id: AccountId,
    now: Timestamp,
    transaction: &DatabaseTransaction,
) -> Result<(), Fault> {
    account::Entity::update_many()
        .col_expr(account::Column::DeactivatedAt, Expr::value(Moment::from(now)))
        .col_expr(account::Column::ActiveEmail, Expr::value(None::<String>))
        .filter(account::is_active(id))
        .exec(transaction)
        .await?;
    sessions::end_all_but(None, id, now, transaction).await?;
    api_key::Entity::update_many()
        .col_expr(api_key::Column::RevokedAt, Expr::value(Moment::from(now)))
        .col_expr(api_key::Column::SealedSecret, Expr::value(None::<String>))
        .filter(api_key::Column::AccountId.eq(TextUuid(id.as_uuid())))
        .filter(api_key::Column::RevokedAt.is_null())
        .exec(transaction)
        .await?;
    // Answers hold the secrets of keys, sealed.
    kept_answer::Entity::delete_many()
        .filter(kept_answer::Column::AccountId.eq(TextUuid(id.as_uuid())))
        .exec(transaction)
        .await?;
    connection::Entity::delete_many()
        .filter(connection::Column::AccountId.eq(TextUuid(id.as_uuid())))
        .exec(transaction)
        .await?;
    saved_search::Entity::delete_many()
        .filter(saved_search::Column::AccountId.eq(TextUuid(id.as_uuid())))
        .exec(transaction)
        .await?;
    search_log::remove_all_of(id, transaction).await
}
