//! Steps that the cases of several contracts share.

use altus4_kernel::{
    AccountId, ApiKeyId, AuditEvent, AuditFilter, Clock, PageRequest, Plan, PortResult, Role, Timestamp,
    testkit::{FixedClock, sample_event},
    uuid::Uuid,
};

use crate::{
    ApiKey, KeyHolder, StoredDigest, StoredSecret,
    testkit::{ApiKeysSubject, sample_key, sample_secret},
};

/// When [`FixedClock`] begins.
pub(super) fn start() -> Timestamp {
    FixedClock::default().now()
}

pub(super) fn account(number: u8) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number.into()))
}

pub(super) fn key_id(number: u8) -> ApiKeyId {
    ApiKeyId::from_uuid(Uuid::from_u128(number.into()))
}

/// An event that no inserted key has.
pub(super) fn event(number: u8) -> AuditEvent {
    sample_event(1_000 + u128::from(number), account(1))
}

/// Makes account `number`, and gives it a key to be stored.
pub(super) async fn key_of(subject: &dyn ApiKeysSubject, number: u8) -> ApiKey {
    subject.add_account(account(number), Role::User, Plan::Pro).await;
    sample_key(number.into(), account(number))
}

/// Stores a key with an event of its id.
pub(super) async fn insert_under(
    subject: &dyn ApiKeysSubject,
    key: &ApiKey,
    secret: &StoredSecret,
) -> PortResult<()> {
    let event = sample_event(key.id.as_uuid().as_u128(), key.account_id);
    subject.keys().insert(key, secret, &event).await
}

/// Stores a key under the digest of its number, with an event of its id.
pub(super) async fn insert(subject: &dyn ApiKeysSubject, key: &ApiKey) {
    let number = u8::try_from(key.id.as_uuid().as_u128()).expect("a small number");
    insert_under(subject, key, &sample_secret(number)).await.expect("insert");
}

/// Makes accounts 1 and 2 and gives each a key of its number. Gives the first.
pub(super) async fn two_accounts(subject: &dyn ApiKeysSubject) -> ApiKey {
    let (own, foreign) = (key_of(subject, 1).await, key_of(subject, 2).await);
    insert(subject, &own).await;
    insert(subject, &foreign).await;
    own
}

pub(super) async fn find(subject: &dyn ApiKeysSubject, digests: &[StoredDigest]) -> Option<KeyHolder> {
    subject.keys().find_by_digest(digests).await.expect("find by digest")
}

/// An account's own key, which has to be there.
pub(super) async fn get(subject: &dyn ApiKeysSubject, owner: u8, number: u8) -> ApiKey {
    let found = subject.keys().find(account(owner), key_id(number)).await.expect("find");
    found.expect("the key")
}

pub(super) async fn events(subject: &dyn ApiKeysSubject) -> Vec<AuditEvent> {
    let page = PageRequest::new(1, PageRequest::MAX_LIMIT).expect("a page");
    subject.audit().list(&AuditFilter::default(), page).await.expect("list").items
}
