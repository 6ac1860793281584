//! What can go wrong with connections.

use altus4_kernel::{ConnectionId, Plan, PortError, PortErrorKind, System};

use crate::{Engine, HOST_CONSTRAINT};

/// The answers of [`ConnectionService`](crate::ConnectionService) other than success.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConnectionError {
    /// The account has no such connection, whoever else may have it.
    #[error("no such database connection")]
    NotFound(ConnectionId),
    /// The account has a connection of this name.
    #[error("a database connection of this name exists already")]
    NameTaken,
    /// The account's plan allows no more connections.
    #[error("the plan '{plan}' allows {limit} database connections")]
    PlanLimit {
        /// The account's plan.
        plan: Plan,
        /// How many it allows.
        limit: u32,
    },
    /// The operator's policy forbids this target.
    #[error("the host is not among those that this service may connect to")]
    HostNotAllowed,
    /// This installation doesn't offer the engine.
    #[error("connections of this kind are switched off on this installation")]
    EngineUnavailable(Engine),
    /// The user's database could not be reached or refused.
    #[error(transparent)]
    DataSource(PortError),
    /// A port of our own failed.
    #[error(transparent)]
    Port(PortError),
}

/// Tells the user's database from the service's own systems.
impl From<PortError> for ConnectionError {
    fn from(error: PortError) -> Self {
        if error.system != System::DataSource {
            Self::Port(error)
        } else if error.kind == PortErrorKind::NotPermitted && error.constraint == Some(HOST_CONSTRAINT) {
            Self::HostNotAllowed
        } else {
            Self::DataSource(error)
        }
    }
}
