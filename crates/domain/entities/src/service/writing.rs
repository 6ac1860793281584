//! Records made, changed and deleted.

use std::{collections::HashSet, sync::Arc};

use altus4_connections::{ColumnRef, Filter, FilterQuery, Value};
use altus4_kernel::{
    AccountId, Granted,
    grants::{Delete, Write},
};
use serde_json::{Map, Value as Json};

use super::{
    Desk, EntityService,
    reading::{key_of, no_such, readable, versioned},
};
use crate::{
    Assigned, DeleteRequest, EntityError, EntityView, Expected, Field, FieldFault, InsertRequest,
    ManyRequest, Operation, Precondition, QueryFaults, Record, RowKey, UpdateRequest, Version, Versioned,
    Written, from_json, view::filter_field,
};

/// Records that were made, in the order in which they were given; of one that the database doesn't let
/// itself be read again, nothing is shown.
pub type Created = Vec<Versioned>;

/// What became of a whole record.
#[derive(Debug, Clone, PartialEq)]
pub enum Put {
    /// It took the place of what was there.
    Replaced(Versioned),
    /// Its id was free.
    Made(Versioned),
}

/// What a body is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// A new record.
    Create,
    /// Some fields of one.
    Patch,
    /// A whole record.
    Replace,
}

/// More faults help nobody.
const MAX_FAULTS: usize = 100;

impl EntityService {
    /// Makes records, all or none.
    ///
    /// # Errors
    /// [`EntityError::Invalid`] with every fault by field, [`EntityError::Refused`] with the first record
    /// that the database refused, [`EntityError::NotOffered`].
    pub async fn create(
        &self,
        granted: Granted<Write>,
        name: &str,
        bodies: &[Map<String, Json>],
        is_list: bool,
    ) -> Result<Created, EntityError> {
        let desk = self.desk(granted.account_id(), name).await?;
        let view = desk.allowing(Operation::Create)?;
        let mut faults = Vec::new();
        let mut given = Vec::with_capacity(bodies.len());
        for (at, body) in bodies.iter().enumerate() {
            let place = if is_list { format!("[{at}].") } else { String::new() };
            given.push(assigned(view, body, Purpose::Create, &place, &mut faults));
        }
        if !faults.is_empty() {
            return Err(EntityError::Invalid(faults));
        }
        let mut seen = HashSet::new();
        let mut columns: Vec<ColumnRef> = Vec::new();
        for (column, _) in given.iter().flatten() {
            if seen.insert(column.clone()) {
                columns.push(column.clone());
            }
        }
        let row = |assigned: Vec<(ColumnRef, Assigned)>| {
            let value = |column: &ColumnRef| {
                let found = assigned.iter().find(|(given, _)| given == column);
                found.map_or(Assigned::Default, |(_, assigned)| assigned.clone())
            };
            columns.iter().map(value).collect()
        };
        let read = readable(view);
        let request = InsertRequest {
            table: Arc::clone(&view.table),
            rows: given.into_iter().map(row).collect(),
            columns: columns.clone(),
            key: view.key_columns(),
            returning: read.clone(),
        };
        match desk.records.insert(&desk.target, &request, desk.deadline).await {
            Ok(rows) => Ok(rows
                .into_iter()
                .map(|row| match row {
                    Some(row) => versioned(view, &read, &row),
                    None => Versioned { record: Record::default(), id: Vec::new(), version: None },
                })
                .collect()),
            Err(error) => Err(self.told(&desk, error).await),
        }
    }

    /// Changes some fields of a record.
    ///
    /// # Errors
    /// As [`create`](Self::create); [`EntityError::NoSuchRecord`], [`EntityError::NotAsExpected`].
    pub async fn update(
        &self,
        granted: Granted<Write>,
        name: &str,
        id: &[String],
        body: &Map<String, Json>,
        expected: Option<Expected>,
    ) -> Result<Versioned, EntityError> {
        let desk = self.desk(granted.account_id(), name).await?;
        let view = desk.allowing(Operation::Update)?;
        let (key, set) = change_of(view, id, body, Purpose::Patch)?;
        let read = readable(view);
        let request = UpdateRequest {
            table: Arc::clone(&view.table),
            key,
            set,
            expected: expected.map(|expected| precondition(view, expected)),
            otherwise_insert: None,
            returning: read.clone(),
        };
        match desk.records.update(&desk.target, &request, desk.deadline).await {
            Ok(Written::Done(row) | Written::Made(row)) => Ok(versioned(view, &read, &row)),
            Ok(Written::Missing) => Err(no_such(view, id)),
            Ok(Written::NotAsExpected) => Err(EntityError::NotAsExpected),
            Err(error) => Err(self.told(&desk, error).await),
        }
    }

    /// Puts a whole record in the place of one, or makes it where its id is free. Fields that are left out
    /// get their default, or `NULL`; those that can't be written stay as they are.
    ///
    /// # Errors
    /// As [`update`](Self::update); where something is expected and there is no such record, that is
    /// [`EntityError::NotAsExpected`].
    pub async fn put(
        &self,
        granted: Granted<Write>,
        name: &str,
        id: &[String],
        body: &Map<String, Json>,
        expected: Option<Expected>,
    ) -> Result<Put, EntityError> {
        let desk = self.desk(granted.account_id(), name).await?;
        let view = desk.allowing(Operation::Update)?;
        let (key, set) = change_of(view, id, body, Purpose::Replace)?;
        let otherwise_insert = view.allows(Operation::Create).then(|| {
            let key = key.iter().map(|(column, value)| (column.clone(), Assigned::Value(value.clone())));
            key.chain(set.iter().cloned()).collect()
        });
        let read = readable(view);
        let request = UpdateRequest {
            table: Arc::clone(&view.table),
            key,
            set,
            expected: expected.map(|expected| precondition(view, expected)),
            otherwise_insert,
            returning: read.clone(),
        };
        let is_expected = request.expected.is_some();
        match desk.records.update(&desk.target, &request, desk.deadline).await {
            Ok(Written::Done(row)) => Ok(Put::Replaced(versioned(view, &read, &row))),
            Ok(Written::Made(row)) => Ok(Put::Made(versioned(view, &read, &row))),
            Ok(Written::Missing) if !is_expected => Err(no_such(view, id)),
            Ok(Written::Missing | Written::NotAsExpected) => Err(EntityError::NotAsExpected),
            Err(error) => Err(self.told(&desk, error).await),
        }
    }

    /// Deletes a record.
    ///
    /// # Errors
    /// [`EntityError::NoSuchRecord`], [`EntityError::NotAsExpected`], [`EntityError::Refused`].
    pub async fn delete(
        &self,
        granted: Granted<Delete>,
        name: &str,
        id: &[String],
        expected: Option<Expected>,
    ) -> Result<(), EntityError> {
        let desk = self.desk(granted.account_id(), name).await?;
        let view = desk.allowing(Operation::Delete)?;
        let request = DeleteRequest {
            table: Arc::clone(&view.table),
            key: key_of(view, id)?,
            expected: expected.map(|expected| precondition(view, expected)),
        };
        match desk.records.delete(&desk.target, &request, desk.deadline).await {
            Ok(Written::Done(_) | Written::Made(_)) => Ok(()),
            Ok(Written::Missing) => Err(no_such(view, id)),
            Ok(Written::NotAsExpected) => Err(EntityError::NotAsExpected),
            Err(error) => Err(self.told(&desk, error).await),
        }
    }

    /// Changes the first `limit` records that pass the filter; how many they were.
    ///
    /// # Errors
    /// As [`create`](Self::create); [`EntityError::InvalidQuery`].
    pub async fn update_many(
        &self,
        granted: Granted<Write>,
        name: &str,
        filter: &FilterQuery,
        limit: u32,
        body: &Map<String, Json>,
    ) -> Result<u64, EntityError> {
        let (desk, filter) = self.filtered(granted.account_id(), name, filter, Operation::Update).await?;
        let view = desk.view()?;
        let mut faults = Vec::new();
        let set = assigned(view, body, Purpose::Patch, "", &mut faults);
        let is_key = |(column, _): &(ColumnRef, Assigned)| view.key_columns().contains(column);
        if set.iter().any(is_key) {
            faults.push(FieldFault::new("body", "must not change the key of many records"));
        }
        if set.is_empty() && faults.is_empty() {
            faults.push(FieldFault::new("body", "must have a field to change"));
        }
        if !faults.is_empty() {
            return Err(EntityError::Invalid(faults));
        }
        let request = many(view, filter, limit);
        match desk.records.update_many(&desk.target, &request, &set, desk.deadline).await {
            Ok(count) => Ok(count),
            Err(error) => Err(self.told(&desk, error).await),
        }
    }

    /// Deletes the first `limit` records that pass the filter; how many they were.
    ///
    /// # Errors
    /// [`EntityError::InvalidQuery`], [`EntityError::Refused`].
    pub async fn delete_many(
        &self,
        granted: Granted<Delete>,
        name: &str,
        filter: &FilterQuery,
        limit: u32,
    ) -> Result<u64, EntityError> {
        let (desk, filter) = self.filtered(granted.account_id(), name, filter, Operation::Delete).await?;
        let request = many(desk.view()?, filter, limit);
        match desk.records.delete_many(&desk.target, &request, desk.deadline).await {
            Ok(count) => Ok(count),
            Err(error) => Err(self.told(&desk, error).await),
        }
    }

    async fn filtered(
        &self,
        account_id: AccountId,
        name: &str,
        filter: &FilterQuery,
        operation: Operation,
    ) -> Result<(Desk, Filter), EntityError> {
        let desk = self.desk(account_id, name).await?;
        let view = desk.allowing(operation)?;
        let filter = filter.resolve_by(&|name| filter_field(desk.shelf.views(), view, name));
        let filter = filter
            .map_err(|filter| EntityError::InvalidQuery(QueryFaults { filter, ..QueryFaults::default() }))?;
        Ok((desk, filter))
    }
}

fn many(view: &EntityView, filter: Filter, limit: u32) -> ManyRequest {
    ManyRequest { table: Arc::clone(&view.table), filter, key: view.key_columns(), limit }
}

/// Whether a row is one of the versions that a caller knows.
fn precondition(view: &EntityView, expected: Expected) -> Precondition {
    match expected {
        Expected::Any => Precondition { columns: Vec::new(), holds: Arc::new(|_| true) },
        Expected::OneOf(versions) => {
            let columns = readable(view);
            let view = view.clone();
            let holds = move |values: &[Value]| versions.contains(&Version::of(&view, values.iter()));
            Precondition { columns, holds: Arc::new(holds) }
        }
    }
}

/// What a body gives to columns. What is wrong with it is added to the faults, each with the field's place.
fn assigned(
    view: &EntityView,
    body: &Map<String, Json>,
    purpose: Purpose,
    place: &str,
    faults: &mut Vec<FieldFault>,
) -> Vec<(ColumnRef, Assigned)> {
    let mut given = Vec::with_capacity(body.len());
    let mut fault = |name: &str, reason: String| {
        if faults.len() < MAX_FAULTS {
            faults.push(FieldFault::new(format!("{place}{name}"), reason));
        }
    };
    for (name, json) in body {
        let Some(field) = view.fields.iter().find(|field| *field.name == **name) else {
            fault(&name.chars().take(64).collect::<String>(), "is an unknown field".to_owned());
            continue;
        };
        if !field.is_writable() {
            // What was read may be given back with a whole record; it stays as it is.
            if purpose != Purpose::Replace {
                fault(name, "can't be written".to_owned());
            }
            continue;
        }
        match value(field, json, purpose) {
            Ok(assigned) => given.push((field.at().clone(), assigned)),
            Err(reason) => fault(name, reason),
        }
    }
    if purpose == Purpose::Patch {
        return given;
    }
    for field in view.fields.iter().filter(|field| field.is_writable() && !body.contains_key(&*field.name)) {
        // A whole record has its key in the path.
        let from_path = purpose == Purpose::Replace && field.is_key;
        if field.is_required() && !from_path {
            fault(&field.name, "is required".to_owned());
        } else if purpose == Purpose::Replace && !from_path {
            let has_default = field.column.found.default.is_some() || field.column.found.is_numbered;
            let left_out = if has_default { Assigned::Default } else { Assigned::Value(Value::Null) };
            given.push((field.at().clone(), left_out));
        }
    }
    given
}

fn value(field: &Field, json: &Json, purpose: Purpose) -> Result<Assigned, String> {
    let found = &field.column.found;
    match json {
        Json::Null if found.nullable => Ok(Assigned::Value(Value::Null)),
        Json::Null if found.is_numbered && purpose == Purpose::Create => Ok(Assigned::Default),
        Json::Null => Err("must not be null".to_owned()),
        json => from_json(json, &field.kind).map(Assigned::Value),
    }
}

/// Which record an id names, and what a body sets of it beside its key; every fault of the body.
fn change_of(
    view: &EntityView,
    id: &[String],
    body: &Map<String, Json>,
    purpose: Purpose,
) -> Result<(RowKey, Vec<(ColumnRef, Assigned)>), EntityError> {
    let key = key_of(view, id)?;
    let mut faults = Vec::new();
    let given = assigned(view, body, purpose, "", &mut faults);
    let set = without_key(view, given, &key, &mut faults);
    if faults.is_empty() { Ok((key, set)) } else { Err(EntityError::Invalid(faults)) }
}

/// What is given beside the key, which may be repeated but not changed.
fn without_key(
    view: &EntityView,
    given: Vec<(ColumnRef, Assigned)>,
    key: &[(ColumnRef, Value)],
    faults: &mut Vec<FieldFault>,
) -> Vec<(ColumnRef, Assigned)> {
    let mut rest = Vec::with_capacity(given.len());
    for (column, assigned) in given {
        match key.iter().find(|(part, _)| *part == column) {
            None => rest.push((column, assigned)),
            Some((_, value)) if assigned == Assigned::Value(value.clone()) => {}
            Some(_) => {
                let name = view.fields.iter().find(|field| *field.at() == column);
                let name = name.map(|field| field.name.to_string()).unwrap_or_default();
                faults.push(FieldFault::new(name, "is part of the id, which can't be changed"));
            }
        }
    }
    rest
}
