//! Searches and answers for tests.

use std::time::Duration;

use altus4_kernel::{
    AccountId, ApiKeyId, Clock, ConnectionId, Environment, SavedSearchId, SearchId, VectorIndexId,
    testkit::FixedClock, uuid::Uuid,
};

use crate::{
    Hit, SavedRequest, SavedSearch, SavedSearchName, SearchAnswer, SearchMode, SearchRecord, SearchStatus,
    TotalCount, VectorCourse, VectorIndexRecord, VectorProgress, VectorSpec, VectorState, log::folded,
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
        categories: Vec::new(),
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
        ranking: None,
        categories: Vec::new(),
    };
    SearchAnswer {
        search_id: SearchId::from_uuid(Uuid::from_u128(number.into())),
        hits: (0..hits).map(hit).collect(),
        facets: Vec::new(),
        suggestions: Vec::new(),
        categories: Vec::new(),
        analytics: None,
        total: TotalCount { count: hits.into(), exact: true },
        degraded: Vec::new(),
        failures: Vec::new(),
    }
}

/// Vectors of the articles of the connection of this number, asked for when [`FixedClock`]
/// begins. `number` makes their id; nothing is built yet.
#[must_use]
pub fn sample_vectors(number: u8, connection: u8) -> VectorIndexRecord {
    VectorIndexRecord {
        id: VectorIndexId::from_uuid(Uuid::from_u128(number.into())),
        account_id: AccountId::from_uuid(Uuid::from_u128(1)),
        connection_id: ConnectionId::from_uuid(Uuid::from_u128(connection.into())),
        spec: VectorSpec {
            table: "articles".to_owned(),
            columns: vec!["tïtle".to_owned(), "body".to_owned()],
            key: vec!["id".to_owned()],
            updated_column: Some("updated_at".to_owned()),
        },
        place: None,
        state: VectorState::Building,
        model: Some("memory".into()),
        progress: VectorProgress::default(),
        error: None,
        created_at: FixedClock::default().now(),
        built_at: None,
        last_followed_at: None,
        course: VectorCourse::default(),
    }
}
