//! Keys for tests.

use altus4_kernel::{
    AccountId, ApiKeyId, Clock, Environment, Permission, PermissionSet, Plan, Timestamp, testkit::FixedClock,
    uuid::Uuid,
};

use crate::{AllowedIps, ApiKey, KeyDigest, KeyName, StoredDigest, StoredSecret, UsageEvent};

const SAMPLE_PREFIX: &str = "altus4_sk_test_AAAAAAAAAAAAAAA";

/// An active test key of the tier `free` that may search, made when [`FixedClock`] begins. `number`
/// makes its id.
#[must_use]
pub fn sample_key(number: u128, account_id: AccountId) -> ApiKey {
    let now = FixedClock::default().now();
    ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(number)),
        account_id,
        name: KeyName::initial(),
        prefix: SAMPLE_PREFIX.to_owned(),
        environment: Environment::Test,
        permissions: PermissionSet::of(&[Permission::Search]),
        tier: Plan::Free,
        recoverable: false,
        allowed_ips: AllowedIps::default(),
        limits: None,
        usage_count: 0,
        last_used: None,
        last_used_ip: None,
        expires_at: None,
        revoked_at: None,
        regenerated_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// The digest of these 32 equal bytes, under the secret `k1`.
#[must_use]
pub fn sample_digest(byte: u8) -> StoredDigest {
    StoredDigest { secret_id: "k1".to_owned(), digest: KeyDigest([byte; 32]) }
}

/// A secret under [`sample_digest`], of the prefix of [`sample_key`] and not recoverable.
#[must_use]
pub fn sample_secret(byte: u8) -> StoredSecret {
    StoredSecret { digest: sample_digest(byte), prefix: SAMPLE_PREFIX.to_owned(), sealed: None }
}

/// A search that took a millisecond, went well and counts. `number` makes its id.
#[must_use]
pub fn sample_usage(number: u128, key: ApiKeyId, at: Timestamp) -> UsageEvent {
    UsageEvent {
        id: Uuid::from_u128(number),
        request_id: format!("request {number}"),
        key,
        at,
        method: "POST".to_owned(),
        endpoint: "/api/v1/search".to_owned(),
        status: 200,
        error_code: None,
        response_time_us: 1_000,
        tier: Plan::Free,
        ip: None,
        spent_microcents: 0,
        counted: true,
    }
}
