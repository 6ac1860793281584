//! Asking models within a search's time, and paying for those outside.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::{Connection, Target};
use altus4_kernel::{AiPayer, ConnectionId, PortError, PortErrorKind, PortResult, System, Timer, TokenUsage};
use futures::{
    future::{Either, join, join_all, select},
    pin_mut,
};

use super::{
    ContentHash, EmbedRequest, Embedder, Embedders, EmbeddingCache, EmbeddingModel, QueryEnhancer,
    ReadyVectors, TextKind, Urgency, Vector, VectorCatalog, VectorIndex,
};
use crate::{
    SearchQuery,
    plan::{TablePlan, is_among},
};

/// How long one call of a model may take at the most, whatever the search's limit.
const CALL_TIME: Duration = Duration::from_secs(4);
/// How much later than it should an adapter may answer before it is left behind.
const GRACE: Duration = Duration::from_millis(50);

/// What tells meaning. All of it may be missing.
#[derive(Clone)]
pub struct MeaningPorts {
    /// Who makes embeddings. A provider outside gets the texts of connections that allow it, and the
    /// queries that go to these.
    pub embedders: Embedders,
    /// Where embeddings are found again.
    pub cache: Arc<dyn EmbeddingCache>,
    /// Knows which tables have vectors.
    pub catalog: Option<Arc<dyn VectorCatalog>>,
    /// Has them.
    pub vectors: Option<Arc<dyn VectorIndex>>,
    /// Thinks of related queries.
    pub enhancer: Option<Arc<dyn QueryEnhancer>>,
}

impl MeaningPorts {
    /// Which model tells the meaning of a connection's rows; not one outside, unless that is wanted.
    fn embedder_for(&self, connection: &Connection, outside: bool) -> Option<&Arc<dyn Embedder>> {
        let local = self.embedders.local.as_ref();
        if outside { self.embedders.of(&connection.search) } else { local }
    }
}

/// Asks for one search.
pub(crate) struct Asking<'a> {
    pub(crate) ports: &'a MeaningPorts,
    pub(crate) timer: &'a dyn Timer,
    pub(crate) payer: &'a dyn AiPayer,
    /// Whether a provider outside may be asked.
    pub(crate) outside: bool,
    /// When it has to be over.
    pub(crate) until: Instant,
}

/// What a connection's rows are looked at with.
pub(crate) struct Lens {
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) model: EmbeddingModel,
    /// Tells its model from the others of this search.
    pub(crate) number: usize,
    /// What is looked for.
    pub(crate) query: Vector,
    ready: Arc<[ReadyVectors]>,
}

impl Lens {
    /// The vectors of a table, where they can be searched now: made by this model, and of nothing but
    /// columns that are to be searched.
    pub(crate) fn vectors_of(&self, plan: &TablePlan, query: &SearchQuery) -> Option<&ReadyVectors> {
        let may_count = |name: &String| {
            plan.table.column(name).is_some_and(|column| {
                query.columns.is_empty() || is_among(&query.columns, &plan.table, &column.column)
            })
        };
        let fits = |ready: &&ReadyVectors| {
            ready.table == plan.table.table.name()
                && ready.model == self.model.id
                && !plan.table.primary_key.is_empty()
                && ready.columns.iter().all(may_count)
        };
        self.ready.iter().filter(fits).max_by_key(|ready| ready.columns.len())
    }
}

/// The lenses of a search's connections.
#[derive(Default)]
pub(crate) struct Lenses {
    of: HashMap<ConnectionId, Lens>,
    /// Whether some connection has to do without.
    pub(crate) lacking: bool,
}

impl Lenses {
    pub(crate) fn of(&self, target: &Target) -> Option<&Lens> {
        self.of.get(&target.connection.id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

impl Asking<'_> {
    /// What is left of the time.
    pub(crate) fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Embeds the query with each model that its connections need, and finds which tables have vectors.
    pub(crate) async fn lenses(&self, targets: &[Target], query: &str) -> Lenses {
        let mut models: Vec<(&Arc<dyn Embedder>, EmbeddingModel)> = Vec::new();
        let mut lacking = false;
        let chosen: Vec<Option<usize>> = targets
            .iter()
            .map(|target| {
                let Some(embedder) = self.ports.embedder_for(&target.connection, self.outside) else {
                    lacking = true;
                    return None;
                };
                let model = embedder.model();
                let known = models.iter().position(|(_, known)| known.id == model.id);
                Some(known.unwrap_or_else(|| {
                    models.push((embedder, model));
                    models.len() - 1
                }))
            })
            .collect();
        let embed = |(embedder, model): &(&Arc<dyn Embedder>, EmbeddingModel)| {
            let (embedder, model, text) = (Arc::clone(embedder), model.clone(), cut(query, model.max_chars));
            async move { self.embed(&*embedder, &model, TextKind::Query, vec![text]).await.pop().flatten() }
        };
        let queries = join_all(models.iter().map(embed));
        let ready = join_all(targets.iter().map(|target| self.ready(target.connection.id)));
        let (queries, ready) = join(queries, ready).await;
        let mut of = HashMap::new();
        for ((target, chosen), ready) in targets.iter().zip(chosen).zip(ready) {
            let Some(number) = chosen else { continue };
            let (embedder, model) = &models[number];
            lacking |= queries[number].is_none() || ready.is_err();
            if let Some(query) = queries[number].clone() {
                let (embedder, model) = (Arc::clone(embedder), model.clone());
                let ready = ready.unwrap_or_else(|_| Arc::from([]));
                of.insert(target.connection.id, Lens { embedder, model, number, query, ready });
            }
        }
        Lenses { of, lacking }
    }

    async fn ready(&self, connection: ConnectionId) -> PortResult<Arc<[ReadyVectors]>> {
        match (&self.ports.catalog, &self.ports.vectors) {
            (Some(catalog), Some(_)) => self.in_time("vector_catalog.ready", catalog.ready(connection)).await,
            _ => Ok(Arc::from([])),
        }
    }

    /// The vectors of texts, those that are known from before and those that there is time and money
    /// for. An empty text has none.
    pub(crate) async fn embed(
        &self,
        embedder: &dyn Embedder,
        model: &EmbeddingModel,
        kind: TextKind,
        texts: Vec<String>,
    ) -> Vec<Option<Vector>> {
        let contents: Vec<ContentHash> = texts.iter().map(|text| content(model, kind, text)).collect();
        let mut found: Vec<Option<Vector>> = contents.iter().map(|of| self.ports.cache.get(*of)).collect();
        let mut asked: Vec<(ContentHash, String)> = Vec::new();
        for ((content, text), found) in contents.iter().zip(texts).zip(&found) {
            // Two rows may say the same.
            if found.is_none() && !text.trim().is_empty() && !asked.iter().any(|(known, _)| known == content)
            {
                asked.push((*content, text));
            }
        }
        if asked.is_empty() {
            return found;
        }
        let (asked, texts): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let request = EmbedRequest { texts, kind, urgency: Urgency::Now };
        let made: HashMap<ContentHash, Vector> = match self.call(embedder, model, request).await {
            Ok(vectors) => {
                asked.into_iter().zip(vectors).filter_map(|(of, made)| Some((of, made?))).collect()
            }
            Err(_) => HashMap::new(),
        };
        for (content, vector) in &made {
            self.ports.cache.put(*content, vector.clone());
        }
        for (content, found) in contents.iter().zip(&mut found) {
            *found = found.take().or_else(|| made.get(content).cloned());
        }
        found
    }

    async fn call(
        &self,
        embedder: &dyn Embedder,
        model: &EmbeddingModel,
        request: EmbedRequest,
    ) -> PortResult<Vec<Option<Vector>>> {
        const OPERATION: &str = "embedder.embed";
        if model.is_external {
            self.pay_for_one(OPERATION).await?;
        }
        let deadline = self.remaining().min(CALL_TIME);
        let made = self.in_time(OPERATION, embedder.embed(request, deadline)).await?;
        self.charge(&made.usage).await;
        Ok(made.vectors)
    }

    /// Whether one more call of a provider outside may be made.
    async fn pay_for_one(&self, operation: &'static str) -> PortResult<()> {
        let refused = || PortError::new(PortErrorKind::RateLimited, System::Ai, operation);
        if self.outside && self.in_time(operation, self.payer.may_call()).await? {
            Ok(())
        } else {
            Err(refused())
        }
    }

    /// What was used is charged, whether or not anything could be made of it. A count that fails is
    /// told by whoever counts.
    async fn charge(&self, usage: &[TokenUsage]) {
        for usage in usage {
            drop(self.payer.charge(usage).await);
        }
    }

    /// Up to `limit` queries near to this one.
    pub(crate) async fn related(
        &self,
        enhancer: &dyn QueryEnhancer,
        query: &str,
        limit: usize,
    ) -> PortResult<Vec<String>> {
        const OPERATION: &str = "query_enhancer.related";
        self.pay_for_one(OPERATION).await?;
        let deadline = self.remaining().min(CALL_TIME);
        let related = self.in_time(OPERATION, enhancer.related(query, limit, deadline)).await?;
        self.charge(std::slice::from_ref(&related.usage)).await;
        Ok(related.queries)
    }

    /// The adapters keep their deadlines themselves; this holds the line should one not.
    pub(crate) async fn in_time<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = PortResult<T>>,
    ) -> PortResult<T> {
        let late = || PortError::new(PortErrorKind::Timeout, System::Ai, operation);
        let remaining = self.remaining();
        if remaining.is_zero() {
            return Err(late());
        }
        let limit = self.timer.sleep(remaining.min(CALL_TIME) + GRACE);
        pin_mut!(work, limit);
        match select(work, limit).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(late()),
        }
    }
}

/// Queries are kept apart from rows, so that no row decides what a query means.
fn content(model: &EmbeddingModel, kind: TextKind, text: &str) -> ContentHash {
    match kind {
        TextKind::Row => ContentHash::of(model, text),
        TextKind::Query => ContentHash::of(
            &EmbeddingModel { id: format!("{} query", model.id).into(), ..model.clone() },
            text,
        ),
    }
}

fn cut(text: &str, max_chars: usize) -> String {
    text.chars().take(max_chars).collect()
}
