//! What the figures say, as answers show it.

use altus4_analytics::{AnalysisPeriod, Figure, Insight, Insights, Topic, Weight, day_name};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What the figures say.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InsightsAnswer)]
pub(crate) struct InsightsAnswerDto {
    insights: InsightsDto,
}

/// All of it, by what it is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Insights)]
pub(crate) struct InsightsDto {
    #[schema(format = DateTime)]
    generated_at: String,
    analysis_period: PeriodDto,
    performance_insights: Vec<InsightDto>,
    usage_insights: Vec<InsightDto>,
    optimization_insights: Vec<InsightDto>,
    trend_insights: Vec<InsightDto>,
    summary: InsightsSummaryDto,
}

/// The days that were looked at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalysisPeriod)]
pub(crate) struct PeriodDto {
    /// The period's name, or `custom`.
    period: &'static str,
    #[schema(format = Date)]
    start_date: String,
    #[schema(format = Date)]
    end_date: String,
}

impl From<AnalysisPeriod> for PeriodDto {
    fn from(period: AnalysisPeriod) -> Self {
        Self {
            period: period.name,
            start_date: day_name(period.range.first()),
            end_date: day_name(period.range.last()),
        }
    }
}

/// How much there is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InsightsSummary)]
pub(crate) struct InsightsSummaryDto {
    total_insights: usize,
    high_severity: usize,
    /// How many searches they rest upon.
    searches_analyzed: u64,
    /// Of the searches that found something, the part of which a result was opened; left out where none
    /// ever was.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_satisfaction: Option<f64>,
}

/// Something that the figures say.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Insight)]
pub(crate) struct InsightDto {
    /// `slow_query`, `latency_regression`, `no_results`, `mode_use`, `missing_index`, `cache_use`,
    /// `rising_query` or `falling_query`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `high`, `medium` or `low`; left out of trends.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    /// The same of trends.
    #[serde(skip_serializing_if = "Option::is_none")]
    significance: Option<&'static str>,
    title: String,
    description: String,
    /// The same in an AI's words, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// From 0 to 1.
    confidence: f64,
    /// The figures it rests upon, by their names.
    #[schema(value_type = Object)]
    evidence: Map<String, Value>,
    recommendation: RecommendedDto,
}

/// What to do about it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecommendedAction)]
pub(crate) struct RecommendedDto {
    action: String,
    /// The statement that does it, where one can.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
    /// `low`, `medium` or `high`.
    effort: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_improvement: Option<String>,
}

impl From<&Insight> for InsightDto {
    fn from(insight: &Insight) -> Self {
        let is_trend = insight.kind.topic() == Topic::Trend;
        let weight = Some(insight.weight.as_str());
        Self {
            kind: insight.kind.as_str(),
            severity: weight.filter(|_| !is_trend),
            significance: weight.filter(|_| is_trend),
            title: insight.title.clone(),
            description: insight.description.clone(),
            words: insight.words.clone(),
            confidence: insight.confidence,
            evidence: evidence(insight),
            recommendation: RecommendedDto {
                action: insight.recommended.action.clone(),
                sql: insight.recommended.sql.clone(),
                effort: insight.recommended.effort.as_str(),
                expected_improvement: insight.recommended.expected.clone(),
            },
        }
    }
}

fn evidence(insight: &Insight) -> Map<String, Value> {
    let value = |figure: &Figure| match figure {
        Figure::Count(count) => Value::from(*count),
        Figure::Number(number) => Value::from(*number),
        Figure::Text(text) => Value::from(text.as_str()),
        Figure::Texts(texts) => Value::from(texts.clone()),
    };
    insight.evidence.iter().map(|(name, figure)| ((*name).to_owned(), value(figure))).collect()
}

impl From<Insights> for InsightsAnswerDto {
    fn from(found: Insights) -> Self {
        let about = |topic: Topic| {
            let about = found.insights.iter().filter(|insight| insight.kind.topic() == topic);
            about.map(InsightDto::from).collect::<Vec<_>>()
        };
        let high = found.insights.iter().filter(|insight| insight.weight == Weight::High);
        Self {
            insights: InsightsDto {
                generated_at: found.generated_at.to_string(),
                analysis_period: found.period.into(),
                performance_insights: about(Topic::Performance),
                usage_insights: about(Topic::Usage),
                optimization_insights: about(Topic::Optimization),
                trend_insights: about(Topic::Trend),
                summary: InsightsSummaryDto {
                    total_insights: found.insights.len(),
                    high_severity: high.count(),
                    searches_analyzed: found.searches,
                    user_satisfaction: found.satisfaction,
                },
            },
        }
    }
}

/// Something that the figures say, in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DashboardInsight)]
pub(crate) struct DashboardInsightDto {
    #[serde(rename = "type")]
    kind: &'static str,
    /// From 0 to 1.
    confidence: f64,
    description: String,
    /// Whether a statement mends it.
    actionable: bool,
    /// The figures it rests upon, by their names.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

impl From<&Insight> for DashboardInsightDto {
    fn from(insight: &Insight) -> Self {
        Self {
            kind: insight.kind.as_str(),
            confidence: insight.confidence,
            description: insight.description.clone(),
            actionable: insight.recommended.sql.is_some(),
            data: evidence(insight),
        }
    }
}
