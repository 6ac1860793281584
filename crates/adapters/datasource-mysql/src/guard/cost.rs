//! What the guard costs: the same statements with it and without it, in turn, on a real server.
//! `cargo test --release -p altus4-datasource-mysql --lib cost -- --nocapture` shows the figures.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use altus4_kernel::secrecy::SecretString;
use altus4_test_support::MariaDb;
use mysql_async::{Conn, OptsBuilder, prelude::Queryable};

use super::{Entry, Guard, Limits, Patience};

const ROUNDS: usize = 400;
/// Far above what is measured, for machines that do something else meanwhile.
const MOST: Duration = Duration::from_millis(2);

fn driver() -> OptsBuilder {
    let megabytes = Some(16 * 1024 * 1024);
    OptsBuilder::default().prefer_socket(false).max_allowed_packet(megabytes).wait_timeout(Some(usize::MAX))
}

async fn direct(server: &MariaDb) -> Conn {
    let options = driver().ip_or_hostname("127.0.0.1").tcp_port(server.port()).tcp_nodelay(true);
    Conn::new(options.user(Some(MariaDb::USER)).pass(Some(MariaDb::PASSWORD)).db_name(Some("mysql")))
        .await
        .expect("a session")
}

async fn guarded(server: &MariaDb) -> (Conn, Guard) {
    let entry = Entry {
        user: MariaDb::USER.to_owned(),
        password: SecretString::from(MariaDb::PASSWORD),
        database: "mysql".to_owned(),
        tls: None,
    };
    let minute = Duration::from_mins(1);
    let patience = Patience { answer: minute, command: minute };
    let limits = Limits { packet: 4 * 1024 * 1024, answer: 8 * 1024 * 1024, patience };
    let address = SocketAddr::from(([127, 0, 0, 1], server.port()));
    Guard::enter(address, &entry, limits, driver()).await.expect("a session")
}

async fn time(conn: &mut Conn, statement: &str) -> Duration {
    let began = Instant::now();
    conn.query_drop(statement).await.expect("an answer");
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_takes_little_longer_than_without_a_guard() {
    let server = MariaDb::shared();
    let mut plain = direct(server).await;
    let (mut guarded, _guard) = guarded(server).await;
    for (what, statement, rounds) in [
        ("one value", "SELECT 1", ROUNDS),
        ("201 rows, 80 KB", "SELECT seq, REPEAT('a', 400) FROM seq_1_to_201", ROUNDS),
        ("2,000 rows, 8 MB", "SELECT seq, REPEAT('a', 4000) FROM seq_1_to_2000", ROUNDS / 20),
    ] {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _round in 0..rounds {
            without.push(time(&mut plain, statement).await);
            with.push(time(&mut guarded, statement).await);
        }
        let (without, with) = (median(without), median(with));
        println!("{what}: {without:?} without, {with:?} with the guard");
        assert!(with < without * 3 + MOST, "{what}: {without:?} without, {with:?} with the guard");
    }
    let mut connects = (Vec::new(), Vec::new());
    for _round in 0..ROUNDS / 20 {
        let began = Instant::now();
        drop(direct(server).await);
        connects.0.push(began.elapsed());
        let began = Instant::now();
        drop(self::guarded(server).await);
        connects.1.push(began.elapsed());
    }
    let (without, with) = (median(connects.0), median(connects.1));
    println!("a session: {without:?} without, {with:?} with the guard");
    assert!(with < without * 3 + MOST, "a session: {without:?} without, {with:?} with the guard");
}
