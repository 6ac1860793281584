//! The port that makes full-text indexes: the one place where a session changes a user's database.

mod change;
mod facts;
mod statements;

use std::{sync::Arc, time::Duration};

use altus4_connections::{
    BuildProgress, Built, IndexBuilder, IndexPlan, JobFailure, Progress, Remedy, ServerFacts, Target,
};
use altus4_kernel::PortResult;
use async_trait::async_trait;
use mysql_async::{Error as Driver, Row, ServerError, Value as Wire};
use tokio::{sync::watch, time};

use self::change::Change;
use crate::{
    MySqlSource,
    connect::Route,
    error::{Fault, port_error},
    guard,
    statement::Query,
    value,
};

/// How often a server is asked how far it is.
const LOOKS: Duration = Duration::from_secs(2);
/// How long it may take to say so.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);
/// How often the table is asked for, when somebody else holds it.
const ATTEMPTS: u32 = 6;
/// How long others are let at the table before it is asked for again.
const REST: Duration = Duration::from_secs(5);
/// Another algorithm or another lock has to be chosen.
const NOT_SO: [u16; 2] = [1_845, 1_846];
/// Somebody else held the table.
const LOCK_WAIT: u16 = 1_205;

#[async_trait]
impl IndexBuilder for MySqlSource {
    async fn facts(&self, target: &Target, deadline: Duration) -> PortResult<ServerFacts> {
        const OPERATION: &str = "index_builder.facts";
        let pool = self.pools.get(target).map_err(|fault| port_error(OPERATION, fault))?;
        let max_bytes = self.config.max_schema_bytes;
        let queries = facts::queries(target.connection.database.as_str());
        let work = async move { Ok(facts::of(pool.read(queries, max_bytes).await?)) };
        self.run(OPERATION, deadline, work).await
    }

    fn statement(&self, remedy: &Remedy) -> String {
        statements::remedy(remedy)
    }

    async fn build(&self, target: &Target, plan: &IndexPlan, progress: &BuildProgress) -> PortResult<Built> {
        const OPERATION: &str = "index_builder.build";
        let limit = self.config.index_limit;
        let route = Route::to(target, &self.config).map_err(|fault| port_error(OPERATION, fault))?;
        let route = Arc::new(route.patient(limit));
        let (thread, seen) = watch::channel(None);
        let (dialer, attempts) = (Arc::clone(self.pools.dialer()), statements::attempts(plan));
        let work = async move {
            let mut change = Change::begin(dialer, route, limit).await?;
            thread.send_replace(Some(change.thread()));
            change_with(&mut change, &attempts).await
        };
        let building = self.run(OPERATION, limit + guard::GRACE, work);
        tokio::select! {
            built = building => built,
            never = self.watch(target, seen, progress) => match never {},
        }
    }
}

/// Runs the first of these statements that the server doesn't refuse for its algorithm or its lock.
async fn change_with(change: &mut Change, attempts: &[String]) -> Result<Built, Fault> {
    let mut tries = 0;
    let mut left = attempts.iter();
    let mut next = left.next();
    while let Some(statement) = next {
        match change.run(statement).await {
            Ok(()) => return Ok(Built::Done),
            Err(Fault::Driver(Driver::Server(error))) => {
                if NOT_SO.contains(&error.code) && left.len() > 0 {
                    next = left.next();
                } else if error.code == LOCK_WAIT && tries < ATTEMPTS {
                    tries += 1;
                    time::sleep(REST).await;
                } else {
                    return Ok(Built::Refused(refusal(&error)));
                }
            }
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::Request("there is no statement for this"))
}

impl MySqlSource {
    /// Asks the server from time to time how far it is.
    async fn watch(
        &self,
        target: &Target,
        mut thread: watch::Receiver<Option<u32>>,
        progress: &BuildProgress,
    ) -> std::convert::Infallible {
        let thread = match thread.wait_for(Option::is_some).await.map(|thread| *thread) {
            Ok(Some(thread)) => thread,
            // It ended before it began.
            _ => std::future::pending().await,
        };
        loop {
            time::sleep(LOOKS).await;
            if let Some(seen) = self.look(target, thread).await {
                progress.set(seen);
            }
        }
    }

    async fn look(&self, target: &Target, thread: u32) -> Option<Progress> {
        const OPERATION: &str = "index_builder.look";
        let pool = self.pools.get(target).ok()?;
        let max_bytes = self.config.max_answer_bytes;
        let ask = |sql: String| Query { sql, values: Vec::new(), max_rows: 16 };
        let processes = {
            let (pool, query) = (pool.clone(), ask(statements::process(thread)));
            self.run(OPERATION, LOOK_DEADLINE, async move { pool.read([query], max_bytes).await })
        };
        let [rows] = processes.await.ok()?;
        let mut cells = rows.into_iter().next().map(texts)?;
        let phase = cells.next().flatten().map(|state| JobFailure::printable(&state));
        let phase = phase.filter(|state| !state.is_empty());
        let numbers: Vec<f64> =
            cells.map(|cell| cell.and_then(|text| text.parse().ok()).unwrap_or(0.0)).collect();
        if let [stage, stages, percent] = numbers[..] {
            let share = (stages > 0.0).then(|| ((stage - 1.0).max(0.0) + percent / 100.0) / stages);
            return Some(Progress { phase, share: share.map(|share| share.clamp(0.0, 1.0)) });
        }
        // MySQL tells it elsewhere, and not to everybody.
        let query = ask(statements::stage(thread));
        let stages = self.run(OPERATION, LOOK_DEADLINE, async move { pool.read([query], max_bytes).await });
        let share = match stages.await {
            Ok([rows]) => rows.into_iter().next().and_then(|row| {
                let numbers: Vec<f64> = texts(row).flatten().filter_map(|text| text.parse().ok()).collect();
                let [done, all] = numbers[..] else { return None };
                (all > 0.0).then(|| (done / all).clamp(0.0, 1.0))
            }),
            Err(_) => None,
        };
        Some(Progress { phase, share })
    }
}

fn texts(row: Row) -> impl Iterator<Item = Option<String>> {
    row.unwrap_raw().into_iter().map(|cell| match cell? {
        Wire::Bytes(bytes) => Some(value::text(bytes)),
        Wire::Int(number) => Some(number.to_string()),
        Wire::UInt(number) => Some(number.to_string()),
        _ => None,
    })
}

/// What a server said against it, with what its owner can do.
fn refusal(error: &ServerError) -> JobFailure {
    let message = match error.code {
        1_044 | 1_142 | 1_143 | 1_227 | 1_370 => {
            "this connection's user may not change the table: making an index needs the right INDEX on it"
        }
        1_061 => "the table has an index of this name already",
        1_128 => "the server has no parser of this name",
        1_146 => "the table is gone",
        1_072 | 1_054 => "a column is gone",
        1_283 => {
            "a column can't be in a full-text index together with the others: their character sets differ"
        }
        1_214 => "the table's engine has no full-text indexes",
        1_907 | 3_106 => "the server can't index a computed column",
        LOCK_WAIT => "other sessions held the table all the time; try again when it is less busy",
        1_290 | 1_836 => "the server only reads",
        1_021 | 1_114 | 1_030 => "the server has no room left for the index",
        1_317 | 1_969 | 3_024 => "the statement was ended before it was done",
        _ => "the server refused the statement",
    };
    JobFailure {
        errno: Some(error.code),
        said: Some(JobFailure::printable(&error.message)),
        ..JobFailure::of(message)
    }
}
