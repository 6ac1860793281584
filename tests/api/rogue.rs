//! Hostile servers behind connections: whatever they do, the program goes on as the same process,
//! answers in time with the right code, holds no more memory and serves other connections meanwhile.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use altus4_test_support::rogue::{
    attacks::{Attack, Meaning, at_the_answer, at_the_greeting, at_the_login, at_the_preparation},
    serve,
};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp};
use crate::client::Caller;
use crate::samples::{articles, connection, row_ids};

/// Longer than connecting may take, shorter than hostile servers are silent.
const TIMEOUT: Duration = Duration::from_secs(4);
/// For those that send as much as is taken; two cores may be shared with a dozen other tests.
const GREEDY_TIMEOUT: Duration = Duration::from_secs(12);
/// How long a call that only tests a connection may take.
const TEST_LIMIT: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_secs(1);
/// While some of them attack.
const MAX_GROWTH_KIB: usize = 32 * 1024;
const SIDE_BY_SIDE: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn hostile_servers_cost_nobody_else_anything() {
    let app = TestApp::with(Kind::Sqlite, &[]);
    let pid = app.program().pid();
    let neighbour = app.session().await;
    neighbour.connect(connection(&articles())).await;
    for _ in 0..3 {
        neighbour.search(json!({ "query": "backup" })).await;
    }
    let attacks: Vec<Attack> = [at_the_greeting(), at_the_login(), at_the_preparation(), at_the_answer()]
        .into_iter()
        .flatten()
        .collect();
    assert!(attacks.len() >= 80, "{}", attacks.len());
    let (is_over, served, highest) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let beside = async {
        while !is_over.load(Ordering::SeqCst) {
            let found = neighbour.search(json!({ "query": "backup" })).await;
            assert_eq!(row_ids(&found["results"]), [1, 2, 3]);
            served.fetch_add(1, Ordering::SeqCst);
            highest.fetch_max(resident_kib(pid), Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let attackers = async {
        let groups =
            attacks.chunk_by(|a, b| !is_greedy(a) && !is_greedy(b)).flat_map(|c| c.chunks(SIDE_BY_SIDE));
        for some in groups {
            // Whoever has an account has three connections at the most.
            let callers = join_all(some.iter().map(|_| app.session())).await;
            let before = resident_kib(pid);
            highest.store(before, Ordering::SeqCst);
            let served_before = served.load(Ordering::SeqCst);
            join_all(some.iter().zip(&callers).map(|(attack, caller)| survive(caller, attack))).await;
            assert!(
                served.load(Ordering::SeqCst) > served_before,
                "nobody else was served: {}",
                some[0].name
            );
            let grown = highest.load(Ordering::SeqCst).saturating_sub(before);
            assert!(grown < MAX_GROWTH_KIB, "{grown} KiB in {} and others", some[0].name);
        }
        is_over.store(true, Ordering::SeqCst);
    };
    tokio::join!(beside, attackers);
    assert_eq!((app.program().exit_code(), app.program().pid()), (None, pid));
}

/// Tests, registers and searches a connection to a server that does this.
async fn survive(caller: &Caller, attack: &Attack) {
    let name = &attack.name;
    // Whether columns and rows end with packets of their own is as good as any coin.
    let body = json!({
        "name": name, "host": "127.0.0.1", "port": serve(attack.rogue.clone(), name.len().is_multiple_of(2)),
        "database": "shop", "username": "root", "password": "canary-of-the-rogues",
    });
    let (took, tested) = timed(caller, "/api/v1/databases/test", &body).await;
    assert!(took < TEST_LIMIT + SLACK, "{name}: {took:?}");
    // What waits for a statement to be prepared lets itself be tested.
    if tested.status != 200 {
        tested.clone().fails(502, "CONNECTION_FAILED");
    }
    let id = caller.connect(body).await;
    let timeout = if is_greedy(attack) { GREEDY_TIMEOUT } else { TIMEOUT };
    let millis = u64::try_from(timeout.as_millis()).expect("a few");
    let search = json!({ "query": "backup", "databases": [id], "timeoutMs": millis });
    let (took, answer) = timed(caller, "/api/v1/search", &search).await;
    assert!(took < timeout + SLACK, "{name}: {took:?}");
    let (status, code) = match attack.answer {
        Meaning::Late => (504, "QUERY_TIMEOUT"),
        Meaning::Refused | Meaning::TooMuch | Meaning::Gone => (502, "CONNECTION_FAILED"),
    };
    assert_eq!(
        (answer.status, &answer.body["error"]["code"]),
        (status, &json!(code)),
        "{name}: {}",
        answer.text
    );
    for answer in [tested, answer] {
        assert!(
            !answer.text.contains("canary") && !answer.text.contains("No, you are not"),
            "{}",
            answer.text
        );
    }
}

/// Whether it sends as much as is taken; then it attacks alone.
fn is_greedy(attack: &Attack) -> bool {
    attack.answer == Meaning::TooMuch
}

async fn timed(caller: &Caller, path: &str, body: &Value) -> (Duration, crate::client::Answer) {
    let began = Instant::now();
    let answer = caller.post(path, body.clone()).await;
    (began.elapsed(), answer)
}

fn resident_kib(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the program runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}
