//! Steps that the cases of several contracts share.

use altus4_kernel::{AccountId, uuid::Uuid};

use crate::testkit::SearchLogSubject;

pub(super) fn account(number: u8) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number.into()))
}

/// Makes account 1.
pub(super) async fn owner(subject: &dyn SearchLogSubject) -> AccountId {
    subject.add_account(account(1)).await;
    account(1)
}

/// Makes the accounts 1 and 2.
pub(super) async fn two(subject: &dyn SearchLogSubject) -> (AccountId, AccountId) {
    subject.add_account(account(2)).await;
    (owner(subject).await, account(2))
}
