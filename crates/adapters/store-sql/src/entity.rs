//! The rows of the tables. They stay in this crate: the domains have their own types.

pub(crate) mod account;
pub(crate) mod api_key;
pub(crate) mod audit_event;
pub(crate) mod connection;
pub(crate) mod session;
pub(crate) mod spent_refresh_token;
