//! Hostile servers: whatever they do, a call ends in time with the right error, the process lives
//! and holds no more memory, and others are served meanwhile.

use std::{
    env, fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use altus4_connections::{ConnectionProbe, SchemaInspector, Target, Tls};
use altus4_datasource_mysql::{MySqlConfig, MySqlSource};
use altus4_kernel::{
    PortErrorKind::{self, NotPermitted, Rejected, Timeout, Unavailable},
    PortResult,
};
use altus4_search::FullTextIndex;
use altus4_test_support::rogue::{
    Rogue,
    attacks::{Attack, Meaning, at_the_answer, at_the_greeting, at_the_login, at_the_preparation, be_silent},
    serve,
};
use futures::future::join_all;

use crate::fixture::{World, at, by_index, options, source, target};

const DEADLINE: Duration = Duration::from_millis(700);
const SLACK: Duration = Duration::from_secs(1);
/// For each attack.
const MAX_GROWTH_KIB: usize = 32 * 1024;
/// How many attack at once.
const SIDE_BY_SIDE: usize = 8;

fn resident_kib() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("a Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

/// A call that makes one kind of statement: not prepared for a probe, prepared for a schema.
async fn call(
    source: &MySqlSource,
    target: &Target,
    deadline: Duration,
    is_prepared: bool,
) -> PortResult<()> {
    if is_prepared {
        source.inspect(target, deadline).await.map(drop)
    } else {
        source.probe(target, deadline).await.map(drop)
    }
}

/// A call in time for this attack. Those that are bounded by size get the time to reach the bound.
fn deadline(attack: &Attack) -> Duration {
    if is_greedy(attack) { 8 * DEADLINE } else { DEADLINE }
}

/// The kind of error that it has to come to.
fn kind(attack: &Attack) -> PortErrorKind {
    match attack.answer {
        Meaning::Refused => NotPermitted,
        Meaning::TooMuch => Rejected,
        Meaning::Late => Timeout,
        Meaning::Gone => Unavailable,
    }
}

async fn survive(source: &MySqlSource, world: &World, attack: &Attack, is_prepared: bool, has_eof: bool) {
    let name = &attack.name;
    let port = serve(attack.rogue.clone(), has_eof);
    let rogue = at(&target(world.server, &world.database), "127.0.0.1", port, Tls::Disabled);
    let began = Instant::now();
    let error = call(source, &rogue, deadline(attack), is_prepared).await.expect_err(name);
    let took = began.elapsed();
    let detail = error.detail.clone().unwrap_or_default();
    assert_eq!(error.kind, kind(attack), "{name}, prepared: {is_prepared}, EOF: {has_eof}: {error:?}");
    assert!(took < deadline(attack) + SLACK, "{name}: {took:?}");
    assert!(!detail.message.is_empty(), "{name}");
}

/// Whether it sends as much as is taken; then it attacks alone, so that what is held is its own.
fn is_greedy(attack: &Attack) -> bool {
    attack.answer == Meaning::TooMuch
}

/// Runs a test in a process of its own: what others of this process hold can't be told from what is
/// held for an attack, and a process that is gone fails no test but its own.
fn alone(test: &str, attacks: impl FnOnce()) {
    if env::args().any(|argument| argument == "--exact") {
        return attacks();
    }
    let program = env::current_exe().expect("this program");
    let output = Command::new(program).args(["--exact", test, "--nocapture"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{}: {said}", output.status);
}

fn run(attacks: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().expect("a runtime").block_on(attacks);
}

/// Runs all attacks while somebody else is searching.
async fn survive_all(attacks: &[Attack], ways: &[(bool, bool)]) {
    let config = MySqlConfig { connect_timeout: Duration::from_millis(500), ..MySqlConfig::default() };
    let world = World::with_config(
        "CREATE TABLE t (id INT PRIMARY KEY, title VARCHAR(50), FULLTEXT (title));
         INSERT INTO t VALUES (1, 'needle');",
        config,
    );
    let quick = by_index(&world.table("t").await, &["needle"], &["title"]);
    let hostile = source(config);
    let before = resident_kib();
    let (is_over, served, highest) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let others = async {
        while !is_over.load(Ordering::SeqCst) {
            let found = world.source.candidates(&world.target, &quick, SLACK).await;
            assert_eq!(found.expect("served").len(), 1);
            served.fetch_add(1, Ordering::SeqCst);
            highest.fetch_max(resident_kib(), Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let attackers = async {
        for (is_prepared, has_eof) in ways {
            for some in
                attacks.chunk_by(|a, b| !is_greedy(a) && !is_greedy(b)).flat_map(|c| c.chunks(SIDE_BY_SIDE))
            {
                let (served_before, began) = (served.load(Ordering::SeqCst), Instant::now());
                let resident_before = resident_kib();
                highest.store(resident_before, Ordering::SeqCst);
                join_all(some.iter().map(|attack| survive(&hostile, &world, attack, *is_prepared, *has_eof)))
                    .await;
                let served = served.load(Ordering::SeqCst) - served_before;
                assert!(served > 0 || began.elapsed() < Duration::from_millis(50), "nobody else was served");
                let grown = highest.load(Ordering::SeqCst).saturating_sub(resident_before);
                assert!(grown < MAX_GROWTH_KIB, "{grown} KiB in {}", some[0].name);
            }
        }
        is_over.store(true, Ordering::SeqCst);
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < 2 * MAX_GROWTH_KIB, "{grown} KiB after all of them: they pile up");
    };
    tokio::join!(others, attackers);
}

#[test]
fn hostile_greetings_and_logins_are_survived() {
    alone("hostile::hostile_greetings_and_logins_are_survived", || {
        run(async {
            survive_all(&at_the_greeting(), &[(false, false)]).await;
            survive_all(&at_the_login(), &[(false, false)]).await;
        });
    });
}

/// In both protocols, and whatever was agreed on about the ends of columns and rows.
#[test]
fn hostile_answers_are_survived() {
    let attacks = at_the_answer();
    assert!(attacks.len() >= 30, "{}", attacks.len());
    alone("hostile::hostile_answers_are_survived", || {
        run(async {
            survive_all(&at_the_preparation(), &[(true, false), (true, true)]).await;
            survive_all(&attacks, &[(false, false), (true, true), (false, true), (true, false)]).await;
        });
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_is_given_up_after_the_connection_s_own_limit() {
    let world = World::new("SELECT 1");
    let port = serve(Rogue::Answer(Arc::new(be_silent)), false);
    let mut target = at(&world.target, "127.0.0.1", port, Tls::Disabled);
    target.connection.options = options(1, 1_000);
    let began = Instant::now();
    let error = world.source.probe(&target, Duration::from_secs(20)).await.expect_err("silence");
    assert_eq!(error.kind, Timeout);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}
