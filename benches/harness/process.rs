//! The program under measurement as a process, started as a user would start it.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Client;

use super::times::Outcome;

/// A running service. Stopped when dropped.
pub(crate) struct Process {
    child: Child,
    /// A client that keeps its connection.
    pub(crate) client: Client,
    /// Where its API is, `http://…/api/v1`.
    pub(crate) api: String,
    /// From the start of the process to the first ready answer.
    pub(crate) started_in: Duration,
}

impl Process {
    /// A service on the embedded store in this data directory.
    pub(crate) async fn launch(data: &Path, settings: &[(&str, &str)]) -> Outcome<Self> {
        let port = altus4_test_support::free_port();
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_altus4"))
            .arg("serve")
            .env_clear()
            .env("ALTUS4_DATA_DIR", data)
            .env("PORT", port.to_string())
            .env("ALTUS4_LOG", "warn")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .spawn()?;
        // Nothing here speaks TLS; reqwest asks for its cryptography all the same, which may be there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Over loopback, packing an answer costs more than sending it.
        let client = Client::builder().tcp_nodelay(true).gzip(false).build()?;
        let root = format!("http://127.0.0.1:{port}");
        let mut process = Self { child, client, api: format!("{root}/api/v1"), started_in: Duration::ZERO };
        loop {
            let ready = process.client.get(format!("{root}/health/ready")).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            if begun.elapsed() > Duration::from_secs(30) {
                return Err("the program did not become ready".into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        process.started_in = begun.elapsed();
        Ok(process)
    }

    /// What the system tells of the process in a file of its own, such as `status`.
    pub(crate) fn told(&self, file: &str) -> Outcome<String> {
        Ok(fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?)
    }

    /// What the process holds in memory.
    pub(crate) fn resident_mib(&self) -> Outcome<f64> {
        let status = self.told("status")?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        Ok(kib.trim().trim_end_matches(" kB").parse::<f64>()? / 1_024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Measured and done: nothing is lost by ending it the short way.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
