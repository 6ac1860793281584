//! Rows of `search_sums`: the sums of an hour or a day.

use sea_orm::entity::prelude::*;

use crate::moment::Moment;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_sums")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) scope_id: i64,
    /// How many hours they are the sums of: 1 or 24.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) span: i16,
    /// The first of them, in whole hours since 1970.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hour: i64,
    pub(crate) searches: i64,
    pub(crate) failed: i64,
    pub(crate) partial: i64,
    pub(crate) misses: i64,
    pub(crate) cached: i64,
    pub(crate) results: i64,
    pub(crate) took_us: i64,
    pub(crate) longest_us: i64,
    pub(crate) clicked: i64,
    pub(crate) last_at: Moment,
    /// See [`TimeSketch`](altus4_analytics::TimeSketch).
    pub(crate) times: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(
        belongs_to = "super::search_scope::Entity",
        from = "Column::ScopeId",
        to = "super::search_scope::Column::Id"
    )]
    Scope,
}

impl ActiveModelBehavior for ActiveModel {}
