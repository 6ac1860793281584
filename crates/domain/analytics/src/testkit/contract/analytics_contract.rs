//! The cases of the [`AnalyticsReader`](crate::AnalyticsReader) contract about one account's sums.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use futures::future::join_all;

use super::{
    AnalyticsSubject,
    steps::{DAY, account, around, database, figures, of, owner, searches, start, today, told, top, total},
};
use crate::{
    DayRange, Environments, Figures, Grain, LabelKind, LoggedSearch, Outcome, QueryDay, QueryList,
    SLOWEST_PER_DAY, SearchedDatabase, Sums, TimeSketch, Whose, testkit::sample_search,
};
use altus4_kernel::Environment;

/// Of no account, too.
pub async fn nothing_was_searched_for_at_first(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    for whose in [Whose::Account(owner), Whose::Database(owner, database(9)), Whose::System] {
        let figures = figures(whose, around());
        assert_eq!(subject.reader().sums(figures, Grain::Day).await.expect("sums"), []);
        assert_eq!(subject.reader().labels(figures, LabelKind::Mode).await.expect("labels"), []);
        assert_eq!(top(subject, figures, QueryList::All, (0, 10)).await, (Vec::new(), 0));
        assert_eq!(subject.reader().slowest(figures, 10).await.expect("slowest"), []);
        assert_eq!(subject.reader().queries(figures, &[]).await.expect("queries"), []);
        assert_eq!(subject.reader().query_days(figures, &["x".into()]).await.expect("query_days"), []);
    }
}

/// By the hour and by the day.
pub async fn a_search_is_in_every_sum(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    let plain = LoggedSearch { cached: true, ..sample_search(1, owner, "parcel") };
    let failed = LoggedSearch {
        outcome: Outcome::Failed,
        results: 0,
        took: Duration::from_secs(5),
        ..sample_search(2, owner, "x")
    };
    let nothing = LoggedSearch { outcome: Outcome::Partial, results: 0, ..sample_search(3, owner, "y") };
    let later = LoggedSearch { results: 4_000_000_000, at: plain.at + DAY, ..sample_search(4, owner, "z") };
    subject.log(&[plain, failed, nothing, later]).await;
    let mut times = TimeSketch::default();
    for time in [12_345, 5_000_000, 12_345, 12_345] {
        times.add(time);
    }
    let expected = Sums {
        searches: 4,
        failed: 1,
        partial: 1,
        misses: 1,
        cached: 1,
        results: 4_000_000_003,
        took_us: 5_037_035,
        longest_us: 5_000_000,
        clicked: 0,
        times,
    };
    for grain in [Grain::Hour, Grain::Day] {
        assert_eq!(total(subject, of(owner), grain).await, expected);
    }
    let hours =
        |points: Vec<crate::SumsPoint>| points.into_iter().map(|point| point.hour).collect::<Vec<_>>();
    let by_hour = subject.reader().sums(of(owner), Grain::Hour).await.expect("sums");
    assert_eq!(hours(by_hour), [24 * today() + 10, 24 * today() + 34]);
    let by_day = subject.reader().sums(of(owner), Grain::Day).await.expect("sums");
    assert_eq!(hours(by_day), [24 * today(), 24 * (today() + 1)]);
}

/// In one batch or in two.
pub async fn a_search_written_twice_counts_once(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    let search = sample_search(1, owner, "parcel");
    subject.log(&[search.clone(), search.clone()]).await;
    subject.log(&[search, sample_search(2, owner, "parcel")]).await;
    assert_eq!(total(subject, of(owner), Grain::Day).await.searches, 2);
    assert_eq!(told(&top(subject, of(owner), QueryList::All, (0, 9)).await.0), [("parcel", 2)]);
    assert_eq!(subject.reader().slowest(of(owner), 9).await.expect("slowest").len(), 2);
}

/// Though they share the id of a database.
pub async fn nothing_of_others_is_in_figures(subject: &dyn AnalyticsSubject) {
    let (owner, other) = (owner(subject).await, account(subject, 2).await);
    subject.log(&searches(1, other, &["secret", "secret"])).await;
    subject.log(&searches(3, owner, &["own"])).await;
    for whose in [Whose::Account(owner), Whose::Database(owner, database(9))] {
        let figures = figures(whose, around());
        assert_eq!(total(subject, figures, Grain::Day).await.searches, 1);
        assert_eq!(told(&top(subject, figures, QueryList::All, (0, 9)).await.0), [("own", 1)]);
        assert_eq!(subject.reader().slowest(figures, 9).await.expect("slowest").len(), 1);
        assert_eq!(subject.reader().queries(figures, &["secret".into()]).await.expect("queries"), []);
        assert_eq!(subject.reader().query_days(figures, &["secret".into()]).await.expect("query_days"), []);
    }
}

/// What others wrote with them is kept.
pub async fn searches_of_an_account_that_is_gone_count_nothing(subject: &dyn AnalyticsSubject) {
    let (owner, gone) = (owner(subject).await, account(subject, 2).await);
    subject.deactivate(gone).await;
    subject.log(&[sample_search(1, gone, "x"), sample_search(2, owner, "x")]).await;
    assert_eq!(total(subject, of(gone), Grain::Day).await.searches, 0);
    assert_eq!(total(subject, of(owner), Grain::Day).await.searches, 1);
    assert_eq!(total(subject, figures(Whose::System, around()), Grain::Day).await.searches, 1);
}

/// Of many, too.
pub async fn a_search_of_several_databases_counts_once_for_each_and_once_in_all(
    subject: &dyn AnalyticsSubject,
) {
    let owner = owner(subject).await;
    let of_both = LoggedSearch { databases: vec![database(1), database(2)], ..sample_search(1, owner, "x") };
    let of_one = LoggedSearch { databases: vec![database(2)], ..sample_search(2, owner, "x") };
    let without = LoggedSearch { databases: Vec::new(), ..sample_search(3, owner, "x") };
    subject.log(&[of_both, of_one, without]).await;
    let counted =
        |number| total(subject, figures(Whose::Database(owner, database(number)), around()), Grain::Day);
    assert_eq!(total(subject, of(owner), Grain::Day).await.searches, 3);
    assert_eq!((counted(1).await.searches, counted(2).await.searches), (1, 2));
    let found = subject.reader().databases(owner, Environments::Live, around()).await.expect("databases");
    let expected =
        [(2, 2), (1, 1)].map(|(number, searches)| SearchedDatabase { id: database(number), searches });
    assert_eq!(found, expected);
    let test = subject.reader().databases(owner, Environments::Test, around()).await.expect("databases");
    assert_eq!(test, []);
}

/// With case and white space as they were typed last, whenever that was written.
pub async fn queries_are_ranked_and_told_as_last_typed(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    subject.log(&searches(10, owner, &["parcel", "Parcel", "letter", " PARCEL ", "Letter", "stamp"])).await;
    subject.log(&searches(1, owner, &["pArCeL"])).await;
    let (found, total) = top(subject, of(owner), QueryList::All, (0, 10)).await;
    assert_eq!(told(&found), [(" PARCEL ", 4), ("Letter", 2), ("stamp", 1)]);
    assert_eq!(total, 3);
    let parcel = &found[0];
    assert_eq!((parcel.folded.as_str(), parcel.took_us, parcel.results), ("parcel", 4 * 12_345, 12));
    assert_eq!(parcel.last_at, start() + Duration::from_secs(13));
    let named =
        subject.reader().queries(of(owner), &["letter".into(), "Stamp".into()]).await.expect("queries");
    assert_eq!(named, found[1..2]);
}

/// Every query is in one part, over days and months.
pub async fn ranked_queries_come_in_parts(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    let mut written = Vec::new();
    for number in 0..240_u32 {
        let query = format!("query {}", number % 60);
        let day = number * 7 % 90;
        written.push(LoggedSearch {
            at: start() - 40 * DAY + day * DAY,
            ..sample_search(number + 1, owner, &query)
        });
    }
    subject.log(&written).await;
    let mut found = Vec::new();
    for part in 0..7 {
        let (items, total) = top(subject, of(owner), QueryList::All, (part * 9, 9)).await;
        assert_eq!(total, 60);
        found.extend(items.into_iter().map(|query| (query.folded, query.searches)));
    }
    assert!(found.iter().all(|(_, searches)| *searches == 4));
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 60);
}

/// By how often they did.
pub async fn queries_that_find_nothing_are_ranked_apart(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    let mut written = searches(1, owner, &["found", "found", "lost", "lost", "failed", "lost"]);
    for search in written.iter_mut().filter(|search| search.query != "found").skip(1) {
        search.results = 0;
    }
    written[4].outcome = Outcome::Failed;
    subject.log(&written).await;
    let (found, total) = top(subject, of(owner), QueryList::Misses, (0, 10)).await;
    assert_eq!((told(&found), total), (vec![("lost", 2)], 1));
}

/// Of those that were asked for.
pub async fn queries_are_told_by_the_day(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    let mut written = searches(1, owner, &["a", "a", "b", "a", "c"]);
    written[3].at = written[3].at + DAY;
    subject.log(&written).await;
    let mut days =
        subject.reader().query_days(of(owner), &["a".into(), "b".into()]).await.expect("query_days");
    days.sort_by_key(|day| (day.folded.clone(), day.day));
    let day = |folded: &str, day, searches| QueryDay { folded: folded.into(), day, searches };
    assert_eq!(days, [day("a", today(), 2), day("a", today() + 1, 1), day("b", today(), 1)]);
}

/// However many of its results were opened, and whenever.
pub async fn a_clicked_search_counts_once(subject: &dyn AnalyticsSubject) {
    let (owner, other) = (owner(subject).await, account(subject, 2).await);
    let written = searches(1, owner, &["a", "a", "b"]);
    subject.log(&written).await;
    subject.click(owner, written[0].id).await;
    subject.click(owner, written[0].id).await;
    subject.click(owner, written[2].id).await;
    subject.click(other, written[1].id).await;
    for grain in [Grain::Hour, Grain::Day] {
        assert_eq!(total(subject, of(owner), grain).await.clicked, 2);
    }
    let (found, _) = top(subject, of(owner), QueryList::All, (0, 9)).await;
    assert_eq!(found.iter().map(|query| query.clicked).collect::<Vec<_>>(), [1, 1]);
    let of_database = figures(Whose::Database(owner, database(9)), around());
    assert_eq!(total(subject, of_database, Grain::Day).await.clicked, 2);
}

/// The slowest first; of each day some.
pub async fn the_slowest_searches_are_told(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    let slow = |number: u32, day: u32| LoggedSearch {
        took: Duration::from_micros(1_000 * u64::from(number)),
        at: start() + day * DAY,
        ..sample_search(number, owner, &format!("query {number}"))
    };
    let mut written: Vec<_> = (1..=30).map(|number| slow(number, 0)).collect();
    subject.log(&written[..15]).await;
    subject.log(&written[15..]).await;
    subject.log(&[slow(31, 1)]).await;
    written.push(slow(31, 1));
    let found = subject.reader().slowest(of(owner), 100).await.expect("slowest");
    let times: Vec<_> = found.iter().map(|search| search.took_us).collect();
    assert_eq!(times, (11..=31).rev().map(|number| number * 1_000).collect::<Vec<_>>());
    assert_eq!(found.len(), SLOWEST_PER_DAY + 1);
    let slowest = subject.reader().slowest(of(owner), 1).await.expect("slowest").remove(0);
    assert_eq!((slowest.query.as_str(), slowest.results, slowest.at), ("query 31", 3, written[30].at));
    assert_eq!(slowest.email, None);
}

/// And by environment.
pub async fn modes_and_categories_are_told_apart(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    let mut written = searches(1, owner, &["a", "b", "c", "d"]);
    written[1].mode = "boolean".into();
    written[2].categories = vec!["Shipping".into(), "Zoll".into()];
    written[3].environment = Environment::Test;
    subject.log(&written).await;
    let labels = |environments, kind| async move {
        let figures = Figures { environments, ..of(owner) };
        let labels = subject.reader().labels(figures, kind).await.expect("labels");
        labels.into_iter().map(|label| (label.label, label.searches, label.took_us)).collect::<Vec<_>>()
    };
    let modes = labels(Environments::Live, LabelKind::Mode).await;
    assert_eq!(modes, [("natural".to_owned(), 2, 24_690), ("boolean".to_owned(), 1, 12_345)]);
    assert_eq!(labels(Environments::All, LabelKind::Mode).await[0].1, 3);
    assert_eq!(labels(Environments::Test, LabelKind::Mode).await[0].1, 1);
    let categories = labels(Environments::Live, LabelKind::Category).await;
    assert_eq!(categories, [("Shipping".to_owned(), 1, 12_345), ("Zoll".to_owned(), 1, 12_345)]);
    assert_eq!(labels(Environments::Test, LabelKind::Category).await, []);
}

/// Several nodes, the same accounts and hours.
pub async fn writers_at_once_lose_nothing(subject: &dyn AnalyticsSubject) {
    let (one, two) = (owner(subject).await, account(subject, 2).await);
    let write = |writer: u32| async move {
        for batch in 0..4_u32 {
            let first = writer * 1_000 + batch * 10;
            let mut written =
                searches(first, if writer.is_multiple_of(2) { one } else { two }, &["a", "b", "a"]);
            written.push(sample_search(first + 9, one, "c"));
            subject.log(&written).await;
        }
    };
    join_all((1..=4).map(write)).await;
    let sums = [total(subject, of(one), Grain::Day).await, total(subject, of(two), Grain::Day).await];
    assert_eq!(sums.each_ref().map(|sums| sums.searches), [40, 24]);
    assert_eq!(sums.each_ref().map(|sums| sums.times.count()), [40, 24]);
    let system = total(subject, figures(Whose::System, around()), Grain::Hour).await;
    assert_eq!((system.searches, system.times.count()), (64, 64));
    assert_eq!(told(&top(subject, of(two), QueryList::All, (0, 9)).await.0), [("a", 16), ("b", 8)]);
}

/// And go in their turn, by whole months.
pub async fn sums_outlive_their_searches(subject: &dyn AnalyticsSubject) {
    let owner = owner(subject).await;
    let mut written = searches(1, owner, &["old", "old", "new"]);
    // The middle of November, and of January.
    written[0].at = written[0].at - 60 * DAY;
    written[1].at = written[1].at - 60 * DAY;
    subject.log(&written).await;
    let days = DayRange::new(today() - 70, today()).expect("a range");
    let figures = figures(Whose::Account(owner), days);
    subject.purge(today() - 1, today() - 50).await;
    assert_eq!(total(subject, figures, Grain::Day).await.searches, 3);
    assert_eq!(told(&top(subject, figures, QueryList::All, (0, 9)).await.0), [("old", 2), ("new", 1)]);
    subject.purge(today() - 1, today() - 40).await;
    for grain in [Grain::Hour, Grain::Day] {
        assert_eq!(total(subject, figures, grain).await.searches, 1);
    }
    assert_eq!(told(&top(subject, figures, QueryList::All, (0, 9)).await.0), [("new", 1)]);
    assert_eq!(subject.reader().slowest(figures, 9).await.expect("slowest").len(), 1);
    let modes = subject.reader().labels(figures, LabelKind::Mode).await.expect("labels");
    assert_eq!(modes.iter().map(|mode| mode.searches).sum::<u64>(), 1);
}
