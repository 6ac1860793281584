//! What administrators see of all accounts: totals, and e-mails with what was slow and who is active.

use altus4_kernel::{Page, PortResult, SystemAdmin};
use futures::future::try_join;

use super::{AnalyticsQuery, AnalyticsService, Performance, filled};
use crate::{Activity, DayVolume, Figures, Grain, Sums, Whose};

/// The whole system at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemOverview {
    /// How many accounts searched.
    pub active: u64,
    /// The sums of all searches.
    pub sums: Sums,
    /// How many accounts were made, each day.
    pub growth: Vec<(i64, u64)>,
    /// How much was searched by how many, each day.
    pub volume: Vec<DayVolume>,
}

/// How all searches went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemPerformance {
    /// How many accounts searched.
    pub active: u64,
    /// The figures; the slowest searches tell whose they were.
    pub performance: Performance,
}

impl AnalyticsService {
    /// The whole system at a glance; every day is there.
    ///
    /// # Errors
    /// Those of the reader.
    pub async fn system_overview(
        &self,
        _: SystemAdmin,
        query: &AnalyticsQuery,
    ) -> PortResult<SystemOverview> {
        self.ports.pending.settle().await?;
        let (reader, range) = (&self.ports.reader, query.period.range);
        let ((points, active), (volume, growth)) = try_join(
            try_join(
                reader.sums(system(query), Grain::Day),
                reader.activity(query.environments, range, 0, 0),
            ),
            try_join(reader.volume(query.environments, range), reader.new_accounts(range)),
        )
        .await?;
        let sums = Sums::of(points.iter().map(|point| &point.sums));
        let (mut made, mut known) = (growth.into_iter().peekable(), volume.into_iter().peekable());
        let growth = range
            .each()
            .map(|day| (day, made.next_if(|(made, _)| *made == day).map_or(0, |(_, count)| count)));
        let none = |day| DayVolume { day, searches: 0, active: 0 };
        let volume =
            range.each().map(|day| known.next_if(|known| known.day == day).unwrap_or_else(|| none(day)));
        Ok(SystemOverview { active: active.total, sums, growth: growth.collect(), volume: volume.collect() })
    }

    /// The accounts that searched, the most active first.
    ///
    /// # Errors
    /// Those of the reader.
    pub async fn user_activity(
        &self,
        _: SystemAdmin,
        query: &AnalyticsQuery,
        offset: u32,
        limit: u32,
    ) -> PortResult<Page<Activity>> {
        self.ports.pending.settle().await?;
        self.ports.reader.activity(query.environments, query.period.range, offset, limit).await
    }

    /// How all searches went.
    ///
    /// # Errors
    /// Those of the reader.
    pub async fn system_performance(
        &self,
        _: SystemAdmin,
        query: &AnalyticsQuery,
    ) -> PortResult<SystemPerformance> {
        self.ports.pending.settle().await?;
        let (reader, range) = (&self.ports.reader, query.period.range);
        let grain = if range.days() == 1 { Grain::Hour } else { Grain::Day };
        let ((points, slowest), active) = try_join(
            try_join(reader.sums(system(query), grain), reader.slowest(system(query), Self::SLOWEST)),
            reader.activity(query.environments, range, 0, 0),
        )
        .await?;
        let sums = Sums::of(points.iter().map(|point| &point.sums));
        let series = filled(range, grain, points);
        let performance = Performance { sums, top: None, grain, series, modes: Vec::new(), slowest };
        Ok(SystemPerformance { active: active.total, performance })
    }
}

fn system(query: &AnalyticsQuery) -> Figures {
    Figures { whose: Whose::System, environments: query.environments, range: query.period.range }
}
