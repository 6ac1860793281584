//! Looks names up the way the machine is set up to.

use std::{net::IpAddr, time::Duration};

use altus4_connections::{Host, HostResolver};
use altus4_kernel::{PortError, PortErrorKind, PortResult, System};
use async_trait::async_trait;
use tokio::{net::lookup_host, time::timeout};

/// How long a look-up may take.
const LIMIT: Duration = Duration::from_secs(2);

/// The [`HostResolver`] of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl HostResolver for SystemResolver {
    /// Asks for at most two seconds. A name that doesn't exist is `Unavailable` too: the system
    /// doesn't tell it from a name server that is down.
    async fn resolve(&self, host: &Host) -> PortResult<Vec<IpAddr>> {
        let failed = |kind| PortError::new(kind, System::DataSource, "host_resolver.resolve");
        let found = timeout(LIMIT, lookup_host((host.as_str(), 0)))
            .await
            .map_err(|_| failed(PortErrorKind::Timeout))?
            .map_err(|error| failed(PortErrorKind::Unavailable).with_source(error))?;
        let mut addresses: Vec<IpAddr> = Vec::new();
        for address in found.map(|address| address.ip()) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Ok(addresses)
    }
}
