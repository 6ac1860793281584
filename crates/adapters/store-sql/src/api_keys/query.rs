//! Parts of statements about keys.

use altus4_api_keys::{KeyChange, KeyFilter, KeyStatus, StoredDigest};
use altus4_kernel::{AccountId, ApiKeyId, Timestamp};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, EntityTrait, JoinType, PartialModelTrait, QueryFilter,
    QuerySelect, RelationTrait, Select, UpdateMany, prelude::TextUuid, sea_query::Expr,
};

use crate::{
    entity::{
        account,
        api_key::{self, Column, KeyRow},
    },
    error::Fault,
    moment::Moment,
};

#[derive(DerivePartialModel)]
#[sea_orm(entity = "api_key::Entity")]
pub(super) struct HolderRow {
    #[sea_orm(nested)]
    pub(super) key: KeyRow,
    digest: Vec<u8>,
    digest_secret_id: String,
    previous_digest: Option<Vec<u8>>,
    previous_digest_secret_id: Option<String>,
    previous_good_until: Option<Moment>,
    #[sea_orm(nested)]
    pub(super) account: GradeRow,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "account::Entity")]
pub(super) struct GradeRow {
    pub(super) role: String,
    pub(super) plan: String,
}

impl HolderRow {
    /// The digest among these that the row was found by, and until when that one is good.
    pub(super) fn found_under(
        &self,
        asked: &[StoredDigest],
    ) -> Result<Option<(StoredDigest, Option<Moment>)>, Fault> {
        let present = api_key::stored_digest(&self.digest, &self.digest_secret_id)?;
        if asked.contains(&present) {
            return Ok(Some((present, None)));
        }
        let (Some(digest), Some(secret_id)) = (&self.previous_digest, &self.previous_digest_secret_id) else {
            return Ok(None);
        };
        let previous = api_key::stored_digest(digest, secret_id)?;
        Ok(asked.contains(&previous).then_some((previous, self.previous_good_until)))
    }
}

/// The digests, the last one repeated until there are 4, 8, 12 …: lists of any length would each be
/// a statement of its own, to be prepared and kept. `None` where there are none.
pub(super) fn padded(digests: &[StoredDigest]) -> Option<Vec<Vec<u8>>> {
    let last = digests.last()?;
    let repeated = digests.iter().chain(std::iter::repeat(last)).map(|stored| stored.digest.0.to_vec());
    Some(repeated.take(digests.len().next_multiple_of(4)).collect())
}

/// The keys of active accounts for which this holds.
pub(super) fn holders(which: Expr) -> Select<api_key::Entity> {
    let query = api_key::Entity::find()
        .join(JoinType::InnerJoin, api_key::Relation::Account.def())
        .filter(which)
        .filter(account::Column::DeactivatedAt.is_null());
    HolderRow::select_cols(query.select_only())
}

pub(super) fn is_of(account_id: AccountId) -> Condition {
    Condition::all().add(Column::AccountId.eq(TextUuid(account_id.as_uuid())))
}

pub(super) fn is(account_id: AccountId, id: ApiKeyId) -> Condition {
    is_of(account_id).add(Column::Id.eq(TextUuid(id.as_uuid())))
}

pub(super) fn matching(filter: KeyFilter, now: Moment) -> Condition {
    let mut all = Condition::all();
    if let Some(status) = filter.status {
        all = all.add(has_status(status, now));
    }
    if let Some(environment) = filter.environment {
        all = all.add(Column::Environment.eq(environment.as_str()));
    }
    all
}

/// As [`ApiKey::status`] has it.
pub(super) fn has_status(status: KeyStatus, now: Moment) -> Condition {
    match status {
        KeyStatus::Revoked => Condition::all().add(Column::RevokedAt.is_not_null()),
        KeyStatus::Expired => {
            Condition::all().add(Column::RevokedAt.is_null()).add(Column::ExpiresAt.lte(now))
        }
        KeyStatus::Active => Condition::all()
            .add(Column::RevokedAt.is_null())
            .add(Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now))),
    }
}

pub(super) fn update_at(at: Timestamp) -> UpdateMany<api_key::Entity> {
    api_key::Entity::update_many().col_expr(Column::UpdatedAt, Expr::value(Moment::from(at)))
}

pub(super) fn settings(change: &KeyChange, at: Timestamp) -> UpdateMany<api_key::Entity> {
    let mut update = update_at(at);
    if let Some(name) = &change.name {
        update = update.col_expr(Column::Name, Expr::value(name.as_str()));
    }
    if let Some(permissions) = change.permissions {
        update = update.col_expr(Column::Permissions, Expr::value(api_key::permissions(permissions)));
    }
    if let Some(tier) = change.tier {
        update = update.col_expr(Column::Tier, Expr::value(tier.as_str()));
    }
    if let Some(end) = change.expires_at {
        update = update.col_expr(Column::ExpiresAt, Expr::value(end.map(Moment::from)));
    }
    if let Some(allowed) = &change.allowed_ips {
        update = update.col_expr(Column::AllowedIps, Expr::value(api_key::networks(allowed)));
    }
    update
}
