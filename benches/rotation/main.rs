//! How fast ten thousand passwords are sealed anew, and how long a reader waits meanwhile. Runs with
//! `just bench-rotation`, on a SQLite file and on a MariaDB of its own.
//!
//! The cipher is the fake one: AES takes microseconds, the store what is measured here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use altus4_connections::{
    ConnectionRepository, StoredConnection, password_rotation, testkit::sample_connection,
};
use altus4_kernel::{
    AccountId, Resealed, Rotation, SecretCipher,
    testkit::{FakeSecretCipher, sample_event},
};
use altus4_store_sql::{SqlStore, StoreConfig};
use altus4_test_support::MariaDb;
use altus4_users::testkit::{sample_account, sample_session};

const PASSWORDS: u64 = 10_000;
/// As many connections as an account may well have.
const OF_AN_ACCOUNT: u64 = 25;
/// As the command has it.
const BATCH: u32 = 100;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    // `cargo test --all-targets` runs benchmarks too, without this.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    measure("SQLite", format!("sqlite://{}", folder.path().join("store.db").display())).await?;
    let server = MariaDb::start();
    measure("MariaDB", server.url(&server.create_database())).await
}

async fn measure(name: &str, url: String) -> Outcome<()> {
    let store = SqlStore::connect(&StoreConfig { url: url.into(), max_connections: 4 }).await?;
    store.migrate().await?;
    eprintln!("{name}: storing {PASSWORDS} connections …");
    for number in 0..PASSWORDS {
        add(&store, number).await?;
    }
    let alone = read_until(&store, async || tokio::time::sleep(Duration::from_secs(2)).await).await?.0;
    let cipher = Arc::new(FakeSecretCipher::with_keys(&["new", "old"]));
    let rotation = password_rotation(store.sealed_passwords(), cipher);
    let (beside, first) = read_until(&store, async || all(&rotation).await).await?;
    let (done, took) = first?;
    let (again, took_again) = all(&rotation).await?;
    if (done.resealed, again.already_newest) != (PASSWORDS, PASSWORDS) {
        return Err(format!("not all were sealed anew: {done:?}, {again:?}").into());
    }
    println!("{name}");
    println!("sealed anew           {:>10.0} /s, {:.1} s in all", rate(took), took.as_secs_f64());
    println!("again, all new        {:>10.0} /s", rate(took_again));
    println!("a reader alone        {:>10.2} ms at the median, {:.2} at p99", alone[0], alone[1]);
    println!("a reader beside it    {:>10.2} ms at the median, {:.2} at p99\n", beside[0], beside[1]);
    store.close().await;
    Ok(())
}

fn account(number: u64) -> AccountId {
    sample_account(u128::from(1 + number / OF_AN_ACCOUNT), "any@example.com").account.id
}

/// Stores a connection whose password is under the old key; the first of an account with that.
async fn add(store: &SqlStore, number: u64) -> Outcome<()> {
    let id = account(number);
    if number.is_multiple_of(OF_AN_ACCOUNT) {
        let ordinal = 1 + number / OF_AN_ACCOUNT;
        let stored = sample_account(ordinal.into(), &format!("user{ordinal}@example.com"));
        let mut session = sample_session(1, id, stored.account.created_at);
        session.id = altus4_kernel::SessionId::from_uuid(id.as_uuid());
        session.refresh_digest.0[..8].copy_from_slice(&ordinal.to_be_bytes());
        let event = sample_event(u128::from(PASSWORDS + ordinal), id);
        store.users().insert(&stored, &session, &event).await?;
    }
    let sample = sample_connection(u128::from(number), id, &format!("connection {number}"));
    let old = FakeSecretCipher::with_keys(&["old"]);
    let password = old.seal(&"a password of some length".into(), &sample.connection.password_binding())?;
    let stored = StoredConnection { password, ..sample };
    store.connections().insert(&stored, None, &sample_event(number.into(), id)).await?;
    Ok(())
}

/// Seals everything anew, as the command does.
async fn all(rotation: &Rotation) -> Outcome<(Resealed, Duration)> {
    let begun = Instant::now();
    let mut sum = Resealed::default();
    loop {
        let batch = rotation.reseal(sum.last.take(), BATCH).await?;
        sum.resealed += batch.resealed;
        sum.already_newest += batch.already_newest;
        match batch.last {
            Some(last) => sum.last = Some(last),
            None => return Ok((sum, begun.elapsed())),
        }
    }
}

/// Lists the connections of one account after another, as every search does, until `other` is over:
/// the median and the p99 of that in milliseconds, and what came of the other.
async fn read_until<T>(store: &SqlStore, other: impl AsyncFnOnce() -> T) -> Outcome<([f64; 2], T)> {
    let stop = Arc::new(AtomicBool::new(false));
    let (connections, stopped) = (store.connections(), Arc::clone(&stop));
    let reader = tokio::spawn(async move { read(connections.as_ref(), &stopped).await });
    let outcome = other().await;
    stop.store(true, Ordering::Relaxed);
    let mut times = reader.await?.map_err(|error| error.to_string())?;
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(f64::NAN);
    Ok(([at(50), at(99)], outcome))
}

async fn read(
    connections: &dyn ConnectionRepository,
    stopped: &AtomicBool,
) -> altus4_kernel::PortResult<Vec<f64>> {
    let mut times = Vec::new();
    for number in (0..PASSWORDS).step_by(7).cycle() {
        if stopped.load(Ordering::Relaxed) {
            break;
        }
        let begun = Instant::now();
        connections.list(account(number)).await?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(times)
}

fn rate(took: Duration) -> f64 {
    PASSWORDS as f64 / took.as_secs_f64()
}
