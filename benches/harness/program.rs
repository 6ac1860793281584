//! A service that has something to search.

use altus4_test_support::MariaDb;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{process::Process, times::Outcome};

/// A running service that has one connection and one key.
pub(crate) struct Program {
    pub(crate) process: Process,
    token: String,
    pub(crate) key: String,
    _data: TempDir,
}

impl Program {
    /// With an account and a key, and nothing to search.
    pub(crate) async fn without_data(settings: &[(&str, &str)]) -> Outcome<Self> {
        Self::in_folder(tempfile::tempdir()?, settings).await
    }

    /// The same in a data directory that may have something in it.
    pub(crate) async fn in_folder(data: TempDir, settings: &[(&str, &str)]) -> Outcome<Self> {
        let process = Process::launch(data.path(), settings).await?;
        let mut program = Self { process, token: String::new(), key: String::new(), _data: data };
        let account =
            json!({ "email": "bench@example.com", "password": "a benchmark's phrase", "name": "Bench" });
        let answer = program.post("auth/register", "", &account).await?;
        answer["token"].as_str().unwrap_or_default().clone_into(&mut program.token);
        let key = program.post("management/setup", &program.token, &json!({})).await?;
        key["secretKey"].as_str().unwrap_or_default().clone_into(&mut program.key);
        Ok(program)
    }

    /// Registers a database; answers the connection's id.
    pub(crate) async fn register(&self, server: &MariaDb, name: &str, database: &str) -> Outcome<String> {
        let connection = json!({
            "name": name, "host": "127.0.0.1", "port": server.port(), "database": database,
            "username": MariaDb::USER, "password": MariaDb::PASSWORD,
        });
        let answer = self.post("databases", &self.token, &connection).await?;
        Ok(answer["id"].as_str().unwrap_or_default().to_owned())
    }

    /// One search.
    pub(crate) async fn search_for(&self, body: &Value) -> Outcome<Value> {
        self.post("search", &self.key, body).await
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
