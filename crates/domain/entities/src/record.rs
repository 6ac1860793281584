//! Records, as answers show them, and what tells their versions apart.

use std::sync::Arc;

use altus4_connections::Value;
use altus4_kernel::uuid::Uuid;
use serde_json::Value as Json;

use crate::{EntityView, to_json};

/// A record: what was asked for of it, in the order of the entity's fields, and then what was included.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// Names and what is under them.
    pub cells: Vec<(Arc<str>, Cell)>,
}

/// What is under a name.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A value.
    Value(Json),
    /// The record that it belongs to, if there is one.
    One(Option<Record>),
    /// The records that belong to it.
    Many(Vec<Record>),
}

/// A record by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned {
    /// The record.
    pub record: Record,
    /// The values of its key, as ids have them; empty where it has no key, or could not be read again.
    pub id: Vec<String>,
    /// What tells this version of it from others; left out where more than the record is shown.
    pub version: Option<Version>,
}

/// What tells a version of a record from others: made of all that can be read of it, as it is shown. Of the form that a
/// strong `ETag` has between its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// Versions of records are named under this.
    const SPACE: Uuid = Uuid::from_u128(0x8d1c_63f0_5a3e_4b1d_9c51_6b54_0c5e_8f27);

    /// The version of a record whose readable fields have these values, in their order.
    pub(crate) fn of<'a>(view: &EntityView, values: impl Iterator<Item = &'a Value>) -> Self {
        let cells: Vec<Json> = view
            .all_readable()
            .zip(values)
            .flat_map(|(field, value)| [Json::from(&*field.name), to_json(value, &field.kind)])
            .collect();
        let text = Json::Array(cells).to_string();
        Self(Uuid::new_v5(&Self::SPACE, text.as_bytes()).simple().to_string())
    }

    /// The version as a caller shows it.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a caller expects of a record before it is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// That it is there.
    Any,
    /// That it is one of these versions.
    OneOf(Vec<Version>),
}

/// The text of a value in an id.
pub(crate) fn id_part(view: &EntityView, at: usize, value: &Value) -> String {
    let Some(field) = view.fields.get(at) else { return String::new() };
    match to_json(value, &field.kind) {
        Json::String(text) => text,
        Json::Array(items) => items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
