//! The use cases over searches in memory.

use std::{sync::Arc, time::Duration};

use altus4_kernel::{
    AccountId, AiPayer, ConnectionId, Credential, Granted, Permission, PermissionSet, Plan, Principal, Role,
    SessionId, Uncounted,
    grants::Analytics,
    testkit::{FixedClock, block_on},
    uuid::Uuid,
};

use async_trait::async_trait;

use super::*;
use crate::{
    InsightKind, LoggedSearch, MissingIndex, Period,
    testkit::{
        AnalyticsSubject, InMemoryAnalytics, KnownConsent, KnownIndexes, NothingPending, sample_account_id,
        sample_search,
    },
};

struct Desk {
    searches: Arc<InMemoryAnalytics>,
    indexes: KnownIndexes,
    service: AnalyticsService,
}

fn desk() -> Desk {
    let (searches, indexes) = (Arc::new(InMemoryAnalytics::default()), KnownIndexes::default());
    let service = AnalyticsService::new(AnalyticsPorts {
        reader: searches.clone(),
        pending: Arc::new(NothingPending),
        advisor: Arc::new(indexes.clone()),
        writer: None,
        consent: Arc::new(KnownConsent::default()),
        clock: Arc::new(FixedClock::default()),
    });
    block_on(searches.add_account(sample_account_id(1)));
    Desk { searches, indexes, service }
}

fn principal(role: Role) -> Principal {
    Principal {
        account_id: sample_account_id(1),
        role,
        tier: Plan::Free,
        permissions: PermissionSet::of(&[Permission::Analytics, Permission::Admin]),
        credential: Credential::Session { id: SessionId::from_uuid(Uuid::nil()) },
    }
}

fn granted() -> Granted<Analytics> {
    principal(Role::User).require().unwrap()
}

impl Desk {
    fn query(&self, period: Period) -> AnalyticsQuery {
        let asked = Asked { period: Some(period), ..Asked::default() };
        let period = self.service.days(asked).unwrap();
        AnalyticsQuery { period, environments: Environments::Live, database: None }
    }

    fn log(&self, searches: &[LoggedSearch]) {
        block_on(self.searches.log(searches));
    }
}

fn days_ago(number: u32, days: u32, query: &str) -> LoggedSearch {
    let search = sample_search(number, sample_account_id(1), query);
    LoggedSearch { at: search.at - Duration::from_hours(24) * days, ..search }
}

#[test]
fn a_week_has_a_step_for_each_day() {
    let desk = desk();
    desk.log(&[
        days_ago(1, 0, "a"),
        days_ago(2, 0, "b"),
        days_ago(3, 0, "b"),
        days_ago(4, 6, "c"),
        days_ago(5, 7, "d"),
    ]);
    let trends = block_on(desk.service.trends(granted(), &desk.query(Period::Week))).unwrap();
    let told: Vec<_> = trends.iter().map(|trend| trend.sums.searches).collect();
    assert_eq!(told, [1, 0, 0, 0, 0, 0, 3]);
    assert_eq!(
        (trends[6].top.as_slice(), trends[6].step),
        (&["b".to_owned(), "a".to_owned()][..], Step::Day)
    );
}

#[test]
fn gaps_are_zeros_and_a_day_is_shown_by_the_hour() {
    let desk = desk();
    desk.log(&[days_ago(1, 0, "a")]);
    for (period, steps) in [(Period::Day, 24), (Period::Week, 7), (Period::Year, 365)] {
        let performance = block_on(desk.service.performance(granted(), &desk.query(period))).unwrap();
        assert_eq!(performance.series.len(), steps);
        assert_eq!(performance.series.iter().map(|point| point.sums.searches).sum::<u64>(), 1);
        assert_eq!(performance.top.as_deref(), Some("a"));
    }
}

#[test]
fn satisfaction_is_left_out_until_somebody_opens_a_result() {
    let desk = desk();
    let written: Vec<_> = (1..=4).map(|number| days_ago(number, 0, "a")).collect();
    desk.log(&written);
    let insights = || block_on(desk.service.insights(granted(), &desk.query(Period::Week), None)).unwrap();
    assert_eq!(insights().satisfaction, None);
    block_on(desk.searches.click(sample_account_id(1), written[0].id));
    assert_eq!(insights().satisfaction, Some(0.25));
}

#[test]
fn a_mended_index_takes_its_insight_along() {
    let desk = desk();
    let slow =
        |number| LoggedSearch { took: Duration::from_secs(1), ..days_ago(number, number % 7, "blue shoes") };
    desk.log(&(1..=60).map(slow).collect::<Vec<_>>());
    let missing = MissingIndex {
        database: ConnectionId::from_uuid(Uuid::from_u128(9)),
        database_name: "shop".into(),
        table: "products".into(),
        columns: vec!["title".into()],
        sql: Some("CREATE …".into()),
        reason: "Searches read every row.".into(),
        is_urgent: true,
        searches: 60,
    };
    desk.indexes.set(vec![missing]);
    let told = || {
        let found = block_on(desk.service.insights(granted(), &desk.query(Period::Week), None)).unwrap();
        found.insights.iter().map(|insight| insight.kind).collect::<Vec<_>>()
    };
    assert_eq!(told(), [InsightKind::SlowQuery]);
    desk.indexes.set(Vec::new());
    assert_eq!(told(), []);
}

#[test]
fn the_dashboard_tells_what_its_parts_tell() {
    let desk = desk();
    desk.log(&[days_ago(1, 0, "a"), days_ago(2, 1, "a"), days_ago(3, 8, "a")]);
    let query = desk.query(Period::Week);
    let dashboard = block_on(desk.service.dashboard(granted(), &query)).unwrap();
    assert_eq!(dashboard.performance, block_on(desk.service.performance(granted(), &query)).unwrap());
    assert_eq!(dashboard.trends, block_on(desk.service.trends(granted(), &query)).unwrap());
    assert_eq!((dashboard.databases, dashboard.popular[0].searches, dashboard.insights.searches), (1, 2, 2));
}

#[test]
fn administrators_see_every_day() {
    let desk = desk();
    desk.log(&[days_ago(1, 0, "a"), days_ago(2, 1, "a")]);
    let admin = principal(Role::Admin).require_system_admin().unwrap();
    let overview = block_on(desk.service.system_overview(admin, &desk.query(Period::Week))).unwrap();
    assert_eq!((overview.active, overview.sums.searches), (1, 2));
    assert_eq!(overview.growth.iter().map(|(_, made)| *made).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(overview.volume.iter().map(|day| day.searches).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1, 1]);
    let performance = block_on(desk.service.system_performance(admin, &desk.query(Period::Week))).unwrap();
    assert_eq!(performance.performance.slowest[0].email.as_deref(), Some("user1@example.com"));
    let activity = block_on(desk.service.user_activity(admin, &desk.query(Period::Week), 0, 100)).unwrap();
    assert_eq!((activity.items[0].id, activity.total), (AccountId::from_uuid(Uuid::from_u128(1)), 1));
}

/// Says the same of every insight.
struct Parrot(&'static str);

#[async_trait]
impl InsightWriter for Parrot {
    async fn write(
        &self,
        insights: &[Insight],
        payer: Arc<dyn AiPayer>,
        _: Duration,
    ) -> PortResult<Vec<Option<String>>> {
        assert!(payer.may_call().await?);
        Ok(vec![Some(self.0.to_owned()); insights.len()])
    }
}

#[test]
fn words_are_taken_where_all_databases_allow_it_and_hold_no_other_figures() {
    let misses = |number| LoggedSearch { results: 0, ..days_ago(number, number % 5, "size 44") };
    let shop = ConnectionId::from_uuid(Uuid::from_u128(9));
    let other = ConnectionId::from_uuid(Uuid::from_u128(10));
    for (said, allowing, searched, expected) in [
        ("Nobody finds size 44.", vec![shop], shop, Some("Nobody finds size 44.")),
        ("You lose 1000 customers.", vec![shop], shop, None),
        ("Nobody finds size 44.", Vec::new(), shop, None),
        ("Nobody finds size 44.", vec![shop], other, None),
    ] {
        let mut desk = desk();
        desk.log(&(1..=40).map(misses).collect::<Vec<_>>());
        // Once, in the week before.
        desk.log(&[LoggedSearch { databases: vec![searched], ..days_ago(99, 9, "hat") }]);
        let consent = KnownConsent::default();
        consent.set(allowing);
        desk.service.ports.writer = Some(Arc::new(Parrot(said)));
        desk.service.ports.consent = Arc::new(consent);
        let query = desk.query(Period::Week);
        let words = |payer| {
            let found = block_on(desk.service.insights(granted(), &query, payer)).unwrap();
            assert_eq!(found.insights.len(), 1);
            found.insights[0].words.clone()
        };
        assert_eq!(words(Some(Arc::new(Uncounted))).as_deref(), expected, "{said}");
        assert_eq!(words(None), None);
    }
}
