//! The program `altus4`: reads settings, puts the adapters behind the domain's ports, and serves
//! the API.

mod chores;
mod cli;
mod compose;
mod demo;
mod failure;
mod health;
mod private_file;
mod schema;
mod secrets;
mod settings;
mod shutdown;
mod source_threads;
mod telemetry;
mod timer;

use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;

use crate::{cli::Cli, failure::Failure, settings::Environment};

/// Searches make and drop many short texts; a tenth of their time and more is the allocator's (`BENCHMARKS.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the program waits at its end for work that it can't interrupt.
const LAST_WAIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = std::env::vars_os().collect::<Environment>();
    match run(cli, &environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Where even this can't be written, the exit code has to do.
            let _ = writeln!(io::stderr(), "altus4: {failure}");
            failure.exit_code()
        }
    }
}

fn run(cli: Cli, environment: &Environment) -> Result<(), Failure> {
    // The HTTP server's workers have runtimes of their own, and so have users' databases; the other
    // adapters keep their sockets in this one.
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::Start(error.into()))?;
    let outcome = runtime.block_on(cli.run(environment));
    runtime.shutdown_timeout(LAST_WAIT);
    outcome
}
