//! The words everyone in Altus 4 speaks: typed ids, time, pages, principals and permissions, port
//! errors, secrets, the audit log, and the ports that belong to no single domain ([`AiPayer`], [`AuditLog`],
//! [`Background`], [`Cache`], [`ChangePublisher`], [`Clock`], [`IdGenerator`], [`SealedSecrets`], [`SecretCipher`],
//! [`TextGenerator`], [`Timer`]).
//!
//! Invariants:
//! - A [`Timestamp`] is UTC and has whole milliseconds, whatever it was made from.
//! - A [`Granted`] permission can only come out of [`Principal::require`], and a [`SystemAdmin`] out
//!   of [`Principal::require_system_admin`] or the command line.
//! - What is in an [`AuditLog`] stays as it is.
//! - `Display` of a [`PortError`] never prints its source, so it may be shown; the source may not.
//!
//! ```
//! use altus4_kernel::{AccountId, Credential, Permission, PermissionSet, Plan, Principal, Role, SessionId};
//! use altus4_kernel::grants::Search;
//! # use altus4_kernel::uuid::Uuid;
//! let principal = Principal {
//!     account_id: AccountId::from_uuid(Uuid::nil()),
//!     role: Role::User,
//!     tier: Plan::Free,
//!     permissions: PermissionSet::of(&[Permission::Search]),
//!     credential: Credential::Session { id: SessionId::from_uuid(Uuid::nil()) },
//! };
//! assert!(principal.require::<Search>().is_ok());
//! ```

mod ai;
mod audit;
mod background;
mod cache;
mod change;
mod cipher;
mod copies;
mod environment;
mod error;
mod id;
mod page;
mod plan;
mod principal;
mod random;
mod rotation;
mod text;
mod time;
mod write_queue;

#[cfg(feature = "testkit")]
pub mod testkit;

pub use secrecy;
pub use uuid;

pub use crate::ai::{AiPayer, Generated, Prompt, TextGenerator, TokenUsage, Uncounted};
pub use crate::audit::{Actor, AuditAction, AuditEvent, AuditFilter, AuditLog, Origin, Outcome};
pub use crate::background::{Background, Work};
pub use crate::cache::Cache;
pub use crate::change::{Change, ChangeFeed, ChangePublisher, ChangeSubscriber};
pub use crate::cipher::{KeyStanding, MasterKey, SealedSecret, SecretCipher};
pub use crate::copies::{Flights, Freshness, Joined};
pub use crate::environment::Environment;
pub use crate::error::{PortError, PortErrorKind, PortResult, PublicDetail, System};
pub use crate::id::{
    AccountId, ApiKeyId, ConnectionId, EntityId, IdGenerator, IndexJobId, RandomIds, SavedSearchId, SearchId,
    SessionId, VectorIndexId,
};
pub use crate::page::{Page, PageRequest};
pub use crate::plan::{Plan, UnknownName};
pub use crate::principal::{
    Credential, Forbidden, Grant, Granted, NotSystemAdmin, Permission, PermissionSet, Principal, Role,
    SystemAdmin, grants,
};
pub use crate::random::RandomSource;
pub use crate::rotation::{KeptSecret, Resealed, Rotation, SealedPlace, SealedSecrets, Survey};
pub use crate::text::trimmed_name;
pub use crate::time::{Clock, SystemClock, Timer, Timestamp};
pub use crate::write_queue::{WriteQueue, WriteTarget};

#[cfg(feature = "mock")]
pub use crate::{
    ai::{MockAiPayer, MockTextGenerator},
    audit::MockAuditLog,
    background::MockBackground,
    cache::MockCache,
    change::MockChangePublisher,
    cipher::MockSecretCipher,
    id::MockIdGenerator,
    random::MockRandomSource,
    rotation::MockSealedSecrets,
    time::MockClock,
    time::MockTimer,
};
