//! What the check of an API key adds to a request, with 100,000 keys in the store and 1,000 in use.
//! Runs with `just bench-keys`; needs nothing else installed.
//!
//! First in this process, over the adapters of the embedded defaults: the check at a key's first use
//! and afterwards, keys that are malformed or unknown, and everything that admits a request (check,
//! fair share, hourly rate, recording its usage), alone and while usage is written to the store.
//! Then over HTTP: the same route asked with no key, which checks nothing, and with one.

#[path = "../harness/process.rs"]
mod process;
#[path = "../harness/times.rs"]
mod times;

use std::{
    hint::black_box,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_api_keys::{
    AllowedIps, ApiKey, FairShare, KeyCheck, KeyDigester, KeyName, KeySecret, Meter, MeterPorts,
    StoredSecret, Subject, Tiers, UsageEvent, UsageRecorder,
};
use altus4_cache_memory::{MemoryKeyCache, MemoryQuotaCounter, MemoryRateLimiter};
use altus4_crypto::{HmacKeyDigester, NamedKey, SystemRandomSource};
use altus4_kernel::{
    AccountId, Actor, ApiKeyId, AuditAction, AuditEvent, Clock, Environment, IdGenerator, Origin, Permission,
    PermissionSet, Plan, RandomIds, Role, SystemClock,
    secrecy::{ExposeSecret, SecretString},
};
use altus4_store_sql::{SqlStore, StoreConfig};
use altus4_users::{Account, AccountName, Email, NewAccount, PasswordHash};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    process::Process,
    times::{Outcome, is_wanted, millis, quantile},
};

const KEYS: usize = 100_000;
const IN_USE: usize = 1_000;
/// How often each key in use is checked once it is known.
const ROUNDS: usize = 100;
const HTTP_REQUESTS: usize = 4_000;
const SECRET: [u8; 32] = *b"bench keys 0123456789abcdefghijk";

#[tokio::main]
async fn main() -> Outcome<()> {
    if !is_wanted() {
        return Ok(());
    }
    let data = tempfile::tempdir()?;
    let store = open(data.path()).await?;
    eprintln!("making {KEYS} keys …");
    let keys = fill(&store).await?;
    let desk = Desk::new(&store)?;

    println!("{KEYS} keys in the store, {IN_USE} in use; microseconds");
    println!("{:<46} {:>9} {:>9}", "in this process", "p50", "p99");
    let known = &keys[..IN_USE];
    show("first use of a key (one look-up)", &desk.check_each(known).await?);
    let mut cached = Vec::new();
    for _ in 0..ROUNDS {
        cached.extend(desk.check_each(known).await?);
    }
    show("every later use", &cached);
    let (mut malformed, mut stranger, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..IN_USE {
        let text = KeySecret::generate(Environment::Test, &SystemRandomSource)?.text().clone();
        let mut broken = text.expose_secret().to_owned();
        broken.replace_range(20..21, if &broken[20..21] == "A" { "B" } else { "A" });
        malformed.push(desk.refuse(&broken).await);
        stranger.push(desk.refuse(text.expose_secret()).await);
        again.push(desk.refuse(text.expose_secret()).await);
    }
    show("a malformed key", &malformed);
    show("an unknown key (one look-up)", &stranger);
    show("the same unknown key again", &again);

    let mut quiet = Vec::new();
    for _ in 0..ROUNDS {
        quiet.extend(desk.admit_each(known).await?);
        desk.recorder.flush().await?;
    }
    show("check, share, rate and usage", &quiet);
    let flusher = tokio::spawn({
        let recorder = desk.recorder.clone();
        async move {
            loop {
                drop(recorder.flush().await);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let mut beside = Vec::new();
    for _ in 0..ROUNDS {
        beside.extend(desk.admit_each(known).await?);
        tokio::task::yield_now().await;
    }
    flusher.abort();
    show("the same while usage is being written", &beside);
    let mut recording = Vec::new();
    for _ in 0..ROUNDS {
        for key in known {
            let event = usage_of(key.id);
            let begun = Instant::now();
            desk.recorder.record(event);
            recording.push(begun.elapsed());
        }
        desk.recorder.flush().await?;
    }
    show("recording usage alone", &recording);
    store.close().await;

    over_http(data.path(), known).await
}

/// `GET /api/v1/health` with no key and with each of these, in turns, by one client.
async fn over_http(data: &Path, keys: &[Known]) -> Outcome<()> {
    let secret = format!("bench:{}", STANDARD.encode(SECRET));
    let process = Process::launch(data, &[("ALTUS4_API_KEY_SECRETS", &secret)]).await?;
    println!("started in {:.0} ms, {:.1} MiB", millis(process.started_in), process.resident_mib()?);
    let (mut bare, mut checked) = (Vec::new(), Vec::new());
    for number in 0..HTTP_REQUESTS {
        let key = keys[number % keys.len()].secret.expose_secret();
        bare.push(time_get(&process, "health", None).await?);
        let time = time_get(&process, "health", Some(key)).await?;
        // The first round looks each key up.
        if number >= keys.len() {
            checked.push(time);
        }
    }
    println!("{:<46} {:>9} {:>9}", "over HTTP, one client, in turns", "p50", "p99");
    show("no key: no check at all", &bare);
    show("with a key that is known", &checked);
    let added = micros(&checked, 0.5) - micros(&bare, 0.5);
    println!("{:<46} {added:>+9.1} {:>+9.1}", "added", micros(&checked, 0.99) - micros(&bare, 0.99));
    Ok(())
}

/// How long it takes to be answered by a route that is there.
async fn time_get(process: &Process, path: &str, key: Option<&str>) -> Outcome<Duration> {
    let mut request = process.client.get(format!("{}/{path}", process.api));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    let begun = Instant::now();
    request.send().await?.error_for_status()?.bytes().await?;
    Ok(begun.elapsed())
}

/// A key of the store.
struct Known {
    id: ApiKeyId,
    secret: SecretString,
}

/// What stands before each request in the service.
struct Desk {
    check: KeyCheck,
    share: FairShare,
    meter: Meter,
    recorder: UsageRecorder,
}

impl Desk {
    fn new(store: &SqlStore) -> Outcome<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let cache = Arc::new(MemoryKeyCache::default());
        let check = KeyCheck::new(store.api_keys(), Arc::new(digester()?), cache, Arc::clone(&clock));
        let recorder = UsageRecorder::new(store.usage(), 100_000);
        let ports = MeterPorts {
            limiter: Arc::new(MemoryRateLimiter::default()),
            quotas: Arc::new(MemoryQuotaCounter::default()),
            usage: store.usage(),
            recorder: recorder.clone(),
            clock,
        };
        let tiers = Tiers::default();
        Ok(Self { check, share: FairShare::new(tiers, 256), meter: Meter::new(ports, tiers), recorder })
    }

    async fn check_each(&self, keys: &[Known]) -> Outcome<Vec<Duration>> {
        let mut times = Vec::with_capacity(keys.len());
        for key in keys {
            let begun = Instant::now();
            black_box(self.check.authenticate(key.secret.expose_secret(), None).await?);
            times.push(begun.elapsed());
        }
        Ok(times)
    }

    async fn refuse(&self, text: &str) -> Duration {
        let begun = Instant::now();
        assert!(self.check.authenticate(text, None).await.is_err(), "nobody has this key");
        begun.elapsed()
    }

    async fn admit_each(&self, keys: &[Known]) -> Outcome<Vec<Duration>> {
        let mut times = Vec::with_capacity(keys.len());
        for key in keys {
            let begun = Instant::now();
            let checked = self.check.authenticate(key.secret.expose_secret(), None).await?;
            let subject = Subject::of(&checked.principal);
            let pass = self.share.enter(subject, checked.principal.tier, SystemClock.now())?;
            black_box(self.meter.admit(&checked.principal, checked.holder.key.limits.as_ref()).await?);
            self.recorder.record(usage_of(key.id));
            drop(pass);
            times.push(begun.elapsed());
        }
        Ok(times)
    }
}

/// A request that was made with this key.
fn usage_of(key: ApiKeyId) -> UsageEvent {
    UsageEvent {
        id: RandomIds.next_id(),
        request_id: RandomIds.next_id().to_string(),
        key,
        at: SystemClock.now(),
        method: "GET".to_owned(),
        endpoint: "/api/v1/databases".to_owned(),
        status: 200,
        error_code: None,
        response_time_us: 400,
        tier: Plan::Enterprise,
        ip: Some("192.0.2.1".to_owned()),
        spent_microcents: 0,
        counted: true,
    }
}

fn digester() -> Outcome<HmacKeyDigester> {
    let key = NamedKey { id: "bench".to_owned(), bytes: SECRET.to_vec().into() };
    Ok(HmacKeyDigester::new(vec![key])?)
}

/// The store that the program finds in this data directory.
async fn open(data: &Path) -> Outcome<SqlStore> {
    let url = format!("sqlite://{}", data.join("altus4.db").display());
    let store = SqlStore::connect(&StoreConfig { url: url.into(), max_connections: 16 }).await?;
    store.migrate().await?;
    Ok(store)
}

/// Makes an account with all the keys, and gives those keys.
async fn fill(store: &SqlStore) -> Outcome<Vec<Known>> {
    let (now, account_id) = (SystemClock.now(), AccountId::from_uuid(RandomIds.next_id()));
    let account = Account {
        id: account_id,
        email: Email::parse("bench@example.com").ok_or("an address")?,
        name: AccountName::parse("Bench").ok_or("a name")?,
        role: Role::User,
        plan: Plan::Enterprise,
        created_at: now,
        last_active: now,
    };
    let origin = Origin::local(RandomIds.next_id());
    let event = |action| {
        AuditEvent::new(RandomIds.next_id(), now, Actor::Operator, action, &origin).in_log_of(account_id)
    };
    let account = NewAccount { account, password: PasswordHash::new("none") };
    store.users().insert_without_session(&account, &event(AuditAction::AccountRegistered)).await?;
    let (keys, digester) = (store.api_keys(), digester()?);
    let mut known = Vec::with_capacity(KEYS);
    for _ in 0..KEYS {
        let secret = KeySecret::generate(Environment::Live, &SystemRandomSource)?;
        let key = ApiKey {
            id: ApiKeyId::from_uuid(RandomIds.next_id()),
            account_id,
            name: KeyName::initial(),
            prefix: secret.prefix(),
            environment: Environment::Live,
            permissions: PermissionSet::of(&[Permission::Search, Permission::DatabaseRead]),
            tier: Plan::Enterprise,
            recoverable: false,
            allowed_ips: AllowedIps::default(),
            limits: None,
            usage_count: 0,
            last_used: None,
            last_used_ip: None,
            expires_at: None,
            revoked_at: None,
            regenerated_at: None,
            created_at: now,
            updated_at: now,
        };
        let stored =
            StoredSecret { digest: digester.digest(secret.text()), prefix: secret.prefix(), sealed: None };
        keys.insert(&key, &stored, &event(AuditAction::KeyCreated).about(key.id)).await?;
        known.push(Known { id: key.id, secret: secret.text().clone() });
    }
    Ok(known)
}

fn show(what: &str, times: &[Duration]) {
    println!("{what:<46} {:>9.1} {:>9.1}", micros(times, 0.5), micros(times, 0.99));
}

fn micros(times: &[Duration], share: f64) -> f64 {
    let times: Vec<f64> = times.iter().map(|time| millis(*time) * 1_000.0).collect();
    quantile(&times, share)
}
