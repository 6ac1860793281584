//! A front over a search that does as it is told.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use altus4_connections::{
    ByEngine, ConnectionRepository, ConnectionService, StoredConnection,
    testkit::{FakeProbe, FixedInspector, InMemoryConnections, sample_connection},
};
use altus4_kernel::{
    AccountId, AiPayer, ConnectionId, Credential, Environment, Granted, Permission, PermissionSet, Plan,
    Principal, Role, SecretCipher, SessionId, Uncounted,
    grants::Search,
    secrecy::SecretString,
    testkit::{FakeSecretCipher, FixedClock, SequentialIds, block_on, sample_event},
    uuid::Uuid,
};
use async_trait::async_trait;

use crate::{
    CachedSearch, CachedSearchPorts, ConnectionEpochs, Failure, FailureReason, Merged, MergedAnswer,
    MergedFault, QueryText, RunSearch, SearchAnswer, SearchError, SearchQuery, SearchRecorder, Served,
    Window,
    testkit::{InMemoryAnswerCache, InMemorySearchLog, sample_answer},
};

/// The account with the connections 1 and 2.
pub(super) const OWNER: u128 = 1;
/// One with connection 3.
pub(super) const OTHER: u128 = 2;
pub(super) const LIFE: Duration = Duration::from_secs(30);

/// Answers with two rows, unless it is told otherwise.
#[derive(Default)]
struct Runner {
    runs: AtomicUsize,
    under_way: AtomicUsize,
    held: AtomicBool,
    fails: AtomicBool,
    change: Mutex<Option<fn(&mut SearchAnswer)>>,
}

struct UnderWay<'a>(&'a AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl RunSearch for Runner {
    async fn run(
        &self,
        _: Granted<Search>,
        _: SearchQuery,
        _: &dyn AiPayer,
    ) -> Result<SearchAnswer, SearchError> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let _under_way = UnderWay(&self.under_way);
        poll_fn(|context| {
            if self.held.load(Ordering::Relaxed) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        if self.fails.load(Ordering::Relaxed) {
            return Err(SearchError::AllFailed(vec![failure()]));
        }
        let mut answer = sample_answer(99, 2, "found");
        if let Some(change) = *self.change.lock().expect("no panic") {
            change(&mut answer);
        }
        Ok(answer)
    }

    async fn run_merged(
        &self,
        granted: Granted<Search>,
        searches: Vec<Merged>,
        _: Window,
        payer: &dyn AiPayer,
    ) -> Result<MergedAnswer, MergedFault> {
        let first = searches.into_iter().next().expect("a search").query;
        match self.run(granted, first, payer).await {
            Ok(answer) => Ok(MergedAnswer { answer, searched: vec![vec![]] }),
            Err(error) => Err(MergedFault { place: 0, error: Box::new(error), searched: vec![vec![]] }),
        }
    }
}

pub(super) struct Desk {
    pub(super) front: CachedSearch,
    pub(super) epochs: Arc<ConnectionEpochs>,
    pub(super) clock: FixedClock,
    pub(super) recorder: SearchRecorder,
    pub(super) log: InMemorySearchLog,
    runner: Arc<Runner>,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::with_life(LIFE)
    }

    pub(super) fn with_life(life: Duration) -> Self {
        let (clock, ids) = (FixedClock::default(), Arc::new(SequentialIds::default()));
        let (log, runner) = (InMemorySearchLog::default(), Arc::new(Runner::default()));
        let recorder = SearchRecorder::new(Arc::new(log.clone()), 1_000);
        for owner in [OWNER, OTHER] {
            log.add_account(account(owner));
        }
        let cipher = Arc::new(FakeSecretCipher::default());
        let repository = InMemoryConnections::default();
        for (number, owner) in [(1, OWNER), (2, OWNER), (3, OTHER)] {
            store(&repository, cipher.as_ref(), number, owner);
        }
        let connections = ConnectionService::new(
            Arc::new(repository),
            cipher,
            ByEngine::new(Some(Arc::new(FakeProbe::default()) as _), None),
            ByEngine::new(Some(Arc::new(FixedInspector::new(vec![])) as _), None),
            Arc::new(clock.clone()),
            ids.clone(),
        );
        let epochs = Arc::new(ConnectionEpochs::default());
        let ports = CachedSearchPorts {
            service: runner.clone(),
            connections,
            cache: Arc::new(InMemoryAnswerCache::default()),
            epochs: Arc::clone(&epochs),
            recorder: recorder.clone(),
            clock: Arc::new(clock.clone()),
            ids,
        };
        Self { front: CachedSearch::new(ports, life), epochs, clock, recorder, log, runner }
    }

    /// Searches for the owner.
    pub(super) async fn search(&self, query: SearchQuery) -> Result<Served, SearchError> {
        self.front.search(granted(OWNER), Environment::Live, query, Arc::new(Uncounted)).await
    }

    /// Searches for the other.
    pub(super) async fn other(&self, query: SearchQuery) -> Result<Served, SearchError> {
        self.front.search(granted(OTHER), Environment::Live, query, Arc::new(Uncounted)).await
    }

    /// The owner's, to its end.
    pub(super) fn served(&self, query: SearchQuery) -> Served {
        block_on(self.search(query)).expect("an answer")
    }

    /// How often it ran.
    pub(super) fn runs(&self) -> usize {
        self.runner.runs.load(Ordering::Relaxed)
    }

    /// How many runs have not ended.
    pub(super) fn under_way(&self) -> usize {
        self.runner.under_way.load(Ordering::Relaxed)
    }

    /// No run ends before it is let go.
    pub(super) fn hold(&self) {
        self.runner.held.store(true, Ordering::Relaxed);
    }

    pub(super) fn let_go(&self) {
        self.runner.held.store(false, Ordering::Relaxed);
    }

    pub(super) fn fail(&self) {
        self.runner.fails.store(true, Ordering::Relaxed);
    }

    pub(super) fn recover(&self) {
        self.runner.fails.store(false, Ordering::Relaxed);
    }

    /// What is different about the answers from now on.
    pub(super) fn answer(&self, change: fn(&mut SearchAnswer)) {
        *self.runner.change.lock().expect("no panic") = Some(change);
    }
}

fn store(repository: &InMemoryConnections, cipher: &FakeSecretCipher, number: u128, owner: u128) {
    repository.add_account(account(owner), Plan::Pro);
    let mut stored: StoredConnection = sample_connection(number, account(owner), &number.to_string());
    let password = SecretString::from("hunter2");
    stored.password = cipher.seal(&password, &stored.connection.password_binding()).expect("seal");
    let event = sample_event(number, account(owner));
    block_on(repository.insert(&stored, None, &event)).expect("insert");
}

pub(super) fn account(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn connection(number: u128) -> ConnectionId {
    ConnectionId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn granted(owner: u128) -> Granted<Search> {
    let principal = Principal {
        account_id: account(owner),
        role: Role::User,
        tier: Plan::Free,
        permissions: PermissionSet::of(&[Permission::Search]),
        credential: Credential::Session { id: SessionId::from_uuid(Uuid::nil()) },
    };
    principal.require().expect("a permission")
}

pub(super) fn query(text: &str) -> SearchQuery {
    SearchQuery::natural(QueryText::parse(text).expect("a query"))
}

pub(super) fn failure() -> Failure {
    Failure {
        connection_id: connection(1),
        table: None,
        reason: FailureReason::Timeout,
        message: "the database did not answer in time".to_owned(),
    }
}
