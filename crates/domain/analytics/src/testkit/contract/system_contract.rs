//! The cases about all accounts.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use super::{
    AnalyticsSubject,
    steps::{DAY, account, around, figures, owner, searches, start, today, total},
};
use crate::{DayRange, DayVolume, Environments, Figures, Grain, LoggedSearch, Whose, testkit::sample_search};
use altus4_kernel::Environment;

/// By day, and with how many made them.
pub async fn all_accounts_are_summed_up(subject: &dyn AnalyticsSubject) {
    let (one, two) = (owner(subject).await, account(subject, 2).await);
    let mut written = searches(1, one, &["a", "b", "c"]);
    written.extend(searches(4, two, &["a", "b"]));
    written[2].at = written[2].at + DAY;
    written[4].environment = Environment::Test;
    subject.log(&written).await;
    let system = figures(Whose::System, around());
    assert_eq!(total(subject, system, Grain::Day).await.searches, 4);
    let all = Figures { environments: Environments::All, ..system };
    assert_eq!(total(subject, all, Grain::Hour).await.searches, 5);
    let volume = subject.reader().volume(Environments::Live, around()).await.expect("volume");
    let day = |day, searches, active| DayVolume { day, searches, active };
    assert_eq!(volume, [day(today(), 3, 2), day(today() + 1, 1, 1)]);
    let volume = subject.reader().volume(Environments::All, DayRange::day(today())).await.expect("volume");
    assert_eq!(volume, [day(today(), 4, 2)]);
}

/// By their e-mails.
pub async fn the_slowest_of_all_are_told_with_their_accounts(subject: &dyn AnalyticsSubject) {
    let (one, two) = (owner(subject).await, account(subject, 2).await);
    let slow = LoggedSearch { took: Duration::from_secs(3), ..sample_search(1, two, "slow") };
    subject.log(&[slow, sample_search(2, one, "fast")]).await;
    let found = subject.reader().slowest(figures(Whose::System, around()), 10).await.expect("slowest");
    let told: Vec<_> = found.iter().map(|search| (search.query.as_str(), search.email.as_deref())).collect();
    assert_eq!(told, [("slow", Some("user2@example.com")), ("fast", Some("user1@example.com"))]);
}

/// The most active first; those that did nothing are not among them.
pub async fn active_accounts_are_ranked(subject: &dyn AnalyticsSubject) {
    let (one, two) = (owner(subject).await, account(subject, 2).await);
    account(subject, 3).await;
    let mut written = searches(1, one, &["a"]);
    written.extend(searches(2, two, &["a", "b", "c"]));
    written[3].environment = Environment::Test;
    subject.log(&written).await;
    let page = subject.reader().activity(Environments::Live, around(), 0, 10).await.expect("activity");
    let told: Vec<_> =
        page.items.iter().map(|account| (account.id, account.searches, account.took_us)).collect();
    assert_eq!((told, page.total), (vec![(two, 2, 24_690), (one, 1, 12_345)], 2));
    let first = &page.items[0];
    assert_eq!((first.email.as_str(), first.name.as_str()), ("user2@example.com", "Ada Lovelace"));
    assert_eq!(first.last_at, start() + Duration::from_secs(3));
    let page = subject.reader().activity(Environments::All, around(), 1, 10).await.expect("activity");
    assert_eq!((page.items.len(), page.items[0].id, page.total), (1, one, 2));
    let page = subject.reader().activity(Environments::All, around(), 0, 0).await.expect("activity");
    assert_eq!((page.items.len(), page.total), (0, 2));
}

/// Those that are gone, too.
pub async fn new_accounts_are_counted_by_the_day(subject: &dyn AnalyticsSubject) {
    owner(subject).await;
    let gone = account(subject, 2).await;
    subject.deactivate(gone).await;
    assert_eq!(subject.reader().new_accounts(around()).await.expect("new_accounts"), [(today(), 2)]);
    let yesterday = DayRange::day(today() - 1);
    assert_eq!(subject.reader().new_accounts(yesterday).await.expect("new_accounts"), []);
}
