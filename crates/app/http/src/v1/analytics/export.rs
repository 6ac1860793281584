//! Figures as a file, written while it is sent: whatever its length, a part of it is held at a time.

mod csv;
mod json;
mod rows;
mod sheets;
mod zip;

use std::collections::VecDeque;

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_DISPOSITION, HeaderValue},
    web::{Bytes, Data},
};
use altus4_analytics::{AnalyticsQuery, AnalyticsService, LoggedSearch, day_name};
use altus4_kernel::{Granted, PortError, grants::Analytics};
use futures::stream;
use utoipa::IntoParams;

use self::{
    csv::Csv,
    json::{Json, Lines},
    rows::{Cell, Granularity, Metric},
    sheets::Sheets,
};
use super::query::{self, FiguresQuery};
use crate::{
    error::ApiError,
    extract::{Fields, May, QueryString},
    state::State,
};

/// What is wanted, and as what.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `request` reads them")]
pub(crate) struct ExportQuery {
    /// `csv` (of one metric), `json`, `ndjson` or `xlsx`.
    #[param(default = "csv", pattern = "^(csv|json|ndjson|xlsx)$")]
    format: Option<String>,
    /// `history`, `popular`, `performance` and `usage`, divided by commas.
    #[param(default = "history")]
    metrics: Option<String>,
    /// How long the steps of `performance` and `usage` are: `hour`, `day` or `week` (from Monday).
    #[param(default = "day", pattern = "^(hour|day|week)$")]
    granularity: Option<String>,
}

/// A file of figures.
///
/// In `csv` and `xlsx`, texts that a spreadsheet would take for formulas begin with an apostrophe.
#[utoipa::path(get, path = "/api/v1/analytics/export", tag = "analytics", operation_id = "exportAnalytics",
    params(FiguresQuery, ExportQuery),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream")))]
pub(crate) async fn export(
    state: Data<State>,
    May(granted): May<Analytics>,
    query: QueryString,
) -> Result<HttpResponse, ApiError> {
    let analytics = &state.services.analytics;
    let request = query.read(|fields| request(fields, analytics))?;
    let (kind, name) = (request.format.content_type(), request.file_name());
    let mut export = Export::new(analytics.clone(), granted, request);
    // What can't be begun is told as every failure is.
    let beginning = export.next().await?;
    let rest = stream::try_unfold(export, |mut export| async move {
        let part = export.next().await.inspect_err(|error| tracing::warn!(%error, "export.broken_off"))?;
        Ok::<_, PortError>(part.map(|part| (part, export)))
    });
    let body = stream::once(async move { Ok::<_, PortError>(beginning.unwrap_or_default()) });
    let mut response = HttpResponse::Ok();
    response.content_type(kind);
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.insert_header((CONTENT_DISPOSITION, disposition));
    }
    Ok(response.streaming(futures::StreamExt::chain(body, rest)))
}

/// What is wanted, and as what.
struct Request {
    query: AnalyticsQuery,
    format: Format,
    metrics: Vec<Metric>,
    granularity: Granularity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
    Lines,
    Sheets,
}

impl Format {
    const ALL: [(&'static str, Self); 4] =
        [("csv", Self::Csv), ("json", Self::Json), ("ndjson", Self::Lines), ("xlsx", Self::Sheets)];

    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::Lines => "application/x-ndjson; charset=utf-8",
            Self::Sheets => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

fn request(fields: &mut Fields, analytics: &AnalyticsService) -> Option<Request> {
    let named =
        |text: &str| Format::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, format)| format);
    let format = fields.parsed("format", "must be csv, json, ndjson or xlsx", named).unwrap_or(Format::Csv);
    let reason = "must be history, popular, performance or usage";
    let metrics = fields.list("metrics", Metric::ALL.len(), reason, Metric::named);
    let mut metrics = metrics.filter(|metrics| !metrics.is_empty()).unwrap_or_else(|| vec![Metric::History]);
    metrics.sort_unstable();
    metrics.dedup();
    if format == Format::Csv && metrics.len() > 1 {
        fields.fault("metrics", "must be one for csv; json, ndjson and xlsx hold several");
    }
    let granularity = fields.parsed("granularity", "must be hour, day or week", Granularity::named);
    let query = query::figures(fields, analytics)?;
    Some(Request { query, format, metrics, granularity: granularity.unwrap_or(Granularity::Day) })
}

impl Request {
    fn file_name(&self) -> String {
        let ending =
            Format::ALL.iter().find(|(_, format)| *format == self.format).map_or("", |(name, _)| name);
        let what = if let [one] = self.metrics[..] { one.name() } else { "analytics" };
        let range = self.query.period.range;
        format!("altus4-{what}-{}-{}.{ending}", day_name(range.first()), day_name(range.last()))
    }
}

/// Writes rows, part by part.
pub(super) trait Writer: Send {
    /// Begins with what is of this metric.
    fn begin(&mut self, metric: Metric);
    /// A row of it.
    fn row(&mut self, row: &[Cell]);
    /// Ends the file.
    fn finish(&mut self);
    /// What was written since the last time.
    fn take(&mut self) -> Vec<u8>;
}

/// A file on its way.
struct Export {
    analytics: AnalyticsService,
    granted: Granted<Analytics>,
    query: AnalyticsQuery,
    granularity: Granularity,
    left: VecDeque<Metric>,
    writer: Box<dyn Writer>,
    /// The last of the history that was written, while it is written.
    last: Option<LoggedSearch>,
    is_over: bool,
}

impl Export {
    /// How many searches are read at once.
    const BATCH: u32 = 1_000;

    fn new(analytics: AnalyticsService, granted: Granted<Analytics>, request: Request) -> Self {
        let writer: Box<dyn Writer> = match request.format {
            Format::Csv => Box::new(Csv::default()),
            Format::Json => Box::new(Json::default()),
            Format::Lines => Box::new(Lines::default()),
            Format::Sheets => Box::new(Sheets::default()),
        };
        Self {
            analytics,
            granted,
            query: request.query,
            granularity: request.granularity,
            left: request.metrics.into(),
            writer,
            last: None,
            is_over: false,
        }
    }

    /// The next part; `None` after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, PortError> {
        while !self.is_over {
            if let Some(metric) = self.left.front().copied() {
                self.write(metric).await?;
            } else {
                self.writer.finish();
                self.is_over = true;
            }
            let part = self.writer.take();
            if !part.is_empty() {
                return Ok(Some(part.into()));
            }
        }
        Ok(None)
    }

    /// Writes some of a metric.
    async fn write(&mut self, metric: Metric) -> Result<(), PortError> {
        if self.last.is_none() {
            self.writer.begin(metric);
        }
        let rows = if metric == Metric::History {
            let filter = rows::history_filter(&self.query);
            let searches =
                self.analytics.history_after(self.granted, &filter, self.last.as_ref(), Self::BATCH).await?;
            let rows: Vec<_> = searches.iter().map(rows::of_search).collect();
            self.last = searches.into_iter().next_back().filter(|_| rows.len() == Self::BATCH as usize);
            rows
        } else {
            rows::of_figures(&self.analytics, self.granted, &self.query, (metric, self.granularity)).await?
        };
        for row in &rows {
            self.writer.row(row);
        }
        if self.last.is_none() {
            self.left.pop_front();
        }
        Ok(())
    }
}
