//! What may be changed about a registered connection.

use std::time::Duration;

use altus4_kernel::{Timestamp, secrecy::SecretString};

use crate::{
    Connection, ConnectionName, ConnectionOptions, DatabaseName, Endpoint, Host, SearchDefaults,
    SearchLanguage, Tls, UserName,
};

/// What shall be different about a connection; `None` leaves things as they are. Its engine stays.
#[derive(Debug, Clone, Default)]
pub struct ConnectionChange {
    /// Another name.
    pub name: Option<ConnectionName>,
    /// Another host; of no effect on a file, as are the next four.
    pub host: Option<Host>,
    /// Another port.
    pub port: Option<u16>,
    /// Another user.
    pub username: Option<UserName>,
    /// Another password; empty for servers that ask for none.
    pub password: Option<SecretString>,
    /// Another way of encryption, as a whole.
    pub tls: Option<Tls>,
    /// Another database, or another file.
    pub database: Option<DatabaseName>,
    /// Other options.
    pub options: OptionsChange,
    /// Other tables searched where a search names none.
    pub default_tables: Option<Vec<String>>,
    /// Whether text of its rows may be sent to an AI provider outside.
    pub allow_external_ai: Option<bool>,
    /// Whether its texts are in another language.
    pub language: Option<SearchLanguage>,
    /// Whether searches that name no database include it.
    pub is_active: Option<bool>,
}

/// What shall be different about a connection's options; each is within its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OptionsChange {
    connection_limit: Option<u32>,
    timeout_ms: Option<u64>,
}

impl OptionsChange {
    /// Another number of sockets, another time limit in milliseconds; `None` outside the bounds of
    /// [`ConnectionOptions::new`].
    #[must_use]
    pub fn new(connection_limit: Option<u32>, timeout_ms: Option<u64>) -> Option<Self> {
        let fits = connection_limit.is_none_or(|limit| ConnectionOptions::CONNECTION_LIMITS.contains(&limit))
            && timeout_ms.is_none_or(|timeout| ConnectionOptions::TIMEOUTS_MS.contains(&timeout));
        fits.then_some(Self { connection_limit, timeout_ms })
    }

    fn applied_to(self, options: ConnectionOptions) -> ConnectionOptions {
        let limit = self.connection_limit.unwrap_or(options.connection_limit());
        let timeout = self.timeout_ms.or_else(|| options.timeout().as_millis().try_into().ok());
        timeout.and_then(|timeout| ConnectionOptions::new(limit, timeout)).unwrap_or(options)
    }
}

impl ConnectionChange {
    /// The connection as it is after this change at `now`.
    ///
    /// Its generation is the next one where the change is one of how the database is reached: host,
    /// port, user, encryption, database, options, or a password (be it the same). It was changed
    /// later than before, whatever the clock says: two states of a connection never agree in
    /// `updated_at`.
    #[must_use]
    pub fn applied_to(&self, connection: &Connection, now: Timestamp) -> Connection {
        let endpoint = match &connection.endpoint {
            Endpoint::Server { host, port, username, tls } => Endpoint::Server {
                host: self.host.as_ref().unwrap_or(host).clone(),
                port: self.port.unwrap_or(*port),
                username: self.username.as_ref().unwrap_or(username).clone(),
                tls: self.tls.as_ref().unwrap_or(tls).clone(),
            },
            Endpoint::File => Endpoint::File,
        };
        let mut changed = Connection {
            name: self.name.as_ref().unwrap_or(&connection.name).clone(),
            endpoint,
            database: self.database.as_ref().unwrap_or(&connection.database).clone(),
            options: self.options.applied_to(connection.options),
            search: SearchDefaults {
                tables: self.default_tables.as_ref().unwrap_or(&connection.search.tables).clone(),
                allow_external_ai: self.allow_external_ai.unwrap_or(connection.search.allow_external_ai),
                language: self.language.unwrap_or(connection.search.language),
            },
            is_active: self.is_active.unwrap_or(connection.is_active),
            updated_at: now.max(connection.updated_at + Duration::from_millis(1)),
            ..connection.clone()
        };
        let is_reached_alike = changed.endpoint == connection.endpoint
            && changed.database == connection.database
            && changed.options == connection.options
            && self.password.is_none();
        if !is_reached_alike {
            changed.generation = connection.generation.saturating_add(1);
        }
        changed
    }

    /// Whether the change leaves this connection as it is.
    #[must_use]
    pub fn is_nothing_to(&self, connection: &Connection) -> bool {
        let changed = self.applied_to(connection, connection.updated_at);
        Connection { updated_at: connection.updated_at, ..changed } == *connection
    }
}

#[cfg(test)]
mod tests {
    use altus4_kernel::{AccountId, uuid::Uuid};

    use super::*;
    use crate::{Engine, testkit::sample_connection};

    fn sample() -> Connection {
        sample_connection(1, AccountId::from_uuid(Uuid::nil()), "main").connection
    }

    fn changes() -> Vec<(ConnectionChange, bool)> {
        let plain = ConnectionChange::default;
        vec![
            (ConnectionChange { name: ConnectionName::parse("other"), ..plain() }, false),
            (ConnectionChange { host: Host::parse("other.example.com"), ..plain() }, true),
            (ConnectionChange { port: Some(3307), ..plain() }, true),
            (ConnectionChange { username: UserName::parse("other"), ..plain() }, true),
            (ConnectionChange { password: Some("other".into()), ..plain() }, true),
            (
                ConnectionChange {
                    tls: Some(Tls::Required { verify: true, ca: None, server_name: None }),
                    ..plain()
                },
                true,
            ),
            (ConnectionChange { database: DatabaseName::parse("other"), ..plain() }, true),
            (
                ConnectionChange {
                    options: OptionsChange::new(Some(3), None).expect("in bounds"),
                    ..plain()
                },
                true,
            ),
            (
                ConnectionChange {
                    options: OptionsChange::new(None, Some(2_000)).expect("in bounds"),
                    ..plain()
                },
                true,
            ),
            (ConnectionChange { default_tables: Some(vec!["articles".into()]), ..plain() }, false),
            (ConnectionChange { allow_external_ai: Some(true), ..plain() }, false),
            (ConnectionChange { language: Some(SearchLanguage::German), ..plain() }, false),
            (ConnectionChange { is_active: Some(false), ..plain() }, false),
        ]
    }

    #[test]
    fn a_new_generation_begins_where_the_database_is_reached_in_another_way() {
        for (change, reopens) in changes() {
            let changed = change.applied_to(&sample(), sample().updated_at);
            assert_eq!(changed.generation, 1 + u32::from(reopens), "{change:?}");
            assert!(!change.is_nothing_to(&sample()), "{change:?}");
        }
    }

    #[test]
    fn what_is_as_it_was_changes_nothing() {
        let same = ConnectionChange {
            host: Host::parse("DB.example.com."),
            port: Some(3306),
            tls: Some(Tls::Disabled),
            options: OptionsChange::new(Some(10), Some(60_000)).expect("in bounds"),
            ..ConnectionChange::default()
        };
        assert!(same.is_nothing_to(&sample()));
        assert!(ConnectionChange::default().is_nothing_to(&sample()));
        let password = ConnectionChange { password: Some("the same".into()), ..same };
        assert!(!password.is_nothing_to(&sample()), "nobody knows whether it is the same");
    }

    #[test]
    fn one_option_leaves_the_other() {
        let change = ConnectionChange {
            options: OptionsChange::new(None, Some(2_000)).expect("in bounds"),
            ..ConnectionChange::default()
        };
        let changed = change.applied_to(&sample(), sample().updated_at);
        assert_eq!(Some(changed.options), ConnectionOptions::new(10, 2_000));
        for (limit, timeout) in
            [(Some(0), None), (Some(51), None), (None, Some(999)), (Some(1), Some(120_001))]
        {
            assert_eq!(OptionsChange::new(limit, timeout), None);
        }
    }

    #[test]
    fn two_states_differ_in_their_time_whatever_the_clock_says() {
        let change = ConnectionChange { is_active: Some(false), ..ConnectionChange::default() };
        let before = sample();
        for now in [before.updated_at, before.updated_at - Duration::from_hours(1)] {
            let changed = change.applied_to(&before, now);
            assert!(changed.updated_at > before.updated_at);
        }
    }

    #[test]
    fn a_file_has_no_host() {
        let file = Connection { engine: Engine::Sqlite, endpoint: Endpoint::File, ..sample() };
        let change = ConnectionChange {
            host: Host::parse("db.example.com"),
            database: DatabaseName::parse("other.db"),
            ..ConnectionChange::default()
        };
        let changed = change.applied_to(&file, file.updated_at);
        assert_eq!((changed.endpoint, changed.database.as_str()), (Endpoint::File, "other.db"));
    }
}
