//! Connections for tests.

use altus4_kernel::{AccountId, Clock, ConnectionId, SealedSecret, testkit::FixedClock, uuid::Uuid};

use crate::{
    Connection, ConnectionName, ConnectionOptions, ConnectionStatus, DatabaseName, Endpoint, Engine, Host,
    SearchDefaults, StoredConnection, Tls, UserName,
};

/// An active connection of this name to `db.example.com`, not called yet, registered when
/// [`FixedClock`] begins. `number` makes its id.
///
/// # Panics
/// When `name` can't be a connection's name.
#[must_use]
pub fn sample_connection(number: u128, account_id: AccountId, name: &str) -> StoredConnection {
    let now = FixedClock::default().now();
    StoredConnection {
        connection: Connection {
            id: ConnectionId::from_uuid(Uuid::from_u128(number)),
            account_id,
            name: ConnectionName::parse(name).expect("a name"),
            engine: Engine::MySql,
            endpoint: Endpoint::Server {
                host: Host::parse("db.example.com").expect("a host"),
                port: 3306,
                username: UserName::parse("reader").expect("a user"),
                tls: Tls::Disabled,
            },
            database: DatabaseName::parse("shop").expect("a database"),
            options: ConnectionOptions::default(),
            search: SearchDefaults::default(),
            is_active: true,
            status: ConnectionStatus::Unknown,
            last_connected: None,
            generation: 1,
            created_at: now,
            updated_at: now,
        },
        password: SealedSecret(format!("v1.sealed.{number}")),
    }
}
