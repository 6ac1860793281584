//! How patient the adapter is and how much it holds.

use std::time::Duration;

/// The settings of a [`MySqlSource`](crate::MySqlSource).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MySqlConfig {
    /// How long a server may take to accept a connection, agree on TLS and check the password.
    pub connect_timeout: Duration,
    /// How long a session may lie idle before it is closed.
    pub idle_timeout: Duration,
    /// How many connections may have a pool at once; opening one more closes the one that was used
    /// least recently.
    pub max_pools: usize,
    /// The largest packet, and so the largest row, that is taken from a server.
    pub max_packet_bytes: usize,
    /// How much a server may send in answer to one statement.
    pub max_statement_bytes: usize,
    /// How much of one statement's answer is held.
    pub max_answer_bytes: usize,
    /// How much is held while a schema is read.
    pub max_schema_bytes: usize,
    /// How long a server may take to make an index.
    pub index_limit: Duration,
}

/// 3 s to connect, 60 s idle, 1,000 pools, packets of 4 MiB, 8 MiB sent for a statement, answers of 16 MiB,
/// schemas of 24 MiB, 6 hours for an index.
impl Default for MySqlConfig {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            connect_timeout: Duration::from_secs(3),
            idle_timeout: Duration::from_mins(1),
            max_pools: 1_000,
            max_packet_bytes: 4 * MIB,
            max_statement_bytes: 8 * MIB,
            max_answer_bytes: 16 * MIB,
            max_schema_bytes: 24 * MIB,
            index_limit: Duration::from_hours(6),
        }
    }
}
