//! A service over fakes, two accounts, and somebody who listens to what is told.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU8, Ordering},
};

use altus4_kernel::{
    AccountId, ApiKeyId, Change, ChangeFeed, ChangeSubscriber, Credential, Granted, Origin, Permission,
    PermissionSet, Plan, PortResult, Principal, RandomSource, Role, SessionId,
    grants::Admin,
    secrecy::ExposeSecret,
    testkit::{FakeSecretCipher, FixedClock, InMemoryAuditLog, SequentialIds, block_on},
    uuid::Uuid,
};

use crate::{
    AllowedIps, ApiKey, ApiKeyError, ApiKeyPorts, ApiKeyRepository, ApiKeyService, GracePeriod, KeyChange,
    KeyDigester, KeyHolder, KeyLimits, KeyName, KeySecret, MintedKey, NewKey, ResetPeriod,
    testkit::{FakeKeyDigester, InMemoryApiKeys},
};

pub(super) struct Desk {
    pub(super) service: ApiKeyService,
    pub(super) keys: InMemoryApiKeys,
    pub(super) audit: InMemoryAuditLog,
    pub(super) clock: FixedClock,
    listener: Arc<Listener>,
}

/// Hears of a change and looks at once what the store has of it.
struct Listener {
    keys: InMemoryApiKeys,
    heard: Mutex<Vec<Option<ApiKey>>>,
}

impl ChangeSubscriber for Listener {
    fn on_change(&self, change: Change) {
        let Change::ApiKey(id) = change else { panic!("{change:?}") };
        let found = [1, 2].map(|owner| block_on(self.keys.find(account(owner), id)).expect("find"));
        let found = found.into_iter().flatten().next();
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(found);
    }
}

#[derive(Default)]
struct CountingRandom(AtomicU8);

impl RandomSource for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) -> PortResult<()> {
        bytes.fill(self.0.fetch_add(1, Ordering::SeqCst));
        Ok(())
    }
}

impl Desk {
    /// Accounts 1 and 2 of the plan pro, and no keys.
    pub(super) fn new() -> Self {
        let (audit, clock) = (InMemoryAuditLog::default(), FixedClock::default());
        let keys = InMemoryApiKeys::with_audit_log(audit.clone());
        keys.add_account(account(1), Role::User, Plan::Pro);
        keys.add_account(account(2), Role::User, Plan::Pro);
        let listener = Arc::new(Listener { keys: keys.clone(), heard: Mutex::default() });
        let service = ApiKeyService::new(ApiKeyPorts {
            keys: Arc::new(keys.clone()),
            audit: Arc::new(audit.clone()),
            digester: Arc::new(FakeKeyDigester::new(&["new", "old"])),
            cipher: Arc::new(FakeSecretCipher::default()),
            random: Arc::new(CountingRandom::default()),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(SequentialIds::default()),
            changes: ChangeFeed::new(vec![listener.clone()], None),
        });
        Self { service, keys, audit, clock, listener }
    }

    /// What was in the store when changes were told since the last time.
    pub(super) fn heard(&self) -> Vec<Option<ApiKey>> {
        std::mem::take(&mut *self.listener.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn create(&self, granted: Granted<Admin>, wanted: NewKey) -> Result<MintedKey, ApiKeyError> {
        block_on(self.service.create(granted, wanted, &origin()))
    }

    /// A key that the owner of account 1 makes.
    pub(super) fn made(&self, wanted: NewKey) -> ApiKey {
        self.create(session(1), wanted).expect("create").key
    }

    pub(super) fn get(&self, id: ApiKeyId) -> ApiKey {
        block_on(self.service.get(session(1), id)).expect("get")
    }

    pub(super) fn change(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        change: KeyChange,
    ) -> Result<ApiKey, ApiKeyError> {
        block_on(self.service.change(granted, id, change, &origin()))
    }

    pub(super) fn regenerate(&self, granted: Granted<Admin>, id: ApiKeyId) -> Result<MintedKey, ApiKeyError> {
        block_on(self.service.regenerate(granted, id, GracePeriod::default(), &origin()))
    }

    pub(super) fn reveal(&self, granted: Granted<Admin>, id: ApiKeyId) -> Result<String, ApiKeyError> {
        let shown = block_on(self.service.reveal(granted, id, &origin()))?;
        Ok(shown.expose_secret().to_owned())
    }

    pub(super) fn limit(
        &self,
        granted: Granted<Admin>,
        id: ApiKeyId,
        limits: Option<KeyLimits>,
    ) -> Result<ApiKey, ApiKeyError> {
        match limits {
            Some(limits) => block_on(self.service.set_limits(granted, id, limits, &origin())),
            None => block_on(self.service.remove_limits(granted, id, &origin())),
        }
    }

    /// What is found under the newest digest of this secret.
    pub(super) fn found(&self, secret: &KeySecret) -> Option<KeyHolder> {
        let digest = FakeKeyDigester::new(&["new"]).digest(secret.text());
        block_on(self.keys.find_by_digest(&[digest])).expect("find by digest")
    }
}

pub(super) fn account(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn origin() -> Origin {
    Origin::new("r-1", Some("203.0.113.7"), Some("curl/8"))
}

/// The owner of this account, logged in.
pub(super) fn session(owner: u128) -> Granted<Admin> {
    let id = SessionId::from_uuid(Uuid::from_u128(77));
    granted(owner, PermissionSet::ALL, Credential::Session { id })
}

/// Whoever calls with this key, while it has the permission to manage keys.
pub(super) fn by(key: &ApiKey) -> Granted<Admin> {
    granted(1, PermissionSet::of(&[Permission::Admin]), Credential::ApiKey { id: key.id })
}

fn granted(owner: u128, permissions: PermissionSet, credential: Credential) -> Granted<Admin> {
    let (role, tier) = (Role::User, Plan::Free);
    let caller = Principal { account_id: account(owner), role, tier, permissions, credential };
    caller.require().expect("the permission")
}

pub(super) fn name(text: &str) -> KeyName {
    KeyName::parse(text).expect("a name")
}

/// A test key that may search, of the tier pro.
pub(super) fn wanted() -> NewKey {
    NewKey { tier: Plan::Pro, ..NewKey::named(name("a key")) }
}

/// The same, and it may manage keys.
pub(super) fn manager() -> NewKey {
    NewKey { permissions: PermissionSet::of(&[Permission::Admin]), ..wanted() }
}

pub(super) fn networks(texts: &[&str]) -> AllowedIps {
    AllowedIps::new(texts.iter().map(|text| AllowedIps::parse_one(text).expect("a network")))
        .expect("few enough")
}

pub(super) fn limits(requests: u64) -> KeyLimits {
    KeyLimits { requests: Some(requests), budget_microcents: None, period: ResetPeriod::Daily, enabled: true }
}
