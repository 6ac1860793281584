//! What the repositories of an account's things ask of the account.

use altus4_kernel::{AccountId, Plan};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, prelude::TextUuid,
};

use crate::{entity::account, error::Fault};

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
