//! Ids in paths.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use altus4_kernel::{AccountId, ApiKeyId, ConnectionId, IndexJobId, SavedSearchId, SessionId, VectorIndexId};

use crate::error::ApiError;

macro_rules! path_ids {
    ($($(#[$doc:meta])* $name:ident($id:ty) = $resource:literal in $place:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name(pub(crate) $id);

        /// What is no id was never issued: the same answer as for any other that isn't there.
        impl FromRequest for $name {
            type Error = ApiError;
            type Future = Ready<Result<Self, ApiError>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let id = request.match_info().get($place).unwrap_or_default();
                ready(id.parse().map(Self).map_err(|_| ApiError::not_found($resource, id)))
            }
        }
    )*};
}

/// The `{name}` of an entity in the path.
#[derive(Debug, Clone)]
pub(crate) struct EntityPath(pub(crate) String);

impl FromRequest for EntityPath {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.match_info().get("name").unwrap_or_default().to_owned())))
    }
}

path_ids! {
    /// The `{id}` of a database in the path.
    DatabaseId(ConnectionId) = "database" in "id";
    /// The `{id}` of an API key in the path.
    KeyId(ApiKeyId) = "apiKey" in "id";
    /// The `{id}` of a session in the path.
    PathSession(SessionId) = "session" in "id";
    /// The `{id}` of an account in the path.
    PathAccount(AccountId) = "user" in "id";
    /// The `{id}` of a saved search in the path.
    SavedId(SavedSearchId) = "savedSearch" in "id";
    /// The `{jobId}` of an index that is being made, in the path.
    IndexJob(IndexJobId) = "indexJob" in "jobId";
    /// The `{vectorId}` of the vectors of a table, in the path.
    PathVectorIndex(VectorIndexId) = "vectorIndex" in "vectorId";
}
