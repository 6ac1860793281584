//! What is known of the words of the tables that a search goes through.

use std::{sync::Arc, time::Duration};

use altus4_connections::Target;
use futures::{
    FutureExt,
    future::{Either, join_all, select},
};

use super::SearchService;
use crate::{
    SearchQuery, plan,
    question::Question,
    vocabulary::{Known, Vocabulary},
};

/// How long a search waits for what is to be known of its tables' words, if that is being read.
const LEARN_TIME: Duration = Duration::from_millis(300);

impl SearchService {
    /// What is known of the words of the tables that will be searched. Waits a moment for what is
    /// being read, and goes on without what takes longer.
    pub(super) async fn learn(
        &self,
        targets: &[Target],
        query: &SearchQuery,
        question: &Question,
    ) -> Vec<Arc<Vocabulary>> {
        if question.is_empty() {
            return Vec::new();
        }
        let each = targets.iter().filter_map(|target| {
            let index = self.indexes.get(target.connection.engine)?;
            let learn = async move {
                let Ok(snapshot) = self.connections.read_schema(target, false).await else { return vec![] };
                let planned = plan::plan(&snapshot, query, question, &target.connection.search.tables);
                let known = planned.tables.iter().map(|table| async move {
                    match self.vocabularies.of(index, target, table) {
                        Known::Now(vocabulary) => Some(vocabulary),
                        Known::Soon(reading) => {
                            reading.await.ok();
                            self.vocabularies.known(target, table)
                        }
                        Known::Not => None,
                    }
                });
                join_all(known).await.into_iter().flatten().collect()
            };
            Some(Box::pin(learn))
        });
        let limit = self.timer.sleep(LEARN_TIME).shared();
        let bounded = each.map(|learn| {
            let limit = limit.clone();
            async move {
                match select(learn, limit).await {
                    Either::Left((vocabularies, _)) => vocabularies,
                    Either::Right(_) => vec![],
                }
            }
        });
        join_all(bounded).await.into_iter().flatten().collect()
    }
}
