//! The words everyone in Altus 4 speaks: typed ids, time, pages, principals and permissions, port
//! errors, secrets, the audit log, and the ports that belong to no single domain ([`AuditLog`],
//! [`Cache`], [`Clock`], [`IdGenerator`], [`Timer`]).
//!
//! Invariants:
//! - A [`Timestamp`] is UTC and has whole milliseconds, whatever it was made from.
//! - A [`Granted`] permission can only come out of [`Principal::require`], and a [`SystemAdmin`] out
//!   of [`Principal::require_system_admin`] or the command line.
//! - What is in an [`AuditLog`] stays as it is.
//! - `Display` of a [`PortError`] never prints its source, so it may be shown; the source may not.
//!
//! ```
//! use altus4_kernel::{AccountId, Credential, Permission, PermissionSet, Principal, Role, SessionId};
//! use altus4_kernel::grants::Search;
//! # use altus4_kernel::uuid::Uuid;
//! let principal = Principal {
//!     account_id: AccountId::from_uuid(Uuid::nil()),
//!     role: Role::User,
//!     permissions: PermissionSet::of(&[Permission::Search]),
//!     credential: Credential::Session { id: SessionId::from_uuid(Uuid::nil()) },
//! };
//! assert!(principal.require::<Search>().is_ok());
//! ```

mod audit;
mod cache;
mod error;
mod id;
mod page;
mod plan;
mod principal;
mod random;
mod time;

#[cfg(feature = "testkit")]
pub mod testkit;

pub use secrecy;
pub use uuid;

pub use crate::audit::{Actor, AuditAction, AuditEvent, AuditFilter, AuditLog, Origin, Outcome};
pub use crate::cache::Cache;
pub use crate::error::{PortError, PortErrorKind, PortResult, PublicDetail, System};
pub use crate::id::{AccountId, ApiKeyId, ConnectionId, IdGenerator, RandomIds, SearchId, SessionId};
pub use crate::page::{Page, PageRequest};
pub use crate::plan::{Plan, UnknownName};
pub use crate::principal::{
    Credential, Forbidden, Grant, Granted, NotSystemAdmin, Permission, PermissionSet, Principal, Role,
    SystemAdmin, grants,
};
pub use crate::random::RandomSource;
pub use crate::time::{Clock, SystemClock, Timer, Timestamp};

#[cfg(feature = "mock")]
pub use crate::{
    audit::MockAuditLog, cache::MockCache, id::MockIdGenerator, random::MockRandomSource, time::MockClock,
    time::MockTimer,
};
