//! Whether what is said of an entity can be so.

use std::collections::HashSet;

use altus4_connections::{Engine, SchemaSnapshot, Table};

use crate::{Entity, EntityError, EntitySettings, Exposure, FieldFault, RelationRule, Shelf, naming};

/// Whether the table has what is said of it, and names don't clash; every fault.
pub(super) fn check_settings(
    settings: &EntitySettings,
    table: &Table,
    snapshot: &SchemaSnapshot,
) -> Result<(), EntityError> {
    const NO_COLUMN: &str = "is no column of the table";
    let mut faults = Vec::new();
    let mut fault = |field: String, reason: &str| faults.push(FieldFault::new(field, reason));
    let is_column = |name: &str| table.columns.iter().any(|column| column.column.name() == name);
    let is_key = |name: &str| {
        table.primary_key.iter().any(|column| column.name() == name)
            || settings.primary_key.iter().any(|column| column == name)
    };
    let mut named = HashSet::new();
    for rule in &settings.fields {
        let place = format!("fields.{}", rule.column);
        if !is_column(&rule.column) {
            fault(place, NO_COLUMN);
            continue;
        }
        if !rule.exposure.is_readable() && is_key(&rule.column) {
            fault(place.clone(), "is part of the key, which has to be readable");
        }
        if let Some(name) = &rule.name {
            if !named.insert(name.as_str()) {
                fault(place, "has the name of another field");
            } else if is_taken(name, &rule.column, settings, table) {
                fault(place, "has the name that another column's field has");
            }
        }
    }
    for (at, column) in settings.primary_key.iter().enumerate() {
        if !is_column(column) {
            fault(format!("primaryKey[{at}]"), NO_COLUMN);
        }
    }
    if settings.date_field.as_deref().is_some_and(|column| !is_column(column)) {
        fault("dateField".to_owned(), NO_COLUMN);
    }
    for relation in &settings.relations {
        let place = |part: &str| format!("relations.{}.{part}", relation.name);
        if !relation.column.is_empty() && !is_column(&relation.column) {
            fault(place("column"), NO_COLUMN);
        }
        if let Some(through) = &relation.through
            && snapshot.table(&through.table).is_none()
        {
            fault(place("through.table"), "is no table of this database");
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(EntityError::Invalid(faults)) }
}

/// Whether each relation that is added by hand leads somewhere; every fault. One that was there `before`
/// may have come to lead nowhere.
pub(super) fn check_relations(
    entity: &Entity,
    before: &[RelationRule],
    mut all: Vec<Entity>,
    (snapshot, engine): (&SchemaSnapshot, Engine),
) -> Result<(), EntityError> {
    let added: Vec<_> = entity.settings.relations.iter().filter(|rule| !before.contains(rule)).collect();
    if added.is_empty() {
        return Ok(());
    }
    all.retain(|other| other.connection_id == entity.connection_id && other.id != entity.id);
    all.push(entity.clone());
    let shelf = Shelf::new(all, snapshot, engine);
    let view = shelf.position(&entity.name).and_then(|at| shelf.view(at)).and_then(Result::ok);
    // A foreign key may offer another relation under the name of one that leads nowhere.
    let leads = |rule: &RelationRule| {
        let found = view.and_then(|view| view.relation(&rule.name));
        let to = found.and_then(|found| shelf.views().get(found.to)?.as_ref());
        to.is_some_and(|to| to.entity.name == rule.entity)
    };
    let faults: Vec<_> = added
        .into_iter()
        .filter(|rule| !leads(rule))
        .map(|rule| {
            let reason = "leads nowhere: its entity has to be one of this connection whose records can be \
                          listed, its columns have to be readable at both ends, and its name no field's";
            FieldFault::new(format!("relations.{}", rule.name), reason)
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(EntityError::Invalid(faults)) }
}

/// Whether a column that nobody named would be called this.
fn is_taken(name: &str, column: &str, settings: &EntitySettings, table: &Table) -> bool {
    table.columns.iter().map(|other| other.column.name()).any(|other| {
        let rule = settings.fields.iter().find(|rule| rule.column == other);
        let is_plain = rule.is_none_or(|rule| rule.name.is_none() && rule.exposure != Exposure::Hidden);
        other != column && is_plain && naming::field_name(other, settings.field_case) == name
    })
}
