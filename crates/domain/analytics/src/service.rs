//! The use cases: what an account's searches say to its callers, and all of them to administrators.

mod admin;
mod observe;

use std::{sync::Arc, time::Duration};

use altus4_kernel::{
    AccountId, AiPayer, Clock, ConnectionId, Granted, Page, PortResult, Timestamp, grants::Analytics,
};
use futures::future::{try_join, try_join_all};

pub use self::admin::{SystemOverview, SystemPerformance};
use crate::{
    AnalysisPeriod, AnalyticsReader, Asked, Consent, DayRange, Environments, Figures, Grain, HistoryFilter,
    IndexAdvisor, Insight, InsightWriter, LabelKind, LabelSums, LoggedSearch, PendingSearches, QueryList,
    QuerySums, RangeFault, SlowSearch, Step, Sums, SumsPoint, Whose, day_of, hold_no_other_figures, ratio,
};

/// What the service is made with.
#[derive(Clone)]
pub struct AnalyticsPorts {
    /// What was searched for.
    pub reader: Arc<dyn AnalyticsReader>,
    /// What is yet to be written.
    pub pending: Arc<dyn PendingSearches>,
    /// Which indexes databases lack.
    pub advisor: Arc<dyn IndexAdvisor>,
    /// Who puts insights into words, if anybody does: a provider outside.
    pub writer: Option<Arc<dyn InsightWriter>>,
    /// Whether that one may be told of them.
    pub consent: Arc<dyn Consent>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Tells what was searched for, what wasn't found, what is slow, and what to do about it.
#[derive(Clone)]
pub struct AnalyticsService {
    ports: AnalyticsPorts,
}

/// What figures are wanted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnalyticsQuery {
    /// Which days.
    pub period: AnalysisPeriod,
    /// In earnest or not.
    pub environments: Environments,
    /// Of searches of this database; of all, where it is `None`.
    pub database: Option<ConnectionId>,
}

/// The searches of one step of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trend {
    /// How long it is; the first and the last may be shorter.
    pub step: Step,
    /// Its days.
    pub range: DayRange,
    /// Its sums.
    pub sums: Sums,
    /// What was searched for most often, as it was last typed.
    pub top: Vec<String>,
    /// What most results were put in.
    pub categories: Vec<String>,
}

/// How searches went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Performance {
    /// The sums of all.
    pub sums: Sums,
    /// What was searched for most often.
    pub top: Option<String>,
    /// How long the steps of the series are.
    pub grain: Grain,
    /// All steps, the oldest first, zeros where there was nothing.
    pub series: Vec<SumsPoint>,
    /// How they were read.
    pub modes: Vec<LabelSums>,
    /// The slowest.
    pub slowest: Vec<SlowSearch>,
}

/// What the figures say.
#[derive(Debug, Clone, PartialEq)]
pub struct Insights {
    /// When it was computed.
    pub generated_at: Timestamp,
    /// Of which days.
    pub period: AnalysisPeriod,
    /// All of it, what matters most first.
    pub insights: Vec<Insight>,
    /// How many searches it rests upon.
    pub searches: u64,
    /// Of the searches that found something, the part of which a result was opened; `None` where none
    /// ever was.
    pub satisfaction: Option<f64>,
}

/// Everything at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// The steps.
    pub trends: Vec<Trend>,
    /// How searches went.
    pub performance: Performance,
    /// What is searched for most often.
    pub popular: Vec<QuerySums>,
    /// What the figures say.
    pub insights: Insights,
    /// How many databases were searched.
    pub databases: u64,
}

impl AnalyticsService {
    /// How many queries and categories are named of each step.
    pub const NAMED: u32 = 5;
    /// How many of the slowest searches are told.
    pub const SLOWEST: u32 = 10;
    /// How many popular queries the dashboard shows.
    pub const POPULAR: u32 = 10;
    /// How long words may be looked for.
    const WORDS_DEADLINE: Duration = Duration::from_secs(10);

    /// The service over these ports.
    #[must_use]
    pub fn new(ports: AnalyticsPorts) -> Self {
        Self { ports }
    }

    /// Which days are meant.
    ///
    /// # Errors
    /// [`RangeFault`], where there are none such.
    pub fn days(&self, asked: Asked) -> Result<AnalysisPeriod, RangeFault> {
        asked.days(day_of(self.ports.clock.now()))
    }

    /// Everything at a glance. Insights are in their own words.
    ///
    /// # Errors
    /// Those of the reader, as everywhere here.
    pub async fn dashboard(
        &self,
        granted: Granted<Analytics>,
        query: &AnalyticsQuery,
    ) -> PortResult<Dashboard> {
        self.ports.pending.settle().await?;
        let account = granted.account_id();
        let figures = figures(account, query);
        let listed = async {
            let popular = self.ports.reader.top_queries(figures, QueryList::All, 0, Self::POPULAR);
            let databases = self.ports.reader.databases(account, query.environments, query.period.range);
            try_join(popular, databases).await
        };
        let ((trends, performance), ((popular, databases), insights)) = try_join(
            try_join(self.trends_of(figures), self.performance_of(figures, None)),
            try_join(listed, self.observe(granted, query)),
        )
        .await?;
        let databases =
            databases.iter().filter(|searched| query.database.is_none_or(|one| one == searched.id));
        Ok(Dashboard { trends, performance, popular, insights, databases: databases.count() as u64 })
    }

    /// The steps of the range, the oldest first.
    ///
    /// # Errors
    /// Those of the reader.
    pub async fn trends(
        &self,
        granted: Granted<Analytics>,
        query: &AnalyticsQuery,
    ) -> PortResult<Vec<Trend>> {
        self.ports.pending.settle().await?;
        self.trends_of(figures(granted.account_id(), query)).await
    }

    /// How searches went.
    ///
    /// # Errors
    /// Those of the reader.
    pub async fn performance(
        &self,
        granted: Granted<Analytics>,
        query: &AnalyticsQuery,
    ) -> PortResult<Performance> {
        self.ports.pending.settle().await?;
        self.performance_of(figures(granted.account_id(), query), None).await
    }

    /// The sums of each hour or day of the range, zeros where there are none.
    ///
    /// # Errors
    /// Those of the reader.
    pub async fn series(
        &self,
        granted: Granted<Analytics>,
        query: &AnalyticsQuery,
        grain: Grain,
    ) -> PortResult<Vec<SumsPoint>> {
        self.ports.pending.settle().await?;
        let figures = figures(granted.account_id(), query);
        Ok(filled(figures.range, grain, self.ports.reader.sums(figures, grain).await?))
    }

    /// What is searched for most often.
    ///
    /// # Errors
    /// Those of the reader.
    pub async fn popular(
        &self,
        granted: Granted<Analytics>,
        query: &AnalyticsQuery,
        offset: u32,
        limit: u32,
    ) -> PortResult<Page<QuerySums>> {
        self.ports.pending.settle().await?;
        let figures = figures(granted.account_id(), query);
        let reader = &self.ports.reader;
        let top = reader.top_queries(figures, QueryList::All, offset, limit);
        let (items, total) = try_join(top, reader.different_queries(figures, QueryList::All)).await?;
        Ok(Page { items, total })
    }

    /// Single searches, the newest first.
    ///
    /// # Errors
    /// Those of the reader.
    pub async fn history(
        &self,
        granted: Granted<Analytics>,
        filter: &HistoryFilter,
        offset: u32,
        limit: u32,
    ) -> PortResult<Page<LoggedSearch>> {
        self.ports.pending.settle().await?;
        self.ports.reader.history(granted.account_id(), filter, offset, limit).await
    }

    /// Single searches after one, to be read to their end; see [`AnalyticsReader::history_after`].
    ///
    /// # Errors
    /// Those of the reader.
    pub async fn history_after(
        &self,
        granted: Granted<Analytics>,
        filter: &HistoryFilter,
        after: Option<&LoggedSearch>,
        limit: u32,
    ) -> PortResult<Vec<LoggedSearch>> {
        if after.is_none() {
            self.ports.pending.settle().await?;
        }
        let after = after.map(|search| (search.at, search.id));
        self.ports.reader.history_after(granted.account_id(), filter, after, limit).await
    }

    /// What the figures say, in the words of the [writer](InsightWriter) where there is one, this payer
    /// lets it, and all databases that were searched [allow](Consent) that it is told of them. Words with
    /// figures of their own are left out, and so are all where it fails.
    ///
    /// # Errors
    /// Those of the reader.
    pub async fn insights(
        &self,
        granted: Granted<Analytics>,
        query: &AnalyticsQuery,
        payer: Option<Arc<dyn AiPayer>>,
    ) -> PortResult<Insights> {
        self.ports.pending.settle().await?;
        let mut found = self.observe(granted, query).await?;
        if let (Some(writer), Some(payer)) = (&self.ports.writer, payer)
            && !found.insights.is_empty()
            && self.may_be_told(granted, query).await?
        {
            let words = writer.write(&found.insights, payer, Self::WORDS_DEADLINE).await.unwrap_or_default();
            for (insight, words) in found.insights.iter_mut().zip(words) {
                insight.words = words.filter(|words| hold_no_other_figures(words, insight));
            }
        }
        Ok(found)
    }

    /// Whether all that insights may name, which is of the range and of the one before, may leave the house.
    async fn may_be_told(&self, granted: Granted<Analytics>, query: &AnalyticsQuery) -> PortResult<bool> {
        let range = query.period.range;
        let range = DayRange::new(range.before().first(), range.last()).unwrap_or(range);
        let searched = self.ports.reader.databases(granted.account_id(), query.environments, range).await?;
        let searched = searched.iter().map(|searched| searched.id);
        let named: Vec<_> = searched.filter(|id| query.database.is_none_or(|one| one == *id)).collect();
        Ok(!named.is_empty() && self.ports.consent.allows(granted, &named).await.unwrap_or(false))
    }

    async fn trends_of(&self, figures: Figures) -> PortResult<Vec<Trend>> {
        let step = Step::of(figures.range);
        let ranges = step.steps(figures.range);
        let reader = &self.ports.reader;
        let named = try_join_all(ranges.iter().map(|range| {
            let figures = Figures { range: *range, ..figures };
            let top = reader.top_queries(figures, QueryList::All, 0, Self::NAMED);
            try_join(top, reader.labels(figures, LabelKind::Category))
        }));
        let (days, named) = try_join(reader.sums(figures, Grain::Day), named).await?;
        let trend = |(range, (top, categories)): (DayRange, (Vec<QuerySums>, Vec<LabelSums>))| {
            let within = days.iter().filter(|day| range.has(day.hour.div_euclid(24)));
            let sums = Sums::of(within.map(|day| &day.sums));
            let most = Self::NAMED as usize;
            Trend {
                step,
                range,
                sums,
                top: top.into_iter().map(|query| query.query).collect(),
                categories: categories.into_iter().take(most).map(|category| category.label).collect(),
            }
        };
        Ok(ranges.into_iter().zip(named).map(trend).collect())
    }

    /// The grain is the day, and the hour of one day alone, where nothing else is said.
    async fn performance_of(&self, figures: Figures, grain: Option<Grain>) -> PortResult<Performance> {
        let grain = grain.unwrap_or(if figures.range.days() == 1 { Grain::Hour } else { Grain::Day });
        let reader = &self.ports.reader;
        let ((points, modes), (slowest, top)) = try_join(
            try_join(reader.sums(figures, grain), reader.labels(figures, LabelKind::Mode)),
            try_join(
                reader.slowest(figures, Self::SLOWEST),
                reader.top_queries(figures, QueryList::All, 0, 1),
            ),
        )
        .await?;
        let sums = Sums::of(points.iter().map(|point| &point.sums));
        let top = top.into_iter().next().map(|query| query.query);
        Ok(Performance { sums, top, grain, series: filled(figures.range, grain, points), modes, slowest })
    }
}

fn figures(account: AccountId, query: &AnalyticsQuery) -> Figures {
    let whose = query.database.map_or(Whose::Account(account), |one| Whose::Database(account, one));
    Figures { whose, environments: query.environments, range: query.period.range }
}

/// Of the searches that found something, the part of which a result was opened.
fn satisfaction(sums: &Sums) -> Option<f64> {
    let found = sums.searches.saturating_sub(sums.failed + sums.misses);
    (sums.clicked > 0).then(|| ratio(sums.clicked.min(found), found))
}

/// Each hour or day of the range, with the sums it has.
fn filled(range: DayRange, grain: Grain, points: Vec<SumsPoint>) -> Vec<SumsPoint> {
    let mut points = points.into_iter().peekable();
    let length = match grain {
        Grain::Hour => 1,
        Grain::Day => 24,
    };
    let steps = range.hours().step_by(length);
    let step = |hour| {
        points.next_if(|point| point.hour == hour).unwrap_or(SumsPoint { hour, sums: Sums::default() })
    };
    steps.map(step).collect()
}

#[cfg(test)]
mod tests;
