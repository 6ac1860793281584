//! Sealed secrets of all accounts, for changing the master key.

use altus4_kernel::{AccountId, KeptSecret, PortResult, SealedPlace, SealedSecret, SealedSecrets};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::TextUuid,
    sea_query::Expr,
};

use crate::{
    entity::{
        api_key, connection,
        kept_answer::{self, Column},
    },
    error::Fault,
    pools::Pools,
};

/// Sealed secrets of rows that have an id of their own, in the order of the ids.
pub(crate) struct SqlSealedSecrets<E: EntityTrait> {
    pools: Pools,
    id: E::Column,
    account_id: E::Column,
    sealed: E::Column,
}

impl SqlSealedSecrets<connection::Entity> {
    /// The passwords of connections.
    pub(crate) fn passwords(pools: Pools) -> Self {
        use connection::Column;
        Self { pools, id: Column::Id, account_id: Column::AccountId, sealed: Column::PasswordSealed }
    }
}

impl SqlSealedSecrets<api_key::Entity> {
    /// The secrets of recoverable keys.
    pub(crate) fn key_secrets(pools: Pools) -> Self {
        use api_key::Column;
        Self { pools, id: Column::Id, account_id: Column::AccountId, sealed: Column::SealedSecret }
    }
}

#[async_trait]
impl<E: EntityTrait<Column: Sync>> SealedSecrets for SqlSealedSecrets<E> {
    async fn list_after(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Vec<KeptSecret>> {
        let list = async {
            let mut query = E::find()
                .select_only()
                .columns([self.account_id, self.id, self.sealed])
                .filter(self.sealed.is_not_null());
            if let Some(after) = after {
                query = query.filter(self.id.gt(after.id));
            }
            let query = query.order_by_asc(self.id).limit(u64::from(limit));
            let rows: Vec<(TextUuid, TextUuid, String)> = query.into_tuple().all(self.pools.reads()).await?;
            Ok(rows
                .into_iter()
                .map(|(account, id, sealed)| kept(account, id.0.to_string(), sealed))
                .collect())
        };
        self.pools.call("sealed_secrets.list_after", list).await
    }

    async fn replace(&self, place: &SealedPlace, old: &SealedSecret, new: &SealedSecret) -> PortResult<bool> {
        let replace = || async {
            let update = E::update_many()
                .col_expr(self.sealed, Expr::value(new.0.as_str()))
                .filter(self.account_id.eq(TextUuid(place.account_id.as_uuid())))
                .filter(self.id.eq(place.id.as_str()))
                .filter(self.sealed.eq(old.0.as_str()));
            Ok(update.exec(self.pools.writes()).await?.rows_affected == 1)
        };
        self.pools.transact("sealed_secrets.replace", replace).await
    }
}

/// The bodies of answers, in the order of their accounts and names.
pub(crate) struct SqlSealedAnswers {
    pools: Pools,
}

impl SqlSealedAnswers {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }
}

#[async_trait]
impl SealedSecrets for SqlSealedAnswers {
    async fn list_after(&self, after: Option<SealedPlace>, limit: u32) -> PortResult<Vec<KeptSecret>> {
        let list = async {
            let mut query = kept_answer::Entity::find()
                .select_only()
                .columns([Column::AccountId, Column::Name, Column::BodySealed])
                .filter(Column::BodySealed.is_not_null());
            if let Some(after) = after {
                let account_id = TextUuid(after.account_id.as_uuid());
                let same = Condition::all()
                    .add(Column::AccountId.eq(account_id))
                    .add(Column::Name.gt(after.id.as_bytes()));
                query = query.filter(Condition::any().add(Column::AccountId.gt(account_id)).add(same));
            }
            let query = query.order_by_asc(Column::AccountId).order_by_asc(Column::Name);
            let query = query.limit(u64::from(limit)).into_tuple::<(TextUuid, Vec<u8>, String)>();
            let rows = query.all(self.pools.reads()).await?;
            rows.into_iter()
                .map(|(account, name, sealed)| {
                    let name = String::from_utf8(name).map_err(|_| Fault::Corrupt("kept_answers.name"))?;
                    Ok(kept(account, name, sealed))
                })
                .collect()
        };
        self.pools.call("sealed_answers.list_after", list).await
    }

    async fn replace(&self, place: &SealedPlace, old: &SealedSecret, new: &SealedSecret) -> PortResult<bool> {
        let replace = || async {
            let update = kept_answer::Entity::update_many()
                .col_expr(Column::BodySealed, Expr::value(new.0.as_str()))
                .filter(Column::AccountId.eq(TextUuid(place.account_id.as_uuid())))
                .filter(Column::Name.eq(place.id.as_bytes()))
                .filter(Column::BodySealed.eq(old.0.as_str()));
            Ok(update.exec(self.pools.writes()).await?.rows_affected == 1)
        };
        self.pools.transact("sealed_answers.replace", replace).await
    }
}

fn kept(account_id: TextUuid, id: String, sealed: String) -> KeptSecret {
    let place = SealedPlace { account_id: AccountId::from_uuid(account_id.0), id };
    KeptSecret { place, sealed: SealedSecret(sealed) }
}
