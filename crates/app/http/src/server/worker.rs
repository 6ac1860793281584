//! One thread that answers connections.

use std::{
    future::poll_fn,
    io,
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use actix_http::{HttpService, KeepAlive, error::DispatchError};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, map_config};
use actix_web::{Error, dev::AppConfig, web::Data};
use tokio::{
    runtime,
    sync::{mpsc, watch},
    task::{LocalSet, spawn_local},
};

use super::Slot;
use crate::{app::app, routes, state::State};

/// How long the rest of a refused body is taken in and thrown away, so that its sender gets to read
/// the refusal: closing at once would reset the connection.
const LINGER: Duration = Duration::from_secs(2);

/// How far the server is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It answers.
    Serving,
    /// Idle connections close; the others after their present request.
    ClosingIdle,
    /// Whatever is left is cut.
    Ended,
}

/// A connection, and its place among those that may be open.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) slot: Slot,
}

pub(super) struct Worker {
    state: Data<State>,
    address: SocketAddr,
    phase: watch::Receiver<Phase>,
}

impl Worker {
    /// Starts a thread that answers the connections sent to it. It lives until the phase is
    /// [`Phase::Ended`], also without connections of its own: what its runtime drives, such as a
    /// pooled connection to a database, may be in use by another worker.
    pub(super) fn start(
        number: usize,
        state: Data<State>,
        address: SocketAddr,
        phase: watch::Receiver<Phase>,
    ) -> io::Result<(mpsc::UnboundedSender<Accepted>, thread::JoinHandle<()>)> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, connections) = mpsc::unbounded_channel();
        let thread = thread::Builder::new().name(format!("http-{number}")).spawn(move || {
            let worker = Self { state, address, phase };
            LocalSet::new().block_on(&runtime, worker.answer(connections));
            runtime.shutdown_background();
        })?;
        Ok((sender, thread))
    }

    async fn answer(mut self, mut connections: mpsc::UnboundedReceiver<Accepted>) {
        let Ok(service) = self.service().new_service(()).await else {
            tracing::error!("http.worker_failed");
            return;
        };
        while let Some(Accepted { stream, slot }) = connections.recv().await {
            let stream = match tokio::net::TcpStream::from_std(stream) {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::warn!(error = %error, "http.connection_lost");
                    continue;
                }
            };
            if poll_fn(|context| service.poll_ready(context)).await.is_err() {
                continue;
            }
            let connection = service.call(stream);
            spawn_local(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(error = %error, "http.connection_failed");
                }
                drop(slot);
            });
        }
        // An error would mean that the server is gone, which is an end too.
        let _ = self.phase.wait_for(|phase| *phase == Phase::Ended).await;
    }

    fn service(
        &self,
    ) -> impl ServiceFactory<
        tokio::net::TcpStream,
        Config = (),
        Response = (),
        Error = DispatchError,
        InitError = (),
    > + use<> {
        let config = &self.state.config;
        let app = app(self.state.clone(), routes::table())
            .into_factory()
            .map_err(|error: Error| error.error_response());
        let phase = self.phase.clone();
        HttpService::build()
            .keep_alive(KeepAlive::Timeout(config.keep_alive))
            .client_request_timeout(config.head_timeout)
            .client_disconnect_timeout(LINGER)
            .local_addr(self.address)
            .tcp_nodelay(true)
            // Whoever hangs up is not waited for: what it asked for is given up, in databases too.
            .h1_allow_half_closed(false)
            .graceful_shutdown_signal(move || {
                let mut phase = phase.clone();
                async move {
                    let _ = phase.wait_for(|phase| *phase >= Phase::ClosingIdle).await;
                }
            })
            .finish(map_config(app, |()| AppConfig::default()))
            .tcp()
    }
}
