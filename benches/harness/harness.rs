//! What benchmarks share: a service over real text, and how times are told.

mod packages;
mod program;

use std::time::Duration;

use altus4_test_support::MariaDb;

pub(crate) use self::program::Program;

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

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
        println!("cold start to ready   {:>7.0} ms", millis(program.started_in));
        println!("idle memory (RSS)     {:>7.1} MiB", program.resident_mib()?);
        println!("rows                  {:>7}\n", texts.len());
        Ok(Self { server, database, texts, program })
    }
}

/// Whether this is a run of `cargo bench`: `cargo test --all-targets` starts benchmarks too.
pub(crate) fn is_wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// The value that this share of the others lies below; the median is at 0.5.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at).or(sorted.last()).copied().unwrap_or(f64::NAN)
}

pub(crate) fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}
