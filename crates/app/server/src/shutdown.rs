//! Stopping: the first signal asks running requests to finish, a second one waits for nobody.

use std::{future::Future, io};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Knows whether the process was asked to stop.
#[derive(Debug, Clone)]
pub(crate) struct Shutdown {
    requested: CancellationToken,
    forced: CancellationToken,
}

impl Shutdown {
    /// Listens for SIGTERM and SIGINT from now on. Needs a running runtime.
    ///
    /// # Errors
    /// The system doesn't let the process listen.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut signals = Signals::new()?;
        let shutdown = Self { requested: CancellationToken::new(), forced: CancellationToken::new() };
        let Self { requested, forced } = shutdown.clone();
        tokio::spawn(async move {
            let signal = signals.next().await;
            info!(signal, "shutdown.requested");
            requested.cancel();
            let signal = signals.next().await;
            warn!(signal, "shutdown.forced");
            forced.cancel();
        });
        Ok(shutdown)
    }

    /// Returns once the process was asked to stop.
    pub(crate) fn requested(&self) -> impl Future<Output = ()> + Send + 'static {
        self.requested.clone().cancelled_owned()
    }

    /// Returns once the process was asked to stop a second time.
    pub(crate) fn forced(&self) -> impl Future<Output = ()> + Send + 'static {
        self.forced.clone().cancelled_owned()
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) -> &'static str {
        self.0.recv().await;
        "Ctrl-C"
    }
}
