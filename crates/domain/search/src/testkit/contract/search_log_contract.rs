//! The cases of the [`SearchLog`](crate::SearchLog) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{AccountId, ConnectionId, Environment, SearchId, Timestamp, uuid::Uuid};
use futures::future::join_all;

use super::steps::{account, owner, two};
use crate::{
    DayOfSearches, HistoryRequest, Interaction, InteractionKind, SearchMode, SearchRecord, SearchStatus,
    Trends, TrendsRequest,
    log::day_of,
    testkit::{SearchLogSubject, sample_record},
};

const ALL: HistoryRequest = HistoryRequest { from: None, to: None, limit: 100, offset: 0 };
const DAY: Duration = Duration::from_hours(24);

async fn append(subject: &dyn SearchLogSubject, searches: &[SearchRecord]) {
    subject.log().append(searches).await.expect("append");
}

async fn history(subject: &dyn SearchLogSubject, account: AccountId) -> Vec<SearchRecord> {
    subject.log().history(account, &ALL).await.expect("history").items
}

async fn numbers(
    subject: &dyn SearchLogSubject,
    account: AccountId,
    request: HistoryRequest,
) -> (Vec<u128>, u64) {
    let page = subject.log().history(account, &request).await.expect("history");
    (page.items.iter().map(|search| search.id.as_uuid().as_u128()).collect(), page.total)
}

async fn popular(subject: &dyn SearchLogSubject, account: AccountId, prefix: &str) -> Vec<(String, u64)> {
    let found = subject.log().popular(account, prefix, 3).await.expect("popular");
    found.into_iter().map(|query| (query.query, query.searches)).collect()
}

fn told(queries: &[(&str, u64)]) -> Vec<(String, u64)> {
    queries.iter().map(|(query, searches)| ((*query).to_owned(), *searches)).collect()
}

fn start() -> Timestamp {
    sample_record(0, account(1), "x").at
}

fn clicked(number: u32) -> Interaction {
    Interaction {
        search_id: sample_record(number, account(1), "x").id,
        result_id: Uuid::from_u128(77),
        kind: InteractionKind::Click,
        position: Some(1),
        at: start(),
    }
}

/// With every part, of every kind.
pub async fn a_search_is_listed_as_it_was_written(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let id = |number| ConnectionId::from_uuid(Uuid::from_u128(number));
    let plain = sample_record(1, owner, "Damaged  PARCEL");
    let other = SearchRecord {
        api_key: None,
        environment: Environment::Test,
        mode: SearchMode::Semantic,
        databases: (1..=40).rev().map(id).collect(),
        results: 4_000_000_000,
        took: Duration::from_hours(1) + Duration::from_micros(1),
        cached: true,
        status: SearchStatus::Partial,
        at: plain.at + Duration::from_millis(1),
        ..sample_record(2, owner, "x")
    };
    let nothing = SearchRecord {
        databases: Vec::new(),
        results: 0,
        status: SearchStatus::Failed,
        ..sample_record(3, owner, "y")
    };
    append(subject, &[plain.clone(), other.clone(), nothing.clone()]).await;
    assert_eq!(history(subject, owner).await, [nothing, other, plain]);
}

/// Up to the longest there is, and what would be something else in SQL or to a collation.
pub async fn text_of_any_script_survives(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let texts = [
        "'; DROP TABLE searches; --".to_owned(),
        "Žluťoučký 🦀 كوكب 日本語".to_owned(),
        "nul\0 and \\ and %_".to_owned(),
        "🦀".repeat(500),
        "İ".repeat(500),
        "trailing blank ".to_owned(),
    ];
    for (number, text) in (1..).zip(&texts) {
        append(subject, &[sample_record(number, owner, text)]).await;
    }
    let mut kept: Vec<_> = history(subject, owner).await.into_iter().map(|search| search.query).collect();
    kept.reverse();
    assert_eq!(kept, texts);
}

/// Also within one call, and it isn't counted twice as popular either.
pub async fn a_search_written_twice_counts_once(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let (one, two) = (sample_record(1, owner, "parcel"), sample_record(2, owner, "parcel"));
    append(subject, &[one.clone(), one.clone()]).await;
    append(subject, &[one.clone(), two.clone()]).await;
    append(subject, &[]).await;
    assert_eq!(history(subject, owner).await, [two, one]);
    assert_eq!(popular(subject, owner, "par").await, told(&[("parcel", 2)]));
}

/// Neither in lists nor in sums.
pub async fn searches_of_others_are_not_shown(subject: &dyn SearchLogSubject) {
    let (owner, other) = two(subject).await;
    append(subject, &[sample_record(1, owner, "mine"), sample_record(2, other, "theirs")]).await;
    assert_eq!(numbers(subject, owner, ALL).await, (vec![1], 1));
    let days = TrendsRequest { first_day: 0, last_day: i64::from(i32::MAX), environment: None };
    let trends = subject.log().trends(owner, &days).await.expect("trends");
    assert_eq!((trends.days.len(), trends.top_query.as_deref()), (1, Some("mine")));
}

/// The others of the same call are written.
pub async fn searches_of_an_account_that_is_gone_are_left_out(subject: &dyn SearchLogSubject) {
    let (owner, other) = two(subject).await;
    subject.deactivate(other).await;
    let searches =
        [sample_record(1, account(9), "x"), sample_record(2, owner, "x"), sample_record(3, other, "x")];
    append(subject, &searches).await;
    assert_eq!(numbers(subject, owner, ALL).await, (vec![2], 1));
    assert_eq!(numbers(subject, other, ALL).await, (vec![], 0));
    assert_eq!(numbers(subject, account(9), ALL).await, (vec![], 0));
}

/// In a fixed order where times are equal; each part tells how many there are in all.
pub async fn history_is_newest_first_and_comes_in_parts(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let at = |number: u32, second| SearchRecord {
        at: start() + Duration::from_secs(second),
        ..sample_record(number, owner, "x")
    };
    append(subject, &[at(3, 5), at(1, 5), at(2, 9), at(5, 1), at(4, 5)]).await;
    assert_eq!(numbers(subject, owner, ALL).await, (vec![2, 4, 3, 1, 5], 5));
    let part = |limit, offset| HistoryRequest { limit, offset, ..ALL };
    assert_eq!(numbers(subject, owner, part(2, 0)).await, (vec![2, 4], 5));
    assert_eq!(numbers(subject, owner, part(2, 2)).await, (vec![3, 1], 5));
    assert_eq!(numbers(subject, owner, part(2, 4)).await, (vec![5], 5));
    assert_eq!(numbers(subject, owner, part(2, 6)).await, (vec![], 5));
}

/// The first moment is in, the last one is out.
pub async fn history_is_bounded_by_time(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let searches: Vec<_> = (1..=4).map(|number| sample_record(number, owner, "x")).collect();
    append(subject, &searches).await;
    let second = |number: u64| Some(start() + Duration::from_secs(number));
    let between = |from, to| HistoryRequest { from, to, ..ALL };
    assert_eq!(numbers(subject, owner, between(second(2), second(4))).await, (vec![3, 2], 2));
    assert_eq!(numbers(subject, owner, between(second(3), None)).await, (vec![4, 3], 2));
    assert_eq!(numbers(subject, owner, between(None, second(2))).await, (vec![1], 1));
}

/// Days without searches are left out; days end at midnight in UTC.
pub async fn trends_count_searches_and_different_queries_by_day(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let today = day_of(start());
    let midnight = Timestamp::from_unix_seconds((today + 1) * 86_400).expect("a time");
    let at = |number: u32, at, query: &str| SearchRecord { at, ..sample_record(number, owner, query) };
    append(
        subject,
        &[
            at(1, start(), "parcel"),
            at(2, start(), " PARCEL "),
            at(3, midnight - Duration::from_millis(1), "letter"),
            at(4, midnight, "letter"),
            at(5, midnight + DAY * 2, "parcel"),
            at(6, midnight + DAY * 9, "letter"),
        ],
    )
    .await;
    let request = TrendsRequest { first_day: today, last_day: today + 3, environment: None };
    let day = |day, searches, unique_queries| DayOfSearches { day, searches, unique_queries };
    let days = vec![day(today, 3, 2), day(today + 1, 1, 1), day(today + 3, 1, 1)];
    let top_query = Some("parcel".to_owned());
    assert_eq!(subject.log().trends(owner, &request).await.expect("trends"), Trends { days, top_query });
    let none = TrendsRequest { first_day: today + 20, last_day: today + 30, environment: None };
    assert_eq!(subject.log().trends(owner, &none).await.expect("trends"), Trends::default());
}

/// Both count where none is named.
pub async fn trends_are_of_one_environment_or_of_all(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let test = SearchRecord { environment: Environment::Test, ..sample_record(1, owner, "a") };
    append(subject, &[test, sample_record(2, owner, "b"), sample_record(3, owner, "b")]).await;
    let today = day_of(start());
    for (environment, searches, top) in
        [(None, 3, "b"), (Some(Environment::Live), 2, "b"), (Some(Environment::Test), 1, "a")]
    {
        let request = TrendsRequest { first_day: today, last_day: today, environment };
        let trends = subject.log().trends(owner, &request).await.expect("trends");
        assert_eq!((trends.days[0].searches, trends.top_query.as_deref()), (searches, Some(top)));
    }
}

/// What failed or found nothing helps nobody.
pub async fn popular_queries_are_those_that_found_something(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let record = |number, query, results, status| SearchRecord {
        results,
        status,
        ..sample_record(number, owner, query)
    };
    append(
        subject,
        &[
            record(1, "parcel", 1, SearchStatus::Success),
            record(2, "parade", 2, SearchStatus::Partial),
            record(3, "parrot", 0, SearchStatus::Success),
            record(4, "parsec", 0, SearchStatus::Failed),
        ],
    )
    .await;
    assert_eq!(popular(subject, owner, "par").await, told(&[("parade", 1), ("parcel", 1)]));
}

/// What was typed is not suggested to whoever typed it.
pub async fn popular_queries_begin_with_what_was_typed(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    for (number, query) in (1..).zip(["parcel", "parcel lost", "Parcels", "a parcel", "párcel", "parc"]) {
        append(subject, &[sample_record(number, owner, query)]).await;
    }
    let found = popular(subject, owner, "parcel").await;
    assert_eq!(found, told(&[("parcel lost", 1), ("Parcels", 1)]));
    assert_eq!(popular(subject, owner, "parcel ").await, told(&[("parcel lost", 1)]));
    assert_eq!(popular(subject, owner, "z").await, told(&[]));
}

/// Nothing in it stands for anything else.
pub async fn a_prefix_is_taken_as_it_is(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    for (number, query) in (1..).zip(["100% wool", "100 wool", "a_b", "axb", "日本語", "日光", "\\d+ 'x'"])
    {
        append(subject, &[sample_record(number, owner, query)]).await;
    }
    for (prefix, query) in [("100%", "100% wool"), ("a_", "a_b"), ("日本", "日本語"), ("\\d+ '", "\\d+ 'x'")]
    {
        assert_eq!(popular(subject, owner, prefix).await, told(&[(query, 1)]), "{prefix}");
    }
}

/// Counted over calls and spellings.
pub async fn the_most_frequent_is_first_and_shown_as_last_typed(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    append(subject, &[sample_record(1, owner, "parade"), sample_record(2, owner, "Parcel")]).await;
    append(subject, &[sample_record(3, owner, "PARCEL"), sample_record(4, owner, "parrot")]).await;
    append(subject, &[sample_record(5, owner, "parsec")]).await;
    let found = popular(subject, owner, "p").await;
    assert_eq!(found, told(&[("PARCEL", 2), ("parade", 1), ("parrot", 1)]));
}

/// However they begin.
pub async fn popular_queries_of_others_are_not_shown(subject: &dyn SearchLogSubject) {
    let (owner, other) = two(subject).await;
    append(subject, &[sample_record(1, owner, "parcel"), sample_record(2, other, "parcel secret")]).await;
    assert_eq!(popular(subject, owner, "par").await, told(&[("parcel", 1)]));
    assert_eq!(popular(subject, other, "par").await, told(&[("parcel secret", 1)]));
}

/// Nothing is kept where one of them is another's, or nobody's.
pub async fn events_are_kept_of_own_searches_alone(subject: &dyn SearchLogSubject) {
    let (owner, other) = two(subject).await;
    append(subject, &[sample_record(1, owner, "x"), sample_record(2, other, "x")]).await;
    let log = subject.log();
    let unplaced = Interaction { kind: InteractionKind::Conversion, position: None, ..clicked(1) };
    assert_eq!(log.interact(owner, &[clicked(1), unplaced]).await.expect("interact"), []);
    let foreign = [clicked(2), clicked(1), clicked(9), clicked(2)];
    let id = |number: u128| SearchId::from_uuid(Uuid::from_u128(number));
    let mut refused = log.interact(owner, &foreign).await.expect("interact");
    refused.sort_unstable();
    assert_eq!(refused, [id(2), id(9)]);
    assert_eq!(log.interact(other, &[]).await.expect("interact"), []);
}

/// As when an answer was lost on its way.
pub async fn the_same_event_twice_is_no_error(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    append(subject, &[sample_record(1, owner, "x")]).await;
    for events in [vec![clicked(1), clicked(1)], vec![clicked(1)]] {
        assert_eq!(subject.log().interact(owner, &events).await.expect("interact"), []);
    }
}

/// Searches with their events, and popular queries that nobody uses any more.
pub async fn a_purge_takes_what_is_old_and_all_of_it(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let later = SearchRecord { at: start() + DAY, ..sample_record(2, owner, "new") };
    append(subject, &[sample_record(1, owner, "old"), later]).await;
    assert_eq!(subject.log().interact(owner, &[clicked(1), clicked(2)]).await.expect("interact"), []);
    let today = day_of(start());
    assert_eq!(subject.log().purge(today).await.expect("purge"), 0);
    let mut purged = 0;
    loop {
        match subject.log().purge(today + 1).await.expect("purge") {
            0 => break,
            some => purged += some,
        }
    }
    assert!(purged >= 2, "{purged}");
    assert_eq!(numbers(subject, owner, ALL).await, (vec![2], 1));
    assert_eq!(popular(subject, owner, "o").await, told(&[]));
    assert_eq!(popular(subject, owner, "n").await, told(&[("new", 1)]));
}

/// More than one statement can hold.
pub async fn many_searches_at_once_are_all_written(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let searches: Vec<_> =
        (1..=1_000).map(|number| sample_record(number, owner, &format!("query {}", number % 700))).collect();
    append(subject, &searches).await;
    append(subject, &searches).await;
    assert_eq!(numbers(subject, owner, HistoryRequest { limit: 1, ..ALL }).await, (vec![1_000], 1_000));
    let found = popular(subject, owner, "query 69").await;
    assert_eq!(found, told(&[("query 690", 1), ("query 691", 1), ("query 692", 1)]));
}

/// The same queries of the same account.
pub async fn nodes_that_write_at_once_lose_nothing(subject: &dyn SearchLogSubject) {
    let owner = owner(subject).await;
    let nodes = (0..4u32).map(|node| {
        let searches: Vec<_> = (1..=25)
            .map(|number| sample_record(node * 100 + number, owner, &format!("query {}", number % 5)))
            .collect();
        async move { append(subject, &searches).await }
    });
    join_all(nodes).await;
    assert_eq!(numbers(subject, owner, HistoryRequest { limit: 1, ..ALL }).await.1, 100);
    assert_eq!(popular(subject, owner, "query 0").await, told(&[]));
    assert_eq!(popular(subject, owner, "query ").await[0].1, 20);
}
