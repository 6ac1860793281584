//! The contract of [`FullTextIndex`], and what it is tried on.

use std::sync::Arc;

use altus4_connections::{DiscoveredTable, Table, Target, Value};
use async_trait::async_trait;

use crate::FullTextIndex;

/// A table to be made.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// What it looks like. Its columns' declared types are valid in MySQL, MariaDB and SQLite; an
    /// index is to have its name where the server allows.
    pub table: DiscoveredTable,
    /// Its rows: a value for each column, in the table's order. Decimals, dates and times are text.
    pub rows: Vec<Vec<Value>>,
}

/// What the contract of full-text indexes is tried on: an empty database that tables can be made in.
#[async_trait]
pub trait FullTextSubject: Send + Sync {
    /// The index.
    fn index(&self) -> &dyn FullTextIndex;

    /// Makes a table with its indexes and rows, of this name, in a collation without case and accents
    /// where the server has such. Answers where it is, and how the adapter's own inspector sees it.
    async fn load(&self, spec: TableSpec) -> (Target, Arc<Table>);
}

/// One test for each case of the contract of [`FullTextIndex`]. `$make` gives a [`FullTextSubject`];
/// it may await.
///
/// ```ignore
/// altus4_search::full_text_contract!(tokio::test, subject().await);
/// ```
#[macro_export]
macro_rules! full_text_contract {
    (block_on, $make:expr) => {
        $crate::full_text_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::full_text_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::full_text_contract],
            [
                a_word_is_found_in_any_column_whole,
                words_that_indexes_leave_out_are_found,
                words_of_any_script_are_found_without_case_and_accents,
                what_is_no_letter_to_the_server_is_part_of_a_word,
                phrases_stand_in_one_column_without_a_gap,
                prefixes_begin_words,
                a_lone_not_finds_all_other_rows,
                groups_are_nested_as_written,
                so_many_of_them_are_enough,
                a_term_counts_in_its_columns_alone,
                random_trees_find_exactly_the_rows_of_a_naive_reading,
                filters_hold_for_each_operator,
                random_filters_leave_exactly_the_rows_of_a_naive_reading,
                rows_come_in_the_order_asked_for,
                a_limit_takes_the_first_rows,
                the_same_request_gives_the_same_rows,
                scores_fall_along_the_list,
                matches_are_counted_up_to_a_bound,
                facets_count_values_among_the_matches,
                samples_are_the_whole_of_a_small_table_and_part_of_a_large_one,
                rows_are_read_by_key_and_cut,
                rows_that_a_filter_leaves_out_are_not_read,
                a_walk_gives_every_row_once_in_the_order_of_its_key,
                a_walk_goes_by_every_part_of_a_key,
                a_walk_goes_by_bytes,
                a_walk_goes_on_after_a_row_that_is_gone,
                a_walk_leaves_out_what_does_not_pass,
                an_explanation_shows_no_value,
                a_table_without_a_key_is_searched_too,
            ]
        );
    };
}
