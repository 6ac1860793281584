//! What searches find out about the indexes of users' tables, for the advice on them.

use std::time::Duration;

use altus4_connections::{Access, ColumnRef, SearchEvidence, Searched, Table, Target};

use crate::gather::GatheredTable;

/// Notes how each table of one search of one database was got at.
pub(crate) fn note(
    evidence: &dyn SearchEvidence,
    target: &Target,
    gathered: &[GatheredTable],
    without_index: &[(String, Vec<ColumnRef>)],
) {
    let connection_id = target.connection.id;
    for found in gathered {
        let plan = &found.plan;
        let table = &plan.table;
        let is_scanned = |column: &ColumnRef| plan.scope.unindexed.contains(column);
        let searched = || plan.searched.iter().map(|(column, _)| column);
        let accesses = [
            (Access::Indexed, in_order(table, searched().filter(|column| !is_scanned(column))), found.took),
            (Access::Scanned, in_order(table, searched().filter(|column| is_scanned(column))), found.took),
            (Access::LeftOut, in_order(table, plan.unreached.iter()), Duration::ZERO),
        ];
        for (access, columns, took) in accesses.into_iter().filter(|(_, columns, _)| !columns.is_empty()) {
            let table = table.table.name().to_owned();
            evidence.note(Searched { connection_id, table, columns, access, took });
        }
    }
    for (table, columns) in without_index {
        evidence.note(Searched {
            connection_id,
            table: table.clone(),
            columns: columns.iter().map(|column| column.name().to_owned()).collect(),
            access: Access::LeftOut,
            took: Duration::ZERO,
        });
    }
}

/// The names of columns in the order of their table.
fn in_order<'a>(table: &Table, columns: impl Iterator<Item = &'a ColumnRef>) -> Vec<String> {
    let columns: Vec<_> = columns.collect();
    let of_table = table.columns.iter().map(|column| &column.column);
    of_table.filter(|column| columns.contains(column)).map(|column| column.name().to_owned()).collect()
}
