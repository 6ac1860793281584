//! What handlers take: the caller's permission, its body, its query string, an id from the path.

mod admission;
mod body;
mod client;
mod client_address;
mod environment;
mod fields;
mod json;
mod paging;
mod path;
mod payer;
mod principal;
mod query;

pub use self::client_address::{NoNetwork, TrustedProxies};
pub(crate) use self::{
    admission::{admit, known_path},
    body::{JsonBody, read_body},
    client::Client,
    environment::RunsIn,
    fields::Fields,
    json::{is_shallow, parse as parse_json},
    paging::{PagingParams, page_request},
    path::{DatabaseId, EntityPath, IndexJob, KeyId, PathAccount, PathSession, PathVectorIndex, SavedId},
    payer::Payer,
    principal::{Administrator, Caller, May, MaybeCaller, Presented, SessionCaller, session_required},
    query::{QueryString, is_parameter, unescape},
};

#[cfg(test)]
pub(crate) use self::fields::names_read;
