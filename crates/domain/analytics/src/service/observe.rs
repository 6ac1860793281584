//! Gathers what insights are computed from.

use std::collections::{BTreeMap, BTreeSet};

use altus4_kernel::{ConnectionId, Granted, PortResult, grants::Analytics};
use futures::future::{try_join, try_join_all};

use super::{AnalyticsQuery, AnalyticsService, Insights, figures, satisfaction};
use crate::{
    DayRange, Figures, Grain, LabelKind, Missed, MissingIndex, Observed, ObservedDatabase, QueryCourse,
    QueryDay, QueryList, QuerySums, Sums, Whose,
};

/// How many of the most frequent queries, now and before, are compared: so many days of single queries
/// in all, and no more or fewer queries than these.
const COMPARED_DAYS: i64 = 9_000;
const COMPARED: (i64, i64) = (20, 100);
/// How many of those that find nothing are looked at.
const MISSED: u32 = 30;
/// How many queries of a database are looked at.
const OF_DATABASE: u32 = 20;
/// The most databases that are looked at: the most searched ones.
const DATABASES: usize = 25;
/// In how many parts of a range modes are looked at.
const PARTS: i64 = 4;

impl AnalyticsService {
    /// What the figures say, in the words of this program.
    pub(super) async fn observe(
        &self,
        granted: Granted<Analytics>,
        query: &AnalyticsQuery,
    ) -> PortResult<Insights> {
        let account = granted.account_id();
        let figures = figures(account, query);
        let reader = &self.ports.reader;
        let before = Figures { range: figures.range.before(), ..figures };
        let ((days, days_before), (databases, missing)) = try_join(
            try_join(reader.sums(figures, Grain::Day), reader.sums(before, Grain::Day)),
            self.databases(granted, query),
        )
        .await?;
        let ((top, queries), (misses, modes)) = try_join(
            self.queries(figures, before),
            try_join(
                self.misses(figures),
                try_join_all(parts(figures).map(|part| reader.labels(part, LabelKind::Mode))),
            ),
        )
        .await?;
        let sums = Sums::of(days.iter().map(|day| &day.sums));
        let observed = Observed {
            range: figures.range,
            days,
            days_before,
            queries,
            misses,
            top,
            modes,
            databases,
            missing,
        };
        Ok(Insights {
            generated_at: self.ports.clock.now(),
            period: query.period,
            insights: observed.insights(),
            searches: sums.searches,
            satisfaction: satisfaction(&sums),
        })
    }

    /// The most frequent queries, and the course of these and of those before.
    async fn queries(&self, now: Figures, before: Figures) -> PortResult<(Vec<QuerySums>, Vec<QueryCourse>)> {
        let reader = &self.ports.reader;
        let compared = (COMPARED_DAYS / now.range.days()).clamp(COMPARED.0, COMPARED.1);
        let compared = u32::try_from(compared).unwrap_or(0);
        let (top, top_before) = try_join(
            reader.top_queries(now, QueryList::All, 0, compared),
            reader.top_queries(before, QueryList::All, 0, compared),
        )
        .await?;
        let mut courses = BTreeMap::new();
        for query in top_before.iter().chain(&top) {
            let course = QueryCourse { query: query.query.clone(), ..QueryCourse::default() };
            courses.insert(query.folded.clone(), course);
        }
        let folded: Vec<_> = courses.keys().cloned().collect();
        let (days, days_before) =
            try_join(reader.query_days(now, &folded), reader.query_days(before, &folded)).await?;
        for QueryDay { folded, day, searches } in days {
            courses.entry(folded).or_default().now.insert(day, searches);
        }
        for QueryDay { folded, day, searches } in days_before {
            courses.entry(folded).or_default().before.insert(day, searches);
        }
        Ok((top, courses.into_values().collect()))
    }

    async fn misses(&self, figures: Figures) -> PortResult<Vec<Missed>> {
        let reader = &self.ports.reader;
        let missed = reader.top_queries(figures, QueryList::Misses, 0, MISSED).await?;
        let folded: Vec<_> = missed.iter().map(|query| query.folded.clone()).collect();
        let (all, days) =
            try_join(reader.queries(figures, &folded), reader.query_days(figures, &folded)).await?;
        let missed = missed.into_iter().map(|query| {
            let searches = all.iter().find(|all| all.folded == query.folded).map_or(0, |all| all.searches);
            let days: BTreeSet<_> =
                days.iter().filter(|day| day.folded == query.folded).map(|day| day.day).collect();
            let searches = searches.max(query.searches);
            Missed { query: query.query, misses: query.searches, searches, days: days.len() as u64 }
        });
        Ok(missed.collect())
    }

    /// The databases that lack indexes, and these.
    async fn databases(
        &self,
        granted: Granted<Analytics>,
        query: &AnalyticsQuery,
    ) -> PortResult<(Vec<ObservedDatabase>, Vec<MissingIndex>)> {
        let (reader, account) = (&self.ports.reader, granted.account_id());
        let searched = reader.databases(account, query.environments, query.period.range).await?;
        let searched = searched.iter().map(|searched| searched.id);
        let ids: Vec<_> =
            searched.filter(|id| query.database.is_none_or(|one| one == *id)).take(DATABASES).collect();
        if ids.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let missing = self.ports.advisor.missing(granted, &ids).await;
        let lacking: BTreeSet<_> = missing.iter().map(|missing| missing.database.as_uuid()).collect();
        let observed = lacking.into_iter().map(ConnectionId::from_uuid).map(|id| async move {
            let figures = Figures { whose: Whose::Database(account, id), ..figures(account, query) };
            let top = reader.top_queries(figures, QueryList::All, 0, OF_DATABASE);
            let (days, top) = try_join(reader.sums(figures, Grain::Day), top).await?;
            Ok(ObservedDatabase { id, days, queries: top })
        });
        Ok((try_join_all(observed).await?, missing))
    }
}

/// The range in parts of about as many days.
fn parts(figures: Figures) -> impl Iterator<Item = Figures> {
    let (first, days) = (figures.range.first(), figures.range.days());
    let count = days.min(PARTS);
    let border = move |part: i64| first + days * part / count;
    let part =
        move |part| Some(Figures { range: DayRange::new(border(part), border(part + 1) - 1)?, ..figures });
    (0..count).filter_map(part)
}
