//! A store, and services on it under one list of encryption keys after another.

use std::thread;
use std::time::{Duration, Instant};

use altus4_test_support::MariaDb;
use base64::{Engine, engine::general_purpose::STANDARD};
use mysql_async::prelude::Queryable;
use tempfile::TempDir;

use crate::app::{Kind, TestApp, secrets, settings_of};
use crate::program::{Ended, Program};

const KEYS: &str = "ALTUS4_ENCRYPTION_KEYS";
const POLL: Duration = Duration::from_millis(5);
const LIMIT: Duration = Duration::from_mins(1);

/// A store that outlives the services on it.
pub(super) struct Home {
    settings: Vec<(String, String)>,
    folder: TempDir,
}

impl Home {
    pub(super) fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The settings name it; commands run here, and services in folders of their own.
        std::fs::create_dir(folder.path().join("sources")).expect("the folder can be written to");
        let mut settings = settings_of(kind);
        if kind == Kind::Sqlite {
            let url = format!("sqlite://{}", folder.path().join("store.db").display());
            settings.push(("DATABASE_URL".to_owned(), url));
            settings.extend(secrets());
        }
        Self { settings, folder }
    }

    /// The settings with these encryption keys, newest first.
    pub(super) fn with(&self, keys: &[&str]) -> Vec<(String, String)> {
        let entry = |id: &&str| format!("{id}:{}", STANDARD.encode(key(id)));
        let list: Vec<String> = keys.iter().map(entry).collect();
        let mut settings = self.settings.clone();
        settings.retain(|(name, _)| name != KEYS);
        settings.push((KEYS.to_owned(), list.join(",")));
        settings
    }

    pub(super) fn serve(&self, keys: &[&str]) -> TestApp {
        TestApp::start(&self.with(keys))
    }

    /// Runs `altus4 keys` to its end; it tells no secret.
    pub(super) fn keys(&self, keys: &[&str], arguments: &[&str]) -> Ended {
        let arguments: Vec<&str> = ["keys"].iter().chain(arguments).copied().collect();
        let ended = Program::run_in(self.folder.path(), &arguments, &self.with(keys), "");
        let said = format!("{}{}", ended.stdout, ended.stderr);
        for id in keys {
            assert!(!said.contains(&STANDARD.encode(key(id))), "{said}");
        }
        assert!(!said.contains("v1.") && !said.contains("altus4_sk_"), "{said}");
        ended
    }

    pub(super) fn rotate(&self, keys: &[&str]) -> Ended {
        self.keys(keys, &["rotate-encryption", "--batch", "5"])
    }

    /// The name of the store's database on the shared MariaDB.
    pub(super) fn database(&self) -> &str {
        let (_, url) = self.settings.iter().find(|(name, _)| name == "DATABASE_URL").expect("a store");
        url.rsplit('/').next().expect("a database's name")
    }

    pub(super) fn query(&self, sql: &str) -> String {
        MariaDb::shared().query(self.database(), sql)
    }

    /// Waits until a count in the store is as large as this.
    #[track_caller]
    pub(super) fn wait_for(&self, sql: &str, least: u64) {
        let began = Instant::now();
        while self.query(sql).parse::<u64>().expect("a number") < least {
            assert!(began.elapsed() < LIMIT, "{sql}");
            thread::sleep(POLL);
        }
    }

    /// Waits until somebody changes this table, or waits for it.
    pub(super) fn wait_for_update_of(&self, table: &str) {
        let of_ours = format!("db = '{}' AND info LIKE 'UPDATE `{table}`%'", self.database());
        self.wait_for(&format!("SELECT COUNT(*) FROM information_schema.processlist WHERE {of_ours}"), 1);
    }

    /// Holds these rows until it is dropped.
    pub(super) async fn hold(&self, sql: &str) -> mysql_async::Conn {
        let url = MariaDb::shared().url(self.database());
        let mut session = mysql_async::Conn::from_url(url).await.expect("connect");
        session.query_drop("START TRANSACTION").await.expect("begin");
        session.query_drop(format!("{sql} FOR UPDATE")).await.expect(sql);
        session
    }
}

/// The bytes of the key with this id.
fn key(id: &str) -> [u8; 32] {
    let mut bytes = *b"0123456789abcdefghijklmnopqrstuv";
    bytes[..id.len()].copy_from_slice(id.as_bytes());
    bytes
}
