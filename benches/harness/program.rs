//! A service that has something to search.

use altus4_test_support::MariaDb;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{process::Process, times::Outcome};

/// A running service that has one connection and one key.
pub(crate) struct Program {
    pub(crate) process: Process,
    key: String,
    _data: TempDir,
}

impl Program {
    pub(crate) async fn start(server: &MariaDb, database: &str) -> Outcome<Self> {
        let data = tempfile::tempdir()?;
        // Benchmarks come from as many addresses as they say.
        let process = Process::launch(data.path(), &[("ALTUS4_TRUSTED_PROXIES", "127.0.0.1")]).await?;
        let mut program = Self { process, key: String::new(), _data: data };
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

    async fn post(&self, path: &str, credential: &str, body: &Value) -> Outcome<Value> {
        let request = self.process.client.post(format!("{}/{path}", self.process.api)).json(body);
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
