//! Logs: JSON lines for machines, one readable line each on a terminal.

use std::io::{self, IsTerminal};

use anyhow::{Result, anyhow};
use tracing_subscriber::{EnvFilter, fmt::writer::BoxMakeWriter};

/// Libraries that say more than an operator wants to read, unless `ALTUS4_LOG` names them.
const QUIET: &str = "sea_orm=warn,sea_orm_migration=warn,sqlx=warn,mysql_async=warn,actix_server=warn";

/// Where log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogOutput {
    /// For a service whose output is its log.
    Stdout,
    /// For commands whose output is what was asked for.
    Stderr,
}

/// Begins logging what `filter` lets through. Once in a process.
///
/// # Errors
/// The filter can't be read, or there is a subscriber already.
pub(crate) fn init(filter: &str, output: LogOutput) -> Result<()> {
    let (writer, terminal) = match output {
        LogOutput::Stdout => (BoxMakeWriter::new(io::stdout), io::stdout().is_terminal()),
        LogOutput::Stderr => (BoxMakeWriter::new(io::stderr), io::stderr().is_terminal()),
    };
    // Of two directives for one target the later counts.
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let begun = if terminal {
        subscriber.compact().try_init()
    } else {
        subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
    begun.map_err(|error| anyhow!(error).context("can't begin logging"))
}
