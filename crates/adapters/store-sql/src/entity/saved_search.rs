//! Rows of `saved_searches`.

use altus4_kernel::{AccountId, SavedSearchId};
use altus4_search::{SavedRequest, SavedSearch, SavedSearchName};
use sea_orm::entity::prelude::*;

use super::ids;
use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saved_searches")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) account_id: TextUuid,
    pub(crate) name: String,
    pub(crate) name_key: String,
    pub(crate) request: String,
    pub(crate) databases: String,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&SavedSearch> for Model {
    fn from(saved: &SavedSearch) -> Self {
        Self {
            id: TextUuid(saved.id.as_uuid()),
            account_id: TextUuid(saved.account_id.as_uuid()),
            name: saved.name.as_str().to_owned(),
            name_key: saved.name.folded(),
            request: saved.request.document.clone(),
            databases: ids::written(&saved.request.databases),
            created_at: saved.created_at.into(),
            updated_at: saved.updated_at.into(),
        }
    }
}

impl TryFrom<Model> for SavedSearch {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let databases = ids::read(&row.databases).ok_or(Fault::Corrupt("saved_searches.databases"))?;
        Ok(Self {
            id: SavedSearchId::from_uuid(row.id.0),
            account_id: AccountId::from_uuid(row.account_id.0),
            name: SavedSearchName::parse(&row.name).ok_or(Fault::Corrupt("saved_searches.name"))?,
            request: SavedRequest { document: row.request, databases },
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}
