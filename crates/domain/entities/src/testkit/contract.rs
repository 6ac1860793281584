//! The contracts of [`Records`] and [`EntityRepository`], and what they are tried on.

mod dice;
pub mod entities_contract;
mod filters_contract;
mod naive;
mod reading_contract;
mod related_contract;
mod writing_contract;

use std::{sync::Arc, time::Duration};

use altus4_connections::{ColumnRef, SchemaSnapshot, Table, Target, Value};
use altus4_kernel::AuditLog;
use async_trait::async_trait;

use crate::{
    Assigned, EntityRepository, InsertRequest, Records, RowValues, SelectRequest, Selection, SortBy, SortPart,
};

pub(crate) use self::naive::{compare, passes as passes_here};

#[doc(hidden)]
pub mod records_contract {
    pub use super::{filters_contract::*, reading_contract::*, related_contract::*, writing_contract::*};
}

/// Longer than any honest statement takes, even beside a build.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What the contract of records is tried on: an empty database that tables can be made in.
#[async_trait]
pub trait RecordsSubject: Send + Sync {
    /// The rows.
    fn records(&self) -> &dyn Records;

    /// Runs a script of statements that MySQL, MariaDB and SQLite understand, once these words are
    /// replaced: `NUMBERED` by the declaration of a primary key that the server numbers, and `EXACT` by a
    /// collation in which text is alike only if it is the same.
    async fn run(&self, script: &str);

    /// Where the database is, and how the adapter's own inspector sees it now.
    async fn look(&self) -> (Target, SchemaSnapshot);
}

/// A database that was made for a case.
pub(crate) struct Desk<'a> {
    pub(crate) records: &'a dyn Records,
    pub(crate) target: Target,
    snapshot: SchemaSnapshot,
}

impl<'a> Desk<'a> {
    /// One with these tables.
    pub(crate) async fn new(subject: &'a dyn RecordsSubject, script: &str) -> Self {
        subject.run(script).await;
        let (target, snapshot) = subject.look().await;
        Self { records: subject.records(), target, snapshot }
    }

    pub(crate) fn table(&self, name: &str) -> Arc<Table> {
        Arc::clone(self.snapshot.table(name).unwrap_or_else(|| panic!("a table {name}")))
    }

    /// What is meant by a selection without conditions.
    pub(crate) fn all(&self, table: &str) -> Selection {
        Selection { table: self.table(table), filter: None, search: None }
    }

    /// A request for these columns of a table's first thousand rows, by its key.
    pub(crate) fn request(&self, table: &str, read: &[&str]) -> SelectRequest {
        let order = self.table(table).primary_key.iter().map(|column| by(column, false)).collect();
        SelectRequest {
            read: columns(&self.table(table), read),
            rows: self.all(table),
            order,
            after: None,
            offset: 0,
            limit: 1_000,
        }
    }

    pub(crate) async fn select(&self, request: &SelectRequest) -> Vec<RowValues> {
        self.records.select(&self.target, request, DEADLINE).await.expect("rows")
    }

    /// These columns of all rows, by the table's key.
    pub(crate) async fn rows(&self, table: &str, read: &[&str]) -> Vec<RowValues> {
        self.select(&self.request(table, read)).await
    }

    /// A request to make rows with these columns, and to read the same columns of them.
    pub(crate) fn making(&self, table: &str, given: &[&str], rows: Vec<Vec<Value>>) -> InsertRequest {
        let table = self.table(table);
        let assigned = |row: Vec<Value>| row.into_iter().map(Assigned::Value).collect();
        InsertRequest {
            columns: columns(&table, given),
            rows: rows.into_iter().map(assigned).collect(),
            key: table.primary_key.clone(),
            returning: columns(&table, given),
            table,
        }
    }
}

pub(crate) fn column(table: &Table, name: &str) -> ColumnRef {
    table.column(name).unwrap_or_else(|| panic!("a column {name}")).column.clone()
}

pub(crate) fn columns(table: &Table, names: &[&str]) -> Vec<ColumnRef> {
    names.iter().map(|name| column(table, name)).collect()
}

pub(crate) fn by(column: &ColumnRef, descending: bool) -> SortPart {
    SortPart { by: SortBy::Column(column.clone()), descending }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// One test for each case of the contract of [`Records`]. `$make` gives a [`RecordsSubject`]; it may
/// await.
///
/// ```ignore
/// altus4_entities::records_contract!(tokio::test, subject().await);
/// ```
#[macro_export]
macro_rules! records_contract {
    ($test:meta, $make:expr) => {
        $crate::testkit::contract_tests!(
            $test,
            $make,
            [$crate::testkit::records_contract],
            [
                rows_come_in_the_order_that_was_asked_for,
                a_part_begins_where_the_last_one_ended,
                parts_go_on_after_a_row_that_is_gone,
                rows_are_counted,
                words_are_looked_for_without_an_index,
                what_is_gone_is_told_by_its_name,
                random_filters_give_what_reading_every_row_gives,
                names_and_values_that_try_sql_are_data,
                conditions_on_related_rows_hold_for_some_of_them,
                rows_belong_to_their_parents,
                rows_belong_to_many_through_a_table_between,
                texts_that_refer_are_held_together_by_their_collation,
                new_rows_are_read_again_with_what_the_server_gave_them,
                one_bad_row_of_many_is_named_and_nothing_is_written,
                refusals_name_what_they_are_about,
                a_row_is_changed_only_as_it_was_expected,
                of_two_who_expect_the_same_one_writes,
                a_row_that_is_not_there_is_made_if_that_is_wanted,
                a_row_is_deleted_once,
                many_rows_are_changed_and_deleted_up_to_a_limit,
                values_come_back_as_they_were_written,
            ]
        );
    };
}

/// What the contract of entities is tried on: an empty store.
#[async_trait]
pub trait EntitiesSubject: Send + Sync {
    /// The entities.
    fn entities(&self) -> &dyn EntityRepository;

    /// The events that are kept with changes.
    fn audit(&self) -> &dyn AuditLog;

    /// Makes the connection of this number, which is its id, and before it the account of that number
    /// where there is none.
    async fn add_connection(&self, account: u8, connection: u8);

    /// Removes a connection.
    async fn remove_connection(&self, account: u8, connection: u8);

    /// Deactivates an account.
    async fn deactivate(&self, account: u8);
}

/// One test for each case of the contract of [`EntityRepository`]. `$make` gives an
/// [`EntitiesSubject`]; it may await.
///
/// ```ignore
/// altus4_entities::entities_contract!(tokio::test, subject().await);
/// ```
#[macro_export]
macro_rules! entities_contract {
    (block_on, $make:expr) => {
        $crate::entities_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::entities_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::entities_contract],
            [
                an_entity_is_found_as_it_was_registered,
                names_are_unique_in_an_account,
                an_account_has_a_bounded_number,
                an_entity_is_of_a_connection_of_its_account,
                an_entity_is_changed_as_it_was_known,
                an_entity_goes_with_what_it_is_of,
            ]
        );
    };
}
