//! The answers of the domain about vectors of tables.

use altus4_search::VectorError;
use serde_json::json;

use super::{ApiError, Code, Fault, domain::sentence};

impl From<VectorError> for ApiError {
    fn from(error: VectorError) -> Self {
        let conflict = || {
            let details = json!({ "resource": "vectorIndex" });
            Self::new(Code::ResourceConflict, sentence(&error)).with_details(details)
        };
        match &error {
            VectorError::Exists | VectorError::TooMany(_) => conflict(),
            VectorError::NoSuchIndex(id) => Self::not_found("vectorIndex", &id.to_string()),
            VectorError::NoModel => Self::new(Code::AiServiceError, sentence(&error)),
            VectorError::Unfit(faults) => {
                let fault = |fault: &altus4_search::VectorFault| Fault {
                    field: fault.field.to_owned(),
                    reason: fault.reason.clone().into(),
                };
                Self::validation(&faults.iter().map(fault).collect::<Vec<_>>())
            }
            VectorError::Connection(inner) => inner.clone().into(),
        }
    }
}
