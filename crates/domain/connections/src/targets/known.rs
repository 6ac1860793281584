//! What the store told of an account's connections.

use std::sync::OnceLock;

use altus4_kernel::{ConnectionId, PortResult, SecretCipher, Timestamp, secrecy::SecretString};

use crate::{Connection, Endpoint, StoredConnection, Target, Tls};

/// All connections of one account, oldest first.
pub(super) struct Known {
    connections: Vec<KnownConnection>,
    /// When the question was put: later changes may be missing.
    pub(super) asked_at: Timestamp,
}

/// A connection, and its password from its first use on.
pub(super) struct KnownConnection {
    stored: StoredConnection,
    password: OnceLock<SecretString>,
}

impl Known {
    pub(super) fn new(stored: Vec<StoredConnection>, asked_at: Timestamp) -> Self {
        let known = |stored| KnownConnection { stored, password: OnceLock::new() };
        Self { connections: stored.into_iter().map(known).collect(), asked_at }
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = &KnownConnection> {
        self.connections.iter()
    }

    pub(super) fn find(&self, id: ConnectionId) -> Option<&KnownConnection> {
        self.connections.iter().find(|known| known.id() == id)
    }

    /// The connections that are reached in another way in `later`, or are not in it.
    pub(super) fn not_in(&self, later: &Self) -> Vec<ConnectionId> {
        let is_same = |known: &&KnownConnection| {
            let generation = |known: &KnownConnection| known.stored.connection.generation;
            later.find(known.id()).is_some_and(|later| generation(later) == generation(known))
        };
        self.connections().filter(|known| !is_same(known)).map(KnownConnection::id).collect()
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        /// Names, hosts, and what holds them together.
        const EACH: usize = 1_024;
        let weight = |known: &KnownConnection| {
            let Connection { endpoint, search, .. } = &known.stored.connection;
            let certificates = match endpoint {
                Endpoint::Server { tls: Tls::Required { ca: Some(ca), .. }, .. } => ca.len(),
                _ => 0,
            };
            EACH + certificates + search.tables.iter().map(String::len).sum::<usize>()
        };
        EACH + self.connections().map(weight).sum::<usize>()
    }
}

impl KnownConnection {
    pub(super) fn id(&self) -> ConnectionId {
        self.stored.connection.id
    }

    pub(super) fn is_active(&self) -> bool {
        self.stored.connection.is_active
    }

    pub(super) fn target(&self, cipher: &dyn SecretCipher) -> PortResult<Target> {
        let connection = self.stored.connection.clone();
        let password = if let Some(password) = self.password.get() {
            password.clone()
        } else {
            let opened = cipher.open(&self.stored.password, &connection.password_binding())?;
            self.password.get_or_init(|| opened).clone()
        };
        Ok(Target { connection, password })
    }
}
