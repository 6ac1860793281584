//! The adapter itself: where its work runs, and for how long.

use std::{sync::Arc, time::Duration};

use altus4_connections::AddressGate;
use altus4_kernel::PortResult;
use tokio::{runtime::Handle, time};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::{
    MySqlConfig,
    connect::Dialer,
    error::{Fault, port_error},
    pool::Pools,
};

/// Users' MySQL and MariaDB databases: a
/// [`ConnectionProbe`](altus4_connections::ConnectionProbe), a
/// [`SchemaInspector`](altus4_connections::SchemaInspector), an
/// [`IndexBuilder`](altus4_connections::IndexBuilder) and a
/// [`FullTextIndex`](altus4_search::FullTextIndex). Clones share their pools.
///
/// The driver runs in tasks of its own, on the runtime that the source was made in: a server that
/// makes the driver panic costs one call, and a thread that is busy with something else holds up no
/// other thread's sockets. Without a runtime at that moment, the callers' runtimes are used.
#[derive(Clone)]
pub struct MySqlSource {
    pub(crate) config: MySqlConfig,
    pub(crate) pools: Arc<Pools>,
    runtime: Option<Handle>,
}

impl MySqlSource {
    /// A source that dials what `gate` admits. Opens nothing yet.
    #[must_use]
    pub fn new(config: MySqlConfig, gate: AddressGate) -> Self {
        let pools = Arc::new(Pools::new(Arc::new(Dialer::new(gate, config))));
        Self { config, pools, runtime: Handle::try_current().ok() }
    }

    /// Closes every pool. Sessions in use are closed when their statement is over; whoever waits
    /// for one is told `Unavailable`.
    #[expect(clippy::unused_async, reason = "closing belongs to the async life of the service")]
    pub async fn close_all(&self) {
        self.pools.close_all();
    }

    /// Runs `work` in a task of its own until the deadline. At the deadline, and when the returned
    /// future is dropped, `work` is dropped where it stands.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        deadline: Duration,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> PortResult<T> {
        let outcome = match self.runtime() {
            Ok(runtime) => {
                let bounded =
                    async move { time::timeout(deadline, work).await.unwrap_or(Err(Fault::Deadline)) };
                let task = AbortOnDropHandle::new(runtime.spawn(bounded.in_current_span()));
                task.await.unwrap_or_else(|broken| Err(Fault::Task(broken)))
            }
            Err(fault) => Err(fault),
        };
        outcome.map_err(|fault| port_error(operation, fault))
    }

    fn runtime(&self) -> Result<Handle, Fault> {
        let runtime = match &self.runtime {
            Some(runtime) => runtime.clone(),
            None => Handle::try_current().map_err(Fault::NoRuntime)?,
        };
        self.pools.start_sweeping(&runtime);
        Ok(runtime)
    }
}
