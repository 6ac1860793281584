//! A check over a store that is watched: its look-ups are counted, fail, take their time, or have
//! something happen meanwhile.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use altus4_kernel::{
    AccountId, ApiKeyId, AuditEvent, Page, PageRequest, Plan, PortError, PortErrorKind, PortResult,
    RandomSource, Role, SealedSecret, System, Timestamp,
    secrecy::ExposeSecret,
    testkit::{FixedClock, block_on, sample_event},
    uuid::Uuid,
};
use async_trait::async_trait;
use futures::future::poll_fn;

use crate::{
    ApiKey, ApiKeyError, ApiKeyRepository, CheckedKey, KeyChange, KeyCheck, KeyDigester, KeyFilter,
    KeyHolder, KeyLimits, KeySecret, LegacyKeys, StoredDigest, StoredSecret,
    testkit::{FakeKeyDigester, InMemoryApiKeys, InMemoryKeyCache, sample_key},
};

pub(super) fn account() -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(1))
}

type Meanwhile = Box<dyn FnOnce() + Send>;

/// Bytes that are other ones for each number.
struct Numbered(u8);

impl RandomSource for Numbered {
    fn fill(&self, bytes: &mut [u8]) -> PortResult<()> {
        bytes.fill(self.0);
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct WatchedKeys {
    pub(super) rows: InMemoryApiKeys,
    look_ups: AtomicUsize,
    moves: AtomicUsize,
    down: AtomicBool,
    cannot_move: AtomicBool,
    /// How often a look-up is not done yet when it is asked.
    pub(super) waits: AtomicUsize,
    meanwhile: Mutex<Option<Meanwhile>>,
}

impl WatchedKeys {
    /// Lets this happen once, after the store has answered and before the answer arrives.
    pub(super) fn meanwhile(&self, happens: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(happens));
    }
}

fn down(operation: &'static str) -> PortError {
    PortError::new(PortErrorKind::Unavailable, System::Store, operation).with_source("no route to host")
}

/// What a check asks is answered; it has no business with the rest.
#[async_trait]
impl ApiKeyRepository for WatchedKeys {
    async fn find_by_digest(&self, digests: &[StoredDigest]) -> PortResult<Option<KeyHolder>> {
        self.look_ups.fetch_add(1, Ordering::SeqCst);
        let mut waits = self.waits.load(Ordering::SeqCst);
        poll_fn(|context| {
            if waits == 0 {
                return Poll::Ready(());
            }
            waits -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        if self.down.load(Ordering::SeqCst) {
            return Err(down("api_keys.find_by_digest"));
        }
        let found = self.rows.find_by_digest(digests).await;
        let meanwhile = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(happens) = meanwhile {
            happens();
        }
        found
    }

    async fn move_digest(&self, id: ApiKeyId, old: &StoredDigest, new: &StoredDigest) -> PortResult<()> {
        self.moves.fetch_add(1, Ordering::SeqCst);
        if self.cannot_move.load(Ordering::SeqCst) {
            return Err(down("api_keys.move_digest"));
        }
        self.rows.move_digest(id, old, new).await
    }

    async fn insert_first(&self, _: &ApiKey, _: &StoredSecret, _: &AuditEvent) -> PortResult<()> {
        panic!("a check makes no keys")
    }

    async fn insert(&self, _: &ApiKey, _: &StoredSecret, _: &AuditEvent) -> PortResult<()> {
        panic!("a check makes no keys")
    }

    async fn find(&self, _: AccountId, _: ApiKeyId) -> PortResult<Option<ApiKey>> {
        panic!("a check knows digests alone")
    }

    async fn list(
        &self,
        _: AccountId,
        _: KeyFilter,
        _: Timestamp,
        _: PageRequest,
    ) -> PortResult<Page<ApiKey>> {
        panic!("a check lists nothing")
    }

    async fn change(
        &self,
        _: AccountId,
        _: ApiKeyId,
        _: &KeyChange,
        _: Timestamp,
        _: &AuditEvent,
    ) -> PortResult<Option<ApiKey>> {
        panic!("a check changes no settings")
    }

    async fn set_limits(
        &self,
        _: AccountId,
        _: ApiKeyId,
        _: Option<KeyLimits>,
        _: Timestamp,
        _: &AuditEvent,
    ) -> PortResult<Option<ApiKey>> {
        panic!("a check changes no limits")
    }

    async fn revoke(
        &self,
        _: AccountId,
        _: ApiKeyId,
        _: Timestamp,
        _: &AuditEvent,
    ) -> PortResult<Option<Timestamp>> {
        panic!("a check takes nothing back")
    }

    async fn replace_secret(
        &self,
        _: AccountId,
        _: ApiKeyId,
        _: &StoredSecret,
        _: Timestamp,
        _: Timestamp,
        _: &AuditEvent,
    ) -> PortResult<Option<ApiKey>> {
        panic!("a check replaces no secret")
    }

    async fn sealed_secret(&self, _: AccountId, _: ApiKeyId) -> PortResult<Option<SealedSecret>> {
        panic!("a check shows no secret")
    }

    async fn legacy_keys(&self, _: AccountId, _: &str, _: Timestamp) -> PortResult<LegacyKeys> {
        panic!("a check counts no keys")
    }

    async fn note_legacy_notice(&self, _: AccountId, _: Timestamp) -> PortResult<()> {
        panic!("a check tells nobody")
    }

    async fn plan_of(&self, _: AccountId) -> PortResult<Option<Plan>> {
        panic!("a check learns the plan with the key")
    }
}

pub(super) struct Desk {
    pub(super) check: KeyCheck,
    pub(super) store: Arc<WatchedKeys>,
    pub(super) cache: InMemoryKeyCache,
    pub(super) clock: FixedClock,
}

impl Desk {
    /// A check under the server secrets `new` and `old`, and an account of the plan pro.
    pub(super) fn new() -> Self {
        let (store, cache) = (Arc::new(WatchedKeys::default()), InMemoryKeyCache::default());
        let clock = FixedClock::default();
        store.rows.add_account(account(), Role::User, Plan::Pro);
        let check = KeyCheck::new(
            store.clone(),
            Arc::new(FakeKeyDigester::new(&["new", "old"])),
            Arc::new(cache.clone()),
            Arc::new(clock.clone()),
        );
        Self { check, store, cache, clock }
    }

    /// Stores this key of the account, and gives the text that it is presented as.
    pub(super) fn stored(&self, key: &ApiKey) -> String {
        self.stored_under("new", key)
    }

    /// The same under another of the server's secrets.
    pub(super) fn stored_under(&self, secret_id: &str, key: &ApiKey) -> String {
        let number = u8::try_from(key.id.as_uuid().as_u128()).expect("a small number");
        let secret = secret(number);
        let stored = StoredSecret {
            digest: FakeKeyDigester::new(&[secret_id]).digest(secret.text()),
            prefix: secret.prefix(),
            sealed: None,
        };
        let event = sample_event(number.into(), account());
        block_on(self.store.rows.insert(key, &stored, &event)).expect("insert");
        secret.text().expose_secret().to_owned()
    }

    pub(super) fn authenticate(&self, text: &str) -> Result<CheckedKey, ApiKeyError> {
        let address = "203.0.113.7".parse().ok();
        block_on(self.check.authenticate(text, address))
    }

    pub(super) fn passes(&self, text: &str) -> bool {
        self.authenticate(text).is_ok()
    }

    /// How often the store was asked since the last time.
    pub(super) fn look_ups(&self) -> usize {
        self.store.look_ups.swap(0, Ordering::SeqCst)
    }

    pub(super) fn moves(&self) -> usize {
        self.store.moves.swap(0, Ordering::SeqCst)
    }

    pub(super) fn set_down(&self, is_down: bool) {
        self.store.down.store(is_down, Ordering::SeqCst);
    }

    pub(super) fn refuse_moves(&self) {
        self.store.cannot_move.store(true, Ordering::SeqCst);
    }

    pub(super) fn advance_ms(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }
}

/// The secret of this number.
pub(super) fn secret(number: u8) -> KeySecret {
    let environment = sample_key(1, account()).environment;
    KeySecret::generate(environment, &Numbered(number)).expect("a secret")
}
