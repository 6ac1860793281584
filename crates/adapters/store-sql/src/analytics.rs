//! What was searched for, summed up when it is logged, and read from the sums.
//!
//! Sums are kept for scopes: an account, each of its databases, and everybody, each by environment. A
//! search adds to all that it belongs to, and a view reads one of them (two, for both environments):
//! nothing is counted twice, and no view depends on how many databases there are. Whoever adds to the
//! sums of an account holds its row, and that of everybody's scope: sketches are read, added to in
//! memory and written back.

mod history;
mod labels;
mod purge;
mod queries;
mod ranked;
mod reads;
mod record;
mod scopes;
mod slowest;
mod sums;
mod system;
mod upsert;

use altus4_analytics::{
    Activity, AnalyticsKeeper, AnalyticsReader, DayRange, DayVolume, Environments, Figures, Grain,
    HistoryFilter, LabelKind, LabelSums, LoggedSearch, QueryDay, QueryList, QuerySums, SearchedDatabase,
    SlowSearch, SumsPoint,
};
use altus4_kernel::{AccountId, Page, PortResult, SearchId, Timestamp};
use async_trait::async_trait;

pub(crate) use self::{
    record::{clicked, logged, record},
    scopes::leave,
};
use crate::{error::Fault, pools::Pools};

/// Analytics in SQL.
pub(crate) struct SqlAnalytics {
    pools: Pools,
}

impl SqlAnalytics {
    pub(crate) fn new(pools: Pools) -> Self {
        Self { pools }
    }
}

/// A number that was stored as one that may be negative, and never is.
fn number(stored: i64, column: &'static str) -> Result<u64, Fault> {
    u64::try_from(stored).map_err(|_| Fault::Corrupt(column))
}

/// A number as it is stored.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[async_trait]
impl AnalyticsReader for SqlAnalytics {
    async fn sums(&self, figures: Figures, grain: Grain) -> PortResult<Vec<SumsPoint>> {
        self.pools.call("analytics.sums", reads::sums(figures, grain, self.pools.reads())).await
    }

    async fn labels(&self, figures: Figures, kind: LabelKind) -> PortResult<Vec<LabelSums>> {
        self.pools.call("analytics.labels", labels::read(figures, kind, self.pools.reads())).await
    }

    async fn top_queries(
        &self,
        figures: Figures,
        list: QueryList,
        offset: u32,
        limit: u32,
    ) -> PortResult<Vec<QuerySums>> {
        let ranked = async {
            let snapshot = self.pools.begin_snapshot().await?;
            ranked::top(figures, list, (offset, limit), &snapshot).await
        };
        self.pools.call("analytics.top_queries", ranked).await
    }

    async fn different_queries(&self, figures: Figures, list: QueryList) -> PortResult<u64> {
        let different = async {
            let snapshot = self.pools.begin_snapshot().await?;
            ranked::different(figures, list, &snapshot).await
        };
        self.pools.call("analytics.different_queries", different).await
    }

    async fn queries(&self, figures: Figures, folded: &[String]) -> PortResult<Vec<QuerySums>> {
        self.pools.call("analytics.queries", ranked::named(figures, folded, self.pools.reads())).await
    }

    async fn query_days(&self, figures: Figures, folded: &[String]) -> PortResult<Vec<QueryDay>> {
        self.pools.call("analytics.query_days", ranked::days(figures, folded, self.pools.reads())).await
    }

    async fn slowest(&self, figures: Figures, limit: u32) -> PortResult<Vec<SlowSearch>> {
        self.pools.call("analytics.slowest", slowest::read(figures, limit, self.pools.reads())).await
    }

    async fn databases(
        &self,
        account: AccountId,
        environments: Environments,
        range: DayRange,
    ) -> PortResult<Vec<SearchedDatabase>> {
        let read = reads::databases(account, environments, range, self.pools.reads());
        self.pools.call("analytics.databases", read).await
    }

    async fn history(
        &self,
        account: AccountId,
        filter: &HistoryFilter,
        offset: u32,
        limit: u32,
    ) -> PortResult<Page<LoggedSearch>> {
        let page = async {
            let snapshot = self.pools.begin_snapshot().await?;
            history::page(account, filter, (offset, limit), &snapshot).await
        };
        self.pools.call("analytics.history", page).await
    }

    async fn history_after(
        &self,
        account: AccountId,
        filter: &HistoryFilter,
        after: Option<(Timestamp, SearchId)>,
        limit: u32,
    ) -> PortResult<Vec<LoggedSearch>> {
        let read = history::after(account, filter, after, limit, self.pools.reads());
        self.pools.call("analytics.history_after", read).await
    }

    async fn volume(&self, environments: Environments, range: DayRange) -> PortResult<Vec<DayVolume>> {
        self.pools.call("analytics.volume", system::volume(environments, range, self.pools.reads())).await
    }

    async fn new_accounts(&self, range: DayRange) -> PortResult<Vec<(i64, u64)>> {
        self.pools.call("analytics.new_accounts", system::new_accounts(range, self.pools.reads())).await
    }

    async fn activity(
        &self,
        environments: Environments,
        range: DayRange,
        offset: u32,
        limit: u32,
    ) -> PortResult<Page<Activity>> {
        let activity = async {
            let snapshot = self.pools.begin_snapshot().await?;
            system::activity(environments, range, (offset, limit), &snapshot).await
        };
        self.pools.call("analytics.activity", activity).await
    }
}

#[async_trait]
impl AnalyticsKeeper for SqlAnalytics {
    async fn purge(&self, before_day: i64) -> PortResult<u64> {
        self.pools.transact("analytics.purge", || purge::purge(&self.pools, before_day)).await
    }
}
