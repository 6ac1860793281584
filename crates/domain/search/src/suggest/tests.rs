//! What suggestions promise.

use std::sync::Arc;

use altus4_connections::{
    ByEngine, ConnectionRepository, ConnectionService, StoredConnection,
    testkit::{FakeProbe, FixedInspector, InMemoryConnections, sample_connection},
};
use altus4_kernel::{
    AccountId, Credential, Permission, PermissionSet, Plan, Principal, Role, SecretCipher, SessionId,
    secrecy::SecretString,
    testkit::{FakeSecretCipher, FixedClock, SequentialIds, block_on, sample_event},
    uuid::Uuid,
};

use super::*;
use crate::testkit::{InMemorySearchLog, sample_record};

fn account(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

fn granted(owner: u128) -> Granted<Search> {
    let principal = Principal {
        account_id: account(owner),
        role: Role::User,
        tier: Plan::Free,
        permissions: PermissionSet::of(&[Permission::Search]),
        credential: Credential::Session { id: SessionId::from_uuid(Uuid::nil()) },
    };
    principal.require().expect("a permission")
}

/// Connections 1 of account 1 and 2 of account 2, of whose words `spelling` knows.
fn service(log: &InMemorySearchLog, spelling: MockSpelling) -> SuggestionService {
    let (cipher, repository) = (FakeSecretCipher::default(), InMemoryConnections::default());
    for number in [1, 2] {
        repository.add_account(account(number), Plan::Pro);
        log.add_account(account(number));
        let mut stored: StoredConnection = sample_connection(number, account(number), "shop");
        let binding = stored.connection.password_binding();
        stored.password = cipher.seal(&SecretString::from("x"), &binding).expect("seal");
        block_on(repository.insert(&stored, None, &sample_event(number, account(number)))).expect("insert");
    }
    let connections = ConnectionService::new(
        Arc::new(repository),
        Arc::new(cipher),
        ByEngine::new(Some(Arc::new(FakeProbe::default()) as _), None),
        ByEngine::new(Some(Arc::new(FixedInspector::new(vec![])) as _), None),
        Arc::new(FixedClock::default()),
        Arc::new(SequentialIds::default()),
    );
    SuggestionService::new(connections, Arc::new(log.clone()), Arc::new(spelling))
}

/// Knows the corrections of these words, likeliest first, in the data of connection 1.
fn knows(words: &'static [(&'static str, &'static [(&'static str, f64)])]) -> MockSpelling {
    let mut spelling = MockSpelling::new();
    spelling.expect_corrections().returning(|databases, _, word, limit| {
        assert!(databases.iter().all(|id| id.as_uuid() == Uuid::from_u128(1)));
        let known = words.iter().find(|(wrong, _)| *wrong == word).map_or(&[][..], |(_, right)| right);
        let correction = |(word, score): &(&str, f64)| Correction { word: (*word).to_owned(), score: *score };
        known.iter().map(correction).take(limit).collect()
    });
    spelling
}

fn request(typed: &str) -> SuggestRequest {
    let beginning = Beginning::parse(typed).expect("a beginning");
    SuggestRequest { beginning, databases: vec![], tables: vec![], limit: 5 }
}

fn texts(service: &SuggestionService, typed: &str) -> Vec<(String, &'static str)> {
    let suggestions = block_on(service.suggest(granted(1), &request(typed))).expect("suggestions");
    assert!(suggestions.iter().all(|suggestion| (0.0..=1.0).contains(&suggestion.score)), "{suggestions:?}");
    assert!(suggestions.is_sorted_by(|a, b| a.score >= b.score), "{suggestions:?}");
    suggestions.into_iter().map(|suggestion| (suggestion.text, suggestion.kind.as_str())).collect()
}

fn told(suggestions: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    suggestions.iter().map(|(text, kind)| ((*text).to_owned(), *kind)).collect()
}

fn searched(log: &InMemorySearchLog, account_number: u128, first: u32, query: &str, times: u32) {
    let searches: Vec<_> =
        (first..first + times).map(|number| sample_record(number, account(account_number), query)).collect();
    block_on(log.append(&searches)).expect("append");
}

#[test]
fn own_queries_are_suggested_by_how_often_they_found_something() {
    let log = InMemorySearchLog::default();
    let service = service(&log, knows(&[]));
    searched(&log, 1, 1, "parcel lost", 2);
    searched(&log, 1, 10, "Parcel damaged", 5);
    searched(&log, 2, 20, "parcel of somebody else", 9);
    assert_eq!(texts(&service, "PAR"), told(&[("Parcel damaged", "popular"), ("parcel lost", "popular")]));
    assert_eq!(texts(&service, "parcel lo"), told(&[("parcel lost", "popular")]));
    assert_eq!(
        texts(&service, "parcel  "),
        told(&[("Parcel damaged", "popular"), ("parcel lost", "popular")])
    );
}

#[test]
fn a_misspelt_word_is_corrected_in_its_place() {
    let log = InMemorySearchLog::default();
    let service = service(
        &log,
        knows(&[("parcle", &[("parcel", 0.9), ("particle", 0.4)]), ("lsot", &[("lost", 0.8)])]),
    );
    assert_eq!(
        texts(&service, "my Parcle, now"),
        told(&[("my parcel, now", "spelling"), ("my particle, now", "spelling")])
    );
    assert_eq!(texts(&service, "lsot parcle!"), told(&[("lost parcel!", "spelling")]));
    assert_eq!(texts(&service, "nothing wrong"), told(&[]));
}

#[test]
fn the_same_suggestion_is_made_once_and_what_was_typed_never() {
    let log = InMemorySearchLog::default();
    let service = service(&log, knows(&[("parcels", &[("parcels", 1.0), ("parcels lost", 0.5)])]));
    searched(&log, 1, 1, "Parcels lost", 1);
    assert_eq!(texts(&service, "parcels"), told(&[("Parcels lost", "popular")]));
}

#[test]
fn no_more_are_made_than_asked_for() {
    let log = InMemorySearchLog::default();
    let service = service(&log, knows(&[]));
    for (number, query) in (1..).zip(["a1", "a2", "a3", "a4"]) {
        searched(&log, 1, number, query, 1);
    }
    let two = SuggestRequest { limit: 2, ..request("a") };
    assert_eq!(block_on(service.suggest(granted(1), &two)).expect("suggestions").len(), 2);
}

#[test]
fn words_come_from_the_databases_of_the_account_alone() {
    let log = InMemorySearchLog::default();
    let service = service(&log, knows(&[]));
    let id = |number| ConnectionId::from_uuid(Uuid::from_u128(number));
    let foreign = SuggestRequest { databases: vec![id(2)], ..request("parcel") };
    let refused = block_on(service.suggest(granted(1), &foreign)).expect_err("it is the other's");
    assert!(
        matches!(refused, SuggestError::Connection(ConnectionError::NotFound(unknown)) if unknown == id(2)),
        "{refused:?}"
    );
}

#[test]
fn a_beginning_has_bounds() {
    assert!(Beginning::parse(&"x".repeat(100)).is_some());
    for text in ["", " \t", &"x".repeat(101)] {
        assert_eq!(Beginning::parse(text), None, "{text}");
    }
}
