//! What the contract of [`VectorIndex`] is tried on, and its cases by name.

use async_trait::async_trait;

use crate::VectorIndex;

/// What the contract of [`VectorIndex`] is tried on: an index with nothing in it.
#[async_trait]
pub trait VectorIndexSubject: Send + Sync {
    /// The index.
    fn index(&self) -> &dyn VectorIndex;

    /// What is found by a process that starts after this one was killed, just now.
    async fn after_kill(&self) -> Box<dyn VectorIndex>;
}

/// One test for each case of the contract of [`VectorIndex`]. `$make` gives a
/// [`VectorIndexSubject`](crate::testkit::VectorIndexSubject); it may await.
///
/// ```ignore
/// altus4_search::vector_index_contract!(tokio::test, subject().await);
/// ```
#[macro_export]
macro_rules! vector_index_contract {
    (block_on, $make:expr) => {
        $crate::vector_index_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::vector_index_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::vector_index_contract],
            [
                what_was_put_is_there,
                an_entry_takes_the_place_of_the_one_before,
                of_two_with_one_key_the_last_counts,
                contents_are_told_in_the_order_of_the_keys,
                what_was_removed_is_gone,
                a_removed_key_may_come_back,
                keys_are_any_bytes,
                a_scan_gives_each_key_once,
                a_scan_gives_what_is_there_all_the_while,
                the_nearest_come_first,
                no_more_are_found_than_were_asked_for,
                those_that_are_alike_are_all_found,
                other_dimensions_are_rejected,
                a_put_is_kept_whole_or_not_at_all,
                a_collection_that_is_not_there_is_empty,
                a_dropped_collection_is_as_if_it_had_never_been,
                collections_are_apart,
                what_was_acknowledged_survives_a_kill,
                many_that_put_at_once_lose_nothing,
                searching_goes_on_while_entries_are_put,
                nine_and_a_half_of_the_nearest_ten_are_found,
                any_course_of_events_ends_as_with_the_naive_index,
            ]
        );
    };
}
