//! What adapters of this domain's ports must do, a case at a time.

pub mod connections_contract;
pub mod evidence_contract;
pub mod index_jobs_contract;
pub mod replacing_contract;

use altus4_kernel::{AccountId, AuditLog, ConnectionId, Plan, uuid::Uuid};
use async_trait::async_trait;

use crate::{ConnectionRepository, EvidenceStore, IndexJobRepository};

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
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::replacing_contract],
            [
                a_replaced_connection_is_found_as_it_was_given,
                without_another_password_the_sealed_one_stays,
                what_was_changed_meanwhile_is_not_replaced,
                of_many_replacements_at_once_one_is_made,
                a_replacement_takes_no_name_that_another_has,
                what_is_not_there_is_not_replaced,
                a_replacement_and_its_event_are_kept_together,
            ]
        );
    };
}

/// The id of the connection of this number, as [`sample_connection`](super::sample_connection) has it.
pub(crate) fn connection_id(number: u8) -> ConnectionId {
    ConnectionId::from_uuid(Uuid::from_u128(number.into()))
}

/// What the contract of evidence is tried on: an empty store, and connections that it may be of.
#[async_trait]
pub trait EvidenceSubject: Send + Sync {
    /// The evidence.
    fn evidence(&self) -> &dyn EvidenceStore;

    /// Makes the [sample connection](super::sample_connection) of this number.
    async fn add_connection(&self, number: u8);

    /// Removes it.
    async fn remove_connection(&self, number: u8);
}

/// One test for each case of the contract of [`EvidenceStore`]. `$make` gives an
/// [`EvidenceSubject`]; it may await.
#[macro_export]
macro_rules! evidence_contract {
    (block_on, $make:expr) => {
        $crate::evidence_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::evidence_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::evidence_contract],
            [
                a_tally_is_kept_as_it_was_added,
                tallies_of_the_same_searches_are_one,
                what_is_added_at_once_is_all_counted,
                a_table_has_a_bounded_number_of_sets,
                each_connection_has_its_own,
                a_connection_that_is_gone_has_none,
            ]
        );
    };
}

/// What the contract of index jobs is tried on: an empty repository, and connections that jobs can
/// belong to.
#[async_trait]
pub trait IndexJobsSubject: Send + Sync {
    /// The jobs.
    fn jobs(&self) -> &dyn IndexJobRepository;

    /// The events that the jobs keep.
    fn audit(&self) -> &dyn AuditLog;

    /// Makes the [sample connection](super::sample_connection) of this number.
    async fn add_connection(&self, number: u8);

    /// Removes it.
    async fn remove_connection(&self, number: u8);
}

/// One test for each case of the contract of [`IndexJobRepository`]. `$make` gives an
/// [`IndexJobsSubject`]; it may await.
#[macro_export]
macro_rules! index_jobs_contract {
    (block_on, $make:expr) => {
        $crate::index_jobs_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::index_jobs_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::index_jobs_contract],
            [
                a_job_is_found_as_far_as_it_is,
                a_failure_is_kept,
                a_job_that_is_over_stays_as_it_is,
                a_table_has_one_job_at_a_time,
                a_connection_has_a_bounded_number_of_jobs,
                the_bounds_hold_at_once,
                a_job_and_its_event_are_kept_together,
                a_job_of_another_connection_is_as_good_as_none,
                old_jobs_are_forgotten,
                a_connection_that_is_gone_has_no_jobs,
            ]
        );
    };
}
