//! Entities in answers.

use std::collections::BTreeMap;

use altus4_entities::{Entity, Exposure, FieldRule, Operation, RelationRule, Standing};
use serde::Serialize;
use utoipa::ToSchema;

/// A table with generated endpoints.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Entity)]
pub(crate) struct EntityDto {
    name: String,
    #[schema(format = Uuid)]
    database_id: String,
    table: String,
    /// Empty: the table's own.
    primary_key: Vec<String>,
    /// `camel` or `asis`.
    field_case: &'static str,
    /// What was said of single columns.
    fields: BTreeMap<String, FieldRuleDto>,
    /// Those that were added by hand; OPTIONS on `/{entity}` tells all.
    relations: BTreeMap<String, RelationRuleDto>,
    /// What may be done with its records.
    operations: Vec<&'static str>,
    /// Whether its records can only be read: as was said, or as its table has it.
    read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_field: Option<String>,
    /// Where its records are.
    path: String,
    /// Why it can't be used, where its schema has changed underneath.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// What was said of a column.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityFieldRule)]
pub(crate) struct FieldRuleDto {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    hidden: bool,
    read_only: bool,
    write_only: bool,
}

/// A relation that was added by hand.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityRelationRule)]
pub(crate) struct RelationRuleDto {
    r#type: &'static str,
    entity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign_key: Option<String>,
    /// Left out: the primary key.
    #[serde(skip_serializing_if = "String::is_empty")]
    references: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<ThroughDto>,
}

/// The table between two.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityThrough)]
pub(crate) struct ThroughDto {
    table: String,
    foreign_key: String,
    other_key: String,
    /// Left out: the primary key.
    #[serde(skip_serializing_if = "String::is_empty")]
    references: String,
}

/// What was registered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = RegisteredEntities)]
pub(crate) enum RegisteredDto {
    /// One table.
    One(Box<EntityDto>),
    /// Every table that wasn't registered before.
    Every(Vec<EntityDto>),
}

impl RegisteredDto {
    pub(super) fn every(all: &[Standing]) -> Self {
        Self::Every(all.iter().map(EntityDto::from).collect())
    }
}

/// That an entity is forgotten.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntityForgotten)]
pub(crate) struct ForgottenDto {
    message: &'static str,
}

impl Default for ForgottenDto {
    fn default() -> Self {
        Self { message: "The entity was forgotten; its table is as it was" }
    }
}

impl From<&Standing> for EntityDto {
    fn from(Standing { entity, operations, broken }: &Standing) -> Self {
        let Entity { name, connection_id, table, settings, created_at, updated_at, .. } = entity;
        Self {
            name: name.to_string(),
            database_id: connection_id.to_string(),
            table: table.clone(),
            primary_key: settings.primary_key.clone(),
            field_case: settings.field_case.as_str(),
            fields: settings
                .fields
                .iter()
                .map(|rule| (rule.column.clone(), FieldRuleDto::from(rule)))
                .collect(),
            relations: settings
                .relations
                .iter()
                .map(|rule| (rule.name.clone(), RelationRuleDto::from(rule)))
                .collect(),
            operations: operations.iter().map(|operation| operation.as_str()).collect(),
            read_only: settings.read_only
                || !operations.iter().any(|operation: &Operation| operation.is_change()),
            date_field: settings.date_field.clone(),
            path: format!("/api/v1/{name}"),
            broken: broken.clone(),
            created_at: created_at.to_string(),
            updated_at: updated_at.to_string(),
        }
    }
}

impl From<&FieldRule> for FieldRuleDto {
    fn from(rule: &FieldRule) -> Self {
        Self {
            name: rule.name.clone(),
            hidden: rule.exposure == Exposure::Hidden,
            read_only: rule.exposure == Exposure::ReadOnly,
            write_only: rule.exposure == Exposure::WriteOnly,
        }
    }
}

impl From<&RelationRule> for RelationRuleDto {
    fn from(rule: &RelationRule) -> Self {
        use altus4_entities::RelationKind::BelongsTo;
        let (foreign_key, references) = match rule.kind {
            BelongsTo => (Some(rule.column.clone()), rule.target.clone()),
            _ if rule.through.is_some() => (None, rule.column.clone()),
            _ => (Some(rule.target.clone()), rule.column.clone()),
        };
        let through = rule.through.as_ref().map(|through| ThroughDto {
            table: through.table.clone(),
            foreign_key: rule.target.clone(),
            other_key: through.column.clone(),
            references: through.target.clone(),
        });
        Self { r#type: rule.kind.as_str(), entity: rule.entity.to_string(), foreign_key, references, through }
    }
}
