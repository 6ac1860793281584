//! Rows of `entities`.

use altus4_entities::{
    Entity as Registered, EntityName, EntitySettings, FieldRule, RelationRule, ThroughRule,
};
use altus4_kernel::{AccountId, ConnectionId, EntityId};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::document::{read, written};
use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "entities")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) account_id: TextUuid,
    pub(crate) name: String,
    pub(crate) connection_id: TextUuid,
    pub(crate) table_name: Vec<u8>,
    pub(crate) settings: String,
    pub(crate) revision: i64,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The document in `settings`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SettingsDocument {
    primary_key: Vec<String>,
    field_case: String,
    fields: Vec<FieldDocument>,
    relations: Vec<RelationDocument>,
    operations: Vec<String>,
    read_only: bool,
    date_field: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct FieldDocument {
    column: String,
    name: Option<String>,
    exposure: String,
}

#[derive(Serialize, Deserialize)]
struct RelationDocument {
    name: String,
    kind: String,
    entity: String,
    column: String,
    target: String,
    through: Option<ThroughDocument>,
}

#[derive(Serialize, Deserialize)]
struct ThroughDocument {
    table: String,
    column: String,
    target: String,
}

impl From<&EntitySettings> for SettingsDocument {
    fn from(settings: &EntitySettings) -> Self {
        let field = |rule: &FieldRule| FieldDocument {
            column: rule.column.clone(),
            name: rule.name.clone(),
            exposure: rule.exposure.as_str().to_owned(),
        };
        let through = |rule: &ThroughRule| ThroughDocument {
            table: rule.table.clone(),
            column: rule.column.clone(),
            target: rule.target.clone(),
        };
        let relation = |rule: &RelationRule| RelationDocument {
            name: rule.name.clone(),
            kind: rule.kind.as_str().to_owned(),
            entity: rule.entity.as_str().to_owned(),
            column: rule.column.clone(),
            target: rule.target.clone(),
            through: rule.through.as_ref().map(through),
        };
        Self {
            primary_key: settings.primary_key.clone(),
            field_case: settings.field_case.as_str().to_owned(),
            fields: settings.fields.iter().map(field).collect(),
            relations: settings.relations.iter().map(relation).collect(),
            operations: settings.operations.iter().map(|operation| operation.as_str().to_owned()).collect(),
            read_only: settings.read_only,
            date_field: settings.date_field.clone(),
        }
    }
}

impl SettingsDocument {
    /// `None` where a word isn't one that was written.
    fn settings(self) -> Option<EntitySettings> {
        let field = |field: FieldDocument| {
            let exposure = field.exposure.parse().ok()?;
            Some(FieldRule { column: field.column, name: field.name, exposure })
        };
        let relation = |relation: RelationDocument| {
            let through = |through: ThroughDocument| ThroughRule {
                table: through.table,
                column: through.column,
                target: through.target,
            };
            Some(RelationRule {
                name: relation.name,
                kind: relation.kind.parse().ok()?,
                entity: EntityName::parse(&relation.entity)?,
                column: relation.column,
                target: relation.target,
                through: relation.through.map(through),
            })
        };
        Some(EntitySettings {
            primary_key: self.primary_key,
            field_case: self.field_case.parse().ok()?,
            fields: self.fields.into_iter().map(field).collect::<Option<_>>()?,
            relations: self.relations.into_iter().map(relation).collect::<Option<_>>()?,
            operations: self.operations.iter().map(|name| name.parse().ok()).collect::<Option<_>>()?,
            read_only: self.read_only,
            date_field: self.date_field,
        })
    }
}

/// What `settings` holds.
pub(crate) fn settings_document(settings: &EntitySettings) -> Result<String, Fault> {
    written(&SettingsDocument::from(settings))
}

impl TryFrom<&Registered> for Model {
    type Error = Fault;

    fn try_from(entity: &Registered) -> Result<Self, Fault> {
        Ok(Self {
            id: TextUuid(entity.id.as_uuid()),
            account_id: TextUuid(entity.account_id.as_uuid()),
            name: entity.name.as_str().to_owned(),
            connection_id: TextUuid(entity.connection_id.as_uuid()),
            table_name: entity.table.as_bytes().to_vec(),
            settings: settings_document(&entity.settings)?,
            revision: entity.revision.into(),
            created_at: entity.created_at.into(),
            updated_at: entity.updated_at.into(),
        })
    }
}

impl TryFrom<Model> for Registered {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        const SETTINGS: Fault = Fault::Corrupt("entities.settings");
        let document: SettingsDocument = read(&row.settings, "entities.settings")?;
        Ok(Self {
            id: EntityId::from_uuid(row.id.0),
            account_id: AccountId::from_uuid(row.account_id.0),
            name: EntityName::parse(&row.name).ok_or(Fault::Corrupt("entities.name"))?,
            connection_id: ConnectionId::from_uuid(row.connection_id.0),
            table: String::from_utf8(row.table_name).map_err(|_| Fault::Corrupt("entities.table_name"))?,
            settings: document.settings().ok_or(SETTINGS)?,
            revision: row.revision.try_into().map_err(|_| Fault::Corrupt("entities.revision"))?,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}
