//! Reading through a session, and what becomes of it afterwards.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use deadpool::managed::Object;
use futures::TryStreamExt;
use mysql_async::{
    Conn, Params, QueryResult, Row,
    prelude::{Protocol, Queryable},
};
use tokio::{runtime::Handle, time::timeout};

use crate::{
    breaker::Breaker,
    connect::{Dialer, Link, Route},
    error::{Fault, port_error},
    pool::{Opener, SessionPool},
    statement::Query,
};

/// How long a session that is given up may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(1);

/// A session on loan. It goes back to its pool only if its last statement came to an end; else the
/// statement is killed on the server, and the session is closed.
pub(crate) struct Session {
    object: Option<Object<Opener>>,
    dialer: Arc<Dialer>,
    route: Arc<Route>,
    breaker: Arc<Breaker>,
    is_reused: bool,
    state: State,
    /// Whether changes are open, which would be the next one's if the session were given back.
    in_transaction: bool,
}

/// What the session is doing, as far as is known here.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// It waits for a statement.
    Ready,
    /// The server works on a statement, or sends its answer.
    Running,
    /// It can't be used again, and the server knows.
    Broken,
}

impl SessionPool {
    /// Runs the queries one after another in one session and gives their rows, `max_bytes` of them
    /// at the most.
    pub(crate) async fn read<const N: usize>(
        &self,
        queries: [Query; N],
        max_bytes: usize,
    ) -> Result<[Vec<Row>; N], Fault> {
        let rows = self.read_each(&queries, max_bytes).await?;
        rows.try_into().map_err(|_| Fault::Request("not every query was run"))
    }

    /// The same for as many queries as there are.
    pub(crate) async fn read_each(
        &self,
        queries: &[Query],
        max_bytes: usize,
    ) -> Result<Vec<Vec<Row>>, Fault> {
        let mut session = self.session().await?;
        match session.read(queries, max_bytes).await {
            Err(fault) if session.is_reused && fault.is_lost_session() => {
                // The server hung up while the session lay idle; the others fared no better.
                drop(session);
                self.forget_idle();
                self.session().await?.read(queries, max_bytes).await
            }
            outcome => outcome,
        }
    }
}

impl Session {
    pub(crate) fn new(
        object: Object<Opener>,
        dialer: Arc<Dialer>,
        route: Arc<Route>,
        breaker: Arc<Breaker>,
        is_reused: bool,
    ) -> Self {
        Self {
            object: Some(object),
            dialer,
            route,
            breaker,
            is_reused,
            state: State::Ready,
            in_transaction: false,
        }
    }

    /// The session's connection; `None` never, as it is taken only when the session is dropped.
    pub(crate) fn link(&self) -> Option<&Link> {
        self.object.as_deref()
    }

    /// Whether it lay idle before: the server may have hung up meanwhile.
    pub(crate) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Runs the queries one after another and gives the rows of each.
    pub(crate) async fn read(&mut self, queries: &[Query], max_bytes: usize) -> Result<Vec<Vec<Row>>, Fault> {
        let mut bytes_left = max_bytes;
        let mut answers = Vec::with_capacity(queries.len());
        for query in queries {
            let outcome = self.run(query, &mut bytes_left).await;
            let (rows, _) = outcome.map_err(|fault| match fault {
                Fault::TooLarge(_) => Fault::TooLarge(max_bytes),
                fault => fault,
            })?;
            answers.push(rows);
        }
        Ok(answers)
    }

    /// Runs one query: its rows, and what it did. `bytes_left` is how much of them is held.
    pub(crate) async fn run(
        &mut self,
        query: &Query,
        bytes_left: &mut usize,
    ) -> Result<(Vec<Row>, Done), Fault> {
        let link = self.object.as_deref_mut().ok_or(Fault::Closed)?;
        self.state = State::Running;
        let outcome = run(&mut link.conn, query, bytes_left).await;
        let outcome = outcome.map_err(|fault| link.explain(fault));
        let done = Done { rows: link.conn.affected_rows(), last_id: link.conn.last_insert_id() };
        self.state = match &outcome {
            Ok(_) => State::Ready,
            Err(fault) if fault.is_answer() => State::Ready,
            // Thread ids begin anew when a server is started again, so whom would a kill hit?
            Err(fault) if fault.is_lost_session() || fault.is_of_a_rogue() => State::Broken,
            Err(_) => State::Running,
        };
        if let Err(fault) = &outcome
            && fault.is_of_a_rogue()
            && self.breaker.note_failure(fault, Instant::now())
        {
            let connection_id = self.route.connection_id();
            tracing::warn!(%connection_id, "datasource.mysql.quarantined");
        }
        outcome.map(|rows| (rows, done))
    }

    /// Notes that changes are open, or that they are no more.
    pub(crate) fn note_transaction(&mut self, is_open: bool) {
        self.in_transaction = is_open;
    }
}

/// What a statement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    /// The rows that it changed.
    pub(crate) rows: u64,
    /// The first number that the server gave a row.
    pub(crate) last_id: Option<u64>,
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(mut object) = self.object.take() else { return };
        if self.state == State::Ready && !self.in_transaction {
            object.idle_since = Instant::now();
            return;
        }
        let link = Object::take(object);
        // Without a runtime the socket is closed here and now.
        if let Ok(runtime) = Handle::try_current() {
            // Whoever can't connect can't kill either; the statement has its own limit on the server.
            let is_running = self.state == State::Running && !self.breaker.is_open(Instant::now());
            runtime.spawn(give_up(Arc::clone(&self.dialer), Arc::clone(&self.route), link, is_running));
        }
    }
}

/// Ends a session, and the statement that it is running.
pub(crate) async fn give_up(dialer: Arc<Dialer>, route: Arc<Route>, link: Link, is_running: bool) {
    let connection_id = route.connection_id();
    if is_running {
        match dialer.kill_statement(&route, link.conn.id()).await {
            Ok(()) => tracing::debug!(%connection_id, "datasource.mysql.statement_killed"),
            // The statement has its own limit on the server.
            Err(fault) => {
                let error = port_error("session.kill_statement", fault);
                tracing::warn!(%connection_id, %error, "datasource.mysql.kill_failed");
            }
        }
    }
    // What is left of the answer is read for a moment, so that the server sees an orderly end.
    let _ = timeout(FAREWELL, link.conn.disconnect()).await;
}

/// Values travel beside the statement, in the binary protocol; a statement without any needs no
/// preparation, which saves a round trip.
async fn run(conn: &mut Conn, query: &Query, bytes_left: &mut usize) -> Result<Vec<Row>, Fault> {
    if query.values.is_empty() {
        collect(conn.query_iter(query.sql.as_str()).await?, query, bytes_left).await
    } else {
        let values = Params::Positional(query.values.clone());
        collect(conn.exec_iter(query.sql.as_str(), values).await?, query, bytes_left).await
    }
}

async fn collect<P: Protocol + Unpin>(
    mut result: QueryResult<'_, 'static, P>,
    query: &Query,
    bytes_left: &mut usize,
) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    if let Some(mut stream) = result.stream::<Row>().await? {
        while let Some(row) = stream.try_next().await? {
            let left = bytes_left.checked_sub(held_bytes(&row)).ok_or(Fault::TooLarge(0))?;
            if rows.len() == query.max_rows {
                return Err(Fault::TooLarge(0));
            }
            *bytes_left = left;
            rows.push(row);
        }
    }
    result.drop_result().await?;
    Ok(rows)
}

/// About how much memory a row takes, with its place in a list that is just growing to twice its size.
fn held_bytes(row: &Row) -> usize {
    const ALLOCATION: usize = 2 * size_of::<usize>();
    const ROW: usize = 4 * size_of::<Row>() + ALLOCATION;
    const CELL: usize = size_of::<Option<mysql_async::Value>>();
    let bytes = |cell| match row.as_ref(cell) {
        Some(mysql_async::Value::Bytes(bytes)) => CELL + ALLOCATION + bytes.len(),
        _ => CELL,
    };
    ROW + (0..row.len()).map(bytes).sum::<usize>()
}
