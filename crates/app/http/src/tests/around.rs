//! What stands around searches, in memory.

use std::{sync::Arc, time::Duration};

use altus4_connections::{
    ByEngine, ConnectionProbe, ConnectionService, SchemaInspector,
    testkit::{FakeProbe, FixedInspector, InMemoryConnections},
};
use altus4_kernel::{
    Clock, IdGenerator,
    testkit::{FakeSecretCipher, SequentialIds},
};
use altus4_search::{
    CachedSearch, CachedSearchPorts, ConnectionEpochs, HistoryService, NoSpelling, SavedSearchService,
    SearchRecorder, SearchService, SuggestionService,
    testkit::{InMemoryAnswerCache, InMemorySavedSearches, InMemorySearchLog},
};

use super::fakes::articles;

pub(super) struct Around {
    pub(super) front: CachedSearch,
    pub(super) recorder: SearchRecorder,
    pub(super) history: HistoryService,
    pub(super) saved_searches: SavedSearchService,
    pub(super) suggestions: SuggestionService,
    pub(super) searches: InMemorySearchLog,
    pub(super) saved: InMemorySavedSearches,
}

impl Around {
    /// Around this service. Answers are given again for `kept`.
    pub(super) fn new(
        service: SearchService,
        connections: &ConnectionService,
        (epochs, kept): (Arc<ConnectionEpochs>, Duration),
        (clock, ids): (&Arc<dyn Clock>, Arc<dyn IdGenerator>),
    ) -> Self {
        let (searches, saved) = (InMemorySearchLog::default(), InMemorySavedSearches::default());
        let recorder = SearchRecorder::new(Arc::new(searches.clone()), 1_000);
        let log = Arc::new(searches.clone());
        let ports = CachedSearchPorts {
            service: Arc::new(service),
            connections: connections.clone(),
            cache: Arc::new(InMemoryAnswerCache::default()),
            epochs,
            recorder: recorder.clone(),
            clock: Arc::clone(clock),
            ids: Arc::clone(&ids),
        };
        Self {
            front: CachedSearch::new(ports, kept),
            history: HistoryService::new(log.clone(), recorder.clone(), Arc::clone(clock)),
            saved_searches: SavedSearchService::new(
                Arc::new(saved.clone()),
                connections.clone(),
                Arc::clone(clock),
                ids,
            ),
            suggestions: SuggestionService::new(connections.clone(), log, Arc::new(NoSpelling)),
            recorder,
            searches,
            saved,
        }
    }
}

/// The use cases of connections, over a server that is said to be so.
pub(super) fn databases(
    connections: &InMemoryConnections,
    probe: FakeProbe,
    cipher: Arc<FakeSecretCipher>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<SequentialIds>,
) -> ConnectionService {
    let probe: Arc<dyn ConnectionProbe> = Arc::new(probe);
    let inspector: Arc<dyn SchemaInspector> = Arc::new(FixedInspector::new(vec![articles()]));
    ConnectionService::new(
        Arc::new(connections.clone()),
        cipher,
        ByEngine::new(Some(probe), None),
        ByEngine::new(Some(inspector), None),
        Arc::clone(clock),
        ids.clone(),
    )
}
