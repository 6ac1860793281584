//! What went wrong, as the port to rows tells it.

use altus4_connections::Table;
use altus4_entities::{RecordsError, Refusal};
use mysql_async::Error as Driver;

use crate::{
    error::{Fault, port_error},
    guard::Ending,
    refusal,
};

/// What a call is about.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    operation: &'static str,
    columns: Vec<String>,
}

impl Subject {
    pub(super) fn new(operation: &'static str, table: &Table) -> Self {
        let columns = table.columns.iter().map(|column| column.column.name().to_owned()).collect();
        Self { operation, columns }
    }

    /// Which of the port's methods is called.
    pub(super) fn operation(&self) -> &'static str {
        self.operation
    }

    /// The columns of a refusal, as the schema spells them. Others than the table's aren't told.
    fn known(&self, columns: &[String]) -> Vec<String> {
        let find = |name: &String| self.columns.iter().find(|column| column.eq_ignore_ascii_case(name));
        columns.iter().filter_map(find).cloned().collect()
    }
}

/// The port's error for a fault.
pub(super) fn records_error(subject: &Subject, fault: Fault) -> RecordsError {
    let operation = subject.operation;
    let error = match &fault {
        Fault::TooLarge(_) | Fault::Ended(Ending::TooLarge) => return RecordsError::TooLarge,
        Fault::Row(said, _) => {
            let refusal = Refusal { kind: said.kind, row: said.row, columns: subject.known(&said.columns) };
            return RecordsError::Refused(refusal, Some(Box::new(port_error(operation, fault))));
        }
        Fault::Driver(Driver::Server(error)) => error,
        _ => return RecordsError::Port(port_error(operation, fault)),
    };
    if let Some(said) = refusal::said(error) {
        let refusal = Refusal { kind: said.kind, row: said.row, columns: subject.known(&said.columns) };
        return RecordsError::Refused(refusal, Some(Box::new(port_error(operation, fault))));
    }
    if let Some(missing) = refusal::missing(error) {
        return RecordsError::SchemaChanged(missing, Some(Box::new(port_error(operation, fault))));
    }
    if refusal::is_forbidden(error) {
        return RecordsError::NotPermitted(port_error(operation, fault));
    }
    if refusal::is_deadlock(error) || refusal::is_lock_wait(error) {
        return RecordsError::Busy(port_error(operation, fault));
    }
    RecordsError::Port(port_error(operation, fault))
}
