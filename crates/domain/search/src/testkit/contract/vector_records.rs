//! The contract of [`VectorIndexRepository`], and what it is tried on.

use altus4_kernel::AuditLog;
use async_trait::async_trait;

use crate::VectorIndexRepository;

/// What the contract of the records of vector indexes is tried on: an empty repository, and connections
/// that they can belong to.
#[async_trait]
pub trait VectorRecordsSubject: Send + Sync {
    /// The records.
    fn records(&self) -> &dyn VectorIndexRepository;

    /// The events that they keep.
    fn audit(&self) -> &dyn AuditLog;

    /// Makes the [sample connection](altus4_connections::testkit::sample_connection) of this number, of
    /// the account 1.
    async fn add_connection(&self, number: u8);

    /// Removes it.
    async fn remove_connection(&self, number: u8);
}

/// One test for each case of the contract of [`VectorIndexRepository`]. `$make` gives a
/// [`VectorRecordsSubject`]; it may await.
#[macro_export]
macro_rules! vector_records_contract {
    (block_on, $make:expr) => {
        $crate::vector_records_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::vector_records_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::vector_records_contract],
            [
                a_record_is_found_as_far_as_it_is,
                the_same_columns_of_a_table_are_a_conflict,
                a_connection_has_a_bounded_number_of_records,
                the_bounds_of_records_hold_at_once,
                a_record_and_its_event_are_kept_together,
                records_are_listed_oldest_first_and_of_one_connection,
                work_is_given_to_one_node_at_a_time,
                of_many_nodes_at_once_one_gets_the_work,
                what_a_dead_node_had_is_taken_over,
                what_rests_is_given_when_it_is_due,
                what_is_kept_at_one_place_is_no_work_at_another,
                a_removed_record_is_shown_to_nobody_and_left_to_be_forgotten,
                records_of_a_connection_that_is_gone_are_left_to_be_forgotten,
            ]
        );
    };
}
