//! Searches for tests.

use std::time::Duration;

use altus4_kernel::{
    AccountId, ApiKeyId, Clock, ConnectionId, Environment, SearchId, testkit::FixedClock, uuid::Uuid,
};

use crate::{LoggedSearch, Outcome};

/// The id of account `number`.
#[must_use]
pub fn sample_account_id(number: u8) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number.into()))
}

/// A search of this account for this text that found three rows, made as many seconds after
/// [`FixedClock`] begins as `number` says, which also makes its id.
#[must_use]
pub fn sample_search(number: u32, account_id: AccountId, query: &str) -> LoggedSearch {
    LoggedSearch {
        id: SearchId::from_uuid(Uuid::from_u128(number.into())),
        account_id,
        api_key: Some(ApiKeyId::from_uuid(Uuid::from_u128(7))),
        environment: Environment::Live,
        query: query.to_owned(),
        folded: query.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "),
        mode: "natural".to_owned(),
        databases: vec![ConnectionId::from_uuid(Uuid::from_u128(9))],
        categories: Vec::new(),
        results: 3,
        took: Duration::from_micros(12_345),
        cached: false,
        outcome: Outcome::Success,
        at: FixedClock::default().now() + Duration::from_secs(number.into()),
    }
}
