//! Users' servers that aren't there: a resolver, a probe and an inspector that answer what they were
//! told.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use altus4_kernel::{ConnectionId, PortError, PortErrorKind, PortResult, System};
use async_trait::async_trait;

use crate::{
    ConnectionProbe, DiscoveredTable, Host, HostResolver, PoolUsage, ProbeReport, SchemaInspector, Target,
};

/// Knows these names and no others. An address is its own answer, as everywhere.
#[derive(Debug, Clone, Default)]
pub struct FixedResolver(HashMap<Host, Vec<IpAddr>>);

impl FixedResolver {
    /// The same resolver, which also knows `host`.
    #[must_use]
    pub fn with(mut self, host: Host, addresses: Vec<IpAddr>) -> Self {
        self.0.insert(host, addresses);
        self
    }
}

#[async_trait]
impl HostResolver for FixedResolver {
    async fn resolve(&self, host: &Host) -> PortResult<Vec<IpAddr>> {
        let known = self.0.get(host).cloned();
        Ok(known.unwrap_or_else(|| host.as_ip().into_iter().collect()))
    }
}

/// A server that always answers alike, and notes which connections were closed. One socket to it is in
/// use, and two are idle.
#[derive(Debug)]
pub struct FakeProbe {
    answer: Result<ProbeReport, PortErrorKind>,
    closed: Mutex<Vec<ConnectionId>>,
}

impl FakeProbe {
    /// A server that says this of itself.
    #[must_use]
    pub fn answering(report: ProbeReport) -> Self {
        Self { answer: Ok(report), closed: Mutex::default() }
    }

    /// A server that can't be reached, or refuses.
    #[must_use]
    pub fn failing(kind: PortErrorKind) -> Self {
        Self { answer: Err(kind), closed: Mutex::default() }
    }

    /// The connections that were closed, in that order.
    #[must_use]
    pub fn closed(&self) -> Vec<ConnectionId> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A MariaDB whose user can only read.
impl Default for FakeProbe {
    fn default() -> Self {
        Self::answering(ProbeReport {
            response_time: Duration::from_millis(3),
            version: "10.11.6-MariaDB".to_owned(),
            read_only: true,
            warnings: Vec::new(),
            suggestion: None,
        })
    }
}

#[async_trait]
impl ConnectionProbe for FakeProbe {
    async fn probe(&self, _target: &Target, _deadline: Duration) -> PortResult<ProbeReport> {
        self.answer.clone().map_err(|kind| PortError::new(kind, System::DataSource, "probe.probe"))
    }

    fn usage(&self, _id: ConnectionId) -> PoolUsage {
        PoolUsage { active: 1, idle: 2 }
    }

    fn close(&self, id: ConnectionId) {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }
}

/// Finds the same tables in every database, and counts how often it was asked.
#[derive(Debug, Default)]
pub struct FixedInspector {
    tables: Vec<DiscoveredTable>,
    readings: AtomicUsize,
}

impl FixedInspector {
    /// An inspector that finds these.
    #[must_use]
    pub fn new(tables: Vec<DiscoveredTable>) -> Self {
        Self { tables, readings: AtomicUsize::new(0) }
    }

    /// How often a schema was read.
    #[must_use]
    pub fn readings(&self) -> usize {
        self.readings.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl SchemaInspector for FixedInspector {
    async fn inspect(&self, _target: &Target, _deadline: Duration) -> PortResult<Vec<DiscoveredTable>> {
        self.readings.fetch_add(1, Ordering::Relaxed);
        Ok(self.tables.clone())
    }
}
