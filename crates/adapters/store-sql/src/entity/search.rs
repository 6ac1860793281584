//! Rows of `searches`.

use std::time::Duration;

use altus4_kernel::{AccountId, ApiKeyId, SearchId};
use altus4_search::{SearchRecord, day_of};
use sea_orm::entity::prelude::*;

use super::ids;
use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "searches")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) account_id: TextUuid,
    /// As text: a missing `TextUuid` can't be read.
    pub(crate) api_key_id: Option<String>,
    pub(crate) environment: String,
    pub(crate) query: String,
    pub(crate) folded: String,
    pub(crate) mode: String,
    pub(crate) databases: String,
    pub(crate) results: i64,
    pub(crate) took_us: i64,
    pub(crate) cached: bool,
    pub(crate) status: String,
    pub(crate) at: Moment,
    /// See [`day_of`].
    pub(crate) day: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&SearchRecord> for Model {
    fn from(search: &SearchRecord) -> Self {
        Self {
            id: TextUuid(search.id.as_uuid()),
            account_id: TextUuid(search.account_id.as_uuid()),
            api_key_id: search.api_key.map(|key| key.to_string()),
            environment: search.environment.as_str().to_owned(),
            query: search.query.clone(),
            folded: search.folded.clone(),
            mode: search.mode.as_str().to_owned(),
            databases: ids::written(&search.databases),
            results: i64::try_from(search.results).unwrap_or(i64::MAX),
            took_us: i64::try_from(search.took.as_micros()).unwrap_or(i64::MAX),
            cached: search.cached,
            status: search.status.as_str().to_owned(),
            at: search.at.into(),
            day: day_of(search.at),
        }
    }
}

impl TryFrom<Model> for SearchRecord {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let api_key = row.api_key_id.map(|id| id.parse::<ApiKeyId>()).transpose();
        let took = u64::try_from(row.took_us).map_err(|_| Fault::Corrupt("searches.took_us"))?;
        Ok(Self {
            id: SearchId::from_uuid(row.id.0),
            account_id: AccountId::from_uuid(row.account_id.0),
            api_key: api_key.map_err(|_| Fault::Corrupt("searches.api_key_id"))?,
            environment: row.environment.parse().map_err(|_| Fault::Corrupt("searches.environment"))?,
            query: row.query,
            folded: row.folded,
            mode: row.mode.parse().map_err(|_| Fault::Corrupt("searches.mode"))?,
            databases: ids::read(&row.databases).ok_or(Fault::Corrupt("searches.databases"))?,
            categories: Vec::new(),
            results: row.results.try_into().map_err(|_| Fault::Corrupt("searches.results"))?,
            took: Duration::from_micros(took),
            cached: row.cached,
            status: row.status.parse().map_err(|_| Fault::Corrupt("searches.status"))?,
            at: row.at.into(),
        })
    }
}
