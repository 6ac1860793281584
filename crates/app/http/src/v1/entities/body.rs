//! What is said of an entity when it is registered or changed.

use altus4_entities::{
    Entity, EntityName, EntitySettings, Exposure, FieldCase, FieldRule, NewEntity, Operation, RegistryChange,
    RelationKind, RelationRule, ThroughRule,
};
use altus4_kernel::ConnectionId;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::extract::Fields;

const NAME: &str = "must be 1 to 64 of a-z, 0-9, _ and -";
const ID: &str = "must be the id of a database";
const MAX_COLUMNS: usize = 4_096;
const MAX_RELATIONS: usize = 200;
const MAX_KEY: usize = 16;
/// MySQL's names have 64 characters at the most; those of fields may be longer.
const MAX_NAME_CHARS: usize = 128;

/// A table to be registered, or all of a database.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewEntity)]
#[expect(dead_code, reason = "describes the body; `new_entity` reads it")]
pub(crate) struct EntityBody {
    #[schema(format = Uuid)]
    database_id: String,
    /// `*`: every table and view that isn't registered yet; then nothing else is given.
    #[schema(example = "*")]
    tables: Option<String>,
    /// What it is called in paths. Left out: the table's name, where it can be one.
    #[schema(pattern = "^[a-z0-9_-]{1,64}$")]
    name: Option<String>,
    table: Option<String>,
    #[serde(flatten)]
    settings: ChangeEntityBody,
}

/// What may be changed of an entity; only what is sent is changed.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EntityChange)]
#[expect(dead_code, reason = "describes the body; `entity_change` reads it")]
pub(crate) struct ChangeEntityBody {
    #[schema(pattern = "^[a-z0-9_-]{1,64}$")]
    name: Option<String>,
    /// The columns that tell records apart; left out: the table's primary key.
    primary_key: Option<Vec<String>>,
    /// By column: `{ "name": "…", "hidden": true }`, `readOnly` or `writeOnly`.
    #[schema(value_type = Option<Object>)]
    fields: Option<Value>,
    /// How columns are called that have no name in `fields`: `camel` or `asis`.
    #[schema(default = "camel", pattern = "^(camel|asis)$")]
    field_case: Option<String>,
    #[schema(default = false)]
    read_only: Option<bool>,
    /// By name: `{ "type": "belongsTo", "entity": "…", "foreignKey": "column", "references": "column" }`.
    #[schema(value_type = Option<Object>)]
    relations: Option<Value>,
    /// Of `list`, `read`, `create`, `update`, `delete`; left out: all.
    operations: Option<Vec<String>>,
    /// The column that `startDate` and `endDate` go by; left out: `created_at`.
    date_field: Option<String>,
}

/// What is said of an entity; what isn't said is `None`.
#[derive(Debug, Default)]
pub(super) struct EntityChange {
    name: Option<EntityName>,
    primary_key: Option<Vec<String>>,
    fields: Option<Vec<FieldRule>>,
    field_case: Option<FieldCase>,
    read_only: Option<bool>,
    relations: Option<Vec<RelationRule>>,
    operations: Option<Vec<Operation>>,
    /// Also that there is none any more.
    #[expect(clippy::option_option, reason = "what isn't said and what is taken back differ")]
    date_field: Option<Option<String>>,
}

impl EntityChange {
    /// The change of this entity.
    pub(super) fn of(&self, before: &Entity) -> RegistryChange {
        let settings = self.settings(before.settings.clone());
        RegistryChange { name: self.name.clone(), settings: Some(settings) }
    }

    fn settings(&self, before: EntitySettings) -> EntitySettings {
        EntitySettings {
            primary_key: self.primary_key.clone().unwrap_or(before.primary_key),
            field_case: self.field_case.unwrap_or(before.field_case),
            fields: self.fields.clone().unwrap_or(before.fields),
            relations: self.relations.clone().unwrap_or(before.relations),
            operations: self.operations.clone().unwrap_or(before.operations),
            read_only: self.read_only.unwrap_or(before.read_only),
            date_field: self.date_field.clone().unwrap_or(before.date_field),
        }
    }
}

/// Reads [`EntityBody`].
pub(super) fn new_entity(fields: &mut Fields) -> Option<NewEntity> {
    fields.require(&["databaseId"]);
    let connection_id = fields.parsed("databaseId", ID, |text| text.parse::<ConnectionId>().ok());
    if fields.has("tables") {
        let every = fields.parsed("tables", "must be \"*\"", |text| (text == "*").then_some(()));
        return Some(NewEntity::Every { connection_id: every.and(connection_id)? });
    }
    fields.require(&["table"]);
    let table = fields.parsed("table", "must be a table's name", plain_name);
    if let Some(table) = table.as_ref().filter(|_| !fields.has("name"))
        && EntityName::parse(table).is_none()
    {
        fields.fault("name", "is required, as the table's name can't be one");
    }
    let change = entity_change(fields);
    let table = table?;
    let name = change.name.clone().or_else(|| EntityName::parse(&table))?;
    let settings = change.settings(EntitySettings::default());
    Some(NewEntity::One { name, connection_id: connection_id?, table, settings })
}

/// Reads [`ChangeEntityBody`].
pub(super) fn entity_change(fields: &mut Fields) -> EntityChange {
    const COLUMN: &str = "must be a column's name";
    const OPERATION: &str = "must be one of list, read, create, update, delete";
    let cleared = fields.cleared("dateField");
    EntityChange {
        name: fields.parsed("name", NAME, EntityName::parse),
        primary_key: fields.list("primaryKey", MAX_KEY, COLUMN, plain_name),
        field_case: fields.choice("fieldCase", "must be camel or asis"),
        fields: read_rules(fields),
        read_only: fields.flag("readOnly"),
        relations: read_relations(fields),
        operations: fields.list("operations", Operation::ALL.len(), OPERATION, |text| text.parse().ok()).map(
            |asked: Vec<Operation>| Operation::ALL.into_iter().filter(|one| asked.contains(one)).collect(),
        ),
        date_field: fields
            .parsed("dateField", COLUMN, plain_name)
            .map(Some)
            .or_else(|| cleared.then_some(None)),
    }
}

fn plain_name(text: &str) -> Option<String> {
    let fits = (1..=MAX_NAME_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// Members of an object that may have any names.
fn members(fields: &mut Fields, name: &str, max: usize) -> Option<Map<String, Value>> {
    let Value::Object(members) = fields.take(name)? else {
        fields.fault(name, "must be an object");
        return None;
    };
    if members.len() > max || members.keys().any(|name| plain_name(name).is_none()) {
        fields.fault(name, format!("must have at most {max} members, each with a name"));
        return None;
    }
    Some(members)
}

fn read_rules(fields: &mut Fields) -> Option<Vec<FieldRule>> {
    const FIELD: &str = "must be 1 to 128 characters without a dot, not beginning with _";
    let rules = members(fields, "fields", MAX_COLUMNS)?;
    let names: Vec<String> = rules.keys().cloned().collect();
    fields.nested("fields", rules, |rules| {
        let rule = |column: &String| {
            rules.object(column, |rule| {
                let name = rule.parsed("name", FIELD, |text| {
                    plain_name(text).filter(|name| !name.contains('.') && !name.starts_with('_'))
                });
                let flags = ["hidden", "writeOnly", "readOnly"].map(|flag| rule.flag(flag).unwrap_or(false));
                let exposure = match flags {
                    [true, _, _] => Exposure::Hidden,
                    [_, true, true] => {
                        rule.fault("writeOnly", "must not be given with readOnly");
                        Exposure::Hidden
                    }
                    [_, true, _] => Exposure::WriteOnly,
                    [_, _, true] => Exposure::ReadOnly,
                    _ => Exposure::Full,
                };
                FieldRule { column: column.clone(), name, exposure }
            })
        };
        names.iter().filter_map(rule).collect()
    })
}

fn read_relations(fields: &mut Fields) -> Option<Vec<RelationRule>> {
    let relations = members(fields, "relations", MAX_RELATIONS)?;
    let names: Vec<String> = relations.keys().cloned().collect();
    fields.nested("relations", relations, |relations| {
        let relation = |name: &String| relations.object(name, |rule| read_relation(name, rule)).flatten();
        names.iter().filter_map(relation).collect()
    })
}

/// A relation by hand. Where nothing is said of the column referred to, it is the primary key.
fn read_relation(name: &str, rule: &mut Fields) -> Option<RelationRule> {
    const KIND: &str = "must be belongsTo, hasMany or manyToMany";
    const COLUMN: &str = "must be a column's name";
    if name.contains('.') {
        rule.fault("type", "is of a relation whose name has a dot in it");
    }
    rule.require(&["type", "entity"]);
    let kind = rule.choice::<RelationKind>("type", KIND);
    let entity = rule.parsed("entity", NAME, EntityName::parse);
    let foreign_key = rule.parsed("foreignKey", COLUMN, plain_name);
    let references = rule.parsed("references", COLUMN, plain_name).unwrap_or_default();
    let through = rule.object("through", |through| {
        through.require(&["table", "foreignKey", "otherKey"]);
        let [table, near, far] =
            ["table", "foreignKey", "otherKey"].map(|name| through.parsed(name, COLUMN, plain_name));
        let target = through.parsed("references", COLUMN, plain_name).unwrap_or_default();
        Some((table?, near?, far?, target))
    });
    let name = name.to_owned();
    match (kind?, foreign_key, through) {
        (kind @ RelationKind::BelongsTo, Some(column), None) => {
            Some(RelationRule { name, kind, entity: entity?, column, target: references, through: None })
        }
        (kind @ RelationKind::HasMany, Some(target), None) => {
            Some(RelationRule { name, kind, entity: entity?, column: references, target, through: None })
        }
        (kind @ RelationKind::ManyToMany, None, Some(through)) => {
            let (table, target, column, away) = through?;
            let through = Some(ThroughRule { table, column, target: away });
            Some(RelationRule { name, kind, entity: entity?, column: references, target, through })
        }
        (RelationKind::ManyToMany, ..) => {
            rule.fault("through", "is required, and foreignKey stands in it");
            None
        }
        _ => {
            rule.fault("foreignKey", "is required, and through is for manyToMany");
            None
        }
    }
}
