//! Calling databases: one that isn't registered, one that is, all at once.

use std::time::Duration;

use altus4_kernel::{
    AccountId, ConnectionId, Granted, Timestamp,
    grants::{DatabaseRead, DatabaseWrite},
};
use futures::{StreamExt, stream};

use super::{ConnectionService, offered};
use crate::{
    Connection, ConnectionError, ConnectionStatus, NewConnection, PoolUsage, ProbeReport, StoredConnection,
    Target,
};

/// How long a probe may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(5);
/// How long the calls to all databases of an account may take together: what is noted of them fits
/// into five seconds too.
const ALL_DEADLINE: Duration = Duration::from_millis(4_500);
/// How many databases of an account are called at once.
const CALLS_AT_ONCE: usize = 256;

/// What was found when a database was called just now.
#[derive(Debug)]
pub struct CurrentStatus {
    /// The connection.
    pub connection: Connection,
    /// When it was called.
    pub checked_at: Timestamp,
    /// What its server said, or why nothing was heard of it.
    pub outcome: Result<ProbeReport, ConnectionError>,
    /// What this node has open to it.
    pub usage: PoolUsage,
}

impl ConnectionService {
    /// Calls a database that isn't registered.
    ///
    /// # Errors
    /// [`ConnectionError::DataSource`] says why it could not be reached.
    pub async fn test_unsaved(
        &self,
        granted: Granted<DatabaseWrite>,
        new: NewConnection,
    ) -> Result<ProbeReport, ConnectionError> {
        let target = self.new_target(granted.account_id(), new);
        self.probe(&target, PROBE_DEADLINE).await
    }

    /// Calls a registered database and notes what was found.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`]; [`ConnectionError::DataSource`] says why it could not be
    /// reached.
    pub async fn test(
        &self,
        granted: Granted<DatabaseWrite>,
        id: ConnectionId,
    ) -> Result<ProbeReport, ConnectionError> {
        let stored = self.stored(granted.account_id(), id).await?;
        let target = self.open(stored)?;
        let outcome = self.probe(&target, PROBE_DEADLINE).await;
        self.note(granted.account_id(), id, &outcome).await?;
        outcome
    }

    /// Calls a registered database, notes what was found, and tells it with what is open.
    ///
    /// # Errors
    /// [`ConnectionError::NotFound`]; those of the store. That the database can't be reached is part
    /// of the status.
    pub async fn status(
        &self,
        granted: Granted<DatabaseRead>,
        id: ConnectionId,
    ) -> Result<CurrentStatus, ConnectionError> {
        let stored = self.stored(granted.account_id(), id).await?;
        let connection = stored.connection.clone();
        let outcome = self.call(stored, PROBE_DEADLINE).await;
        let checked_at = self.clock.now();
        self.note(granted.account_id(), id, &outcome).await?;
        let usage = self.probes.get(connection.engine).map(|probe| probe.usage(id)).unwrap_or_default();
        Ok(CurrentStatus { connection, checked_at, outcome, usage })
    }

    /// Calls all databases of the account, inactive ones included, side by side; whether each
    /// answered. Takes five seconds at the most, however many there are: what wasn't reached by then
    /// did not answer.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn statuses(
        &self,
        granted: Granted<DatabaseRead>,
    ) -> Result<Vec<(ConnectionId, bool)>, ConnectionError> {
        let account_id = granted.account_id();
        let stored = self.connections.list(account_id).await?;
        let begun = self.clock.now();
        let call = |stored: StoredConnection| async move {
            let (id, status) = (stored.connection.id, stored.connection.status);
            let spent = self.clock.now().since(begun).unwrap_or_default();
            let Some(left) = ALL_DEADLINE.checked_sub(spent).filter(|left| !left.is_zero()) else {
                return Ok((id, false));
            };
            let outcome = self.call(stored, left).await;
            // A write for each call would be many; when it last answered is told by a test.
            if status_of(&outcome) != status {
                self.note(account_id, id, &outcome).await?;
            }
            Ok((id, outcome.is_ok()))
        };
        let called = stream::iter(stored).map(call).buffer_unordered(CALLS_AT_ONCE);
        called.collect::<Vec<_>>().await.into_iter().collect()
    }

    async fn call(
        &self,
        stored: StoredConnection,
        deadline: Duration,
    ) -> Result<ProbeReport, ConnectionError> {
        let target = self.open(stored)?;
        self.probe(&target, deadline).await
    }

    /// Calls a database, once.
    pub(super) async fn probe_once(&self, target: &Target) -> Result<ProbeReport, ConnectionError> {
        self.probe(target, PROBE_DEADLINE).await
    }

    async fn probe(&self, target: &Target, deadline: Duration) -> Result<ProbeReport, ConnectionError> {
        let probe = offered(&self.probes, target)?;
        let deadline = target.connection.options.timeout().min(deadline);
        Ok(probe.probe(target, deadline).await?)
    }

    /// Notes what was found when a database was called.
    pub(super) async fn note(
        &self,
        account_id: AccountId,
        id: ConnectionId,
        outcome: &Result<ProbeReport, ConnectionError>,
    ) -> Result<(), ConnectionError> {
        let seen = outcome.is_ok().then(|| self.clock.now());
        Ok(self.connections.note_status(account_id, id, status_of(outcome), seen).await?)
    }
}

pub(super) fn status_of(outcome: &Result<ProbeReport, ConnectionError>) -> ConnectionStatus {
    match outcome {
        Ok(_) => ConnectionStatus::Connected,
        Err(_) => ConnectionStatus::Error,
    }
}
