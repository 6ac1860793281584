//! `altus4 serve`.

use altus4_http::HttpServer;
use tracing::info;

use crate::{
    compose::{Application, compose, http_config},
    failure::Failure,
    settings::Settings,
    shutdown::Shutdown,
};

/// Serves until the process is asked to stop.
///
/// # Errors
/// What isn't there or can't be used, before anything is served; after that, that the service
/// ended by itself or was cut.
pub(crate) async fn run(settings: Settings) -> Result<(), Failure> {
    let shutdown = Shutdown::listen().map_err(|error| Failure::Start(error.into()))?;
    let (mode, store) = (settings.mode, settings.store.to_string());
    let http = http_config(&settings);
    let application = tokio::select! {
        application = compose(settings) => application.map_err(Failure::Start)?,
        () = shutdown.requested() => return Ok(()),
    };
    let server = match HttpServer::bind(http, application.services.clone()) {
        Ok(server) => server,
        Err(fault) => {
            application.open.close().await;
            return Err(Failure::Start(fault.into()));
        }
    };
    info!(
        http.address = %server.local_addr(),
        mode = mode.as_str(),
        store,
        version = env!("CARGO_PKG_VERSION"),
        "service.ready"
    );
    until_stopped(server, application, &shutdown).await
}

/// Runs the server until it has drained, then writes down what is left and closes everything; a second
/// signal ends all of it.
pub(crate) async fn until_stopped(
    server: HttpServer,
    application: Application,
    shutdown: &Shutdown,
) -> Result<(), Failure> {
    let Application { chores, open, .. } = application;
    let chores = chores.start();
    let serving = async {
        let outcome = server.run(shutdown.requested()).await;
        chores.finish().await;
        open.close().await;
        outcome.map_err(|error| Failure::Serving(anyhow::Error::new(error).context("the service ended")))
    };
    tokio::select! {
        outcome = serving => outcome.inspect(|()| info!("service.stopped")),
        () = shutdown.forced() => Err(Failure::Forced),
    }
}
