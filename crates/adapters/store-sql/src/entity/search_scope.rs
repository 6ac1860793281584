//! Rows of `search_scopes`: what searches are summed up for.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_scopes")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    /// As text: a missing `TextUuid` can't be read. None: everybody's, or those of an account that is
    /// gone.
    pub(crate) account_id: Option<String>,
    pub(crate) environment: String,
    /// Empty: all databases.
    pub(crate) database_id: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
