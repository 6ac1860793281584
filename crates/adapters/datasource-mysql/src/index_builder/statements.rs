//! The statements that change a schema. Pure.

use std::time::Duration;

use altus4_connections::{ColumnRef, IndexPlan, ParserName, Remedy};

use crate::dialect::quote;

/// How long a session waits for a table that others hold, in seconds. All who come after it wait
/// behind it meanwhile, readers too: so it gives up soon, and asks again later.
const LOCK_WAIT_SECONDS: u32 = 10;

/// In place, reading goes on. Neither MySQL nor MariaDB makes a full-text index without holding up
/// writers ("Fulltext index creation requires a lock"), but it costs nothing to ask.
const ONLINE: [&str; 3] = [" ALGORITHM = INPLACE LOCK = NONE", " ALGORITHM = INPLACE LOCK = SHARED", ""];

/// The statements that make an index, to be tried in this order. `CREATE INDEX` asks for no other
/// right than `INDEX`; `ALTER TABLE` would ask for three.
pub(super) fn attempts(plan: &IndexPlan) -> Vec<String> {
    let how: &[&str] = if plan.is_online { &ONLINE } else { &[""] };
    how.iter().map(|how| format!("{}{how}", create(plan))).collect()
}

fn create(plan: &IndexPlan) -> String {
    let (name, table) = (quote(plan.name.as_str()), quote(plan.table.name()));
    let columns = plan.columns.iter().map(ColumnRef::name).map(quote).collect::<Vec<_>>().join(", ");
    let parser = plan.parser.as_ref().map(ParserName::as_str);
    let parser = parser.map(|parser| format!(" WITH PARSER {}", quote(parser))).unwrap_or_default();
    format!("CREATE FULLTEXT INDEX {name} ON {table} ({columns}){parser}")
}

/// What mends it, for its owner.
pub(super) fn remedy(remedy: &Remedy) -> String {
    match remedy {
        Remedy::AddIndex(plan) if plan.is_online => format!("{}{}", create(plan), ONLINE[1]),
        Remedy::AddIndex(plan) => create(plan),
        Remedy::DropIndex { table, index } => {
            format!("DROP INDEX {} ON {}", quote(index.name()), quote(table.name()))
        }
        Remedy::ConvertEngine { table } => format!("ALTER TABLE {} ENGINE = InnoDB", quote(table.name())),
        Remedy::ConvertColumns { table, columns, collation } => {
            let changes = columns.iter().map(|column| {
                let null = if column.nullable { "NULL" } else { "NOT NULL" };
                let more =
                    if column.has_more { " /* and its DEFAULT and COMMENT as they are */" } else { "" };
                format!(
                    "MODIFY {} {} CHARACTER SET utf8mb4 COLLATE {collation} {null}{more}",
                    quote(column.column.name()),
                    column.declared_type
                )
            });
            format!("ALTER TABLE {} {}", quote(table.name()), changes.collect::<Vec<_>>().join(", "))
        }
        Remedy::Setting { name, value, at_start: false } => format!("SET GLOBAL {name} = {value}"),
        Remedy::Setting { name, value, at_start: true } => {
            format!("-- in the server's configuration, before it starts again: {name} = {value}")
        }
    }
}

/// Prepares a session for one statement of at most `limit`.
pub(super) fn set_up(limit: Duration) -> String {
    let seconds = limit.as_secs().max(1);
    format!(
        "{LEAST_SET_UP}, SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS} \
         /*M! , SESSION tx_read_only = 0, SESSION max_statement_time = {seconds} */ \
         /*!50720 , SESSION transaction_read_only = 0 */"
    )
}

/// For a server that doesn't know all of these settings.
pub(super) const LEAST_SET_UP: &str =
    "SET NAMES utf8mb4, SESSION autocommit = 1, SESSION sql_mode = '', SESSION time_zone = '+00:00'";

/// What a session is doing. Columns: state; on MariaDB also stage, stages, and percent of the stage.
pub(super) fn process(thread: u32) -> String {
    format!(
        "SELECT STATE AS state /*M! , STAGE AS stage, MAX_STAGE AS stages, PROGRESS AS percent */ \
         FROM information_schema.PROCESSLIST WHERE ID = {thread}"
    )
}

/// How far it is, on MySQL. Columns: work done, work estimated.
pub(super) fn stage(thread: u32) -> String {
    format!(
        "SELECT stages.WORK_COMPLETED AS done, stages.WORK_ESTIMATED AS estimated \
         FROM performance_schema.events_stages_current AS stages \
         JOIN performance_schema.threads AS threads ON threads.THREAD_ID = stages.THREAD_ID \
         WHERE threads.PROCESSLIST_ID = {thread}"
    )
}
