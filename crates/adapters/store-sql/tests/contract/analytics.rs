//! What is logged and read back, for the contract of analytics.

use std::sync::atomic::{AtomicU64, Ordering};

use altus4_analytics::{AnalyticsReader, LoggedSearch, Outcome, testkit::AnalyticsSubject};
use altus4_kernel::{AccountId, Plan, Role, SearchId, uuid::Uuid};
use altus4_search::{Interaction, InteractionKind, SearchRecord, SearchStatus};
use async_trait::async_trait;

use crate::subject::{Subject, add_account, deactivate};

/// As the log has it.
fn record(search: &LoggedSearch) -> SearchRecord {
    SearchRecord {
        id: search.id,
        account_id: search.account_id,
        api_key: search.api_key,
        environment: search.environment.as_str().parse().expect("an environment"),
        query: search.query.clone(),
        folded: search.folded.clone(),
        mode: search.mode.parse().expect("a mode"),
        databases: search.databases.clone(),
        categories: search.categories.clone(),
        results: search.results,
        took: search.took,
        cached: search.cached,
        status: match search.outcome {
            Outcome::Success => SearchStatus::Success,
            Outcome::Partial => SearchStatus::Partial,
            Outcome::Failed => SearchStatus::Failed,
        },
        at: search.at,
    }
}

#[async_trait]
impl AnalyticsSubject for Subject {
    fn reader(&self) -> &dyn AnalyticsReader {
        self.analytics.as_ref()
    }

    async fn add_account(&self, id: AccountId) {
        add_account(self, id, Role::User, Plan::Pro).await;
    }

    async fn deactivate(&self, id: AccountId) {
        deactivate(self, id).await;
    }

    async fn log(&self, searches: &[LoggedSearch]) {
        let records: Vec<_> = searches.iter().map(record).collect();
        self.searches.append(&records).await.expect("append");
    }

    async fn click(&self, account: AccountId, search: SearchId) {
        static CLICKS: AtomicU64 = AtomicU64::new(1);
        let interaction = Interaction {
            search_id: search,
            result_id: Uuid::from_u128(CLICKS.fetch_add(1, Ordering::Relaxed).into()),
            kind: InteractionKind::Click,
            position: None,
            at: altus4_kernel::Clock::now(&altus4_kernel::testkit::FixedClock::default()),
        };
        self.searches.interact(account, &[interaction]).await.expect("interact");
    }

    async fn purge(&self, searches_before: i64, sums_before: i64) {
        while self.searches.purge(searches_before).await.expect("purge") > 0 {}
        let keeper = self.store.analytics_keeper();
        while keeper.purge(sums_before).await.expect("purge") > 0 {}
    }
}
