//! Searching, and what stands around it.

use std::{sync::Arc, time::Duration};

use altus4_cache_memory::MemoryAnswerCache;
use altus4_connections::ConnectionService;
use altus4_kernel::{Clock, IdGenerator};
use altus4_search::{
    CachedSearch, CachedSearchPorts, ConnectionEpochs, HistoryService, SavedSearchService, SearchRecorder,
    SearchService, SuggestionService,
};
use altus4_store_sql::SqlStore;

/// The most searches that wait to be written down.
const SEARCHES_CAPACITY: usize = 100_000;

/// What the routes of searching offer.
pub(super) struct Searches {
    pub(super) front: CachedSearch,
    pub(super) recorder: SearchRecorder,
    pub(super) history: HistoryService,
    pub(super) saved: SavedSearchService,
    pub(super) suggestions: SuggestionService,
}

impl Searches {
    /// Around this service. Answers are given again for `kept`; `epochs` has to hear of changes.
    pub(super) fn around(
        service: SearchService,
        connections: &ConnectionService,
        store: &SqlStore,
        (epochs, kept): (Arc<ConnectionEpochs>, Duration),
        (clock, ids): (&Arc<dyn Clock>, &Arc<dyn IdGenerator>),
    ) -> Self {
        let (spelling, phrases) = (service.spelling(), service.phrases());
        let recorder = SearchRecorder::new(store.search_log(), SEARCHES_CAPACITY);
        let ports = CachedSearchPorts {
            service: Arc::new(service),
            connections: connections.clone(),
            cache: Arc::new(MemoryAnswerCache::default()),
            epochs,
            recorder: recorder.clone(),
            clock: Arc::clone(clock),
            ids: Arc::clone(ids),
        };
        let saved = SavedSearchService::new(
            store.saved_searches(),
            connections.clone(),
            Arc::clone(clock),
            Arc::clone(ids),
        );
        Self {
            front: CachedSearch::new(ports, kept),
            history: HistoryService::new(store.search_log(), recorder.clone(), Arc::clone(clock)),
            saved,
            suggestions: SuggestionService::new(connections.clone(), store.search_log(), spelling)
                .with_phrases(phrases),
            recorder,
        }
    }
}
