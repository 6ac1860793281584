//! Searches and answers for tests.

use std::time::Duration;

use altus4_kernel::{
    AccountId, ApiKeyId, Clock, ConnectionId, SavedSearchId, SearchId, testkit::FixedClock, uuid::Uuid,
};

use crate::{
    Environment, Hit, SavedRequest, SavedSearch, SavedSearchName, SearchAnswer, SearchMode, SearchRecord,
    SearchStatus, TotalCount, log::folded,
};

/// A search of this account for this text that found three rows, made as many seconds after
/// [`FixedClock`] begins as `number` says, which also makes its id.
///
/// # Panics
/// When `number` is beyond what a clock can count.
#[must_use]
pub fn sample_record(number: u32, account_id: AccountId, query: &str) -> SearchRecord {
    SearchRecord {
        id: SearchId::from_uuid(Uuid::from_u128(number.into())),
        account_id,
        api_key: Some(ApiKeyId::from_uuid(Uuid::from_u128(7))),
        environment: Environment::Live,
        query: query.to_owned(),
        folded: folded(query),
        mode: SearchMode::Natural,
        databases: vec![ConnectionId::from_uuid(Uuid::from_u128(9))],
        results: 3,
        took: Duration::from_micros(12_345),
        cached: false,
        status: SearchStatus::Success,
        at: FixedClock::default().now() + Duration::from_secs(number.into()),
    }
}

/// A saved search of this account, made as many seconds after [`FixedClock`] begins as `number` says,
/// which also makes its id.
///
/// # Panics
/// When `name` is no name.
#[must_use]
pub fn sample_saved(number: u32, account_id: AccountId, name: &str) -> SavedSearch {
    let made = FixedClock::default().now() + Duration::from_secs(number.into());
    SavedSearch {
        id: SavedSearchId::from_uuid(Uuid::from_u128(number.into())),
        account_id,
        name: SavedSearchName::parse(name).expect("a name"),
        request: SavedRequest {
            document: r#"{"query":"parcel"}"#.to_owned(),
            databases: vec![ConnectionId::from_uuid(Uuid::from_u128(9))],
        },
        created_at: made,
        updated_at: made,
    }
}

/// A whole answer of so many results of this snippet. `number` makes its id.
#[must_use]
pub fn sample_answer(number: u32, hits: u32, snippet: &str) -> SearchAnswer {
    let hit = |place: u32| Hit {
        id: Uuid::from_u128(place.into()),
        connection_id: ConnectionId::from_uuid(Uuid::from_u128(9)),
        database: "helpdesk".to_owned(),
        table: "articles".to_owned(),
        score: 1.0 / f64::from(place + 1),
        matched_columns: vec!["title".to_owned()],
        data: Vec::new(),
        snippet: Some(snippet.to_owned()),
        highlights: Vec::new(),
    };
    SearchAnswer {
        search_id: SearchId::from_uuid(Uuid::from_u128(number.into())),
        hits: (0..hits).map(hit).collect(),
        facets: Vec::new(),
        suggestions: Vec::new(),
        analytics: None,
        total: TotalCount { count: hits.into(), exact: true },
        degraded: Vec::new(),
        failures: Vec::new(),
    }
}
