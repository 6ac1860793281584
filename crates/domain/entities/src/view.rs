//! An entity as its database makes it: fields, key and relations, held against a schema.

mod relations;

use std::{collections::HashSet, sync::Arc};

use altus4_connections::{Column, ColumnRef, Engine, FilterField, FullTextKey, Link, Table, TableKind};

pub(crate) use self::relations::add_relations;
use crate::{Entity, Exposure, FieldType, Operation, RelationKind, naming};

/// A column as it is offered.
#[derive(Debug, Clone)]
pub struct Field {
    /// What it is called.
    pub name: Arc<str>,
    /// The column.
    pub column: Column,
    /// What it holds.
    pub kind: FieldType,
    /// What it may be used for; never hidden.
    pub exposure: Exposure,
    /// Whether it is part of the key.
    pub is_key: bool,
}

impl Field {
    /// Whether a new record has to have it.
    #[must_use]
    pub fn is_required(&self) -> bool {
        let found = &self.column.found;
        self.is_writable() && !found.nullable && found.default.is_none() && !found.is_numbered
    }

    /// Whether it can be read, filtered, sorted and searched by.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.exposure.is_readable()
    }

    /// Whether it can be given a value.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.exposure.is_writable() && self.column.found.generated.is_none()
    }

    /// Its column.
    #[must_use]
    pub fn at(&self) -> &ColumnRef {
        &self.column.column
    }
}

/// How records belong to those of another entity.
#[derive(Debug, Clone)]
pub struct RelationView {
    /// What it is called.
    pub name: Arc<str>,
    /// How they do.
    pub kind: RelationKind,
    /// The other entity's place among the views of the connection.
    pub to: usize,
    /// The fields or columns that refer.
    pub foreign_key: Vec<String>,
    /// The way.
    pub link: Arc<Link>,
}

/// An entity, held against its database's schema.
#[derive(Debug, Clone)]
pub struct EntityView {
    /// What was registered.
    pub entity: Entity,
    /// What kind of database it is in.
    pub engine: Engine,
    /// Its table.
    pub table: Arc<Table>,
    /// What it offers, in the table's order.
    pub fields: Vec<Field>,
    /// The fields that tell records apart, by their places; empty where nothing does.
    pub key: Vec<usize>,
    /// Its relations.
    pub relations: Vec<RelationView>,
    /// What may be done with its records.
    pub operations: Vec<Operation>,
}

/// That the schema has no more what an entity was registered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift(pub String);

impl EntityView {
    /// The entity over its table, without its relations.
    pub(crate) fn new(entity: Entity, table: Option<&Arc<Table>>, engine: Engine) -> Result<Self, Drift> {
        let Some(table) = table else {
            return Err(Drift(format!("the table '{}' is not there any more", entity.table)));
        };
        let settings = &entity.settings;
        let known = |name: &str| table.columns.iter().any(|column| column.column.name() == name);
        for rule in &settings.fields {
            // Were a column that was hidden renamed, it would be shown under its new name.
            if !known(&rule.column) {
                return Err(Drift(match rule.exposure {
                    Exposure::Hidden => "a column that was hidden is not there any more".to_owned(),
                    _ => format!("the column '{}' is not there any more", rule.column),
                }));
            }
        }
        for column in settings.primary_key.iter().chain(&settings.date_field) {
            if !known(column) {
                return Err(Drift(format!("the column '{column}' is not there any more")));
            }
        }
        let is_key = |name: &str| {
            if settings.primary_key.is_empty() {
                table.primary_key.iter().any(|column| column.name() == name)
            } else {
                settings.primary_key.iter().any(|column| column == name)
            }
        };
        let mut fields = Vec::with_capacity(table.columns.len());
        let mut taken = HashSet::new();
        for column in &table.columns {
            let name = column.column.name();
            let rule = settings.fields.iter().find(|rule| rule.column == name);
            let is_key = is_key(name);
            let exposure = rule.map_or(Exposure::Full, |rule| rule.exposure);
            if exposure == Exposure::Hidden {
                continue;
            }
            let chosen = rule.and_then(|rule| rule.name.clone());
            let called = chosen.unwrap_or_else(|| naming::field_name(name, settings.field_case));
            // Two columns that would be called the same are called as they are.
            let called = if taken.insert(called.clone()) { called } else { name.to_owned() };
            fields.push(Field {
                name: called.into(),
                kind: FieldType::of(&column.found, engine),
                column: column.clone(),
                exposure,
                is_key,
            });
        }
        let place = |name: &str| fields.iter().position(|field: &Field| field.at().name() == name);
        let key: Option<Vec<usize>> = if settings.primary_key.is_empty() {
            table.primary_key.iter().map(|column| place(column.name())).collect()
        } else {
            settings.primary_key.iter().map(|column| place(column)).collect()
        };
        let key = key.unwrap_or_default();
        let is_fixed = settings.read_only || table.kind == TableKind::View || table.primary_key.is_empty();
        let has_key = !key.is_empty();
        let may = |operation: &&Operation| {
            (!is_fixed || !operation.is_change()) && (has_key || **operation == Operation::List)
        };
        let operations = settings.operations.iter().filter(may).copied().collect();
        Ok(Self { engine, table: Arc::clone(table), fields, key, relations: Vec::new(), operations, entity })
    }

    /// Whether this may be done with its records.
    #[must_use]
    pub fn allows(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }

    /// The field of this name that can be read.
    #[must_use]
    pub fn readable(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name && field.is_readable())
    }

    /// The fields that can be read, in their order.
    pub fn all_readable(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.is_readable())
    }

    /// The fields of the key, in its order.
    pub fn key_fields(&self) -> impl Iterator<Item = &Field> {
        self.key.iter().filter_map(|at| self.fields.get(*at))
    }

    /// The columns of the key, in its order.
    #[must_use]
    pub fn key_columns(&self) -> Vec<ColumnRef> {
        self.key_fields().map(|field| field.at().clone()).collect()
    }

    /// The field over a column, if it is offered.
    #[must_use]
    pub fn field_of(&self, column: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.at().name().eq_ignore_ascii_case(column))
    }

    /// The relation of this name.
    #[must_use]
    pub fn relation(&self, name: &str) -> Option<&RelationView> {
        self.relations.iter().find(|relation| &*relation.name == name)
    }

    /// A full-text index over columns that can all be read, the widest.
    #[must_use]
    pub fn full_text(&self) -> Option<&FullTextKey> {
        let is_readable = |column: &ColumnRef| self.all_readable().any(|field| field.at() == column);
        let open = self.table.full_text.iter().filter(|index| index.columns.iter().all(is_readable));
        open.max_by_key(|index| index.columns.len())
    }

    /// What `startDate` and `endDate` go by.
    #[must_use]
    pub fn date_field(&self) -> Option<&Field> {
        const CREATED: [&str; 2] = ["created_at", "createdAt"];
        let is_date =
            |field: &&Field| matches!(field.kind, FieldType::Date | FieldType::DateTime | FieldType::AnyTime);
        let of_column = |name: &str| {
            self.all_readable().filter(is_date).find(|field| field.at().name().eq_ignore_ascii_case(name))
        };
        match &self.entity.settings.date_field {
            Some(column) => of_column(column),
            None => CREATED.iter().find_map(|column| of_column(column)),
        }
    }
}

/// What a name in a filter stands for: a field, or one of a relation, at most two relations away.
pub(crate) fn filter_field(
    views: &[Option<EntityView>],
    view: &EntityView,
    name: &str,
) -> Result<FilterField, String> {
    let unknown = || "is an unknown field".to_owned();
    if let Some(field) = view.readable(name) {
        return Ok(FilterField { way: Vec::new(), column: field.column.clone() });
    }
    let (mut at, mut rest, mut way) = (view, name, Vec::new());
    while let Some((relation, field)) = rest.split_once('.') {
        if way.len() == 2 {
            return Err("is more than two relations away".to_owned());
        }
        let relation = at.relation(relation).ok_or_else(unknown)?;
        way.push(Arc::clone(&relation.link));
        at = views.get(relation.to).and_then(Option::as_ref).ok_or_else(unknown)?;
        if let Some(field) = at.readable(field) {
            return Ok(FilterField { way, column: field.column.clone() });
        }
        rest = field;
    }
    Err(unknown())
}
