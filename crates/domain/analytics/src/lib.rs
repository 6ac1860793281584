//! What was searched for, what wasn't found, what is slow, and what to do about it: in figures that
//! can be trusted.
//!
//! Invariants:
//! - Counts are exact; percentiles are those of mergeable sketches, within 1 %, never averages of
//!   averages.
//! - Figures are of one account: the one its [`Granted`](altus4_kernel::Granted) permission names. A
//!   [`SystemAdmin`](altus4_kernel::SystemAdmin) sees totals of all, and of single accounts what the
//!   contract names.
//! - Insights are computed. An AI may put them into words; no figure in these is its own.
//!
//! ```
//! use altus4_analytics::{Asked, Period, Step, day_name, named_day};
//! let today = named_day("2026-01-15").unwrap();
//! let days = Asked { period: Some(Period::ThreeMonths), ..Asked::default() }.days(today).unwrap();
//! assert_eq!((day_name(days.range.first()).as_str(), days.range.days()), ("2025-10-17", 91));
//! assert_eq!(Step::of(days.range), Step::Week);
//! ```

mod environment;
mod insights;
mod logged;
mod ports;
mod range;
mod service;
mod sketch;
mod threshold;
mod words;

#[cfg(any(test, feature = "testkit"))]
pub mod testkit;

pub use crate::environment::Environments;
pub use crate::insights::{
    Figure, Insight, InsightKind, Missed, Observed, ObservedDatabase, QueryCourse, Recommended, Topic, Weight,
};
pub use crate::logged::{LoggedSearch, Outcome, Sums, average_ms, ratio};
pub use crate::ports::{
    Activity, AnalyticsKeeper, AnalyticsReader, Consent, DayVolume, Figures, Grain, HistoryFilter,
    IndexAdvisor, LabelKind, LabelSums, MAX_RANKED, MissingIndex, PendingSearches, QueryDay, QueryList,
    QuerySums, SLOWEST_PER_DAY, SearchedDatabase, SlowSearch, SumsPoint, Whose,
};
pub use crate::range::{
    AnalysisPeriod, Asked, DayRange, Period, RangeFault, Step, day_name, day_of, hour_of, month_after,
    month_of, named_day,
};
pub use crate::service::{
    AnalyticsPorts, AnalyticsQuery, AnalyticsService, Dashboard, Insights, Performance, SystemOverview,
    SystemPerformance, Trend,
};
pub use crate::sketch::TimeSketch;
pub use crate::threshold::{Entry, Next, Threshold, Unread};
pub use crate::words::{GeneratedWords, InsightWriter, MAX_WORDED, hold_no_other_figures};

#[cfg(feature = "mock")]
pub use crate::{
    ports::{MockAnalyticsKeeper, MockAnalyticsReader, MockConsent, MockIndexAdvisor, MockPendingSearches},
    words::MockInsightWriter,
};
