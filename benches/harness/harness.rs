//! What benchmarks share: a service over real text, and how times are told.

mod packages;
mod process;
mod program;
mod times;

use altus4_test_support::MariaDb;

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
    /// Starts everything, and prints what it takes.
    pub(crate) async fn start() -> Outcome<Self> {
        let server = MariaDb::start();
        let database = server.create_database();
        eprintln!("loading the package index …");
        let texts = packages::load(&server, &database).await?;
        eprintln!("{} rows; starting the program …", texts.len());
        let program = Program::start(&server, &database).await?;
        println!("cold start to ready   {:>7.0} ms", millis(program.process.started_in));
        println!("idle memory (RSS)     {:>7.1} MiB", program.process.resident_mib()?);
        println!("rows                  {:>7}\n", texts.len());
        Ok(Self { server, database, texts, program })
    }
}
