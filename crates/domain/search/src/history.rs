//! The use cases of what was searched for: history, trends, and what came of it.

use std::{sync::Arc, time::Duration};

use altus4_kernel::{
    Clock, Environment, Granted, Page, PortError, PortResult, SearchId,
    grants::{Analytics, Search},
    uuid::Uuid,
};

use crate::{
    HistoryRequest, Interaction, InteractionKind, SearchLog, SearchRecord, SearchRecorder, Trends,
    TrendsRequest, log::day_of,
};

/// Why events are not kept.
#[derive(Debug, thiserror::Error)]
pub enum InteractionError {
    /// These are no searches of the account, whoever else may have made them. Nothing was kept.
    #[error("no such search")]
    NoSuchSearch(Vec<SearchId>),
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// An event as it is told, before it has a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewInteraction {
    /// The search whose result it was.
    pub search_id: SearchId,
    /// The result.
    pub result_id: Uuid,
    /// What was done.
    pub kind: InteractionKind,
    /// Where in the list it stood, from 1, if that is known.
    pub position: Option<u32>,
}

/// What was searched for, for those who did.
#[derive(Clone)]
pub struct HistoryService {
    log: Arc<dyn SearchLog>,
    recorder: SearchRecorder,
    clock: Arc<dyn Clock>,
}

impl HistoryService {
    /// How many days count as lately, today included.
    pub const RECENT_DAYS: i64 = 30;
    /// The most events that are taken at once.
    pub const MAX_INTERACTIONS: usize = 1_000;

    /// The service over these ports; `recorder` writes into `log`.
    #[must_use]
    pub fn new(log: Arc<dyn SearchLog>, recorder: SearchRecorder, clock: Arc<dyn Clock>) -> Self {
        Self { log, recorder, clock }
    }

    /// The account's searches, the newest first. What this node has yet to write is written first.
    ///
    /// # Errors
    /// Those of the log.
    pub async fn list(
        &self,
        granted: Granted<Search>,
        request: &HistoryRequest,
    ) -> PortResult<Page<SearchRecord>> {
        self.recorder.flush().await?;
        self.log.history(granted.account_id(), request).await
    }

    /// How much the account searched, day by day.
    ///
    /// # Errors
    /// Those of the log.
    pub async fn trends(&self, granted: Granted<Analytics>, request: &TrendsRequest) -> PortResult<Trends> {
        self.recorder.flush().await?;
        self.log.trends(granted.account_id(), request).await
    }

    /// How much the account searched lately, day by day, for whoever is shown its searches anyhow: the
    /// last [`RECENT_DAYS`](Self::RECENT_DAYS) days, and which those are.
    ///
    /// # Errors
    /// Those of the log.
    pub async fn recent(
        &self,
        granted: Granted<Search>,
        environment: Environment,
    ) -> PortResult<(TrendsRequest, Trends)> {
        let last_day = self.today();
        let first_day = last_day - (Self::RECENT_DAYS - 1);
        let request = TrendsRequest { first_day, last_day, environment: Some(environment) };
        self.recorder.flush().await?;
        let trends = self.log.trends(granted.account_id(), &request).await?;
        Ok((request, trends))
    }

    /// Keeps what was done with results of the account's own searches: all of it, or nothing.
    ///
    /// # Errors
    /// [`InteractionError::NoSuchSearch`] names the searches that are not the account's.
    pub async fn interact(
        &self,
        granted: Granted<Search>,
        interactions: &[NewInteraction],
    ) -> Result<(), InteractionError> {
        // The search may have been made less than a second ago.
        self.recorder.flush().await?;
        let at = self.clock.now();
        let interactions: Vec<_> = interactions
            .iter()
            .map(|new| Interaction {
                search_id: new.search_id,
                result_id: new.result_id,
                kind: new.kind,
                position: new.position,
                at,
            })
            .collect();
        let unknown = self.log.interact(granted.account_id(), &interactions).await?;
        if unknown.is_empty() { Ok(()) } else { Err(InteractionError::NoSuchSearch(unknown)) }
    }

    /// Removes some of what is older than so long; 0 when nothing is left to remove.
    ///
    /// # Errors
    /// Those of the log.
    pub async fn purge(&self, kept: Duration) -> PortResult<u64> {
        self.log.purge(day_of(self.clock.now() - kept)).await
    }

    /// Today, as trends count days.
    #[must_use]
    pub fn today(&self) -> i64 {
        day_of(self.clock.now())
    }
}
