//! The rows of the tables. They stay in this crate: the domains have their own types.

pub(crate) mod account;
pub(crate) mod api_key;
pub(crate) mod audit_event;
pub(crate) mod connection;
mod document;
mod ids;
pub(crate) mod index_job;
pub(crate) mod kept_answer;
pub(crate) mod popular_query;
pub(crate) mod registered_entity;
pub(crate) mod saved_search;
pub(crate) mod search;
pub(crate) mod search_event;
pub(crate) mod search_evidence;
pub(crate) mod search_label_sum;
pub(crate) mod search_query;
pub(crate) mod search_query_sum;
pub(crate) mod search_scope;
pub(crate) mod search_sum;
pub(crate) mod session;
pub(crate) mod slowest_search;
pub(crate) mod spent_refresh_token;
pub(crate) mod usage_call;
pub(crate) mod usage_error;
pub(crate) mod usage_hour;
pub(crate) mod usage_request;
pub(crate) mod vector_index;
