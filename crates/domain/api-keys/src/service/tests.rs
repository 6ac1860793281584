//! What the service allows, keeps and tells, over fakes.

mod by_key;
mod by_session;
mod desk;
