//! What handlers take: the caller's permission, its body, its query string, an id from the path.

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
    body::JsonBody,
    client::Client,
    fields::{Fields, NOT_YET},
    json::is_shallow,
    paging::{PagingParams, page_request},
    path::{DatabaseId, PathAccount, PathSession},
    principal::{Administrator, May, MaybeCaller, Presented, SessionCaller, admit, session_required},
    query::{QueryString, is_parameter},
};

#[cfg(test)]
pub(crate) use self::fields::names_read;
