//! What handlers take: the caller's permission, its body, its query string, an id from the path.

mod admission;
mod body;
mod client;
mod client_address;
mod fields;
mod json;
mod paging;
mod path;
mod principal;
mod query;

pub use self::client_address::{NoNetwork, TrustedProxies};
pub(crate) use self::{
    admission::admit,
    body::{JsonBody, read_body},
    client::Client,
    fields::{Fields, NOT_YET},
    json::is_shallow,
    paging::{PagingParams, page_request},
    path::{DatabaseId, KeyId, PathAccount, PathSession},
    principal::{Administrator, Caller, May, MaybeCaller, Presented, SessionCaller, session_required},
    query::{QueryString, is_parameter},
};

#[cfg(test)]
pub(crate) use self::fields::names_read;
