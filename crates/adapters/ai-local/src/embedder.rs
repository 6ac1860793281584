//! The port on a model in this process.

use std::{
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use altus4_kernel::{PortErrorKind, PortResult};
use altus4_search::{EmbedRequest, Embedded, Embedder, EmbeddingModel};
use async_trait::async_trait;
use tokio::time::timeout;

use crate::{
    config::LocalEmbedderConfig,
    error::{ModelFault, embed_error},
    lanes::{Closed, Job, Lanes},
    model::{Description, Model, max_chars, usual_chars},
    store::InstalledModel,
    worker,
};

/// The most texts that one request may have.
const MOST_TEXTS: usize = 1_000;

/// Embeds with a model that was installed. It is read and checked in the background: what is asked
/// before that waits, within its deadline.
pub struct LocalEmbedder {
    model: EmbeddingModel,
    lanes: Arc<Lanes>,
    loaded: Arc<OnceLock<Result<(), Arc<str>>>>,
}

/// Whether a model can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is being read.
    Loading,
    /// It can.
    Ready,
    /// It can't; why, for the log and the operator.
    Failed(Arc<str>),
}

impl LocalEmbedder {
    /// Begins to read a model. Returns at once.
    ///
    /// # Errors
    /// Its description can't be read, or it is of a kind that doesn't run here.
    pub fn open(model: &InstalledModel, config: LocalEmbedderConfig) -> Result<Self, ModelFault> {
        let description = Description::read(&model.dir)?;
        let tokens = description.tokens(config.max_tokens);
        let short = model.weights_sha256().get(..12).unwrap_or_default();
        let embedder = Self {
            model: EmbeddingModel {
                id: format!("local/{}@{short}/{tokens}", model.name).into(),
                is_external: false,
                max_chars: max_chars(tokens),
                glance_chars: usual_chars(config.glance_tokens.min(tokens)),
            },
            lanes: Arc::new(Lanes::new(config.max_waiting)),
            loaded: Arc::default(),
        };
        let loader = Loader {
            model: model.clone(),
            description,
            config,
            lanes: Arc::clone(&embedder.lanes),
            loaded: Arc::clone(&embedder.loaded),
        };
        let spawned = thread::Builder::new().name("embed-load".to_owned()).spawn(move || loader.run());
        spawned.map_err(ModelFault::io("can't start a thread for", &model.dir))?;
        Ok(embedder)
    }

    /// Whether the model can be used now.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.loaded.get() {
            None => Standing::Loading,
            Some(Ok(())) => Standing::Ready,
            Some(Err(why)) => Standing::Failed(Arc::clone(why)),
        }
    }
}

impl Drop for LocalEmbedder {
    fn drop(&mut self) {
        self.lanes.close(Closed::Stopped);
    }
}

struct Loader {
    model: InstalledModel,
    description: Description,
    config: LocalEmbedderConfig,
    lanes: Arc<Lanes>,
    loaded: Arc<OnceLock<Result<(), Arc<str>>>>,
}

impl Loader {
    fn run(self) {
        let begun = Instant::now();
        match self.load() {
            Ok(()) => {
                let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(model = %self.model.name, took_ms, "ai_local.model_loaded");
                let _ = self.loaded.set(Ok(()));
            }
            Err(fault) => {
                tracing::error!(model = %self.model.name, %fault, "ai_local.model_refused");
                let why: Arc<str> = fault.to_string().into();
                let _ = self.loaded.set(Err(Arc::clone(&why)));
                self.lanes.close(Closed::Failed(why));
            }
        }
    }

    fn load(&self) -> Result<(), ModelFault> {
        self.model.verify()?;
        let model = Arc::new(Model::load(&self.model.dir, &self.description, self.config.max_tokens)?);
        worker::start(&model, &self.lanes, self.config.threads)
            .map_err(ModelFault::io("can't start a thread for", &self.model.dir))
    }
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn model(&self) -> EmbeddingModel {
        self.model.clone()
    }

    async fn embed(&self, request: EmbedRequest, deadline: Duration) -> PortResult<Embedded> {
        let EmbedRequest { texts, kind, urgency } = request;
        let count = texts.len();
        if count > MOST_TEXTS {
            return Err(embed_error(PortErrorKind::Rejected));
        }
        let (places, present): (Vec<usize>, Vec<String>) = (texts.into_iter().enumerate())
            .map(|(place, text)| (place, begin_of(text, self.model.max_chars)))
            .filter(|(_, text)| !text.trim().is_empty())
            .unzip();
        let mut vectors = vec![None; count];
        if present.is_empty() {
            return Ok(Embedded { vectors, usage: Vec::new() });
        }
        if deadline.is_zero() {
            return Err(embed_error(PortErrorKind::Timeout));
        }
        let (job, finished) = Job::new(present, kind, urgency, Instant::now().checked_add(deadline));
        self.lanes.put(&job)?;
        let waiting = Waiting { lanes: &self.lanes, job: &job };
        let is_late = timeout(deadline, finished).await.is_err();
        drop(waiting);
        let made = job.take()?;
        // A text of which no token was left has no vector either, and that is no want of time.
        if is_late && made.iter().all(Option::is_none) {
            return Err(embed_error(PortErrorKind::Timeout));
        }
        for (place, vector) in places.into_iter().zip(made) {
            vectors[place] = vector;
        }
        Ok(Embedded { vectors, usage: Vec::new() })
    }
}

/// Ends a job when nobody waits for it any more.
struct Waiting<'a> {
    lanes: &'a Lanes,
    job: &'a Arc<Job>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.lanes.forget(self.job);
        self.job.abandon();
    }
}

/// What is read of a text.
fn begin_of(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.shrink_to_fit();
    }
    text
}
