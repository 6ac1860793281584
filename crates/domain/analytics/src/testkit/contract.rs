//! What every adapter of this domain's reader must do, a case at a time.

pub mod analytics_contract;
pub mod history_contract;
pub mod recount_contract;
mod steps;
pub mod system_contract;

use altus4_kernel::{AccountId, SearchId};
use async_trait::async_trait;

use crate::{AnalyticsReader, LoggedSearch};

/// What the contract of the reader is tried on: an empty store, and what makes figures.
#[async_trait]
pub trait AnalyticsSubject: Send + Sync {
    /// The reader.
    fn reader(&self) -> &dyn AnalyticsReader;

    /// Makes an account, at the moment that [`FixedClock`](altus4_kernel::testkit::FixedClock) begins
    /// with, with the e-mail `user<number>@example.com`.
    async fn add_account(&self, id: AccountId);

    /// Deactivates an account; its searches stay.
    async fn deactivate(&self, id: AccountId);

    /// Writes searches, all or nothing, as one that makes searches does.
    async fn log(&self, searches: &[LoggedSearch]);

    /// Notes that a result of a search was opened; each time another one.
    async fn click(&self, account: AccountId, search: SearchId);

    /// Removes all single searches from before one day, and all sums of the months before
    /// another's.
    async fn purge(&self, searches_before: i64, sums_before: i64);
}

/// One test for each case of the contract of [`AnalyticsReader`]. `$make` gives an
/// [`AnalyticsSubject`]; it may await.
///
/// ```ignore
/// altus4_analytics::analytics_contract!(tokio::test, subject().await);
/// ```
#[macro_export]
macro_rules! analytics_contract {
    (block_on, $make:expr) => {
        $crate::analytics_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::analytics_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::analytics_contract],
            [
                nothing_was_searched_for_at_first,
                a_search_is_in_every_sum,
                a_search_written_twice_counts_once,
                nothing_of_others_is_in_figures,
                searches_of_an_account_that_is_gone_count_nothing,
                a_search_of_several_databases_counts_once_for_each_and_once_in_all,
                queries_are_ranked_and_told_as_last_typed,
                ranked_queries_come_in_parts,
                queries_that_find_nothing_are_ranked_apart,
                queries_are_told_by_the_day,
                a_clicked_search_counts_once,
                the_slowest_searches_are_told,
                modes_and_categories_are_told_apart,
                writers_at_once_lose_nothing,
                sums_outlive_their_searches,
            ]
        );
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::recount_contract],
            [
                figures_are_those_of_the_events,
                figures_stay_right_when_events_come_late,
            ]
        );
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::history_contract],
            [
                a_search_is_listed_as_it_was_logged,
                history_is_filtered_and_paged,
                history_is_read_to_its_end_in_one_order,
                a_filter_is_taken_as_it_is,
            ]
        );
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::system_contract],
            [
                all_accounts_are_summed_up,
                the_slowest_of_all_are_told_with_their_accounts,
                active_accounts_are_ranked,
                new_accounts_are_counted_by_the_day,
            ]
        );
    };
}
