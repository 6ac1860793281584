//! What every adapter of this domain's ports must do, a case at a time.

pub mod api_keys_contract;
pub mod digester_contract;

use altus4_kernel::{AccountId, AuditLog, Plan, Role};
use async_trait::async_trait;

use crate::ApiKeyRepository;

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
