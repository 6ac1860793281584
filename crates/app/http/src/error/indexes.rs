//! The answers of the domain about indexes.

use altus4_connections::IndexError;
use serde_json::json;

use super::{
    ApiError, Code, Fault,
    domain::{sentence, unknown_names},
};

impl From<IndexError> for ApiError {
    fn from(error: IndexError) -> Self {
        let conflict = |resource: &str| {
            Self::new(Code::ResourceConflict, sentence(&error)).with_details(json!({ "resource": resource }))
        };
        let fault = |field: &str, reason: String| {
            Self::validation(&[Fault { field: field.to_owned(), reason: reason.into() }])
        };
        if let IndexError::Connection(error) = error {
            return error.into();
        }
        match &error {
            IndexError::UnknownTable(name) => unknown_names("table", std::slice::from_ref(name)),
            IndexError::UnknownColumns(names) => unknown_names("columns", names),
            IndexError::Unfit { field, reason } => fault(field, reason.clone()),
            IndexError::Exists(name) => {
                conflict("index").with_details(json!({ "resource": "index", "name": name }))
            }
            IndexError::TableBusy | IndexError::TooMany(_) => conflict("indexJob"),
            IndexError::NoSuchJob(id) => Self::not_found("indexJob", &id.to_string()),
            IndexError::Unsupported(engine) => fault(
                "id",
                format!(
                    "is a database of the kind '{}', in which the service makes no indexes",
                    engine.as_str()
                ),
            ),
            // Told above, as it needs the error itself.
            IndexError::Connection(_) => Self::internal(),
        }
    }
}
