//! What analytics asks of the rest: that searches are written down, and which indexes are missing.

use std::{sync::Arc, time::Duration};

use altus4_analytics::{
    AnalyticsPorts, AnalyticsService, Consent, GeneratedWords, IndexAdvisor, MissingIndex, PendingSearches,
};
use altus4_connections::{AdviceKind, ColumnRef, Connection, ConnectionService, Impact, IndexService};
use altus4_kernel::{Clock, ConnectionId, Granted, PortResult, TextGenerator, grants::Analytics};
use altus4_search::SearchRecorder;
use altus4_store_sql::SqlStore;
use async_trait::async_trait;

/// How long all databases together may take to say what they lack.
const ADVICE_DEADLINE: Duration = Duration::from_secs(1);

/// Analytics over what this recorder writes, put into words by this generator where there is one.
pub(super) fn analytics(
    store: &SqlStore,
    recorder: SearchRecorder,
    advice: (IndexService, ConnectionService),
    text_generator: Option<&Arc<dyn TextGenerator>>,
    clock: &Arc<dyn Clock>,
) -> AnalyticsService {
    let (indexes, connections) = advice;
    AnalyticsService::new(AnalyticsPorts {
        reader: store.analytics(),
        pending: Arc::new(Recorded(recorder)),
        advisor: Arc::new(Recommended { indexes, connections: connections.clone() }),
        writer: text_generator.map(|generator| Arc::new(GeneratedWords::new(generator.clone())) as _),
        consent: Arc::new(ByConnection(connections)),
        clock: Arc::clone(clock),
    })
}

/// What this node has yet to write.
struct Recorded(SearchRecorder);

#[async_trait]
impl PendingSearches for Recorded {
    async fn settle(&self) -> PortResult<()> {
        self.0.flush().await.map(drop)
    }
}

/// What each connection allows.
struct ByConnection(ConnectionService);

#[async_trait]
impl Consent for ByConnection {
    async fn allows(&self, granted: Granted<Analytics>, databases: &[ConnectionId]) -> PortResult<bool> {
        let known = match self.0.list_of(granted.account_id()).await {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!(%error, "analytics.no_consent");
                return Ok(false);
            }
        };
        Ok(databases.iter().all(|id| {
            let found = known.iter().find(|connection| connection.id == *id);
            found.is_some_and(|connection| connection.search.allow_external_ai)
        }))
    }
}

/// The indexes that are recommended.
struct Recommended {
    indexes: IndexService,
    connections: ConnectionService,
}

impl Recommended {
    async fn of(&self, granted: Granted<Analytics>, connection: Connection) -> Vec<MissingIndex> {
        let recommendations = match self.indexes.analysed(granted, connection.id).await {
            Ok(recommendations) => recommendations,
            Err(error) => {
                tracing::debug!(connection = %connection.id, %error, "analytics.no_advice");
                return Vec::new();
            }
        };
        let missing = recommendations.into_iter().filter_map(|recommendation| {
            let advice = recommendation.advice;
            let is_missing = matches!(
                advice.kind,
                AdviceKind::MissingIndex | AdviceKind::CombinedIndex | AdviceKind::ExactIndex
            );
            Some(MissingIndex {
                database: connection.id,
                database_name: connection.name.as_str().to_owned(),
                table: advice.table.filter(|_| is_missing)?.name().to_owned(),
                columns: advice.columns.iter().map(ColumnRef::name).map(str::to_owned).collect(),
                sql: recommendation.sql,
                reason: advice.reason,
                is_urgent: advice.impact == Impact::High,
                searches: advice.seen.searches,
            })
        });
        missing.collect()
    }
}

#[async_trait]
impl IndexAdvisor for Recommended {
    async fn missing(&self, granted: Granted<Analytics>, databases: &[ConnectionId]) -> Vec<MissingIndex> {
        let deadline = tokio::time::Instant::now() + ADVICE_DEADLINE;
        let known = self.connections.list_of(granted.account_id()).await;
        let known =
            known.inspect_err(|error| tracing::warn!(%error, "analytics.no_advice")).unwrap_or_default();
        let mut asked = tokio::task::JoinSet::new();
        for connection in known.into_iter().filter(|connection| databases.contains(&connection.id)) {
            let this = Self { indexes: self.indexes.clone(), connections: self.connections.clone() };
            asked.spawn(async move { this.of(granted, connection).await });
        }
        let mut missing = Vec::new();
        // Whoever doesn't answer in time lacks nothing that is known of; the set ends their tasks.
        while let Ok(Some(found)) = tokio::time::timeout_at(deadline, asked.join_next()).await {
            missing.extend(found.unwrap_or_default());
        }
        missing.sort_by_key(|index| (!index.is_urgent, std::cmp::Reverse(index.searches)));
        missing
    }
}
