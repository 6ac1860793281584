//! Rows of `search_events`.

use altus4_search::Interaction;
use sea_orm::entity::prelude::*;

use crate::moment::Moment;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_events")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) search_id: TextUuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) result_id: TextUuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) kind: String,
    pub(crate) position: Option<i64>,
    pub(crate) at: Moment,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Interaction> for Model {
    fn from(event: &Interaction) -> Self {
        Self {
            search_id: TextUuid(event.search_id.as_uuid()),
            result_id: TextUuid(event.result_id),
            kind: event.kind.as_str().to_owned(),
            position: event.position.map(Into::into),
            at: event.at.into(),
        }
    }
}
