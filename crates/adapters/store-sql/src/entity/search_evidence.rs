//! Rows of `search_evidence`: what was searched in one table of a registered database.

use std::time::Duration;

use altus4_connections::{Access, Tally};
use altus4_kernel::{ConnectionId, Timestamp};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::document::{read, written};
use crate::error::Fault;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_evidence")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) connection_id: TextUuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) table_name: Vec<u8>,
    pub(crate) tallies: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// An item of the document in `tallies`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TallyDocument {
    columns: Vec<String>,
    access: AccessDocument,
    searches: u64,
    took_us: u64,
    last_seen: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AccessDocument {
    Indexed,
    Scanned,
    LeftOut,
}

impl Model {
    /// The row of these tallies, all of one table.
    pub(crate) fn of(connection_id: ConnectionId, table: &str, tallies: &[Tally]) -> Result<Self, Fault> {
        let documents: Vec<_> = tallies.iter().map(TallyDocument::from).collect();
        Ok(Self {
            connection_id: TextUuid(connection_id.as_uuid()),
            table_name: table.as_bytes().to_vec(),
            tallies: written(&documents)?,
        })
    }

    /// The tallies of the row.
    pub(crate) fn tallies(self) -> Result<Vec<Tally>, Fault> {
        let connection_id = ConnectionId::from_uuid(self.connection_id.0);
        let corrupt = || Fault::Corrupt("search_evidence.tallies");
        let table = String::from_utf8(self.table_name).map_err(|_| corrupt())?;
        let documents: Vec<TallyDocument> = read(&self.tallies, "search_evidence.tallies")?;
        let tally = |document: TallyDocument| {
            Ok(Tally {
                connection_id,
                table: table.clone(),
                columns: document.columns,
                access: document.access.into(),
                searches: document.searches,
                took: Duration::from_micros(document.took_us),
                last_seen: Timestamp::parse(&document.last_seen).ok_or_else(corrupt)?,
            })
        };
        documents.into_iter().map(tally).collect()
    }
}

impl From<&Tally> for TallyDocument {
    fn from(tally: &Tally) -> Self {
        Self {
            columns: tally.columns.clone(),
            access: match tally.access {
                Access::Indexed => AccessDocument::Indexed,
                Access::Scanned => AccessDocument::Scanned,
                Access::LeftOut => AccessDocument::LeftOut,
            },
            searches: tally.searches,
            took_us: tally.took.as_micros().try_into().unwrap_or(u64::MAX),
            last_seen: tally.last_seen.to_string(),
        }
    }
}

impl From<AccessDocument> for Access {
    fn from(document: AccessDocument) -> Self {
        match document {
            AccessDocument::Indexed => Self::Indexed,
            AccessDocument::Scanned => Self::Scanned,
            AccessDocument::LeftOut => Self::LeftOut,
        }
    }
}
