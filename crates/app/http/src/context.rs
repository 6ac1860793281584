//! What is known of a request before its handler runs, and what is learnt on the way.

use std::{
    cell::Cell,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_api_keys::{KeyLimits, RateStatus, SharePass};
use altus4_kernel::{ApiKeyId, Environment, Plan};
use tracing::Span;

use crate::{bill::Bill, error::Code};

/// The key that a request shows, whether or not it is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShownKey {
    pub(crate) id: ApiKeyId,
    /// The tier that its traffic is measured by.
    pub(crate) tier: Plan,
    /// What it is for.
    pub(crate) environment: Environment,
    /// Where the request came from.
    pub(crate) address: Option<IpAddr>,
}

/// How much its caller may do still, for the headers of the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) tier: Plan,
    pub(crate) rate: RateStatus,
}

/// One for each request; every layer finds it in the request's extensions.
pub(crate) struct RequestContext {
    /// Its id.
    pub(crate) id: String,
    /// What its log lines stand in.
    pub(crate) span: Span,
    /// The pattern of its route, once it has come that far.
    pub(crate) route: Cell<Option<&'static str>>,
    /// The key that it shows, if it is one that was issued here.
    pub(crate) key: Cell<Option<ShownKey>>,
    /// The limits that this key has of its own.
    pub(crate) limits: Cell<Option<KeyLimits>>,
    /// What it costs that key, until the request has ended.
    pub(crate) bill: Cell<Option<Arc<Bill>>>,
    /// How much its caller may do still, if that is known.
    pub(crate) measured: Cell<Option<Measured>>,
    /// Whether it was let through, and counts.
    pub(crate) counted: Cell<bool>,
    /// How it failed, if it did.
    pub(crate) failure: Cell<Option<Code>>,
    /// Its place among the requests under way.
    pub(crate) pass: Cell<Option<SharePass>>,
    started: Instant,
}

impl RequestContext {
    pub(crate) fn new(id: String, span: Span) -> Self {
        Self {
            id,
            span,
            route: Cell::default(),
            key: Cell::default(),
            limits: Cell::default(),
            bill: Cell::default(),
            measured: Cell::default(),
            counted: Cell::default(),
            failure: Cell::default(),
            pass: Cell::default(),
            started: Instant::now(),
        }
    }

    /// What it costs, if it is of a key and has not ended.
    pub(crate) fn bill(&self) -> Option<Arc<Bill>> {
        let bill = self.bill.take();
        self.bill.set(bill.clone());
        bill
    }

    /// How long it has been under way.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A request without an id, begun now.
impl Default for RequestContext {
    fn default() -> Self {
        Self::new(String::new(), Span::none())
    }
}
