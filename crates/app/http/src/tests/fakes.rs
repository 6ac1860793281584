//! What stands in for the systems behind a service in memory.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use altus4_connections::{
    BuildProgress, Built, ColumnKind, DiscoveredColumn, DiscoveredIndex, DiscoveredTable, IndexBuilder,
    IndexPlan, Remedy, ServerFacts, Target, Value as Cell,
};
use altus4_kernel::{Change, ChangeSubscriber, PortError, PortErrorKind, PortResult, RandomSource, System};
use altus4_search::{
    Candidate, CandidateRequest, Explained, Facet, FacetRequest, FullTextIndex, Matching, Row, RowsRequest,
    Sample, SampleRequest, WalkRequest,
};
use async_trait::async_trait;

use crate::{HealthCheck, SchemaVersions, StoreSchema};

/// Hears of changes, and keeps them.
#[derive(Default)]
pub(super) struct Listener(Mutex<Vec<Change>>);

impl Listener {
    /// What was heard since the last time.
    pub(super) fn heard(&self) -> Vec<Change> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ChangeSubscriber for Listener {
    fn on_change(&self, change: Change) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(change);
    }
}

/// Tables that have one migration to come.
pub(super) struct FakeSchema;

#[async_trait]
impl StoreSchema for FakeSchema {
    async fn versions(&self) -> PortResult<SchemaVersions> {
        Ok(SchemaVersions { applied: vec!["m1".to_owned()], pending: vec!["m2".to_owned()] })
    }
}

/// Bytes 0, 1, 2 … that never repeat.
#[derive(Default)]
pub(super) struct CountingRandom(AtomicU64);

impl RandomSource for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) -> PortResult<()> {
        bytes.fill(0);
        let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().zip(next).for_each(|(byte, value)| *byte = value);
        Ok(())
    }
}

/// A system that is well, gone, or silent.
pub(super) struct FakeCheck {
    name: &'static str,
    essential: bool,
    fault: AtomicU8,
}

impl FakeCheck {
    pub(super) fn new(name: &'static str, essential: bool) -> Arc<Self> {
        Arc::new(Self { name, essential, fault: AtomicU8::new(0) })
    }

    pub(super) fn lose(&self) {
        self.fault.store(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl HealthCheck for FakeCheck {
    fn name(&self) -> &'static str {
        self.name
    }

    fn essential(&self) -> bool {
        self.essential
    }

    async fn check(&self) -> PortResult<()> {
        match self.fault.load(Ordering::Relaxed) {
            0 => Ok(()),
            _ => Err(PortError::new(PortErrorKind::Unavailable, System::Store, "store.ping")),
        }
    }
}

/// A server that would make any index.
pub(super) struct FakeBuilder;

#[async_trait]
impl IndexBuilder for FakeBuilder {
    async fn facts(&self, _: &Target, _: Duration) -> PortResult<ServerFacts> {
        Ok(ServerFacts::default())
    }

    fn statement(&self, remedy: &Remedy) -> String {
        match remedy {
            Remedy::AddIndex(plan) => format!("CREATE FULLTEXT INDEX {}", plan.name.as_str()),
            other => format!("{other:?}"),
        }
    }

    async fn build(&self, _: &Target, _: &IndexPlan, _: &BuildProgress) -> PortResult<Built> {
        Ok(Built::Done)
    }
}

/// A full-text index over three articles, which may fail, or panic.
#[derive(Default)]
pub(super) struct FakeIndex(Mutex<Mood>);

#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Mood {
    #[default]
    Well,
    Failing(PortErrorKind),
    Panicking,
    Slow(Duration),
}

impl FakeIndex {
    pub(super) fn become_(&self, mood: Mood) {
        *self.0.lock().unwrap() = mood;
    }
}

#[async_trait]
impl FullTextIndex for FakeIndex {
    async fn candidates(
        &self,
        _: &Target,
        request: &CandidateRequest,
        _: Duration,
    ) -> PortResult<Vec<Candidate>> {
        let mood = *self.0.lock().unwrap();
        match mood {
            Mood::Well => {}
            Mood::Failing(kind) => return Err(PortError::new(kind, System::DataSource, "index.candidates")),
            Mood::Panicking => panic!("the index gave up"),
            Mood::Slow(time) => tokio::time::sleep(time).await,
        }
        let rows = (1..=3).map(|id| Candidate {
            key: vec![Cell::Int(id)],
            score: 1.0 / f64::from(i32::try_from(id).unwrap()),
            values: request.read.iter().map(|read| cell(id, read.column.name())).collect(),
        });
        Ok(rows.collect())
    }

    async fn rows(&self, _: &Target, request: &RowsRequest, _: Duration) -> PortResult<Vec<Row>> {
        let rows = request.keys.iter().map(|key| {
            let Some(Cell::Int(id)) = key.first() else { panic!("another key") };
            let values = request.read.iter().map(|read| cell(*id, read.column.name())).collect();
            Row { key: key.clone(), values }
        });
        Ok(rows.collect())
    }

    async fn walk(&self, _: &Target, _: &WalkRequest, _: Duration) -> PortResult<Vec<Row>> {
        Ok(Vec::new())
    }

    async fn count(&self, _: &Target, _: &Matching, _: u64, _: Duration) -> PortResult<u64> {
        Ok(0)
    }

    async fn facets(&self, _: &Target, _: &FacetRequest, _: Duration) -> PortResult<Vec<Facet>> {
        Ok(Vec::new())
    }

    async fn sample(&self, _: &Target, _: &SampleRequest, _: Duration) -> PortResult<Sample> {
        Ok(Sample::default())
    }

    async fn explain(&self, _: &Target, _: &CandidateRequest, _: Duration) -> PortResult<Explained> {
        Ok(Explained::default())
    }
}

fn cell(id: i64, column: &str) -> Cell {
    match column {
        "id" => Cell::Int(id),
        "title" => Cell::Text(format!("Parcel number {id}")),
        "body" => Cell::Text("A <b>parcel</b> that was damaged".to_owned()),
        "weight" => Cell::Int(i64::MAX),
        "tags" => Cell::Json(r#"["a", 1.50]"#.to_owned()),
        _ => Cell::Null,
    }
}

pub(super) fn articles() -> DiscoveredTable {
    let column = |name: &str, declared: &str, kind| DiscoveredColumn {
        name: name.to_owned(),
        declared_type: declared.to_owned(),
        kind,
        ..DiscoveredColumn::default()
    };
    let text = ColumnKind::Text { max_chars: Some(255) };
    DiscoveredTable {
        name: "articles".to_owned(),
        columns: vec![
            column("id", "BIGINT", ColumnKind::Integer),
            column("title", "VARCHAR(255)", text),
            column("body", "TEXT", text),
            column("weight", "BIGINT", ColumnKind::Integer),
            column("tags", "JSON", ColumnKind::Json),
        ],
        primary_key: vec!["id".to_owned()],
        full_text_indexes: vec![DiscoveredIndex {
            name: "ft".to_owned(),
            columns: vec!["title".to_owned(), "body".to_owned()],
            ..Default::default()
        }],
        estimated_rows: Some(3),
        ..DiscoveredTable::default()
    }
}
