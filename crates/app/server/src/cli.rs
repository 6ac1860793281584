//! The command line.

mod admin;
mod check;
mod keys;
mod migrate;
mod model;
pub(crate) mod serve;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand};

use self::{admin::AdminStep, keys::KeysStep, model::ModelStep};
use crate::{
    demo,
    failure::Failure,
    settings::{Environment, Settings},
    telemetry::{self, LogOutput},
};

/// A REST API that searches your MySQL, MariaDB and SQLite databases where they are.
///
/// Settings are environment variables; `.env.example` lists them all.
#[derive(Debug, Parser)]
#[command(name = "altus4", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API.
    Serve,
    /// Serve it on this machine alone, with a sample database, an account and a key to try it with.
    Demo(DemoArgs),
    /// Test the settings and everything that serving depends on, without serving.
    Check,
    /// Look at the tables of the service's own database, or bring them up to date.
    #[command(subcommand)]
    Migrate(MigrateStep),
    /// Look after accounts: make the first administrator, change plans, reset passwords.
    #[command(subcommand)]
    Admin(AdminStep),
    /// Look at the keys that saved secrets are sealed with, or leave older ones behind.
    #[command(subcommand)]
    Keys(KeysStep),
    /// Look after the models that make searching by meaning work without any provider.
    #[command(subcommand)]
    Model(ModelStep),
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// The port to listen at [default: 3000, or the next one that is free].
    #[arg(long)]
    port: Option<u16>,
    /// Keep the demo's data in this directory, for another time [default: a temporary one].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum MigrateStep {
    /// Show which migrations were applied and which are pending.
    Status,
    /// Apply the pending ones (serving does that too when it starts).
    Up,
}

impl Cli {
    /// Does what the command says.
    ///
    /// # Errors
    /// Why it could not.
    pub(crate) async fn run(self, environment: &Environment) -> Result<(), Failure> {
        match self.command {
            Command::Serve => {
                let settings = settings(environment, LogOutput::Stdout)?;
                Box::pin(serve::run(settings)).await
            }
            Command::Demo(args) => {
                let filter = Settings::log_filter(environment);
                begin_logging(filter.as_deref().unwrap_or("warn"), LogOutput::Stderr)?;
                let options = demo::Options { port: args.port, data_dir: args.data_dir };
                Box::pin(demo::run(options)).await
            }
            Command::Check => check::run(environment).await,
            Command::Migrate(step) => {
                let settings = settings(environment, LogOutput::Stderr)?;
                match step {
                    MigrateStep::Status => migrate::status(&settings).await,
                    MigrateStep::Up => migrate::up(&settings).await,
                }
            }
            Command::Admin(step) => {
                let settings = settings(environment, LogOutput::Stderr)?;
                Box::pin(admin::run(step, settings)).await
            }
            Command::Keys(step) => {
                let settings = settings(environment, LogOutput::Stderr)?;
                keys::run(step, settings).await
            }
            Command::Model(step) => {
                let settings = settings(environment, LogOutput::Stderr)?;
                model::run(step, &settings).await
            }
        }
    }
}

/// Reads the settings, begins logging as they say, and tells what may not be as it was meant.
fn settings(environment: &Environment, output: LogOutput) -> Result<Settings, Failure> {
    let settings = Settings::read(environment)?;
    begin_logging(&settings.log, output)?;
    for notice in &settings.notices {
        tracing::warn!(%notice, "settings.notice");
    }
    Ok(settings)
}

fn begin_logging(filter: &str, output: LogOutput) -> Result<(), Failure> {
    telemetry::init(filter, output).map_err(Failure::Start)
}

/// Prints what a command was asked for. A reader that went away is no fault of this program.
pub(crate) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
