//! The codes of what stands around a search: history, saved searches, suggestions.

use altus4_search::{InteractionError, SavedSearchError, SuggestError};
use serde_json::json;

use super::{ApiError, Code, domain::sentence};

impl From<InteractionError> for ApiError {
    fn from(error: InteractionError) -> Self {
        match error {
            InteractionError::NoSuchSearch(ids) => {
                let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
                let first = ids.first().cloned().unwrap_or_default();
                Self::new(Code::NotFound, "There is no such search")
                    .with_details(json!({ "resource": "search", "id": first, "ids": ids }))
            }
            InteractionError::Port(error) => error.into(),
        }
    }
}

impl From<SavedSearchError> for ApiError {
    fn from(error: SavedSearchError) -> Self {
        let message = sentence(&error);
        let conflict = |details| Self::new(Code::ResourceConflict, message).with_details(details);
        match error {
            SavedSearchError::NotFound(id) => Self::not_found("savedSearch", &id.to_string()),
            SavedSearchError::NameTaken => conflict(json!({ "resource": "savedSearch", "field": "name" })),
            SavedSearchError::TooMany(limit) => {
                conflict(json!({ "resource": "savedSearch", "limit": limit }))
            }
            SavedSearchError::Broken(id) => {
                conflict(json!({ "resource": "savedSearch", "id": id.to_string(), "broken": true }))
            }
            SavedSearchError::Connection(error) => error.into(),
            SavedSearchError::Port(error) => error.into(),
        }
    }
}

impl From<SuggestError> for ApiError {
    fn from(error: SuggestError) -> Self {
        match error {
            SuggestError::Connection(error) => error.into(),
            SuggestError::Port(error) => error.into(),
        }
    }
}
