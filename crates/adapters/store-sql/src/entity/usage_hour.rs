//! Rows of `usage_hours`: the sums of a key in an hour or a day.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_hours")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key_id: TextUuid,
    /// How many hours they are the sums of: 1 or 24.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) span: i16,
    /// The first of them, in whole hours since 1970.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hour: i64,
    pub(crate) requests: i64,
    pub(crate) failed: i64,
    pub(crate) counted: i64,
    pub(crate) response_time_us: i64,
    pub(crate) spent_microcents: i64,
    /// See [`TimeSketch`](altus4_analytics::TimeSketch).
    pub(crate) latencies: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
