//! Ids in paths.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use altus4_kernel::{AccountId, ApiKeyId, ConnectionId, IndexJobId, SavedSearchId, SessionId};

use crate::error::ApiError;

macro_rules! path_ids {
    ($($(#[$doc:meta])* $name:ident($id:ty) = $resource:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name(pub(crate) $id);

        /// What is no id was never issued: the same answer as for any other that isn't there.
        impl FromRequest for $name {
            type Error = ApiError;
            type Future = Ready<Result<Self, ApiError>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let id = request.match_info().get("id").unwrap_or_default();
                ready(id.parse().map(Self).map_err(|_| ApiError::not_found($resource, id)))
            }
        }
    )*};
}

path_ids! {
    /// The `{id}` of a database in the path.
    DatabaseId(ConnectionId) = "database";
    /// The `{id}` of an API key in the path.
    KeyId(ApiKeyId) = "apiKey";
    /// The `{id}` of a session in the path.
    PathSession(SessionId) = "session";
    /// The `{id}` of an account in the path.
    PathAccount(AccountId) = "user";
    /// The `{id}` of a saved search in the path.
    SavedId(SavedSearchId) = "savedSearch";
}

/// The `{jobId}` of an index that is being made, in the path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexJob(pub(crate) IndexJobId);

/// As for any id.
impl FromRequest for IndexJob {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("jobId").unwrap_or_default();
        ready(id.parse().map(Self).map_err(|_| ApiError::not_found("indexJob", id)))
    }
}
