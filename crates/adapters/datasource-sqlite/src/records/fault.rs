//! What went wrong, as the port to rows tells it.

use altus4_connections::Table;
use altus4_entities::{Missing, RecordsError, Refusal, RefusalKind};

use crate::error::{Fault, primary};

/// The port's error for a fault.
pub(super) fn records_error(fault: Fault, operation: &'static str, table: &Table) -> RecordsError {
    match &fault {
        Fault::TooLarge => return RecordsError::TooLarge,
        Fault::Row(refusal, _) => {
            let refusal = refusal.clone();
            return RecordsError::Refused(refusal, Some(Box::new(fault.at(operation))));
        }
        Fault::StaleIndex => {
            return RecordsError::SchemaChanged(Missing::Unnamed, Some(Box::new(fault.at(operation))));
        }
        _ => {}
    }
    if let Some(refusal) = refusal(&fault, table) {
        return RecordsError::Refused(refusal, Some(Box::new(fault.at(operation))));
    }
    if let Some(missing) = missing(&fault) {
        return RecordsError::SchemaChanged(missing, Some(Box::new(fault.at(operation))));
    }
    let is_view = fault.said().is_some_and(|said| said.contains("because it is a view"));
    match fault.result_code().map(primary) {
        // A file that can only be read.
        Some(3 | 8 | 23) => RecordsError::NotPermitted(fault.at(operation)),
        _ if is_view => RecordsError::NotPermitted(fault.at(operation)),
        Some(5 | 6) => RecordsError::Busy(fault.at(operation)),
        _ => RecordsError::Port(fault.at(operation)),
    }
}

/// What SQLite said of a row (sqlite.org/rescode.html); `None` where it said something else.
pub(super) fn refusal(fault: &Fault, table: &Table) -> Option<Refusal> {
    use RefusalKind::{Check, NotNull, TooLong, Unique, Unreferenced, WrongKind};
    const TOO_BIG: u32 = 18;
    const MISMATCH: u32 = 20;
    if let Fault::Row(refusal, _) = fault {
        return Some(refusal.clone());
    }
    let said = fault.said()?;
    let after = |words: &str| said.split_once(words).map(|(_, rest)| rest);
    let (kind, named) = match fault.result_code()? {
        1_555 | 2_067 | 2_579 => (Unique, after("failed: ")),
        1_299 => (NotNull, after("failed: ")),
        787 => (Unreferenced, None),
        275 | 1_811 => (Check, None),
        3_091 => (WrongKind, after("column ")),
        code if primary(code) == TOO_BIG => (TooLong, None),
        code if primary(code) == MISMATCH => (WrongKind, None),
        _ => return None,
    };
    let find = |name: &str| {
        let name = name.rsplit('.').next().unwrap_or(name);
        table.column(name).map(|column| column.column.name().to_owned())
    };
    let columns = named.map(|named| named.split(", ").filter_map(find).collect()).unwrap_or_default();
    Some(Refusal { kind, row: None, columns })
}

/// What isn't there any more; `None` where SQLite said something else.
fn missing(fault: &Fault) -> Option<Missing> {
    let said = fault.said()?;
    let last_part = |name: &str| name.rsplit('.').next().unwrap_or(name).trim_matches('"').to_owned();
    let after = |words: &str| said.split_once(words).map(|(_, rest)| last_part(rest));
    after("no such table: ")
        .map(Missing::Table)
        .or_else(|| after("no such column: ").map(Missing::Column))
        .or_else(|| after("has no column named ").map(Missing::Column))
}
