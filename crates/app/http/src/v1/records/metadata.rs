//! What an entity has and allows: the answer to OPTIONS.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::header::{ALLOW, HeaderValue},
};
use altus4_entities::{self as entities, EntityError, Field, Operation};
use altus4_kernel::{Permission, Principal};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{envelope::Answer, error::entities::allow};

/// An entity's metadata.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityMetadata)]
pub(crate) struct MetadataDto {
    entity: String,
    /// The methods that it answers.
    methods: Vec<String>,
    /// The fields of its key, in the order of their values in an id.
    primary_key: Vec<String>,
    schema: BTreeMap<String, FieldDto>,
    relations: BTreeMap<String, RelationDto>,
    /// What the caller may do with its records.
    permissions: PermissionsDto,
    rate_limit: LimitDto,
}

/// A field.
#[expect(clippy::struct_excessive_bools, reason = "as the contract writes it")]
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityField)]
pub(crate) struct FieldDto {
    r#type: &'static str,
    /// Whether a new record has to have it.
    required: bool,
    /// Whether the database makes its values.
    generated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<String>>,
    /// As the database writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    read_only: bool,
    write_only: bool,
}

/// A relation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntityRelation)]
pub(crate) struct RelationDto {
    /// `belongsTo`, `hasMany` or `manyToMany`.
    r#type: &'static str,
    entity: String,
    /// The fields that refer, with commas between them.
    foreign_key: String,
}

/// What a caller may do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntityPermissions)]
pub(crate) struct PermissionsDto {
    read: bool,
    write: bool,
    delete: bool,
}

/// How often.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntityRateLimit)]
pub(crate) struct LimitDto {
    limit: u32,
    window: &'static str,
}

/// The answer, with its `Allow`.
#[derive(Debug)]
pub(crate) struct Described(MetadataDto);

impl Described {
    pub(super) fn new(
        described: &entities::Described,
        caller: &Principal,
        limit: u32,
    ) -> Result<Self, EntityError> {
        let view = described.view()?;
        let may = |permission, operations: &[Operation]| {
            caller.permissions.allows(permission) && operations.iter().any(|one| view.allows(*one))
        };
        let permissions = PermissionsDto {
            read: may(Permission::Read, &[Operation::List, Operation::Read]),
            write: may(Permission::Write, &[Operation::Create, Operation::Update]),
            delete: may(Permission::Delete, &[Operation::Delete]),
        };
        let relation = |relation: &entities::RelationView| {
            let entity = described.name_at(relation.to)?.to_string();
            let foreign_key = relation.foreign_key.join(",");
            let dto = RelationDto { r#type: relation.kind.as_str(), entity, foreign_key };
            Some((relation.name.to_string(), dto))
        };
        Ok(Self(MetadataDto {
            entity: view.entity.name.to_string(),
            methods: allow(&view.operations).split(", ").map(ToOwned::to_owned).collect(),
            primary_key: view.key_fields().map(|field| field.name.to_string()).collect(),
            schema: view.fields.iter().map(|field| (field.name.to_string(), FieldDto::from(field))).collect(),
            relations: view.relations.iter().filter_map(relation).collect(),
            permissions,
            rate_limit: LimitDto { limit, window: "1h" },
        }))
    }
}

impl From<&Field> for FieldDto {
    fn from(field: &Field) -> Self {
        let found = &field.column.found;
        Self {
            r#type: field.kind.as_str(),
            required: field.is_required(),
            generated: found.generated.is_some() || found.is_numbered,
            max_length: field.kind.max_length(),
            values: field.kind.values().map(<[String]>::to_vec),
            default: found.default.clone(),
            nullable: found.nullable,
            description: found.comment.clone(),
            read_only: !field.is_writable(),
            write_only: !field.is_readable(),
        }
    }
}

impl Responder for Described {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let methods = HeaderValue::from_str(&self.0.methods.join(", "));
        let mut response = Answer::ok(self.0).respond_to(request);
        if let Ok(methods) = methods {
            response.headers_mut().insert(ALLOW, methods);
        }
        response
    }
}
