//! What the generated endpoints add to the statement that they send, on a table of a million rows in a
//! MariaDB of its own. Runs with `just bench-entities`; needs MariaDB. With `--rows=N` the table has as many.
//!
//! It times, in turn and over one connection each:
//! - listing 20 rows by an indexed filter: the raw statement, prepared, and `GET /api/v1/readings`;
//! - the first and the ten-thousandth page of 20 by cursor, which are to cost the same, and beside them
//!   the raw statement that an offset of as many rows takes.

#[path = "../harness/process.rs"]
mod process;
#[path = "../harness/times.rs"]
mod times;

use std::time::Instant;

use altus4_test_support::MariaDb;
use mysql_async::{Conn, Opts, Row, prelude::Queryable};
use serde_json::{Value, json};

use crate::{
    process::Process,
    times::{Outcome, is_wanted, millis, quantile},
};

/// How often each is timed.
const ROUNDS: usize = 300;
/// Passed over first: they fill caches and prepare statements.
const WARM_UP: usize = 20;
const PAGE: usize = 20;
/// The page that is to cost what the first one does.
const FAR: usize = 10_000;
const TABLE: &str = "CREATE TABLE readings (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, sensor INT NOT NULL, level DECIMAL(10, 3) NOT NULL,
    note VARCHAR(60) NOT NULL, taken_at DATETIME NOT NULL, KEY (sensor))";
const FILL: &str = "INSERT INTO readings (sensor, level, note, taken_at)
    SELECT seq MOD 20000, seq / 7, CONCAT('reading ', seq), '2026-01-01' + INTERVAL seq SECOND FROM seq_1_to_";

#[tokio::main]
async fn main() -> Outcome<()> {
    if !is_wanted() {
        return Ok(());
    }
    let rows: usize = option("--rows=").map_or(Ok(1_000_000), |rows| rows.parse())?;
    let server = MariaDb::start();
    let database = server.create_database();
    let mut direct = Conn::new(Opts::from_url(&server.url(&database))?).await?;
    eprintln!("making {rows} rows …");
    direct.query_drop(TABLE).await?;
    direct.query_drop(format!("{FILL}{rows}")).await?;
    direct.query_drop("ANALYZE TABLE readings").await?;

    let settings = [
        ("ALTUS4_TRUSTED_PROXIES", "127.0.0.1"),
        ("ALTUS4_TIER_FREE", "requests=100000000,burst=100000000,concurrent=1000"),
    ];
    let data = tempfile::tempdir()?;
    let client = Client::of(&server, &database, Process::launch(data.path(), &settings).await?).await?;

    let process = &client.process;
    println!("started in {:.0} ms, {:.1} MiB", millis(process.started_in), process.resident_mib()?);
    println!("{rows} rows; {ROUNDS} rounds, one client; milliseconds");
    println!("{:<44} {:>8} {:>8} {:>10}", "", "p50", "p99", "");
    filtered(&mut direct, &client, rows).await?;
    by_cursor(&mut direct, &client, rows).await
}

/// 20 rows by an indexed filter: raw, and through the API.
async fn filtered(direct: &mut Conn, client: &Client, rows: usize) -> Outcome<()> {
    const RAW: &str =
        "SELECT id, sensor, level, note, taken_at FROM readings WHERE sensor = ? ORDER BY id LIMIT 20";
    let (mut raw, mut api, mut difference) = (Vec::new(), Vec::new(), Vec::new());
    let sensors = rows.min(20_000);
    for round in 0..ROUNDS + WARM_UP {
        let sensor = (round * 7919) % sensors;
        let begun = Instant::now();
        let found: Vec<Row> = direct.exec(RAW, (sensor,)).await?;
        let one = millis(begun.elapsed());
        let begun = Instant::now();
        let answer =
            client.get(&format!("/readings?limit=20&filter[sensor]={sensor}&sort=id&count=none")).await?;
        let other = millis(begun.elapsed());
        let listed = answer["data"].as_array().map_or(0, Vec::len);
        if listed != found.len() {
            return Err(format!("{} rows are {listed} records", found.len()).into());
        }
        if round >= WARM_UP {
            raw.push(one);
            api.push(other);
            difference.push(other - one);
        }
    }
    show("20 rows by an indexed filter, raw", &raw);
    show("the same through the API", &api);
    show("what the API adds, pair by pair", &difference);
    Ok(())
}

/// The first page and a far one.
async fn by_cursor(direct: &mut Conn, client: &Client, rows: usize) -> Outcome<()> {
    let far = FAR.min(rows / PAGE - 1);
    // Page by page, as a client goes; in steps of a hundred, which makes no other cursor.
    let mut cursor = String::new();
    let mut passed = 0;
    while passed < (far - 1) * PAGE {
        let step = ((far - 1) * PAGE - passed).min(100);
        let answer = client.get(&format!("/readings?limit={step}&cursor={cursor}")).await?;
        answer["pagination"]["nextCursor"].as_str().ok_or("a cursor")?.clone_into(&mut cursor);
        passed += step;
    }
    let (mut first, mut last, mut offset) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS + WARM_UP {
        let mut timed = Vec::new();
        for cursor in ["", &cursor] {
            let begun = Instant::now();
            let answer = client.get(&format!("/readings?limit={PAGE}&cursor={cursor}")).await?;
            timed.push(millis(begun.elapsed()));
            if answer["data"].as_array().map(Vec::len) != Some(PAGE) {
                return Err("a page is not full".into());
            }
        }
        let begun = Instant::now();
        let statement =
            "SELECT id, sensor, level, note, taken_at FROM readings ORDER BY id LIMIT 20 OFFSET ?";
        let _: Vec<Row> = direct.exec(statement, ((far - 1) * PAGE,)).await?;
        if round >= WARM_UP {
            first.push(timed[0]);
            last.push(timed[1]);
            offset.push(millis(begun.elapsed()));
        }
    }
    show("page 1 by cursor", &first);
    show(&format!("page {far} by cursor"), &last);
    show("the raw statement with that offset", &offset);
    Ok(())
}

/// What stands behind this on the command line.
fn option(name: &str) -> Option<String> {
    std::env::args().find_map(|argument| argument.strip_prefix(name).map(str::to_owned))
}

fn show(what: &str, values: &[f64]) {
    println!("{what:<44} {:>8.2} {:>8.2}", quantile(values, 0.5), quantile(values, 0.99));
}

/// A client with a key that may read, of a service whose one entity are the readings.
struct Client {
    process: Process,
    key: String,
}

impl Client {
    async fn of(server: &MariaDb, database: &str, process: Process) -> Outcome<Self> {
        let mut client = Self { process, key: String::new() };
        let account =
            json!({ "email": "bench@example.com", "password": "a benchmark's phrase", "name": "Bench" });
        let token = text(&client.post("/auth/register", "", &account).await?["token"]);
        let connection = json!({
            "name": "Readings", "host": "127.0.0.1", "port": server.port(), "database": database,
            "username": MariaDb::USER, "password": MariaDb::PASSWORD,
        });
        let id = text(&client.post("/databases", &token, &connection).await?["id"]);
        client.post("/entities", &token, &json!({ "databaseId": id, "table": "readings" })).await?;
        let permissions = json!({ "permissions": ["read"] });
        client.key = text(&client.post("/management/setup", &token, &permissions).await?["secretKey"]);
        Ok(client)
    }

    async fn get(&self, path: &str) -> Outcome<Value> {
        let request = self.process.client.get(format!("{}{path}", self.process.api)).bearer_auth(&self.key);
        let answer = request.send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    async fn post(&self, path: &str, credential: &str, body: &Value) -> Outcome<Value> {
        let request = self.process.client.post(format!("{}{path}", self.process.api)).json(body);
        let answer = request.bearer_auth(credential).send().await?;
        let status = answer.status();
        let mut body: Value = answer.json().await?;
        if !status.is_success() {
            return Err(format!("{path}: {status}: {}", body["error"]).into());
        }
        Ok(body["data"].take())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
