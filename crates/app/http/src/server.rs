//! Listening, and stopping without cutting a request.
//!
//! Connections are accepted here rather than by actix-web's own server: on a stop that one drops
//! connections that wait for a worker, and closes idle ones while a request is on its way to them.

mod worker;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    pin::pin,
    sync::Arc,
    thread,
    time::Duration,
};

use actix_web::{http::Uri, web::Data};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time::{Instant, sleep, timeout_at},
};

use self::worker::{Accepted, Phase, Worker};
use crate::{
    config::HttpConfig,
    state::{Services, State},
};

/// How long after a stop an idle connection is kept, in case a request is on its way. Meanwhile
/// every answer closes its connection.
const IDLE_GRACE: Duration = Duration::from_secs(1);
/// How long accepting rests when the process is out of file descriptors.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Why the server can't begin.
#[derive(Debug, thiserror::Error)]
pub enum BindFault {
    /// The address can't be listened on.
    #[error("cannot listen on {host}:{port}: {source}")]
    Address {
        /// The host that was to be listened on.
        host: String,
        /// The port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// What is allowed to call the API is not an origin.
    #[error("'{0}' is not an origin such as https://app.example.com")]
    Origin(String),
}

/// A server that listens, and answers once it runs.
#[must_use = "it answers nothing until it runs"]
pub struct HttpServer {
    listener: TcpListener,
    local_addr: SocketAddr,
    state: Data<State>,
}

impl HttpServer {
    /// Begins to listen. Connections wait until [`HttpServer::run`].
    ///
    /// # Errors
    /// [`BindFault`] says which setting is wrong.
    pub fn bind(config: HttpConfig, services: Services) -> Result<Self, BindFault> {
        if let Some(origin) = config.cors_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(BindFault::Origin(origin.clone()));
        }
        let fault = |source| BindFault::Address { host: config.host.clone(), port: config.port, source };
        let host = config.host.trim_start_matches('[').trim_end_matches(']');
        let listener = TcpListener::bind((host, config.port)).map_err(fault)?;
        listener.set_nonblocking(true).map_err(fault)?;
        let local_addr = listener.local_addr().map_err(fault)?;
        Ok(Self { listener, local_addr, state: Data::new(State::new(config, services)) })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Answers until `stop` resolves. Then `/health/ready` says no, no further connection is
    /// accepted, running requests finish (30 seconds at most), and connections close after their
    /// answer. Signals are the caller's business. Runs on a tokio runtime.
    ///
    /// # Errors
    /// Those of the system when workers can't be started.
    pub async fn run(self, stop: impl Future<Output = ()> + 'static) -> io::Result<()> {
        let Self { listener, local_addr, state } = self;
        let limit = state.config.max_connections;
        let slots = Arc::new(Semaphore::new(limit as usize));
        let (phase, _) = watch::channel(Phase::Serving);
        let mut crew = Crew::start(&state, local_addr, &phase)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tracing::info!(address = %local_addr, workers = crew.workers.len(), "http.listening");

        accept_until(&listener, &slots, &mut crew, stop).await;
        state.begin_stop();
        let listener = listener.into_std()?;
        accept_rest(&listener, &slots, &mut crew);
        drop(listener);
        crew.dismiss();
        drain(&slots, limit, &phase, state.config.drain_timeout).await;
        phase.send_replace(Phase::Ended);
        crew.join().await;
        Ok(())
    }
}

/// Accepts connections until a stop. Beyond the limit of open ones, the next wait in the kernel.
async fn accept_until(
    listener: &tokio::net::TcpListener,
    slots: &Arc<Semaphore>,
    crew: &mut Crew,
    stop: impl Future<Output = ()>,
) {
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            let slot = Arc::clone(slots).acquire_owned().await.ok()?;
            match listener.accept().await.and_then(|(stream, _)| stream.into_std()) {
                Ok(stream) => Some(Accepted { stream, slot }),
                Err(error) => {
                    tracing::warn!(error = %error, "http.accept_failed");
                    sleep(ACCEPT_REST).await;
                    None
                }
            }
        };
        tokio::select! {
            biased;
            () = &mut stop => return,
            accepted = accepted => accepted.into_iter().for_each(|accepted| crew.assign(accepted)),
        }
    }
}

/// Accepts what the kernel has established already: when the listener closes, connections left there
/// are reset, with their requests on the way.
fn accept_rest(listener: &TcpListener, slots: &Arc<Semaphore>, crew: &mut Crew) {
    while let Ok(slot) = Arc::clone(slots).try_acquire_owned()
        && let Ok((stream, _)) = listener.accept()
    {
        if stream.set_nonblocking(true).is_ok() {
            crew.assign(Accepted { stream, slot });
        }
    }
}

/// Waits until every connection has closed.
async fn drain(slots: &Semaphore, limit: u32, phase: &watch::Sender<Phase>, at_most: Duration) {
    let begun = Instant::now();
    if timeout_at(begun + IDLE_GRACE.min(at_most), slots.acquire_many(limit)).await.is_ok() {
        return;
    }
    phase.send_replace(Phase::ClosingIdle);
    if timeout_at(begun + at_most, slots.acquire_many(limit)).await.is_err() {
        let open = limit as usize - slots.available_permits();
        tracing::warn!(connections = open, "http.drain_timed_out");
    }
}

/// The workers, each on a thread of its own.
struct Crew {
    workers: Vec<(mpsc::UnboundedSender<Accepted>, thread::JoinHandle<()>)>,
    next: usize,
}

impl Crew {
    fn start(state: &Data<State>, address: SocketAddr, phase: &watch::Sender<Phase>) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = (0..state.config.workers.unwrap_or(cores).max(1))
            .map(|number| Worker::start(number, state.clone(), address, phase.subscribe()))
            .collect::<io::Result<_>>()?;
        Ok(Self { workers, next: 0 })
    }

    /// Gives a connection to the worker whose turn it is.
    fn assign(&mut self, accepted: Accepted) {
        let at = self.next % self.workers.len();
        self.next = at + 1;
        // A worker ends only after the crew is dismissed.
        let _ = self.workers[at].0.send(accepted);
    }

    /// Tells the workers that there are no further connections.
    fn dismiss(&mut self) {
        for (sender, _) in &mut self.workers {
            *sender = mpsc::unbounded_channel().0;
        }
    }

    async fn join(self) {
        let handles = self.workers.into_iter().map(|(_, handle)| handle);
        let join_all = move || handles.map(thread::JoinHandle::join).filter(Result::is_err).count();
        let panicked = tokio::task::spawn_blocking(join_all).await.unwrap_or(1);
        if panicked > 0 {
            tracing::error!(workers = panicked, "http.worker_panicked");
        }
    }
}

/// Scheme and authority, nothing else.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let plain = !authority.is_empty() && !authority.contains(['/', '?', '#', '@', '*']);
    matches!(scheme, "http" | "https") && plain && text.parse::<Uri>().is_ok()
}

/// Holds one of the server's connections until it is dropped.
type Slot = OwnedSemaphorePermit;
