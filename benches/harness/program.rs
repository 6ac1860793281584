//! A service that has something to search.

use std::time::{Duration, Instant};

use altus4_test_support::MariaDb;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::{process::Process, times::Outcome};

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "a benchmark's phrase";
/// How long a token is used; it is good for a little longer.
const TOKEN_LIFE: Duration = Duration::from_mins(10);

/// A running service that has one connection and one key.
pub(crate) struct Program {
    pub(crate) process: Process,
    /// The account's token, and since when it is there.
    session: Mutex<(String, Instant)>,
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
        let session = Mutex::new((String::new(), Instant::now()));
        let mut program = Self { process, session, key: String::new(), _data: data };
        let account = json!({ "email": EMAIL, "password": PASSWORD, "name": "Bench" });
        let answer = program.post("auth/register", "", &account).await?;
        answer["token"].as_str().unwrap_or_default().clone_into(&mut program.session.get_mut().0);
        let key = program.post("management/setup", &program.token().await?, &json!({})).await?;
        key["secretKey"].as_str().unwrap_or_default().clone_into(&mut program.key);
        Ok(program)
    }

    /// Registers a database; answers the connection's id.
    pub(crate) async fn register(&self, server: &MariaDb, name: &str, database: &str) -> Outcome<String> {
        let connection = json!({
            "name": name, "host": "127.0.0.1", "port": server.port(), "database": database,
            "username": MariaDb::USER, "password": MariaDb::PASSWORD,
        });
        let answer = self.post("databases", &self.token().await?, &connection).await?;
        Ok(answer["id"].as_str().unwrap_or_default().to_owned())
    }

    /// A token of the account; a benchmark may take longer than one is good for.
    pub(crate) async fn token(&self) -> Outcome<String> {
        let mut session = self.session.lock().await;
        if session.1.elapsed() > TOKEN_LIFE {
            let login = json!({ "email": EMAIL, "password": PASSWORD });
            let answer = self.post("auth/login", "", &login).await?;
            *session = (answer["token"].as_str().unwrap_or_default().to_owned(), Instant::now());
        }
        Ok(session.0.clone())
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
