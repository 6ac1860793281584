//! The codes of entities and their records.

use altus4_entities::{EntityError, FieldFault, Operation, QueryFaults, RefusalKind, RefusedRecord};
use serde_json::{Map, Value, json};

use super::{
    ApiError, Code, Fault,
    domain::{filter_fault, sentence},
};

impl From<EntityError> for ApiError {
    fn from(error: EntityError) -> Self {
        let message = sentence(&error);
        let conflict = |message, details| Self::new(Code::ResourceConflict, message).with_details(details);
        match error {
            EntityError::NotFound(name) => Self::new(Code::EntityNotFound, message)
                .with_details(json!({ "resource": "entity", "id": name })),
            EntityError::NoSuchRecord { entity, id } => {
                Self::new(Code::NotFound, message).with_details(json!({ "resource": entity, "id": id }))
            }
            EntityError::NameTaken | EntityError::NameReserved(_) => {
                conflict(message, json!({ "resource": "entity", "field": "name" }))
            }
            EntityError::TooMany(limit) => conflict(message, json!({ "resource": "entity", "limit": limit })),
            EntityError::ChangedMeanwhile => conflict(message, json!({ "resource": "entity" })),
            EntityError::Invalid(faults) => Self::validation(&fields(&faults)),
            EntityError::InvalidQuery(faults) => invalid_query(&faults),
            EntityError::NotOffered { offered, .. } => Self::method_not_allowed(&allow(&offered)),
            EntityError::NotAsExpected => Self::new(
                Code::PreconditionFailed,
                "The record is not what it was; read it again, and send its ETag",
            ),
            EntityError::Refused(refused, source) => {
                let error = refusal(&refused);
                if let Some(source) = source { error.with_source(source) } else { error }
            }
            EntityError::SchemaChanged(_, source) => {
                let error = conflict(message, json!({ "resource": "schema" }));
                if let Some(source) = source { error.with_source(source) } else { error }
            }
            EntityError::NotPermitted(error) => {
                let message =
                    "The connection's database user may not do this; give it the right, or another user";
                Self::new(Code::ConnectionFailed, message)
                    .with_details(json!({ "error": "the database user lacks a right" }))
                    .with_source(error)
            }
            EntityError::TooLarge => Self::validation(&[Fault {
                field: "limit".to_owned(),
                reason: "is too much for records of this size; ask for fewer, or for fewer fields".into(),
            }]),
            EntityError::Busy(error) => Self::new(Code::ServiceUnavailable, message).with_source(error),
            EntityError::Connection(error) => error.into(),
            EntityError::Port(error) => error.into(),
        }
    }
}

fn fields(faults: &[FieldFault]) -> Vec<Fault> {
    let fault =
        |fault: &FieldFault| Fault { field: fault.field.clone(), reason: fault.reason.clone().into() };
    faults.iter().map(fault).collect()
}

/// All that is wrong; the code is that of a parameter's fault if there is one, else the filter's.
fn invalid_query(faults: &QueryFaults) -> ApiError {
    let code = match faults {
        QueryFaults { fields, .. } if !fields.is_empty() => Code::ValidationError,
        QueryFaults { filter, .. } if !filter.is_empty() => Code::InvalidFilter,
        _ => Code::InvalidSort,
    };
    let sort = faults
        .sort
        .iter()
        .map(|fault| Fault { field: format!("sort.{}", fault.field), reason: fault.reason.clone().into() });
    let all: Vec<_> = fields(&faults.fields)
        .into_iter()
        .chain(faults.filter.iter().map(filter_fault))
        .chain(sort)
        .collect();
    ApiError::faulty(code, &all, Map::new())
}

fn refusal(refused: &RefusedRecord) -> ApiError {
    let (code, reason) = match refused.kind {
        RefusalKind::Unique => (Code::ResourceConflict, "has a value that another record has already"),
        RefusalKind::Unreferenced => (Code::ResourceConflict, "refers to a record that does not exist"),
        RefusalKind::StillReferenced => (Code::ResourceConflict, "is referred to by another record"),
        RefusalKind::NotNull => (Code::UnprocessableEntity, "must have a value"),
        RefusalKind::Check => (Code::UnprocessableEntity, "breaks a rule of the table"),
        RefusalKind::OutOfRange => (Code::UnprocessableEntity, "is outside of what the column holds"),
        RefusalKind::TooLong => (Code::UnprocessableEntity, "is longer than the column"),
        RefusalKind::WrongKind => (Code::UnprocessableEntity, "is of no kind that the column takes"),
    };
    let place = |name: &str| match refused.row {
        Some(row) => format!("[{row}].{name}"),
        None => name.to_owned(),
    };
    let subject = match refused.fields.as_slice() {
        [] => "the record".to_owned(),
        fields => fields.join(", "),
    };
    let at = refused.row.map(|row| format!("Record {row}: ")).unwrap_or_default();
    let message = format!("{at}{subject} {reason}; nothing was written");
    let errors: Vec<Value> =
        refused.fields.iter().map(|name| json!({ "field": place(name), "reason": reason })).collect();
    let mut details = json!({ "resource": refused.entity, "reason": reason, "errors": errors });
    if let Some(field) = refused.fields.first() {
        details["field"] = field.as_str().into();
    }
    if let Some(row) = refused.row {
        details["row"] = row.into();
    }
    ApiError::new(code, message).with_details(details)
}

/// The methods of what an entity offers.
pub(crate) fn allow(offered: &[Operation]) -> String {
    let has = |operation: Operation| offered.contains(&operation);
    let mut methods = Vec::new();
    if has(Operation::List) || has(Operation::Read) {
        methods.extend(["GET", "HEAD"]);
    }
    if has(Operation::Create) {
        methods.push("POST");
    }
    if has(Operation::Update) {
        methods.extend(["PUT", "PATCH"]);
    }
    if has(Operation::Delete) {
        methods.push("DELETE");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}
