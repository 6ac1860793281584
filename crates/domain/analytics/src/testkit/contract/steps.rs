//! Steps that the cases share.

use std::time::Duration;

use altus4_kernel::{AccountId, Clock, ConnectionId, Timestamp, testkit::FixedClock, uuid::Uuid};

use super::AnalyticsSubject;
use crate::{
    DayRange, Environments, Figures, Grain, LoggedSearch, QueryList, QuerySums, Sums, Whose, day_of,
    testkit::{sample_account_id, sample_search},
};

pub(super) const DAY: Duration = Duration::from_hours(24);

/// Makes account 1.
pub(super) async fn owner(subject: &dyn AnalyticsSubject) -> AccountId {
    account(subject, 1).await
}

pub(super) async fn account(subject: &dyn AnalyticsSubject, number: u8) -> AccountId {
    let id = sample_account_id(number);
    subject.add_account(id).await;
    id
}

pub(super) fn database(number: u128) -> ConnectionId {
    ConnectionId::from_uuid(Uuid::from_u128(number))
}

/// When the first sample was searched for.
pub(super) fn start() -> Timestamp {
    FixedClock::default().now()
}

pub(super) fn today() -> i64 {
    day_of(start())
}

/// A hundred days with today in their midst.
pub(super) fn around() -> DayRange {
    DayRange::new(today() - 50, today() + 49).expect("a range")
}

pub(super) fn figures(whose: Whose, range: DayRange) -> Figures {
    Figures { whose, environments: Environments::Live, range }
}

pub(super) fn of(account: AccountId) -> Figures {
    figures(Whose::Account(account), around())
}

/// Searches with the numbers from `first` on, one for each text.
pub(super) fn searches(first: u32, account: AccountId, queries: &[&str]) -> Vec<LoggedSearch> {
    (first..).zip(queries).map(|(number, query)| sample_search(number, account, query)).collect()
}

pub(super) async fn total(subject: &dyn AnalyticsSubject, figures: Figures, grain: Grain) -> Sums {
    let mut total = Sums::default();
    for point in subject.reader().sums(figures, grain).await.expect("sums") {
        total.merge(&point.sums);
    }
    total
}

pub(super) async fn top(
    subject: &dyn AnalyticsSubject,
    figures: Figures,
    list: QueryList,
    (offset, limit): (u32, u32),
) -> (Vec<QuerySums>, u64) {
    let found = subject.reader().top_queries(figures, list, offset, limit).await.expect("top_queries");
    (found, subject.reader().different_queries(figures, list).await.expect("different_queries"))
}

/// What was typed, and how often.
pub(super) fn told(queries: &[QuerySums]) -> Vec<(&str, u64)> {
    queries.iter().map(|query| (query.query.as_str(), query.searches)).collect()
}
