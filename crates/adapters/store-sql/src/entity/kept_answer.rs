//! Rows of `kept_answers`.

use sea_orm::entity::prelude::*;

use crate::moment::Moment;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "kept_answers")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) account_id: TextUuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) name: Vec<u8>,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) claimed_at: Moment,
    /// `NULL`, like the body, while there is no answer.
    pub(crate) status: Option<i32>,
    pub(crate) body_sealed: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
