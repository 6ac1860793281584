//! What the domain needs from outside: somewhere to keep entities, and for each engine someone who
//! reads and writes the rows of users' tables ([`Records`], in `records.rs`).

use altus4_kernel::{AccountId, AuditEvent, EntityId, PortResult};
use async_trait::async_trait;

use crate::{Entity, EntityName};

/// The unique thing that [`EntityRepository::insert`] and [`EntityRepository::replace`] conflict on:
/// the name within an account.
pub const ENTITY_NAME_CONSTRAINT: &str = "entity.name";
/// The bound that [`EntityRepository::insert`] conflicts on: the number of an account's entities.
pub const ENTITY_LIMIT_CONSTRAINT: &str = "entity.limit";

/// Keeps entities. Every method but [`is_known`](Self::is_known) names the account, and finds nothing of any other; an
/// entity whose connection is gone, or whose account isn't active, is gone too.
///
/// A method that takes [`AuditEvent`]s MUST keep them in the same transaction as its change, so that
/// neither is there without the other, and MUST keep none where it changes nothing.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait EntityRepository: Send + Sync {
    /// Stores these entities, which are all of one account and one connection, or none of them.
    ///
    /// Errors: `Conflict` on [`ENTITY_NAME_CONSTRAINT`] where one of the names is taken, or on
    /// [`ENTITY_LIMIT_CONSTRAINT`] where the account would have more than `limit`; both MUST hold also
    /// when calls come at once. `Rejected` when the connection is gone or isn't the account's.
    async fn insert(&self, entities: &[Entity], limit: u32, events: &[AuditEvent]) -> PortResult<()>;

    /// All entities of an account, the oldest first (by time, then by id). One query.
    async fn list(&self, account_id: AccountId) -> PortResult<Vec<Entity>>;

    /// Whether any account has an entity of this name. Tells paths that ask for a credential from those
    /// that aren't there, and nothing else.
    async fn is_known(&self, name: &EntityName) -> PortResult<bool>;

    /// Stores `after`, which has the id, the account, the connection and the table of `before`, in its
    /// place. `false`, and nothing is done, when `before` isn't there any more as it was: its
    /// `revision` is another, or it is gone.
    ///
    /// Errors: `Conflict` on [`ENTITY_NAME_CONSTRAINT`].
    async fn replace(&self, before: &Entity, after: &Entity, event: &AuditEvent) -> PortResult<bool>;

    /// Forgets an entity. `false` when the account has no such entity.
    async fn remove(&self, account_id: AccountId, id: EntityId, event: &AuditEvent) -> PortResult<bool>;
}
