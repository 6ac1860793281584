//! What was searched in registered databases.

use std::collections::{BTreeMap, BTreeSet};

use altus4_connections::{EvidenceStore, Tally};
use altus4_kernel::{ConnectionId, PortResult};
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    prelude::TextUuid, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::{
    entity::{
        connection,
        search_evidence::{self, Column},
    },
    error::Fault,
    pools::Pools,
    usage::padded,
};

/// Evidence in SQL: a row for each table, with a document of its tallies.
pub(crate) struct SqlEvidenceStore {
    pools: Pools,
}

/// The tallies of each table, by connection.
type ByTable<'a> = BTreeMap<(Uuid, &'a str), Vec<&'a Tally>>;

impl SqlEvidenceStore {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }

    async fn try_add(&self, tallies: &[Tally]) -> Result<(), Fault> {
        let mut new = ByTable::new();
        for tally in tallies {
            new.entry((tally.connection_id.as_uuid(), &tally.table)).or_default().push(tally);
        }
        let transaction = self.pools.begin().await?;
        let there = lock_connections(&new, &transaction).await?;
        new.retain(|(connection, _), _| there.contains(connection));
        for ((connection, table), tallies) in new {
            let key = (TextUuid(connection), table.as_bytes().to_vec());
            let row = search_evidence::Entity::find_by_id(key).one(&transaction).await?;
            let mut kept = row.map(search_evidence::Model::tallies).transpose()?.unwrap_or_default();
            for tally in tallies {
                Tally::add_to(&mut kept, tally.clone());
            }
            let id = ConnectionId::from_uuid(connection);
            let row = search_evidence::Model::of(id, table, &kept)?.into_active_model();
            let replace = OnConflict::columns([Column::ConnectionId, Column::TableName])
                .update_column(Column::Tallies)
                .to_owned();
            let insert = search_evidence::Entity::insert(row).on_conflict(replace);
            insert.exec_without_returning(&transaction).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Those of the connections that are there, locked in the order of their ids: nobody else adds to
/// their tallies until the transaction ends, and nobody removes them.
async fn lock_connections(
    new: &ByTable<'_>,
    transaction: &DatabaseTransaction,
) -> Result<BTreeSet<Uuid>, Fault> {
    let ids: BTreeSet<_> = new.keys().map(|(connection, _)| *connection).collect();
    let ids: Vec<_> = ids.into_iter().map(TextUuid).collect();
    let mut there = BTreeSet::new();
    for ids in padded(&ids) {
        let query = connection::Entity::find().select_only().column(connection::Column::Id);
        let found = query
            .filter(connection::Column::Id.is_in(ids))
            .order_by_asc(connection::Column::Id)
            .lock_exclusive()
            .into_tuple::<TextUuid>()
            .all(transaction)
            .await?;
        there.extend(found.into_iter().map(|id| id.0));
    }
    Ok(there)
}

#[async_trait]
impl EvidenceStore for SqlEvidenceStore {
    async fn add(&self, tallies: &[Tally]) -> PortResult<()> {
        self.pools.transact("search_evidence.add", || self.try_add(tallies)).await
    }

    async fn list(&self, connection_id: ConnectionId) -> PortResult<Vec<Tally>> {
        let list = async {
            let query = search_evidence::Entity::find()
                .filter(Column::ConnectionId.eq(TextUuid(connection_id.as_uuid())));
            let mut tallies = Vec::new();
            for row in query.all(self.pools.reads()).await? {
                tallies.extend(row.tallies()?);
            }
            Ok(tallies)
        };
        self.pools.call("search_evidence.list", list).await
    }
}
