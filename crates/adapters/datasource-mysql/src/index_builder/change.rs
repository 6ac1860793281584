//! A session of its own that may change things, for one statement that may take hours.

use std::{sync::Arc, time::Duration};

use mysql_async::{Error as Driver, prelude::Queryable};
use tokio::{runtime::Handle, time::timeout};

use super::statements;
use crate::{
    connect::{Dialer, Link, Route},
    error::Fault,
    session::give_up,
};

/// The session. Dropped while the server is at its statement, it ends that on the server.
pub(super) struct Change {
    link: Option<Link>,
    dialer: Arc<Dialer>,
    route: Arc<Route>,
    is_running: bool,
}

impl Change {
    /// Logs in and prepares the session. The route has to be as patient as `limit`.
    pub(super) async fn begin(
        dialer: Arc<Dialer>,
        route: Arc<Route>,
        limit: Duration,
    ) -> Result<Self, Fault> {
        let link = dialer.dial(&route).await?;
        let mut change = Self { link: Some(link), dialer, route, is_running: false };
        let patience = change.dialer.config().connect_timeout;
        let set_up = async {
            match change.run(&statements::set_up(limit)).await {
                Err(fault) if fault.is_answer() => change.run(statements::LEAST_SET_UP).await,
                outcome => outcome,
            }
        };
        timeout(patience, set_up).await.map_err(|_| Fault::Connect)??;
        Ok(change)
    }

    /// The server's number for it.
    pub(super) fn thread(&self) -> u32 {
        self.link.as_ref().map(|link| link.conn.id()).unwrap_or_default()
    }

    /// Runs a statement to its end.
    pub(super) async fn run(&mut self, statement: &str) -> Result<(), Fault> {
        let link = self.link.as_mut().ok_or(Fault::Closed)?;
        self.is_running = true;
        let outcome = link.conn.query_drop(statement).await;
        // Whatever the server answered, it is done with it.
        self.is_running = !matches!(outcome, Ok(()) | Err(Driver::Server(_)));
        outcome.map_err(|error| link.explain(error.into()))
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        // Without a runtime the socket is closed here and now.
        if let Ok(runtime) = Handle::try_current() {
            let (dialer, route) = (Arc::clone(&self.dialer), Arc::clone(&self.route));
            runtime.spawn(give_up(dialer, route, link, self.is_running));
        }
    }
}
