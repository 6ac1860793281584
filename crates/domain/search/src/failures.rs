//! What could not be searched, told so that its owner can mend it.

use altus4_connections::{ColumnRef, ConnectionError, Target};
use altus4_kernel::{PortError, PortErrorKind};

use crate::{
    Failure, FailureReason,
    plan::{DatabasePlan, MAX_TABLES, TablePlan},
};

/// How many tables are named in one sentence.
const NAMED: usize = 5;

/// What a plan could not reach.
pub(crate) fn plan_failures(target: &Target, plan: &DatabasePlan) -> Vec<Failure> {
    let failure = |table: Option<String>, reason, message| Failure {
        connection_id: target.connection.id,
        table,
        reason,
        message,
    };
    let mut failures = Vec::new();
    match plan.without_index.as_slice() {
        [] => {}
        [(table, columns)] => {
            let message = format!(
                "not searched: the table is too large to be read whole, and no FULLTEXT index covers any of {}. \
                 ALTER TABLE … ADD FULLTEXT (…) over them makes it searchable",
                names(columns)
            );
            failures.push(failure(Some(table.clone()), FailureReason::NoIndex, message));
        }
        tables => {
            let named: Vec<_> = tables.iter().take(NAMED).map(|(table, _)| table.as_str()).collect();
            let more = tables.len().saturating_sub(NAMED);
            let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let message = format!(
                "not searched, for want of a FULLTEXT index over their text columns: {}{and_more}. \
                 ALTER TABLE … ADD FULLTEXT (…) makes them searchable",
                named.join(", ")
            );
            failures.push(failure(None, FailureReason::NoIndex, message));
        }
    }
    let partly = plan.tables.iter().filter(|table| !table.unreached.is_empty());
    for table in partly.take(NAMED) {
        let name = table.table.table.name().to_owned();
        failures.push(failure(Some(name), FailureReason::PartlyIndexed, partly_indexed(table)));
    }
    if plan.left_out > 0 {
        let message = format!(
            "one search goes through {MAX_TABLES} tables of a database; {} more were left out: name the tables \
             to search, or set the connection's defaultSearchTables",
            plan.left_out
        );
        failures.push(failure(None, FailureReason::TooManyTables, message));
    }
    failures
}

fn partly_indexed(table: &TablePlan) -> String {
    let indexes: Vec<_> = table.scope.indexes.iter().map(|index| index.index.name()).collect();
    format!(
        "searched through {} alone, which doesn't cover {}, and the table is too large to be read whole. \
         ALTER TABLE … ADD FULLTEXT (…) over all columns makes them searchable too",
        indexes.join(" and "),
        names(&table.unreached)
    )
}

fn names(columns: &[ColumnRef]) -> String {
    columns.iter().map(ColumnRef::name).collect::<Vec<_>>().join(", ")
}

/// A database that took too long.
pub(crate) fn timed_out(target: &Target) -> Failure {
    Failure {
        connection_id: target.connection.id,
        table: None,
        reason: FailureReason::Timeout,
        message: "the database did not answer in time".to_owned(),
    }
}

/// Why a database, or one table of it, gave nothing, in words that may be shown to its owner.
pub(crate) fn connection_failure(target: &Target, table: Option<String>, error: &ConnectionError) -> Failure {
    let told = |port: &PortError| port.detail.as_ref().map(|detail| detail.message.clone());
    let (reason, message) = match error {
        ConnectionError::HostNotAllowed | ConnectionError::EngineUnavailable(_) => {
            (FailureReason::NotAllowed, error.to_string())
        }
        ConnectionError::DataSource(port) if port.kind == PortErrorKind::Timeout => {
            return Failure { table, ..timed_out(target) };
        }
        ConnectionError::DataSource(port) => (
            FailureReason::ConnectionFailed,
            told(port).unwrap_or_else(|| "the database can't be reached or refused".to_owned()),
        ),
        _ => (FailureReason::ConnectionFailed, "the database can't be searched at the moment".to_owned()),
    };
    Failure { connection_id: target.connection.id, table, reason, message }
}
