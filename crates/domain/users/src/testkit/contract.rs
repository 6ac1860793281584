//! What every adapter of this domain's ports must do, a case at a time.

pub mod directory_contract;
pub mod hasher_contract;
pub mod limiter_contract;
pub mod sessions_contract;
pub mod tokens_contract;
pub mod users_contract;

use altus4_kernel::{AuditEvent, AuditFilter, AuditLog, PageRequest};

use crate::{AccountDirectory, SessionRepository, UserRepository};

/// What the contract of accounts and sessions is tried on: the repositories over one empty set of
/// rows.
pub trait UsersSubject: Send + Sync {
    /// The accounts.
    fn users(&self) -> &dyn UserRepository;

    /// Their sessions.
    fn sessions(&self) -> &dyn SessionRepository;

    /// The accounts as administrators see them.
    fn directory(&self) -> &dyn AccountDirectory;

    /// The events that all of these keep.
    fn audit(&self) -> &dyn AuditLog;
}

/// The newest events, the newest first.
async fn events(subject: &dyn UsersSubject) -> Vec<AuditEvent> {
    subject.audit().list(&AuditFilter::default(), PageRequest::default()).await.expect("list").items
}

/// One test for each case of the contract of [`UserRepository`], [`SessionRepository`] and
/// [`AccountDirectory`]. `$make` gives a [`UsersSubject`]; it may await.
///
/// ```ignore
/// altus4_users::users_contract!(tokio::test, subject().await);
/// ```
#[macro_export]
macro_rules! users_contract {
    (block_on, $make:expr) => {
        $crate::users_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::users_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::users_contract],
            [
                an_account_is_found_as_it_was_stored,
                text_of_any_script_survives,
                account_times_survive_to_the_millisecond,
                an_unknown_account_is_not_found,
                duplicate_email_is_a_conflict,
                duplicate_email_at_once_makes_one_account,
                similar_addresses_are_different_accounts,
                an_account_without_its_session_is_not_stored,
                a_password_hash_is_replaced_while_the_old_one_stands,
                a_password_hash_is_replaced_once_by_two_at_once,
                a_deactivated_account_is_found_by_no_method,
                the_address_of_a_deactivated_account_is_free_again,
                an_account_can_be_stored_without_a_session,
                an_account_and_its_event_are_stored_together,
                a_changed_password_ends_the_other_sessions,
                a_password_is_changed_while_the_old_one_stands,
                a_password_is_reset_whatever_it_was,
                a_profile_is_changed_in_the_parts_that_are_given,
                a_profile_cannot_take_the_address_of_another,
                one_address_taken_by_two_at_once_has_one_owner,
                a_deactivation_ends_every_session_and_is_kept_once,
                the_last_administrator_cannot_be_deactivated,
                of_all_administrators_leaving_at_once_one_stays,
                a_purge_takes_what_was_deactivated_before_and_leaves_the_log,
            ]
        );
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::sessions_contract],
            [
                a_session_is_found_as_it_was_stored,
                session_times_survive_to_the_millisecond,
                a_new_session_shows_that_its_account_is_active,
                a_session_of_an_unknown_account_is_refused,
                an_unknown_session_is_not_found,
                a_session_is_over_at_its_end,
                an_ended_session_is_not_found,
                a_session_is_ended_by_its_own_account_alone,
                a_session_that_is_over_cannot_be_ended,
                end_all_ends_and_counts_the_live_sessions_of_one_account,
                rotation_replaces_the_token,
                a_rotated_token_can_be_rotated_again,
                reuse_ends_the_session,
                reuse_leaves_other_sessions_alone,
                a_token_is_rotated_once_by_many_at_once,
                an_unknown_token_is_not_rotated,
                a_token_that_is_over_is_not_rotated,
                the_token_of_an_ended_session_is_not_rotated,
                digests_are_told_apart_exactly,
                live_sessions_are_listed_newest_first,
                a_session_and_its_event_are_stored_together,
                an_ended_session_and_its_event_are_stored_together,
                ending_all_sessions_is_kept_once,
                a_reuse_is_kept_in_the_log_of_its_account_once,
                a_purge_takes_what_was_over_before,
                a_purge_leaves_reuse_detected_while_a_session_lives,
            ]
        );
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::directory_contract],
            [
                accounts_are_listed_newest_first_with_those_deactivated,
                accounts_are_found_by_part_of_address_or_name,
                accounts_are_found_by_role_and_plan,
                a_change_changes_what_it_names_and_keeps_its_events,
                an_unknown_account_is_not_changed,
                a_deactivated_account_comes_back_without_its_sessions,
                an_account_whose_address_is_taken_does_not_come_back,
                the_last_administrator_stays_one,
                of_all_administrators_changed_at_once_one_stays,
            ]
        );
    };
}

/// One test for each case of the contract of [`PasswordHasher`](crate::PasswordHasher). `$make`
/// gives the hasher.
#[macro_export]
macro_rules! password_hasher_contract {
    (block_on, $make:expr) => {
        $crate::password_hasher_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::password_hasher_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::hasher_contract],
            [
                a_password_matches_its_own_hash_alone,
                nothing_matches_where_there_is_no_hash,
                an_unreadable_hash_is_corrupt,
            ]
        );
    };
}

/// One test for each case of the contract of [`TokenIssuer`](crate::TokenIssuer). `$make` gives the
/// issuer.
#[macro_export]
macro_rules! token_issuer_contract {
    (block_on, $make:expr) => {
        $crate::token_issuer_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::token_issuer_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::tokens_contract],
            [
                a_token_says_what_it_was_issued_for,
                a_token_is_over_after_its_end,
                a_token_is_not_valid_before_its_time,
                a_forged_token_is_invalid,
                no_text_makes_it_panic,
                refresh_tokens_never_repeat,
                a_refresh_token_has_the_digest_it_is_stored_under,
            ]
        );
    };
}

/// One test for each case of the contract of [`AttemptLimiter`](crate::AttemptLimiter). `$make`
/// gives the limiter; it may await.
#[macro_export]
macro_rules! attempt_limiter_contract {
    (block_on, $make:expr) => {
        $crate::attempt_limiter_contract!(@cases [block_on], $make);
    };
    ($test:meta, $make:expr) => {
        $crate::attempt_limiter_contract!(@cases [$test], $make);
    };
    (@cases [$($how:tt)*], $make:expr) => {
        $crate::testkit::contract_tests!(
            $($how)*,
            $make,
            [$crate::testkit::limiter_contract],
            [
                exactly_the_limit_of_many_at_once_is_admitted,
                a_refused_attempt_is_not_counted,
                a_refusal_says_when_the_oldest_attempt_leaves,
                keys_share_nothing,
                after_the_window_all_are_admitted_again,
                the_window_slides,
                a_smaller_limit_counts_what_was_admitted_before,
                a_limit_of_zero_admits_nothing,
                a_clock_set_back_refuses_nobody_for_longer_than_a_window,
                nodes_whose_clocks_differ_lose_no_attempt,
                the_longest_and_the_shortest_window_work,
                answers_as_a_log_of_all_attempts_would,
            ]
        );
    };
}
