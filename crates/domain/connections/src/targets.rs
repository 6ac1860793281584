//! Connections ready to be used: the store is asked at an account's first use, then memory answers.

mod kept;
mod known;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use altus4_kernel::{
    AccountId, Change, ChangeSubscriber, Clock, ConnectionId, Flights, Freshness, PortError, PortResult,
    SecretCipher, Timestamp,
};

use self::{kept::Kept, known::Known};
use crate::{ByEngine, ConnectionProbe, ConnectionRepository, Engine, SchemaCatalog, Target};

/// The connections of accounts, as the store last told them. Clones share what they remember.
///
/// How old that may be is [`Freshness`]'s to say; look-ups of one account at the same time are one.
/// What is found changed or gone, or is told to be, is let go: its pool, its schema.
#[derive(Clone)]
pub(crate) struct Targets {
    inner: Arc<Inner>,
}

struct Inner {
    connections: Arc<dyn ConnectionRepository>,
    cipher: Arc<dyn SecretCipher>,
    probes: ByEngine<dyn ConnectionProbe>,
    catalog: Arc<SchemaCatalog>,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
    freshness: Freshness,
    /// Look-ups that are under way, with their epoch and their beginning.
    flights: Flights<AccountId, PortResult<Arc<Known>>, (u64, Timestamp)>,
}

/// The connections of one account, each ready to be used.
pub(crate) struct OfAccount {
    known: Arc<Known>,
    cipher: Arc<dyn SecretCipher>,
}

impl Targets {
    pub(crate) fn new(
        connections: Arc<dyn ConnectionRepository>,
        cipher: Arc<dyn SecretCipher>,
        probes: ByEngine<dyn ConnectionProbe>,
        catalog: Arc<SchemaCatalog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (kept, freshness, flights) = (Mutex::default(), Freshness::default(), Flights::default());
        let inner = Inner { connections, cipher, probes, catalog, clock, kept, freshness, flights };
        Self { inner: Arc::new(inner) }
    }

    /// The account's connections, of which all of `wanted` are known if the store knows them: one
    /// that was registered elsewhere a moment ago need not be waited for.
    ///
    /// Errors: those of the store, unless a copy is less than a minute old.
    pub(crate) async fn of(&self, account_id: AccountId, wanted: &[ConnectionId]) -> PortResult<OfAccount> {
        let known = match self.inner.remembered(account_id) {
            Some(known) if wanted.iter().all(|id| known.find(*id).is_some()) => known,
            Some(_) => self.ask(account_id, Duration::ZERO).await?,
            None => self.ask(account_id, Freshness::UNCONFIRMED).await?,
        };
        Ok(OfAccount { known, cipher: Arc::clone(&self.inner.cipher) })
    }

    /// What the store says, or said when it was asked so long ago; or, if it can't be asked, what it
    /// said less than a minute ago.
    async fn ask(&self, account_id: AccountId, oldest: Duration) -> Result<Arc<Known>, PortError> {
        let inner = &self.inner;
        let (epoch, asked_at) = (inner.freshness.epoch(), inner.clock.now());
        let fits = |(of, at): &(u64, Timestamp)| *of == epoch && *at >= asked_at - oldest;
        let flight = inner.flights.join(account_id, (epoch, asked_at), fits, || {
            let inner = Arc::clone(inner);
            async move {
                // Somebody else's look-up may have ended after this caller found nothing.
                match inner.remembered(account_id).filter(|known| known.asked_at >= asked_at - oldest) {
                    Some(known) => Ok(known),
                    None => inner.look_up(account_id, epoch, asked_at).await,
                }
            }
        });
        flight.await.outcome.or_else(|error| inner.last_known(account_id).ok_or(error))
    }

    /// Lets go of what is open to these connections, and forgets their schemas.
    pub(crate) fn release(&self, connections: impl IntoIterator<Item = ConnectionId>) {
        self.inner.release(connections);
    }
}

impl OfAccount {
    /// The ids of all connections that searches include which name none, oldest first.
    pub(crate) fn active(&self) -> impl Iterator<Item = ConnectionId> {
        self.known.connections().filter(|known| known.is_active()).map(known::KnownConnection::id)
    }

    /// The ids of all connections, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = ConnectionId> {
        self.known.connections().map(known::KnownConnection::id)
    }

    /// The connection with its password; `None` when the account has none of this id.
    ///
    /// Errors: those of the cipher.
    pub(crate) fn target(&self, id: ConnectionId) -> PortResult<Option<Target>> {
        self.known.find(id).map(|known| known.target(self.cipher.as_ref())).transpose()
    }
}

impl Inner {
    /// What is remembered and still good.
    fn remembered(&self, account_id: AccountId) -> Option<Arc<Known>> {
        let known = self.kept().get(account_id)?;
        // Read after the copy was: a copy is never younger than now.
        let now = self.clock.now();
        self.freshness.is_good(known.asked_at, now).then_some(known)
    }

    /// What was known not too long ago and of which no change was told since.
    fn last_known(&self, account_id: AccountId) -> Option<Arc<Known>> {
        let known = self.kept().get(account_id)?;
        Freshness::is_good_without_store(known.asked_at, self.clock.now()).then_some(known)
    }

    async fn look_up(
        &self,
        account_id: AccountId,
        epoch: u64,
        asked_at: Timestamp,
    ) -> PortResult<Arc<Known>> {
        let stored = self.connections.list(account_id).await?;
        let known = Arc::new(Known::new(stored, asked_at));
        let mut before = None;
        self.freshness.keep(epoch, || before = self.kept().put(account_id, Arc::clone(&known)));
        if let Some(before) = before {
            // Of what was changed elsewhere without a word, the pools are not to stay open.
            self.release(before.not_in(&known));
        }
        Ok(known)
    }

    fn release(&self, connections: impl IntoIterator<Item = ConnectionId>) {
        for id in connections {
            self.catalog.forget(id);
            for engine in [Engine::MySql, Engine::Sqlite] {
                if let Some(probe) = self.probes.get(engine) {
                    probe.close(id);
                }
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ChangeSubscriber for Targets {
    fn on_change(&self, change: Change) {
        let inner = &self.inner;
        match change {
            Change::Connection(account_id, id) => {
                inner.freshness.forget(|| inner.kept().doubt(account_id));
                inner.release([id]);
            }
            Change::Account(id) => {
                let gone = inner.freshness.forget(|| inner.kept().remove(id));
                if let Some(gone) = gone {
                    inner.release(gone.connections().map(known::KnownConnection::id));
                }
            }
            Change::ApiKey(_) | Change::Entities(_) => {}
        }
    }

    fn on_gap(&self) {
        self.inner.freshness.forget(|| self.inner.kept().doubt_all());
    }

    fn on_confirmed(&self, at: Timestamp) {
        self.inner.freshness.confirm(at);
    }
}

#[cfg(test)]
mod tests;
