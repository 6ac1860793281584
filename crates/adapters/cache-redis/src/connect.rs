//! Reads the URL and builds the pool.

use std::{num::NonZeroUsize, time::Duration};

use deadpool_redis::{
    Manager, Pool, Runtime,
    redis::{
        AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
        io::tcp::TcpSettings,
    },
};

use crate::RedisFault;

/// A pool that has connected to nothing yet, and the address without user and password.
pub(crate) fn pool(
    url: &str,
    call_timeout: Duration,
    size: NonZeroUsize,
) -> Result<(Pool, String), RedisFault> {
    let (info, address) = target(url)?;
    let limits = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(call_timeout))
        .set_response_timeout(Some(call_timeout));
    let manager = Manager::new_with_config(info, limits).map_err(|_| RedisFault::Url)?;
    let pool = Pool::builder(manager)
        .max_size(size.get())
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| RedisFault::Refused { address: address.clone(), reason: error.to_string() })?;
    Ok((pool, address))
}

/// What makes connections beside those of the pool. It has connected to nothing yet.
pub(crate) fn client(url: &str) -> Result<Client, RedisFault> {
    let (info, _) = target(url)?;
    Client::open(info).map_err(|_| RedisFault::Url)
}

fn target(url: &str) -> Result<(ConnectionInfo, String), RedisFault> {
    if ["rediss:", "valkeys:"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(RedisFault::Tls);
    }
    // The parser's own message may quote parts of the URL.
    let info: ConnectionInfo = url.into_connection_info().map_err(|_| RedisFault::Url)?;
    let address = written(info.addr());
    // Nagle's algorithm would hold back the end of a large value for 40 ms.
    Ok((info.set_tcp_settings(TcpSettings::default().set_nodelay(true)), address))
}

fn written(address: &ConnectionAddr) -> String {
    match address {
        ConnectionAddr::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(url: &str) -> RedisFault {
        pool(url, Duration::from_millis(50), NonZeroUsize::MIN).expect_err("no such URL")
    }

    #[test]
    fn no_fault_of_a_url_repeats_it() {
        for url in [
            "hunter2",
            "http://user:hunter2@host",
            "redis://user:hunter2@",
            "redis://user:hunter2@host:99999",
            "redis://user:hunter2@host/hunter2",
            "redis://user:hunter2@host?protocol=hunter2",
            "redis://user:%ff@host",
            "rediss://user:hunter2@host",
        ] {
            let fault = fault(url);
            assert!(!fault.to_string().contains("hunter2"), "{fault}");
            assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
        }
    }

    #[test]
    fn tls_is_refused_by_name() {
        assert_eq!(fault("rediss://host"), RedisFault::Tls);
    }

    #[test]
    fn the_address_has_no_user_and_no_password() {
        for (url, address) in [
            ("redis://user:hunter2@cache.example/3", "cache.example:6379"),
            ("redis://:hunter2@[::1]:7000", "[::1]:7000"),
            ("unix:///run/redis.sock?pass=hunter2", "/run/redis.sock"),
        ] {
            let (_, found) = pool(url, Duration::from_millis(50), NonZeroUsize::MIN).expect("a URL");
            assert_eq!(found, address);
        }
    }
}
