//! The port to the rows of a user's tables.

mod fault;
mod read;
mod related;
mod values;
mod write;

use std::time::Duration;

use altus4_connections::{ColumnRef, Target, Value};
use altus4_entities::{
    Assigned, Counting, DeleteRequest, InsertRequest, ManyRequest, Records, RecordsError, RecordsResult,
    Related, RelatedRequest, RowValues, SelectRequest, Selection, UpdateRequest, Written,
};
use async_trait::async_trait;

use self::{read::Meant, related::RelatedStatement, values::Read, write::Writing};
use crate::{SqliteSource, error::Fault, until};

/// SQLite keeps what a column is given in one of its own four types, as the column's affinity says; what
/// a decimal column has made a number of is read with the digits that the column was declared with.
///
/// Rows are written one by one, in a transaction that is the file's only one.
#[async_trait]
impl Records for SqliteSource {
    async fn select(
        &self,
        target: &Target,
        request: &SelectRequest,
        deadline: Duration,
    ) -> RecordsResult<Vec<RowValues>> {
        let read = async {
            if request.limit == 0 {
                return Ok(Vec::new());
            }
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            let meant = Meant::of(&mut lease.session, &request.rows).await?;
            let Some(statement) = meant.map(|meant| meant.select(request)).transpose()?.flatten() else {
                lease.give_back();
                return Ok(Vec::new());
            };
            let rows = lease.session.fetch_all(statement).await?;
            lease.give_back();
            let read = Read::new(&request.rows.table, &request.read);
            Ok(rows.into_iter().map(|row| read.values(row)).collect())
        };
        read.await.map_err(|fault| fault::records_error(fault, "records.select", &request.rows.table))
    }

    async fn count(
        &self,
        target: &Target,
        rows: &Selection,
        counting: Counting,
        deadline: Duration,
    ) -> RecordsResult<u64> {
        let count = async {
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            let mut known = None;
            if counting == Counting::Estimated {
                known = read::estimated(&mut lease.session, rows).await?;
            }
            let count = match known {
                Some(count) => count,
                None => match Meant::of(&mut lease.session, rows).await? {
                    Some(meant) => number(&lease.session.fetch_all(meant.count()).await?),
                    None => 0,
                },
            };
            lease.give_back();
            Ok(count)
        };
        count.await.map_err(|fault| fault::records_error(fault, "records.count", &rows.table))
    }

    async fn related(
        &self,
        target: &Target,
        request: &RelatedRequest,
        deadline: Duration,
    ) -> RecordsResult<Vec<Related>> {
        let read = async {
            let mut related = Vec::new();
            let mut lease = self.pools.lease(target, until(deadline)).await?;
            for statement in RelatedStatement::all(request)? {
                let rows = lease.session.fetch_all(statement.statement()).await?;
                related.extend(rows.into_iter().filter_map(|row| statement.related(row)));
            }
            lease.give_back();
            Ok(related)
        };
        read.await.map_err(|fault| fault::records_error(fault, "records.related", &request.link.to))
    }

    async fn insert(
        &self,
        target: &Target,
        request: &InsertRequest,
        deadline: Duration,
    ) -> RecordsResult<Vec<Option<RowValues>>> {
        let write = async {
            let mut writing = Writing::begin(&self.pools, target, until(deadline)).await?;
            let made = writing.insert(request).await;
            writing.end(made).await
        };
        write.await.map_err(|fault| fault::records_error(fault, "records.insert", &request.table))
    }

    async fn update(
        &self,
        target: &Target,
        request: &UpdateRequest,
        deadline: Duration,
    ) -> RecordsResult<Written> {
        let write = async {
            let mut writing = Writing::begin(&self.pools, target, until(deadline)).await?;
            let written = writing.update(request).await;
            writing.end(written).await
        };
        write.await.map_err(|fault| fault::records_error(fault, "records.update", &request.table))
    }

    async fn delete(
        &self,
        target: &Target,
        request: &DeleteRequest,
        deadline: Duration,
    ) -> RecordsResult<Written> {
        let write = async {
            let mut writing = Writing::begin(&self.pools, target, until(deadline)).await?;
            let written = writing.delete(request).await;
            writing.end(written).await
        };
        write.await.map_err(|fault| fault::records_error(fault, "records.delete", &request.table))
    }

    async fn update_many(
        &self,
        target: &Target,
        request: &ManyRequest,
        set: &[(ColumnRef, Assigned)],
        deadline: Duration,
    ) -> RecordsResult<u64> {
        self.many(target, request, Some(set), deadline).await
    }

    async fn delete_many(
        &self,
        target: &Target,
        request: &ManyRequest,
        deadline: Duration,
    ) -> RecordsResult<u64> {
        self.many(target, request, None, deadline).await
    }
}

impl SqliteSource {
    async fn many(
        &self,
        target: &Target,
        request: &ManyRequest,
        set: Option<&[(ColumnRef, Assigned)]>,
        deadline: Duration,
    ) -> Result<u64, RecordsError> {
        let write = async {
            let mut writing = Writing::begin(&self.pools, target, until(deadline)).await?;
            let count = writing.many(request, set).await;
            writing.end(count).await
        };
        let operation = if set.is_some() { "records.update_many" } else { "records.delete_many" };
        write.await.map_err(|fault: Fault| fault::records_error(fault, operation, &request.table))
    }
}

/// The number that is all of an answer.
fn number(rows: &[Vec<Value>]) -> u64 {
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Int(number)) => (*number).try_into().unwrap_or_default(),
        _ => 0,
    }
}
