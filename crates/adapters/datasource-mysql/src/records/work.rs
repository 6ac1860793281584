//! What is written in one transaction.

use std::{collections::HashMap, time::Duration};

use altus4_connections::{ColumnRef, Value};
use altus4_entities::{
    Assigned, DeleteRequest, InsertRequest, ManyRequest, RowKey, RowValues, UpdateRequest, Written,
};
use tokio::time::sleep;

use crate::{
    error::Fault,
    pool::SessionPool,
    refusal::{self, Said},
    statement::{
        Query,
        records::{self as statement, GivenKey, Read},
    },
    transaction::Transaction,
};

/// How often a transaction is tried that the server takes back for the sake of others.
const ATTEMPTS: u32 = 5;
/// How long is waited before the second attempt; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(10);

/// What is to be written.
pub(super) enum Work {
    Insert(InsertRequest),
    Update(UpdateRequest),
    Delete(DeleteRequest),
    /// Changed, or deleted where nothing is said.
    Many(ManyRequest, Option<Vec<(ColumnRef, Assigned)>>),
}

/// What was written.
pub(super) enum Done {
    Made(Vec<Option<RowValues>>),
    One(Written),
    Many(u64),
}

impl Work {
    /// Does it, all or nothing. A transaction that the server took back is tried again, since nothing of
    /// it is left; one whose end nobody knows is not.
    pub(super) async fn perform(&self, pool: &SessionPool, max_bytes: usize) -> Result<Done, Fault> {
        let mut attempt = 1;
        loop {
            let outcome = self.attempt(pool, max_bytes).await;
            match outcome {
                Err(fault) if attempt < ATTEMPTS && is_deadlock(&fault) => {
                    sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt(&self, pool: &SessionPool, max_bytes: usize) -> Result<Done, Fault> {
        let mut transaction = pool.begin(max_bytes).await?;
        let outcome = match self {
            Self::Insert(request) => insert(&mut transaction, request).await.map(Done::Made),
            Self::Update(request) => update(&mut transaction, request).await.map(Done::One),
            Self::Delete(request) => delete(&mut transaction, request).await.map(Done::One),
            Self::Many(request, set) => many(&mut transaction, request, set.as_deref()).await.map(Done::Many),
        };
        match outcome {
            Ok(Done::One(unchanged @ (Written::Missing | Written::NotAsExpected))) => {
                transaction.roll_back().await;
                Ok(Done::One(unchanged))
            }
            Ok(done) => transaction.commit().await.map(|()| done),
            Err(fault) => {
                let fault = explained(&mut transaction, self.table(), fault).await;
                if fault.server_error().is_some() {
                    transaction.roll_back().await;
                }
                Err(fault)
            }
        }
    }

    fn table(&self) -> &str {
        match self {
            Self::Insert(request) => request.table.table.name(),
            Self::Update(request) => request.table.table.name(),
            Self::Delete(request) => request.table.table.name(),
            Self::Many(request, _) => request.table.table.name(),
        }
    }
}

fn is_deadlock(fault: &Fault) -> bool {
    fault.server_error().is_some_and(refusal::is_deadlock)
}

/// The same fault with the columns of the unique index that the server named.
async fn explained(transaction: &mut Transaction, table: &str, fault: Fault) -> Fault {
    let (mut said, error) = match fault {
        Fault::Row(said, error) => (said, error),
        Fault::Driver(error) => match &error {
            mysql_async::Error::Server(server) => match refusal::said(server) {
                Some(said) => (Box::new(said), error),
                None => return Fault::Driver(error),
            },
            _ => return Fault::Driver(error),
        },
        fault => return fault,
    };
    if let Some(index) = &said.index {
        let query = statement::index_columns(table, index);
        if let Ok(rows) = transaction.read(&query).await {
            let name = |row: mysql_async::Row| row.get::<String, _>(0);
            said.columns = rows.into_iter().filter_map(name).collect();
        }
    }
    Fault::Row(said, error)
}

async fn update(transaction: &mut Transaction, request: &UpdateRequest) -> Result<Written, Fault> {
    let UpdateRequest { table, key, set, expected, otherwise_insert, returning } = request;
    let columns = expected.as_ref().map_or(&[][..], |expected| &expected.columns);
    let Some(before) = locked(transaction, statement::lock(table, key, columns)?).await? else {
        let Some(row) = otherwise_insert.as_ref().filter(|_| expected.is_none()) else {
            return Ok(Written::Missing);
        };
        let (columns, row) = row.iter().cloned().unzip();
        let request = InsertRequest {
            table: table.clone(),
            columns,
            rows: vec![row],
            key: key.iter().map(|(column, _)| column.clone()).collect(),
            returning: returning.clone(),
        };
        let made = insert(transaction, &request).await?.into_iter().next().flatten();
        return Ok(Written::Made(made.unwrap_or_default()));
    };
    if expected.as_ref().is_some_and(|expected| !(expected.holds)(&before)) {
        return Ok(Written::NotAsExpected);
    }
    if !set.is_empty() {
        transaction.run(&statement::update(table, key, set)?).await?;
    }
    let (query, read) = statement::read_again(table, key, returning)?;
    let after = transaction.read(&query).await?.into_iter().next();
    // A rule of the table's may have changed its key.
    Ok(Written::Done(after.map(|row| read.values(row)).unwrap_or_default()))
}

async fn delete(transaction: &mut Transaction, request: &DeleteRequest) -> Result<Written, Fault> {
    let DeleteRequest { table, key, expected } = request;
    let columns = expected.as_ref().map_or(&[][..], |expected| &expected.columns);
    let Some(before) = locked(transaction, statement::lock(table, key, columns)?).await? else {
        return Ok(Written::Missing);
    };
    if expected.as_ref().is_some_and(|expected| !(expected.holds)(&before)) {
        return Ok(Written::NotAsExpected);
    }
    transaction.run(&statement::delete(table, key)).await?;
    Ok(Written::Done(Vec::new()))
}

/// The row that was locked, if it is there.
async fn locked(
    transaction: &mut Transaction,
    (query, read): (Query, Read),
) -> Result<Option<RowValues>, Fault> {
    let mut rows = transaction.read(&query).await?.into_iter();
    let found = rows.next();
    if rows.next().is_some() {
        return Err(Fault::Request("more than one row has this key"));
    }
    Ok(found.map(|row| read.values(row)))
}

async fn many(
    transaction: &mut Transaction,
    request: &ManyRequest,
    set: Option<&[(ColumnRef, Assigned)]>,
) -> Result<u64, Fault> {
    let (query, read) = statement::lock_many(request)?;
    let rows = transaction.read(&query).await?;
    let keys: Vec<_> = rows.into_iter().map(|row| read.values(row)).collect();
    if set.is_none_or(|set| !set.is_empty()) {
        for batch in statement::key_batches(&keys) {
            let query = statement::by_keys(&request.table, &request.key, batch, set)?;
            transaction.run(&query).await?;
        }
    }
    Ok(u64::try_from(keys.len()).unwrap_or(u64::MAX))
}

async fn insert(
    transaction: &mut Transaction,
    request: &InsertRequest,
) -> Result<Vec<Option<RowValues>>, Fault> {
    let given = statement::given_keys(request);
    // Rows that the server numbers and others go into different statements, as their numbers follow
    // each other only so.
    let alike = |one: usize, other: usize| {
        std::mem::discriminant(&given[one]) == std::mem::discriminant(&given[other])
    };
    let mut keys: Vec<Option<Vec<Value>>> = Vec::with_capacity(request.rows.len());
    let mut most = if is_transactional(request) { usize::MAX } else { 1 };
    while keys.len() < request.rows.len() {
        let first = keys.len();
        let (query, count) = statement::insert(request, first, most, &alike)?;
        match transaction.run(&query).await {
            Ok((rows, _)) if !rows.is_empty() => {
                let read = Read::keys(request)?;
                keys.extend(rows.into_iter().map(|row| Some(read.values(row))));
            }
            Ok((_, done)) => {
                let step = if count > 1 && done.last_id.is_some() { step(transaction).await? } else { 1 };
                keys.extend((0..count).map(|at| known(&given[first + at], done.last_id, at, step)));
            }
            Err(fault) => match said(fault)? {
                (said, error) if count == 1 || said.row.is_some() => {
                    let row = first + if count == 1 { 0 } else { said.row.unwrap_or(0) };
                    return Err(Fault::Row(Box::new(Said { row: Some(row), ..*said }), error));
                }
                // The server took this statement back alone. Half as many, until it is the one row.
                _ => most = count.div_ceil(2),
            },
        }
    }
    read_back(transaction, request, &keys).await
}

/// Whether the table takes a statement back that fails half way.
fn is_transactional(request: &InsertRequest) -> bool {
    !matches!(request.table.engine.as_deref(), Some("MyISAM" | "Aria" | "MEMORY" | "CSV" | "ARCHIVE"))
}

/// What the server said of a row, or the fault that it is instead.
fn said(fault: Fault) -> Result<(Box<Said>, mysql_async::Error), Fault> {
    match fault {
        Fault::Driver(mysql_async::Error::Server(error)) => match refusal::said(&error) {
            Some(said) => Ok((Box::new(said), mysql_async::Error::Server(error))),
            None => Err(Fault::Driver(mysql_async::Error::Server(error))),
        },
        fault => Err(fault),
    }
}

/// By how much the numbers differ that the server gives to rows of one statement.
async fn step(transaction: &mut Transaction) -> Result<u64, Fault> {
    let rows = transaction.read(&statement::numbering()).await?;
    Ok(super::estimate::number(rows).unwrap_or(1))
}

fn known(given: &GivenKey, first_id: Option<u64>, at: usize, step: u64) -> Option<Vec<Value>> {
    match given {
        GivenKey::Whole(key) => Some(key.clone()),
        GivenKey::Numbered(place, key) => {
            let number = first_id?.checked_add(step.checked_mul(u64::try_from(at).ok()?)?)?;
            let mut key = key.clone();
            key[*place] = i64::try_from(number).map_or(Value::UInt(number), Value::Int);
            Some(key)
        }
        GivenKey::Unknown => None,
    }
}

/// Reads the new rows again: many at once, and one by one those that are spelled otherwise than they
/// were given.
async fn read_back(
    transaction: &mut Transaction,
    request: &InsertRequest,
    keys: &[Option<Vec<Value>>],
) -> Result<Vec<Option<RowValues>>, Fault> {
    let known: Vec<_> = keys.iter().flatten().cloned().collect();
    let mut found: HashMap<String, RowValues> = HashMap::with_capacity(known.len());
    for batch in statement::key_batches(&known) {
        let (query, key, read) = statement::by_keys_again(request, batch)?;
        for row in transaction.read(&query).await? {
            let (key, values) = key.values_then(row, &read);
            found.insert(label(&key), values);
        }
    }
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(values) = key else {
            rows.push(None);
            continue;
        };
        if let Some(row) = found.get(&label(values)) {
            rows.push(Some(row.clone()));
            continue;
        }
        let key: RowKey = request.key.iter().cloned().zip(values.iter().cloned()).collect();
        let (query, read) = statement::read_again(&request.table, &key, &request.returning)?;
        rows.push(transaction.read(&query).await?.into_iter().next().map(|row| read.values(row)));
    }
    Ok(rows)
}

fn label(key: &[Value]) -> String {
    format!("{key:?}")
}
