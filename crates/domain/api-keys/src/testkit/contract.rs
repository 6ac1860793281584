//! What every adapter of this domain's ports must do, a case at a time.

pub mod answer_store_contract;
pub mod api_keys_contract;
pub mod digester_contract;
pub mod key_cache_contract;
pub mod key_secrets_contract;
pub mod key_settings_contract;
pub mod quota_counter_contract;
pub mod rate_limiter_contract;
mod steps;
pub mod usage_requests_contract;
mod usage_steps;
pub mod usage_store_contract;

use altus4_kernel::{AccountId, AuditLog, Plan, Role};
use async_trait::async_trait;

use crate::{ApiKeyRepository, UsageStore};

/// What the contract of keys is tried on: an empty repository, and accounts that keys can belong
/// to.
#[async_trait]
pub trait ApiKeysSubject: Send + Sync {
    /// The keys.
    fn keys(&self) -> &dyn ApiKeyRepository;

    /// The events that the keys keep.
    fn audit(&self) -> &dyn AuditLog;

    /// Makes an account.
    async fn add_account(&self, id: AccountId, role: Role, plan: Plan);

    /// Deactivates an account, as its owner or an administrator would.
    async fn deactivate(&self, id: AccountId);
}

/// What the contract of usage is tried on: an empty store, and accounts and keys that it can be of.
#[async_trait]
pub trait UsageSubject: Send + Sync {
    /// The usage.
    fn usage(&self) -> &dyn UsageStore;

    /// The keys.
    fn keys(&self) -> &dyn ApiKeyRepository;

    /// Makes an account.
    async fn add_account(&self, id: AccountId);
}

/// One test for each case of the contract of [`ApiKeyRepository`]. `$make` gives an
/// [`ApiKeysSubject`]; it may await.
///
/// ```ignore
/// altus4_api_keys::api_keys_contract!(tokio::test, subject().await);
/// ```
#[macro_export]
macro_rules! api_keys_contract {
    (block_on, $make:expr) => {
        $crate::api_keys_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::api_keys_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::api_keys_contract],
            [
                a_key_is_found_as_it_was_stored,
                every_set_of_permissions_survives,
                names_of_any_script_survive,
                times_survive_to_the_millisecond,
                a_key_is_found_by_its_own_digest_alone,
                any_of_several_digests_finds_the_key,
                no_digest_finds_nothing,
                a_key_is_found_whatever_its_status,
                a_second_key_is_a_conflict,
                a_revoked_key_counts_too,
                first_keys_at_once_make_one_key,
                each_account_has_a_first_key_of_its_own,
                a_key_of_an_unknown_account_is_refused,
                a_deactivated_account_lets_nobody_in,
                the_plan_of_an_account_is_told,
                a_key_and_its_event_are_kept_together,
            ]
        );
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::key_settings_contract],
            [
                further_keys_are_stored_in_every_part,
                limits_and_networks_survive,
                a_key_without_an_active_account_is_rejected,
                an_id_and_a_digest_are_taken_once,
                a_key_is_found_by_its_own_account_alone,
                keys_are_listed_newest_first,
                keys_are_listed_by_status_and_environment,
                a_change_changes_what_it_names,
                a_change_can_open_a_key,
                changes_at_once_all_hold,
                a_key_that_is_over_can_be_changed,
                limits_are_set_and_lifted,
                what_is_not_there_cannot_be_changed,
                a_change_and_its_event_are_kept_together,
            ]
        );
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::key_secrets_contract],
            [
                a_key_is_taken_back_once,
                a_key_taken_back_by_many_at_once_is_taken_back_once,
                a_key_is_taken_back_by_its_own_account_alone,
                a_new_secret_replaces_the_old_one,
                the_secret_before_the_last_is_no_more,
                a_secret_without_grace_ends_at_once,
                secrets_replaced_at_once_leave_one,
                what_is_not_there_gets_no_secret,
                a_sealed_secret_is_given_to_its_own_account_alone,
                a_secret_and_its_event_are_kept_together,
                a_digest_is_moved_and_nothing_else,
                a_digest_in_its_grace_is_moved_too,
                a_digest_is_moved_from_where_it_is_alone,
                keys_under_an_older_secret_are_counted,
                keys_that_let_nobody_in_are_no_legacy,
                a_notice_is_noted_for_one_account,
            ]
        );
    };
}

/// One test for each case of the contract of [`KeyDigester`](crate::KeyDigester). `$make` gives a
/// digester, better one with several secrets.
#[macro_export]
macro_rules! key_digester_contract {
    (block_on, $make:expr) => {
        $crate::key_digester_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::key_digester_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::digester_contract],
            [
                the_digest_under_the_newest_secret_comes_first,
                equal_secrets_have_equal_digests,
                different_secrets_have_different_digests,
            ]
        );
    };
}

/// One test for each case of the contract of [`KeyCache`](crate::KeyCache). `$make` gives a cache
/// with room for at least a hundred keys.
#[macro_export]
macro_rules! key_cache_contract {
    (block_on, $make:expr) => {
        $crate::key_cache_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::key_cache_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::key_cache_contract],
            [
                what_was_put_is_given,
                that_there_is_no_key_is_remembered_too,
                the_last_answer_counts,
                digests_are_told_apart_by_every_bit,
                a_key_is_forgotten_under_all_its_digests,
                an_account_is_forgotten_with_all_its_keys,
                a_key_that_changed_hands_is_forgotten_by_its_last_answer,
                a_digest_is_forgotten_alone,
                everything_can_be_forgotten,
                what_was_forgotten_can_be_put_again,
                unknown_digests_push_out_no_key,
                nothing_forgotten_comes_back_while_others_put,
            ]
        );
    };
}

/// One test for each case of the contract of [`AnswerStore`](crate::AnswerStore). `$make` gives an
/// empty store that knows the accounts with the ids 1 and 2; it may await.
#[macro_export]
macro_rules! answer_store_contract {
    (block_on, $make:expr) => {
        $crate::answer_store_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::answer_store_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::answer_store_contract],
            [
                a_first_try_is_granted_and_others_wait,
                an_answer_is_given_again,
                answers_of_any_size_survive,
                another_request_of_the_name_is_different,
                of_many_tries_at_once_one_is_granted,
                names_are_told_apart_exactly,
                accounts_have_names_of_their_own,
                what_was_let_go_is_granted_again,
                a_first_answer_stays,
                an_answer_without_a_claim_is_not_kept,
                a_claim_without_an_answer_ends_with_its_lease,
                a_claim_that_ended_is_granted_to_one_of_many,
                an_answer_ends_with_its_lifetime,
                a_purge_takes_what_was_claimed_before,
            ]
        );
    };
}

/// One test for each case of the contract of [`UsageStore`]. `$make` gives a [`UsageSubject`]; it may
/// await.
#[macro_export]
macro_rules! usage_store_contract {
    (block_on, $make:expr) => {
        $crate::usage_store_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::usage_store_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::usage_store_contract],
            [
                nothing_was_used_at_first,
                sums_are_exact,
                an_event_that_is_written_twice_counts_once,
                events_of_unknown_keys_are_left_out,
                a_key_knows_its_last_use,
                writers_at_once_lose_nothing,
                a_range_means_the_hours_it_touches,
                ranges_of_any_length_add_up,
                endpoints_are_told_apart,
                tiers_are_told_apart,
                failures_are_told_apart,
                hours_are_told_apart,
                an_account_has_the_sums_of_its_keys,
                what_was_let_through_counts_against_the_limits,
            ]
        );
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::usage_requests_contract],
            [
                an_event_comes_back_in_every_part,
                requests_are_paged_the_newest_first,
                requests_are_filtered,
                requests_are_purged_before_their_sums,
                sums_are_purged_by_the_day,
            ]
        );
    };
}
