//! One record.

use altus4_connections::{ColumnRef, Filter, Test, Value};
use altus4_kernel::{Granted, grants::Read};

use super::{
    Desk, EntityService,
    includes::{Include, plain},
    listing::shown,
};
use crate::{
    EntityError, EntityView, FieldType, Operation, QueryFaults, ReadQuery, RowKey, RowValues, SelectRequest,
    Selection, Version, Versioned, from_json, record::id_part,
};

impl EntityService {
    /// One record. Its version is told unless relations are included, of which the version says nothing.
    ///
    /// # Errors
    /// [`EntityError::NoSuchRecord`], and those of [`records`](Self::records).
    pub async fn record(
        &self,
        granted: Granted<Read>,
        name: &str,
        id: &[String],
        query: &ReadQuery,
    ) -> Result<Versioned, EntityError> {
        let desk = self.desk(granted.account_id(), name).await?;
        let view = desk.allowing(Operation::Read)?;
        let mut faults = QueryFaults::default();
        let shown = shown(view, &query.fields, &mut faults.fields);
        let includes = Include::read(&desk.shelf, view, &query.include, &mut faults.fields);
        if !faults.is_empty() {
            return Err(EntityError::InvalidQuery(faults));
        }
        let key = key_of(view, id)?;
        // All that can be read: the version is made of it.
        let read = readable(view);
        let row = self.row(&desk, view, &key, &read).await?.ok_or_else(|| no_such(view, id))?;
        let rows = [row];
        let mut records = self.present(&desk, &read, &shown, &includes, &rows).await?;
        let record = records.pop().ok_or_else(|| no_such(view, id))?;
        let version = includes.is_empty().then(|| Version::of(view, rows[0].iter()));
        Ok(Versioned { record, id: id_of(view, &read, &rows[0]), version })
    }

    async fn row(
        &self,
        desk: &Desk,
        view: &EntityView,
        key: &RowKey,
        read: &[ColumnRef],
    ) -> Result<Option<RowValues>, EntityError> {
        let is = key.iter().map(|(column, value)| Filter::Is(column.clone(), Test::Eq(value.clone())));
        let rows = Selection {
            table: std::sync::Arc::clone(&view.table),
            filter: Some(Filter::All(is.collect())),
            search: None,
        };
        let request =
            SelectRequest { rows, read: read.to_vec(), order: Vec::new(), after: None, offset: 0, limit: 1 };
        match desk.records.select(&desk.target, &request, desk.deadline).await {
            Ok(rows) => Ok(rows.into_iter().next()),
            Err(error) => Err(self.told(desk, error).await),
        }
    }
}

/// The columns that can be read, in the order of the fields.
pub(super) fn readable(view: &EntityView) -> Vec<ColumnRef> {
    view.all_readable().map(|field| field.at().clone()).collect()
}

/// A row of [`readable`] values as a record by itself.
pub(super) fn versioned(view: &EntityView, read: &[ColumnRef], row: &RowValues) -> Versioned {
    let shown: Vec<usize> = (0..view.fields.len()).filter(|at| view.fields[*at].is_readable()).collect();
    Versioned {
        record: plain(view, read, &shown, row),
        id: id_of(view, read, row),
        version: Some(Version::of(view, row.iter())),
    }
}

/// The values of the key, as ids have them.
fn id_of(view: &EntityView, read: &[ColumnRef], row: &RowValues) -> Vec<String> {
    let part = |at: &usize| {
        let column = view.fields.get(*at)?.at();
        let value = row.get(read.iter().position(|read| read == column)?)?;
        Some(id_part(view, *at, value))
    };
    view.key.iter().filter_map(part).collect()
}

/// The key in an id; what is no id of this entity's was never one of a record.
pub(super) fn key_of(view: &EntityView, id: &[String]) -> Result<RowKey, EntityError> {
    let parts: Vec<String> = match (id, view.key.len()) {
        // Commas that nobody took for those between values, and those that were escaped with the rest.
        (_, 1) => vec![id.join(",")],
        ([whole], _) => whole.split(',').map(ToOwned::to_owned).collect(),
        _ => id.to_vec(),
    };
    if parts.len() != view.key.len() {
        return Err(no_such(view, id));
    }
    let part =
        |(field, text): (&crate::Field, &String)| Some((field.at().clone(), key_value(&field.kind, text)?));
    let key: Option<RowKey> = view.key_fields().zip(&parts).map(part).collect();
    key.ok_or_else(|| no_such(view, id))
}

/// A value as an id has it.
fn key_value(kind: &FieldType, text: &str) -> Option<Value> {
    let json = match (kind, text) {
        (FieldType::Boolean, "true" | "false") => (text == "true").into(),
        (FieldType::Boolean | FieldType::Float, _) => serde_json::from_str(text).ok()?,
        // A number where it is written like one, as SQLite itself takes it.
        (FieldType::Any, _) => text.parse::<i64>().map_or_else(|_| text.into(), serde_json::Value::from),
        _ => text.into(),
    };
    from_json(&json, kind).ok()
}

pub(super) fn no_such(view: &EntityView, id: &[String]) -> EntityError {
    let id: String = id.join(",").chars().take(64).collect();
    EntityError::NoSuchRecord { entity: view.entity.name.to_string(), id }
}
