//! What adapters of this domain's ports must do, a case at a time.

pub mod connections_contract;

use altus4_kernel::{AccountId, AuditLog, Plan};
use async_trait::async_trait;

use crate::ConnectionRepository;

/// What the contract of connections is tried on: an empty repository, and accounts that connections
/// can belong to.
#[async_trait]
pub trait ConnectionsSubject: Send + Sync {
    /// The connections.
    fn connections(&self) -> &dyn ConnectionRepository;

    /// The events that the connections keep.
    fn audit(&self) -> &dyn AuditLog;

    /// Makes an account.
    async fn add_account(&self, id: AccountId, plan: Plan);

    /// Deactivates an account, as its owner or an administrator would.
    async fn deactivate(&self, id: AccountId);
}

/// One test for each case of the contract of [`ConnectionRepository`]. `$make` gives a
/// [`ConnectionsSubject`]; it may await.
///
/// ```ignore
/// altus4_connections::connections_contract!(tokio::test, subject().await);
/// ```
#[macro_export]
macro_rules! connections_contract {
    (block_on, $make:expr) => {
        $crate::connections_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::connections_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::connections_contract],
            [
                a_connection_is_found_as_it_was_stored,
                text_of_any_script_survives,
                times_survive_to_the_millisecond,
                an_unknown_connection_is_not_found,
                a_name_is_unique_in_its_account_without_case,
                names_that_differ_in_an_accent_are_different,
                another_account_may_use_the_name,
                one_name_at_once_makes_one_connection,
                the_plan_limit_is_a_conflict,
                the_plan_limit_holds_at_once,
                without_a_limit_any_number_is_stored,
                a_connection_of_an_unknown_account_is_refused,
                connections_are_listed_oldest_first,
                a_connection_of_another_account_is_as_good_as_none,
                a_noted_status_changes_nothing_else,
                noting_the_status_of_nothing_is_no_error,
                remove_forgets,
                the_plan_of_an_account_is_told,
                a_change_and_its_event_are_kept_together,
            ]
        );
    };
}
