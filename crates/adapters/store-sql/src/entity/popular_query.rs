//! Rows of `popular_queries`.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "popular_queries")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) account_id: TextUuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) folded: String,
    pub(crate) query: String,
    pub(crate) searches: i64,
    /// See [`day_of`](altus4_search::day_of).
    pub(crate) last_day: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
