//! Searching by meaning, with a local model: how well, with vectors and without.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{program::Program, times::Outcome};

/// What a MiniLM-class model has to reach: without vectors and with them, nDCG@10 and Recall@100.
pub(crate) const BOUNDS: &str = "bounds with a MiniLM-class model: without vectors scifact .73, cranfield .41; \
     with them .73 and .42, Recall@100 .95 and .78; hybrid no more than a point below its better half";

/// How long embedding a set may take.
const BUILD_LIMIT: Duration = Duration::from_hours(2);

/// Installs the model in an archive below a data directory.
pub(crate) fn install(model: &str, data: &Path) -> Outcome<()> {
    let mut install = Command::new(env!("CARGO_BIN_EXE_altus4"));
    let status = install.args(["model", "install", model]).env("ALTUS4_DATA_DIR", data).status()?;
    if status.success() { Ok(()) } else { Err("the model can't be installed".into()) }
}

/// A search by meaning, as the fields beside the query.
pub(crate) fn by_meaning(ratio: f64) -> Value {
    json!({ "searchMode": "semantic", "semanticRatio": ratio, "timeoutMs": 60_000 })
}

/// A table that is given vectors.
pub(crate) struct Build<'a> {
    program: &'a Program,
    vectors: String,
    begun: Instant,
}

impl<'a> Build<'a> {
    /// Asks for them.
    pub(crate) async fn begin(program: &'a Program, connection: &str) -> Outcome<Self> {
        let vectors = format!("{}/databases/{connection}/vectors", program.process.api);
        let asked = json!({ "table": "documents", "columns": ["title", "text"], "keyColumn": "id" });
        let begun = Instant::now();
        let made = program.process.client.post(&vectors).bearer_auth(program.token().await?);
        let made = made.json(&asked).send().await?;
        if !made.status().is_success() {
            return Err(format!("no vectors: {}", made.text().await?).into());
        }
        Ok(Self { program, vectors, begun })
    }

    /// Whether they are all there.
    pub(crate) async fn is_ready(&self) -> Outcome<bool> {
        let request = self.program.process.client.get(&self.vectors).bearer_auth(self.program.token().await?);
        let answer = request.send().await?;
        let all: Value = answer.error_for_status()?.json().await?;
        Ok(all["data"][0]["status"] == "ready")
    }

    /// How long it took in all, once they are.
    pub(crate) async fn finish(self) -> Outcome<Duration> {
        while self.begun.elapsed() < BUILD_LIMIT {
            if self.is_ready().await? {
                return Ok(self.begun.elapsed());
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        Err("the vectors are not there in time".into())
    }
}
