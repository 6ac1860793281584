//! First answers to requests that may be sent again.

use altus4_api_keys::{AnswerStore, AnswerTimes, Claim, KeyDigest, RetryKey, StoredAnswer};
use altus4_kernel::{PortResult, SealedSecret, Timestamp};
use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    prelude::TextUuid, sea_query::Expr,
};

use crate::{
    accounts,
    entity::kept_answer::{self, Column},
    error::Fault,
    moment::Moment,
    pools::Pools,
};

/// Kept answers in SQL.
pub(crate) struct SqlAnswerStore {
    pools: Pools,
}

impl SqlAnswerStore {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_claim(
        &self,
        key: &RetryKey,
        fingerprint: KeyDigest,
        now: Timestamp,
        times: AnswerTimes,
    ) -> Result<Claim, Fault> {
        let transaction = self.pools.begin().await?;
        // One claim of an account at a time: a row that isn't there yet can't be locked.
        accounts::lock(key.account_id, &transaction).await?;
        let query = kept_answer::Entity::find().filter(is(key)).lock_exclusive();
        let row = query.one(&transaction).await?;
        if let Some(row) = &row
            && let Some(standing) = standing(row, fingerprint, now, times)?
        {
            return Ok(standing);
        }
        let claim = kept_answer::Model {
            account_id: TextUuid(key.account_id.as_uuid()),
            name: key.name.as_bytes().to_vec(),
            fingerprint: fingerprint.0.to_vec(),
            claimed_at: now.into(),
            status: None,
            body_sealed: None,
        };
        if row.is_some() {
            let claim = kept_answer::ActiveModel {
                fingerprint: Set(claim.fingerprint),
                claimed_at: Set(claim.claimed_at),
                status: Set(None),
                body_sealed: Set(None),
                ..Default::default()
            };
            kept_answer::Entity::update_many().set(claim).filter(is(key)).exec(&transaction).await?;
        } else {
            let claim = claim.into_active_model();
            kept_answer::Entity::insert(claim).exec_without_returning(&transaction).await?;
        }
        transaction.commit().await?;
        Ok(Claim::Granted)
    }
}

#[async_trait]
impl AnswerStore for SqlAnswerStore {
    async fn claim(
        &self,
        key: &RetryKey,
        fingerprint: KeyDigest,
        now: Timestamp,
        times: AnswerTimes,
    ) -> PortResult<Claim> {
        self.pools.transact("answers.claim", || self.try_claim(key, fingerprint, now, times)).await
    }

    async fn keep(&self, key: &RetryKey, answer: &StoredAnswer) -> PortResult<()> {
        let keep = || async {
            kept_answer::Entity::update_many()
                .col_expr(Column::Status, Expr::value(i32::from(answer.status)))
                .col_expr(Column::BodySealed, Expr::value(answer.body.0.as_str()))
                .filter(is(key))
                .filter(Column::Status.is_null())
                .exec(self.pools.writes())
                .await?;
            Ok(())
        };
        self.pools.transact("answers.keep", keep).await
    }

    async fn release(&self, key: &RetryKey) -> PortResult<()> {
        let release = || async {
            let delete = kept_answer::Entity::delete_many().filter(is(key)).filter(Column::Status.is_null());
            delete.exec(self.pools.writes()).await?;
            Ok(())
        };
        self.pools.transact("answers.release", release).await
    }

    async fn purge(&self, before: Timestamp) -> PortResult<u64> {
        let purge = || async {
            let delete =
                kept_answer::Entity::delete_many().filter(Column::ClaimedAt.lt(Moment::from(before)));
            Ok(delete.exec(self.pools.writes()).await?.rows_affected)
        };
        self.pools.transact("answers.purge", purge).await
    }
}

fn is(key: &RetryKey) -> Condition {
    Condition::all()
        .add(Column::AccountId.eq(TextUuid(key.account_id.as_uuid())))
        .add(Column::Name.eq(key.name.as_bytes()))
}

/// What a row says to a new claim; `None` where it says nothing any more.
fn standing(
    row: &kept_answer::Model,
    fingerprint: KeyDigest,
    now: Timestamp,
    times: AnswerTimes,
) -> Result<Option<Claim>, Fault> {
    let claimed_at = Timestamp::from(row.claimed_at);
    if claimed_at + times.lifetime <= now {
        return Ok(None);
    }
    if row.fingerprint != fingerprint.0 {
        return Ok(Some(Claim::Different));
    }
    let Some((status, body)) = row.status.zip(row.body_sealed.as_ref()) else {
        return Ok((claimed_at + times.lease > now).then_some(Claim::UnderWay));
    };
    let status = status.try_into().map_err(|_| Fault::Corrupt("kept_answers.status"))?;
    Ok(Some(Claim::Answered(StoredAnswer { status, body: SealedSecret(body.clone()) })))
}
