//! Rows that are added to those that are there, as each back end spells it.

use sea_orm::{
    DbBackend, IdenStatic,
    sea_query::{Expr, OnConflict},
};

/// What a column has, and what was to be inserted.
fn both(column: &impl IdenStatic, table: &'static str, backend: DbBackend) -> (String, String) {
    let name = column.as_str();
    match backend {
        DbBackend::MySql => (name.to_owned(), format!("VALUES({name})")),
        _ => (format!("{table}.{name}"), format!("excluded.{name}")),
    }
}

/// Adds to what these columns have.
pub(super) fn add<C: IdenStatic>(
    known: &mut OnConflict,
    columns: &[C],
    (table, backend): (&'static str, DbBackend),
) {
    for column in columns {
        let (has, new) = both(column, table, backend);
        known.value(*column, Expr::cust(format!("{has} + {new}")));
    }
}

/// Keeps the greatest of what these columns have and what comes.
pub(super) fn keep_greatest<C: IdenStatic>(
    known: &mut OnConflict,
    columns: &[C],
    (table, backend): (&'static str, DbBackend),
) {
    let greatest = if backend == DbBackend::MySql { "GREATEST" } else { "MAX" };
    for column in columns {
        let (has, new) = both(column, table, backend);
        known.value(*column, Expr::cust(format!("{greatest}({has}, {new})")));
    }
}

/// Takes what comes where its `by` is no less.
pub(super) fn keep_latest<C: IdenStatic>(
    known: &mut OnConflict,
    column: C,
    by: C,
    (table, backend): (&'static str, DbBackend),
) {
    let ((has, new), (has_by, new_by)) = (both(&column, table, backend), both(&by, table, backend));
    known.value(column, Expr::cust(format!("CASE WHEN {new_by} >= {has_by} THEN {new} ELSE {has} END")));
}
