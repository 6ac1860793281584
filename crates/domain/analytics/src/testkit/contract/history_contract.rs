//! The cases about single searches.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use super::{
    AnalyticsSubject,
    steps::{DAY, account, around, database, owner, searches, today},
};
use crate::{DayRange, Environments, HistoryFilter, LoggedSearch, Outcome, testkit::sample_search};
use altus4_kernel::Environment;

fn all() -> HistoryFilter {
    HistoryFilter {
        environments: Environments::Live,
        range: around(),
        containing: None,
        mode: None,
        min_took: None,
        found_nothing: None,
        database: None,
    }
}

async fn history(subject: &dyn AnalyticsSubject, filter: &HistoryFilter) -> (Vec<u128>, u64) {
    let owner = crate::testkit::sample_account_id(1);
    let page = subject.reader().history(owner, filter, 0, 100).await.expect("history");
    (page.items.iter().map(|search| search.id.as_uuid().as_u128()).collect(), page.total)
}

/// With every part; categories are summed up alone.
pub async fn a_search_is_listed_as_it_was_logged(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    let plain = sample_search(1, owner, "Damaged  PARCEL");
    let other = LoggedSearch {
        api_key: None,
        mode: "semantic".into(),
        databases: (1..=40).rev().map(database).collect(),
        results: 0,
        took: Duration::from_hours(1) + Duration::from_micros(1),
        cached: true,
        outcome: Outcome::Partial,
        ..sample_search(2, owner, "x")
    };
    subject.log(&[plain.clone(), other.clone()]).await;
    let page = subject.reader().history(owner, &all(), 0, 10).await.expect("history");
    assert_eq!(page.items, [other, plain]);
}

/// By all that can be asked for, one by one and together.
pub async fn history_is_filtered_and_paged(subject: &dyn AnalyticsSubject) {
    let (owner, other) = (owner(subject).await, account(subject, 2).await);
    let mut written = searches(1, owner, &["Blue shoes", "red shoes", "hat", "blue hat", "coat", "Coat"]);
    written[1].mode = "boolean".into();
    written[2].took = Duration::from_secs(2);
    written[3].results = 0;
    written[3].databases = vec![database(1), database(2)];
    written[4].environment = Environment::Test;
    written[5].at = written[5].at - 3 * DAY;
    written.push(sample_search(7, other, "blue shoes"));
    subject.log(&written).await;
    let some = |containing: &str| Some(containing.to_owned());
    for (filter, numbers) in [
        (all(), vec![4, 3, 2, 1, 6]),
        (HistoryFilter { containing: some("blue"), ..all() }, vec![4, 1]),
        (HistoryFilter { mode: some("boolean"), ..all() }, vec![2]),
        (HistoryFilter { min_took: Some(Duration::from_secs(2)), ..all() }, vec![3]),
        (HistoryFilter { found_nothing: Some(true), ..all() }, vec![4]),
        (HistoryFilter { found_nothing: Some(false), ..all() }, vec![3, 2, 1, 6]),
        (HistoryFilter { database: Some(database(2)), ..all() }, vec![4]),
        (HistoryFilter { database: Some(database(2)), found_nothing: Some(true), ..all() }, vec![4]),
        (HistoryFilter { database: Some(database(9)), mode: some("boolean"), ..all() }, vec![2]),
        (HistoryFilter { environments: Environments::Test, ..all() }, vec![5]),
        (HistoryFilter { environments: Environments::All, ..all() }, vec![5, 4, 3, 2, 1, 6]),
        (HistoryFilter { range: DayRange::day(today() - 3), ..all() }, vec![6]),
        (HistoryFilter { containing: some("blue"), found_nothing: Some(false), ..all() }, vec![1]),
    ] {
        let total = numbers.len() as u64;
        assert_eq!(history(subject, &filter).await, (numbers, total), "{filter:?}");
    }
    let page = subject.reader().history(owner, &all(), 1, 2).await.expect("history");
    let numbers: Vec<_> = page.items.iter().map(|search| search.id.as_uuid().as_u128()).collect();
    assert_eq!((numbers, page.total), (vec![3, 2], 5));
}

/// Each once, while others are written.
pub async fn history_is_read_to_its_end_in_one_order(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    let mut written: Vec<_> = (1..=20).map(|number| sample_search(number, owner, "x")).collect();
    for search in &mut written[5..12] {
        search.at = sample_search(6, owner, "x").at;
    }
    subject.log(&written).await;
    let (mut found, mut after) = (Vec::new(), None);
    for round in 0.. {
        let part = subject.reader().history_after(owner, &all(), after, 3).await.expect("history_after");
        let Some(last) = part.last() else { break };
        after = Some((last.at, last.id));
        found.extend(part.iter().map(|search| search.id.as_uuid().as_u128()));
        subject.log(&[sample_search(100 + round, owner, "newer")]).await;
    }
    let mut expected: Vec<u128> = (13..=20).rev().collect();
    expected.extend((6..=12).rev());
    expected.extend((1..=5).rev());
    assert_eq!(found, expected);
}

/// What would be more than itself in SQL.
pub async fn a_filter_is_taken_as_it_is(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    subject
        .log(&searches(
            1,
            owner,
            &["100% wool", "100 wool", "a_b", "axb", "it's \\ \"so\"", "ärger", "arger"],
        ))
        .await;
    for (part, numbers) in [
        ("0% w", vec![1]),
        ("a_b", vec![3]),
        ("'s \\ \"", vec![5]),
        ("är", vec![6]),
        ("ar", vec![7]),
        ("%", vec![1]),
    ] {
        let filter = HistoryFilter { containing: Some(part.to_owned()), ..all() };
        assert_eq!(history(subject, &filter).await.0, numbers, "{part}");
    }
}
