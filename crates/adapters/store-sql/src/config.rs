//! Where the store is.

use secrecy::SecretString;

/// Which database keeps the service's own tables, and how many connections to it there may be.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite://<path>` (`sqlite:///absolute/path` or relative to the working directory, written
    /// as it is), or `mysql://user:password@host:port/database` (`mariadb://` alike, parts
    /// percent-encoded).
    ///
    /// The latter takes `ssl-mode` (`DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA`,
    /// `VERIFY_IDENTITY`), `ssl-ca`, `ssl-cert`, `ssl-key` and `socket` as a query. The default is
    /// `PREFERRED`: encrypted where the server can, with any certificate. Over a network that isn't
    /// trusted, ask for `VERIFY_IDENTITY`. MySQL's `caching_sha2_password` needs TLS.
    pub url: SecretString,
    /// The most connections open at once, at least one. SQLite has one more, which writes.
    pub max_connections: u32,
}
