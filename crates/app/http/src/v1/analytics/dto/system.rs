//! What all accounts do, as administrators are shown it.

use altus4_analytics::{
    Activity, AnalyticsQuery, Sums, SystemOverview, SystemPerformance, average_ms, day_name,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{PointDto, SlowSearchDto, average};

/// The figures of all accounts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SystemSummary)]
pub(crate) struct SystemSummaryDto {
    /// How many accounts searched.
    active_users: u64,
    total_queries: u64,
    avg_response_time: f64,
    avg_results: f64,
}

impl SystemSummaryDto {
    fn new(active_users: u64, sums: &Sums) -> Self {
        Self {
            active_users,
            total_queries: sums.searches,
            avg_response_time: sums.average_ms(),
            avg_results: average(sums.results, sums.searches),
        }
    }
}

/// The whole system at a glance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SystemOverview)]
pub(crate) struct SystemOverviewDto {
    summary: SystemSummaryDto,
    /// Every day of the period, the oldest first.
    user_growth: Vec<GrowthDto>,
    /// Every day of the period, the oldest first.
    query_volume: Vec<VolumeDto>,
    /// The period's name, or `custom`.
    period: &'static str,
}

/// The accounts that were made on a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserGrowth)]
pub(crate) struct GrowthDto {
    #[schema(format = Date)]
    date: String,
    new_users: u64,
}

/// The searches of a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueryVolume)]
pub(crate) struct VolumeDto {
    #[schema(format = Date)]
    date: String,
    query_count: u64,
    active_users: u64,
}

impl SystemOverviewDto {
    pub(in crate::v1::analytics) fn new(query: &AnalyticsQuery, overview: SystemOverview) -> Self {
        let growth =
            overview.growth.into_iter().map(|(day, new_users)| GrowthDto { date: day_name(day), new_users });
        let volume = overview.volume.into_iter().map(|volume| VolumeDto {
            date: day_name(volume.day),
            query_count: volume.searches,
            active_users: volume.active,
        });
        Self {
            summary: SystemSummaryDto::new(overview.active, &overview.sums),
            user_growth: growth.collect(),
            query_volume: volume.collect(),
            period: query.period.name,
        }
    }
}

/// What an account did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserActivity)]
pub(crate) struct ActivityDto {
    #[schema(format = Uuid)]
    id: String,
    email: String,
    name: String,
    /// `user` or `admin`.
    role: &'static str,
    query_count: u64,
    avg_response_time: f64,
    /// When it made its last search of the period.
    #[schema(format = DateTime)]
    last_query: String,
    /// When a session of it was last begun or refreshed.
    #[schema(format = DateTime)]
    last_active: String,
}

impl From<Activity> for ActivityDto {
    fn from(activity: Activity) -> Self {
        Self {
            id: activity.id.to_string(),
            role: activity.role.as_str(),
            query_count: activity.searches,
            avg_response_time: average_ms(activity.took_us, activity.searches),
            last_query: activity.last_at.to_string(),
            last_active: activity.last_active.to_string(),
            email: activity.email,
            name: activity.name,
        }
    }
}

/// How all searches went.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SystemPerformance)]
pub(crate) struct SystemPerformanceDto {
    summary: SystemSummaryDto,
    /// Every day of the period, the oldest first; of one day, every hour.
    time_series_data: Vec<PointDto>,
    slowest_queries: Vec<SlowSearchDto>,
}

impl From<SystemPerformance> for SystemPerformanceDto {
    fn from(system: SystemPerformance) -> Self {
        let performance = system.performance;
        Self {
            summary: SystemSummaryDto::new(system.active, &performance.sums),
            time_series_data: PointDto::all(performance.grain, &performance.series),
            slowest_queries: performance.slowest.into_iter().map(SlowSearchDto::from).collect(),
        }
    }
}
