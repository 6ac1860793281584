//! What adapters of this domain's ports must do, a case at a time.

pub mod answer_cache_contract;
pub mod embedder_contract;
pub mod embedding_cache_contract;
mod full_text;
pub mod full_text_contract;
pub mod saved_searches_contract;
pub mod search_log_contract;
mod steps;
mod vector_index;
pub mod vector_index_contract;
mod vector_records;
pub mod vector_records_contract;

use altus4_kernel::AccountId;
use async_trait::async_trait;

pub use self::{
    full_text::{FullTextSubject, TableSpec},
    vector_index::VectorIndexSubject,
    vector_records::VectorRecordsSubject,
};
use crate::{SavedSearchRepository, SearchLog};

/// What the contracts of what is stored are tried on: an empty store, and accounts that searches can be
/// of.
#[async_trait]
pub trait SearchLogSubject: Send + Sync {
    /// The log.
    fn log(&self) -> &dyn SearchLog;

    /// The saved searches.
    fn saved(&self) -> &dyn SavedSearchRepository;

    /// Makes an account.
    async fn add_account(&self, id: AccountId);

    /// Deactivates an account, as its owner or an administrator would.
    async fn deactivate(&self, id: AccountId);
}

/// One test for each case of the contract of [`SearchLog`]. `$make` gives a [`SearchLogSubject`]; it may
/// await.
///
/// ```ignore
/// altus4_search::search_log_contract!(tokio::test, subject().await);
/// ```
#[macro_export]
macro_rules! search_log_contract {
    (block_on, $make:expr) => {
        $crate::search_log_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::search_log_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::search_log_contract],
            [
                a_search_is_listed_as_it_was_written,
                text_of_any_script_survives,
                a_search_written_twice_counts_once,
                searches_of_others_are_not_shown,
                searches_of_an_account_that_is_gone_are_left_out,
                history_is_newest_first_and_comes_in_parts,
                history_is_bounded_by_time,
                trends_count_searches_and_different_queries_by_day,
                trends_are_of_one_environment_or_of_all,
                popular_queries_are_those_that_found_something,
                popular_queries_begin_with_what_was_typed,
                a_prefix_is_taken_as_it_is,
                the_most_frequent_is_first_and_shown_as_last_typed,
                popular_queries_of_others_are_not_shown,
                events_are_kept_of_own_searches_alone,
                the_same_event_twice_is_no_error,
                a_purge_takes_what_is_old_and_all_of_it,
                many_searches_at_once_are_all_written,
                nodes_that_write_at_once_lose_nothing,
            ]
        );
    };
}

/// One test for each case of the contract of [`SavedSearchRepository`]. `$make` gives a
/// [`SearchLogSubject`]; it may await.
///
/// ```ignore
/// altus4_search::saved_searches_contract!(tokio::test, subject().await);
/// ```
#[macro_export]
macro_rules! saved_searches_contract {
    (block_on, $make:expr) => {
        $crate::saved_searches_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::saved_searches_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::saved_searches_contract],
            [
                a_saved_search_is_found_as_it_was_saved,
                saved_searches_are_listed_oldest_first,
                a_name_is_unique_in_its_account_without_case,
                there_may_be_so_many_and_no_more,
                a_search_of_an_unknown_account_is_refused,
                a_replaced_search_keeps_its_place,
                what_belongs_to_others_is_as_good_as_none,
                a_removed_search_is_gone,
            ]
        );
    };
}

/// One test for each case of the contract of [`AnswerCache`](crate::AnswerCache). `$make` gives an empty
/// one that has room for a megabyte; it may await.
///
/// ```ignore
/// altus4_search::answer_cache_contract!(tokio::test, cache());
/// ```
#[macro_export]
macro_rules! answer_cache_contract {
    (block_on, $make:expr) => {
        $crate::answer_cache_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::answer_cache_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::answer_cache_contract],
            [
                what_was_put_is_given,
                the_last_answer_counts,
                keys_are_told_apart,
                what_is_kept_is_bounded_by_its_weight,
                an_answer_that_is_too_heavy_pushes_out_no_other,
            ]
        );
    };
}

/// One test for each case of the contract of [`Embedder`](crate::Embedder). `$make` gives one; it may
/// await.
///
/// ```ignore
/// altus4_search::embedder_contract!(tokio::test, embedder().await);
/// ```
#[macro_export]
macro_rules! embedder_contract {
    (block_on, $make:expr) => {
        $crate::embedder_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::embedder_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::embedder_contract],
            [
                vectors_are_in_the_order_of_the_texts,
                the_same_text_has_the_same_vector,
                all_vectors_have_the_same_dimensions,
                what_is_alike_is_nearer,
                no_texts_are_no_vectors,
                texts_without_meaning_have_no_vector,
                any_text_is_taken,
                what_is_too_much_makes_no_difference,
                the_model_stays_the_same,
                requests_at_once_are_told_apart,
                no_time_is_a_timeout,
                it_answers_within_the_deadline,
                what_was_dropped_is_not_worked_on,
            ]
        );
    };
}

/// One test for each case of the contract of [`EmbeddingCache`](crate::EmbeddingCache). `$make` gives an
/// empty one that has room for a megabyte; it may await.
///
/// ```ignore
/// altus4_search::embedding_cache_contract!(tokio::test, cache());
/// ```
#[macro_export]
macro_rules! embedding_cache_contract {
    (block_on, $make:expr) => {
        $crate::embedding_cache_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::embedding_cache_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::embedding_cache_contract],
            [a_vector_is_found_by_its_content, the_last_vector_counts, what_vectors_take_is_bounded]
        );
    };
}
