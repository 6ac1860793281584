//! Rows of `usage_errors`: the failures of a kind, of a key in an hour or a day.

use sea_orm::entity::prelude::*;

use crate::moment::Moment;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_errors")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key_id: TextUuid,
    /// How many hours they were counted in: 1 or 24.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) span: i16,
    /// The first of them, in whole hours since 1970.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hour: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) code: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) status: i32,
    pub(crate) count: i64,
    pub(crate) last_seen: Moment,
    /// The request of the last one.
    pub(crate) sample_request_id: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
