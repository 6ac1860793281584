//! Where it may be dialled, with a resolver of the tests' own: what is written down, what names
//! answer, and names that change their answer.

use std::{
    collections::HashMap,
    net::{IpAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use altus4_connections::{
    AddressGate, ConnectionProbe, HOST_CONSTRAINT, Host, HostPolicy, HostResolver, SchemaInspector, Tls,
};
use altus4_datasource_mysql::{MySqlConfig, MySqlSource};
use altus4_kernel::{PortError, PortErrorKind, PortResult};
use altus4_search::FullTextIndex;
use altus4_test_support::MariaDb;
use async_trait::async_trait;

use crate::fixture::{DEADLINE, at, by_scan, options, snapshot, target};

/// Gives the answers of a name one after another, and the last one for ever.
#[derive(Default)]
struct Answers(HashMap<&'static str, Mutex<Vec<Vec<&'static str>>>>);

impl Answers {
    fn of(names: &[(&'static str, &[&[&'static str]])]) -> Arc<Self> {
        let answers = |list: &[&[&'static str]]| Mutex::new(list.iter().map(|one| one.to_vec()).collect());
        Arc::new(Self(names.iter().map(|(name, list)| (*name, answers(list))).collect()))
    }
}

#[async_trait]
impl HostResolver for Answers {
    async fn resolve(&self, host: &Host) -> PortResult<Vec<IpAddr>> {
        let Some(answers) = self.0.get(host.as_str()) else { return Ok(Vec::new()) };
        let mut answers = answers.lock().expect("the answers");
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Ok(answer.into_iter().map(|ip| ip.parse().expect("an address")).collect())
    }
}

/// What becomes of a host.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It isn't taken for one.
    NoHost,
    Forbidden,
    /// It has no address.
    Nowhere,
    Dialled(String),
}

async fn fate(gate: &AddressGate, text: &str, port: u16) -> Fate {
    let Some(host) = Host::parse(text) else { return Fate::NoHost };
    match gate.admit(&host, port).await {
        Ok(address) => Fate::Dialled(address.ip().to_string()),
        Err(PortError { kind: PortErrorKind::NotPermitted, constraint: Some(HOST_CONSTRAINT), .. }) => {
            Fate::Forbidden
        }
        Err(error) => {
            assert_eq!(error.kind, PortErrorKind::Unavailable, "{text}");
            Fate::Nowhere
        }
    }
}

fn production() -> HostPolicy {
    HostPolicy { public_only: true, ..HostPolicy::default() }
}

/// Addresses that are not public, as they can be written.
const FORBIDDEN: [&str; 49] = [
    // This host, this network.
    "0.0.0.0",
    "0.1.2.3",
    "127.0.0.1",
    "127.1.2.3",
    "127.255.255.254",
    "127.0.0.1.",
    "127.0.0.1...",
    " 127.0.0.1 ",
    "[::1]",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::",
    // Private, shared, link-local (cloud metadata among them).
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.255.255",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "fec0::1",
    // Special purposes, multicast, broadcast.
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.251",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "100::1",
    "2001:db8::1",
    "3fff::1",
    // An IPv4 address inside an IPv6 one.
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "[::ffff:10.0.0.1]",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001::1",
    "::ffff:0:127.0.0.1",
];
/// What exists to get past checks, and what is no host at all.
const NO_HOSTS: [&str; 24] = [
    "2130706433",
    "0x7f000001",
    "0X7F.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.1",
    "127.0.1",
    "0",
    "00",
    "127.0.0.0x1",
    "127.0.0.1:3306",
    "127.0.0.1/32",
    "user@127.0.0.1",
    "127.0.0.1#",
    "http://127.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "fe80::1%eth0",
    "[::1",
    "local host",
    "-a.example",
    "a..example",
    "",
    ".",
];
/// Names that lead there.
const NAMES: [&str; 10] = [
    "loopback.example",
    "private.example",
    "mapped.example",
    "metadata.example",
    "mixed.example",
    "mixed-last.example",
    "six.example",
    "zero.example",
    "crowd.example",
    "LOOPBACK.example.",
];

#[tokio::test]
async fn in_production_no_spelling_leads_to_a_place_that_is_not_public() {
    let answers = Answers::of(&[
        ("loopback.example", &[&["127.0.0.1"]]),
        ("private.example", &[&["192.168.1.1"]]),
        ("mapped.example", &[&["::ffff:10.1.2.3"]]),
        ("metadata.example", &[&["169.254.169.254"]]),
        ("mixed.example", &[&["127.0.0.1", "8.8.8.8"]]),
        ("mixed-last.example", &[&["8.8.8.8", "2606:4700::1111", "::1"]]),
        ("six.example", &[&["fd00::1"]]),
        ("zero.example", &[&["0.0.0.0"]]),
        ("crowd.example", &[&["8.8.8.8"; 17]]),
        ("nowhere.example", &[&[]]),
        ("public.example", &[&["8.8.8.8", "8.8.4.4"]]),
    ]);
    let gate = AddressGate::new(answers, production());
    for host in FORBIDDEN.iter().chain(&NAMES) {
        assert_eq!(fate(&gate, host, 3306).await, Fate::Forbidden, "{host}");
    }
    for text in NO_HOSTS {
        assert_eq!(fate(&gate, text, 3306).await, Fate::NoHost, "{text}");
    }
    for name in ["nowhere.example", "unknown.example"] {
        assert_eq!(fate(&gate, name, 3306).await, Fate::Nowhere, "{name}");
    }
    for (host, dialled) in [
        ("8.8.8.8", "8.8.8.8"),
        ("8.8.8.8.", "8.8.8.8"),
        ("172.32.0.1", "172.32.0.1"),
        ("100.128.0.1", "100.128.0.1"),
        ("[2606:4700::1111]", "2606:4700::1111"),
        ("public.example", "8.8.8.8"),
        ("Public.Example.", "8.8.8.8"),
    ] {
        assert_eq!(fate(&gate, host, 3306).await, Fate::Dialled(dialled.into()), "{host}");
    }
}

#[tokio::test]
async fn ports_outside_the_operator_s_list_are_forbidden() {
    let rules = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a rule")).collect();
    let policy = HostPolicy {
        public_only: false,
        allow: rules(&["*:3306", "10.0.0.0/8:3307", "[2606:4700::/32]:3308"]),
        deny: rules(&["10.9.0.0/16"]),
    };
    let gate = AddressGate::new(Answers::of(&[("name.example", &[&["10.8.0.1"]])]), policy);
    for (host, port, is_allowed) in [
        ("8.8.8.8", 3306, true),
        ("8.8.8.8", 22, false),
        ("8.8.8.8", 3307, false),
        ("10.8.0.1", 3307, true),
        ("::ffff:10.8.0.1", 3307, true),
        ("name.example", 3307, true),
        ("name.example", 3308, false),
        ("10.9.0.1", 3306, false),
        ("::ffff:10.9.0.1", 3306, false),
        ("2606:4700::1", 3308, true),
        ("2606:4701::1", 3308, false),
    ] {
        let admitted = fate(&gate, host, port).await != Fate::Forbidden;
        assert_eq!(admitted, is_allowed, "{host} {port}");
    }
}

/// Listens at an address and counts who comes.
fn canary(address: &str, port: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((address, port)).expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&count);
    thread::spawn(move || {
        for _hung_up_on in listener.incoming() {
            counting.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, count)
}

/// The policy allows one loopback address and forbids another; a name changes from one to the other.
fn one_loopback() -> HostPolicy {
    HostPolicy { allow: vec!["127.0.0.2".parse().expect("a rule")], ..HostPolicy::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_that_was_checked_is_the_one_that_is_dialled() {
    let (port, allowed) = canary("127.0.0.2", 0);
    let (_, forbidden) = canary("127.0.0.1", port);
    let answers = Answers::of(&[("flips.example", &[&["127.0.0.2"], &["127.0.0.1"]])]);
    let source = MySqlSource::new(MySqlConfig::default(), AddressGate::new(answers, one_loopback()));
    let target = at(&target(MariaDb::shared(), "mysql"), "flips.example", port, Tls::Disabled);
    let first = source.probe(&target, DEADLINE).await.expect_err("no server");
    assert_eq!(first.kind, PortErrorKind::Unavailable);
    for _ in 0..3 {
        let error = source.probe(&target, DEADLINE).await.expect_err("forbidden");
        assert_eq!((error.kind, error.constraint), (PortErrorKind::NotPermitted, Some(HOST_CONSTRAINT)));
    }
    assert_eq!((allowed.load(Ordering::SeqCst), forbidden.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_further_session_of_a_pool_is_checked_too() {
    let server = MariaDb::start_with(&["--bind-address=*"]);
    let database = server.create_database();
    server.execute(
        &database,
        "CREATE TABLE t (id INT PRIMARY KEY, title VARCHAR(50)); INSERT INTO t SELECT seq, 'needle' FROM seq_1_to_10;
         CREATE VIEW slow AS SELECT id, CONCAT(title, ' ', SLEEP(0.1)) AS title FROM t;",
    );
    let answers = Answers::of(&[("flips.example", &[&["127.0.0.2"], &["127.0.0.1"]])]);
    let source = MySqlSource::new(MySqlConfig::default(), AddressGate::new(answers, one_loopback()));
    let mut target = at(&target(&server, &database), "flips.example", server.port(), Tls::Disabled);
    target.connection.options = options(5, 60_000);
    let schema = snapshot(&source, &target).await;
    let slow = by_scan(schema.table("slow").expect("the view"), &["needle"], &["title"]);
    // One goes through the session that is open; the other needs a new one, and the name leads
    // elsewhere by now.
    let (one, other) = tokio::join!(
        source.candidates(&target, &slow, DEADLINE),
        source.candidates(&target, &slow, DEADLINE)
    );
    let (admitted, refused) = if one.is_ok() { (one, other) } else { (other, one) };
    assert_eq!(admitted.expect("the open session serves").len(), 10);
    assert_eq!(refused.expect_err("forbidden").constraint, Some(HOST_CONSTRAINT));
    source.inspect(&target, DEADLINE).await.expect("the open session serves on");
}
