//! What benchmarks share: a service over real text, and how times are told.

mod packages;
mod process;
mod program;
mod times;

use altus4_test_support::MariaDb;
use serde_json::{Value, json};

pub(crate) use self::{
    program::Program,
    times::{Outcome, is_wanted, millis, quantile},
};

/// The program over a MariaDB with the Debian package index, about 60,000 rows.
pub(crate) struct Service {
    pub(crate) server: MariaDb,
    /// The one with the table `packages`.
    pub(crate) database: String,
    /// The text of each row.
    pub(crate) texts: Vec<String>,
    pub(crate) program: Program,
}

impl Service {
    /// Starts everything, the index so many times in the table, and prints what it takes.
    pub(crate) async fn start(times: usize) -> Outcome<Self> {
        let server = MariaDb::start();
        let database = server.create_database();
        eprintln!("loading the package index …");
        let texts = packages::load(&server, &database, times).await?;
        eprintln!("{} rows; starting the program …", texts.len());
        let program = Program::start(&server, &database).await?;
        println!("cold start to ready   {:>7.0} ms", millis(program.process.started_in));
        println!("idle memory (RSS)     {:>7.1} MiB", program.process.resident_mib()?);
        println!("rows                  {:>7}\n", texts.len() * times);
        Ok(Self { server, database, texts, program })
    }
}

impl Program {
    /// Over a database with the table `packages`.
    pub(crate) async fn start(server: &MariaDb, database: &str) -> Outcome<Self> {
        // Benchmarks come from as many addresses as they say, each search is one, and none is refused.
        let settings = [
            ("ALTUS4_TRUSTED_PROXIES", "127.0.0.1"),
            ("ALTUS4_SEARCH_CACHE_SECONDS", "0"),
            ("ALTUS4_TIER_FREE", "requests=100000000,burst=100000000,concurrent=1000"),
        ];
        let program = Self::without_data(&settings).await?;
        program.register(server, "Packages", database).await?;
        Ok(program)
    }

    /// One search over title and description, as the statements beside it.
    pub(crate) async fn search(&self, query: &str) -> Outcome<Value> {
        self.search_for(&json!({ "query": query, "columns": ["title", "description"], "limit": 20 })).await
    }
}
