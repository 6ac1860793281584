//! Keys for tests.

use altus4_kernel::{
    AccountId, ApiKeyId, Clock, Permission, PermissionSet, Plan, testkit::FixedClock, uuid::Uuid,
};

use crate::{ApiKey, Environment, KeyDigest, KeyName, StoredDigest};

/// An active test key of the tier `free` that may search, made when [`FixedClock`] begins. `number`
/// makes its id.
#[must_use]
pub fn sample_key(number: u128, account_id: AccountId) -> ApiKey {
    let now = FixedClock::default().now();
    ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(number)),
        account_id,
        name: KeyName::initial(),
        prefix: "altus4_sk_test_AAAAAAAAAAAAAAA".to_owned(),
        environment: Environment::Test,
        permissions: PermissionSet::of(&[Permission::Search]),
        tier: Plan::Free,
        expires_at: None,
        revoked_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// The digest of these 32 equal bytes, under the secret `k1`.
#[must_use]
pub fn sample_digest(byte: u8) -> StoredDigest {
    StoredDigest { secret_id: "k1".to_owned(), digest: KeyDigest([byte; 32]) }
}
