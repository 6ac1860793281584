//! The program under measurement, started as a user would start it.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use altus4_test_support::MariaDb;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Outcome;

/// A running service that has one connection and one key. Stopped when dropped.
pub(crate) struct Program {
    child: Child,
    client: Client,
    /// Where its API is, `http://…/api/v1`.
    pub(crate) api: String,
    key: String,
    /// From the start of the process to the first ready answer.
    pub(crate) started_in: Duration,
    _data: TempDir,
}

impl Program {
    pub(crate) async fn start(server: &MariaDb, database: &str) -> Outcome<Self> {
        let data = tempfile::tempdir()?;
        let port = altus4_test_support::free_port();
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_altus4"))
            .arg("serve")
            .env_clear()
            .env("ALTUS4_DATA_DIR", data.path())
            .env("PORT", port.to_string())
            .env("ALTUS4_LOG", "warn")
            // Benchmarks come from as many addresses as they say.
            .env("ALTUS4_TRUSTED_PROXIES", "127.0.0.1")
            .stdout(Stdio::null())
            .spawn()?;
        // Over loopback, packing an answer costs more than sending it.
        let client = Client::builder().tcp_nodelay(true).gzip(false).build()?;
        let root = format!("http://127.0.0.1:{port}");
        let api = format!("{root}/api/v1");
        let mut program =
            Self { child, client, api, key: String::new(), started_in: Duration::ZERO, _data: data };
        loop {
            let ready = program.client.get(format!("{root}/health/ready")).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            if begun.elapsed() > Duration::from_secs(30) {
                return Err("the program did not become ready".into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        program.started_in = begun.elapsed();
        program.set_up(server, database).await?;
        Ok(program)
    }

    async fn set_up(&mut self, server: &MariaDb, database: &str) -> Outcome<()> {
        let account =
            json!({ "email": "bench@example.com", "password": "a benchmark's phrase", "name": "Bench" });
        let token =
            self.post("auth/register", "", &account).await?["token"].as_str().unwrap_or_default().to_owned();
        let connection = json!({
            "name": "Packages", "host": "127.0.0.1", "port": server.port(), "database": database,
            "username": MariaDb::USER, "password": MariaDb::PASSWORD,
        });
        self.post("databases", &token, &connection).await?;
        let key = self.post("management/setup", &token, &json!({})).await?;
        key["secretKey"].as_str().unwrap_or_default().clone_into(&mut self.key);
        Ok(())
    }

    /// One search over title and description, as the statements beside it.
    pub(crate) async fn search(&self, query: &str) -> Outcome<Value> {
        let body = json!({ "query": query, "columns": ["title", "description"], "limit": 20 });
        self.post("search", &self.key, &body).await
    }

    /// What the process holds in memory.
    pub(crate) fn resident_mib(&self) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        Ok(kib.trim().trim_end_matches(" kB").parse::<f64>()? / 1_024.0)
    }

    async fn post(&self, path: &str, credential: &str, body: &Value) -> Outcome<Value> {
        let request = self.client.post(format!("{}/{path}", self.api)).json(body);
        let answer =
            if credential.is_empty() { request } else { request.bearer_auth(credential) }.send().await?;
        let status = answer.status();
        let mut body: Value = answer.json().await?;
        if !status.is_success() {
            return Err(format!("{path}: {status}: {}", body["error"]).into());
        }
        Ok(body["data"].take())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Measured and done: nothing is lost by ending it the short way.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
