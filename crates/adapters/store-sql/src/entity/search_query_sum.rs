//! Rows of `search_query_sums`: the sums of a query in a day or a month.

use sea_orm::entity::prelude::*;

use crate::moment::Moment;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_query_sums")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) scope_id: i64,
    /// 0: of all searches; 1: of those that found nothing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) list: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) query_id: i64,
    /// 1: a day; 31: a month.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) span: i16,
    /// Its first day, in whole days since 1970.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) day: i64,
    pub(crate) searches: i64,
    pub(crate) took_us: i64,
    pub(crate) results: i64,
    pub(crate) clicked: i64,
    pub(crate) last_at: Moment,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
