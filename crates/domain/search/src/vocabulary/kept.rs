//! Vocabularies kept in memory: read beside the first search of a table, renewed now and then,
//! bounded together.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

use altus4_connections::{ColumnRef, SearchLanguage, Target, Value};
use altus4_kernel::{Background, ConnectionId, PortResult};
use futures::{FutureExt, channel::oneshot, future::Shared};

use super::{Census, Vocabulary, phrases::Titles};
use crate::{FullTextIndex, ReadColumn, SampleRequest, plan::TablePlan};

/// How many rows are read at the most; and how many, should those be too much for the adapter.
const SAMPLE_ROWS: [u32; 3] = [20_000, 2_000, 200];
/// How long reading them may take.
const SAMPLE_DEADLINE: Duration = Duration::from_secs(5);
/// How many tables are read at once; searches of others go without until it is their turn.
const READ_AT_ONCE: usize = 4;
/// After how many rows counting makes way for others.
const ROWS_IN_A_ROW: usize = 64;
/// How long a vocabulary is good before it is read again.
const LIFE: Duration = Duration::from_mins(10);
/// After a failure nobody asks again for so long.
const PAUSE: Duration = Duration::from_mins(1);
/// What all of them together take in memory, about.
const MAX_BYTES: usize = 64 << 20;

/// Which columns of which table, and of which state of its connection.
type Key = (ConnectionId, (u32, SearchLanguage), String, Vec<ColumnRef>);
/// Is there when a reading is over, however it went.
pub(crate) type Reading = Shared<oneshot::Receiver<()>>;

/// The vocabularies of the tables that are searched.
#[derive(Clone)]
pub(crate) struct Vocabularies {
    kept: Arc<Mutex<Kept>>,
    background: Arc<dyn Background>,
}

#[derive(Default)]
struct Kept {
    slots: HashMap<Key, Slot>,
    reading: usize,
    /// Rises with each use; tells which was used last.
    uses: u64,
}

#[derive(Default)]
struct Slot {
    vocabulary: Option<Arc<Vocabulary>>,
    reading: Option<Reading>,
    /// When it is to be read again.
    due: Option<Instant>,
    used: u64,
}

/// What is known of a table's words at the moment.
pub(crate) enum Known {
    /// This.
    Now(Arc<Vocabulary>),
    /// Nothing yet: it is being read.
    Soon(Reading),
    /// Nothing, and nobody is reading.
    Not,
}

impl Vocabularies {
    pub(crate) fn new(background: Arc<dyn Background>) -> Self {
        Self { kept: Arc::default(), background }
    }

    /// What is known of the words of a table's searched columns. Where that is nothing, or too old,
    /// reading it begins.
    pub(crate) fn of(&self, index: &Arc<dyn FullTextIndex>, target: &Target, plan: &TablePlan) -> Known {
        let key = key(target, plan);
        let now = Instant::now();
        let mut kept = self.lock();
        kept.uses += 1;
        let (uses, may_read) = (kept.uses, kept.reading < READ_AT_ONCE);
        let slot = kept.slots.entry(key.clone()).or_default();
        slot.used = uses;
        if may_read && slot.reading.is_none() && slot.due.is_none_or(|due| due <= now) {
            let (done, reading) = oneshot::channel();
            slot.reading = Some(reading.shared());
            let known = slot.known();
            kept.reading += 1;
            drop(kept);
            self.read(key, Arc::clone(index), target.clone(), plan.clone(), done);
            return known;
        }
        slot.known()
    }

    /// What is known already of the words of these databases' tables; of all their tables, where none
    /// is named.
    pub(crate) fn of_tables(&self, databases: &[ConnectionId], tables: &[String]) -> Vec<Arc<Vocabulary>> {
        let kept = self.lock();
        let is_meant = |(database, _, table, _): &Key| {
            databases.contains(database) && (tables.is_empty() || tables.contains(table))
        };
        let slots = kept.slots.iter().filter(|(key, _)| is_meant(key));
        slots.filter_map(|(_, slot)| slot.vocabulary.clone()).collect()
    }

    /// What is known of them already.
    pub(crate) fn known(&self, target: &Target, plan: &TablePlan) -> Option<Arc<Vocabulary>> {
        self.lock().slots.get(&key(target, plan)).and_then(|slot| slot.vocabulary.clone())
    }

    fn read(
        &self,
        key: Key,
        index: Arc<dyn FullTextIndex>,
        target: Target,
        plan: TablePlan,
        done: oneshot::Sender<()>,
    ) {
        let kept = Arc::clone(&self.kept);
        // Whatever becomes of the work, the next search may try again.
        let end = End { kept, key, vocabulary: None, _done: done };
        self.background.run(Box::pin(async move {
            let mut end = end;
            end.vocabulary = read(index.as_ref(), &target, &plan).await.ok().map(Arc::new);
        }));
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn known(&self) -> Known {
        match (&self.vocabulary, &self.reading) {
            (Some(vocabulary), _) => Known::Now(Arc::clone(vocabulary)),
            (None, Some(reading)) => Known::Soon(reading.clone()),
            (None, None) => Known::Not,
        }
    }
}

impl Kept {
    /// Forgets those that were used longest ago until the rest fits.
    fn fit(&mut self) {
        let mut bytes: usize = self.slots.values().map(Slot::bytes).sum();
        if bytes <= MAX_BYTES {
            return;
        }
        let mut by_use: Vec<_> = self.slots.iter().map(|(key, slot)| (slot.used, key.clone())).collect();
        by_use.sort_by_key(|(used, _)| *used);
        for (_, key) in by_use {
            if bytes <= MAX_BYTES {
                break;
            }
            if self.slots.get(&key).is_some_and(|slot| slot.reading.is_none()) {
                bytes -= self.slots.remove(&key).map_or(0, |slot| slot.bytes());
            }
        }
    }
}

impl Slot {
    fn bytes(&self) -> usize {
        const EMPTY: usize = 512;
        EMPTY + self.vocabulary.as_ref().map_or(0, |vocabulary| vocabulary.bytes())
    }
}

/// Ends a reading, also one that was dropped halfway.
struct End {
    kept: Arc<Mutex<Kept>>,
    key: Key,
    vocabulary: Option<Arc<Vocabulary>>,
    /// Dropped last: whoever waits finds what was read.
    _done: oneshot::Sender<()>,
}

impl Drop for End {
    fn drop(&mut self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.reading = kept.reading.saturating_sub(1);
        let life = if self.vocabulary.is_some() { LIFE } else { PAUSE };
        if let Some(slot) = kept.slots.get_mut(&self.key) {
            slot.reading = None;
            slot.due = Some(Instant::now() + life);
            // An old one is better than none.
            slot.vocabulary = self.vocabulary.take().or(slot.vocabulary.take());
        }
        kept.fit();
    }
}

fn key(target: &Target, plan: &TablePlan) -> Key {
    let (connection, generation) = target.pool_key();
    let columns = plan.searched.iter().map(|(column, _)| column.clone()).collect();
    (connection, (generation, target.connection.search.language), plan.table.table.name().to_owned(), columns)
}

async fn read(index: &dyn FullTextIndex, target: &Target, plan: &TablePlan) -> PortResult<Vocabulary> {
    let read: Vec<ReadColumn> = plan.read.iter().take(plan.searched.len()).cloned().collect();
    let sample = |rows| SampleRequest { table: Arc::clone(&plan.table), read: read.clone(), rows };
    let [first, fewer @ ..] = SAMPLE_ROWS;
    let mut sampled = index.sample(target, &sample(first), SAMPLE_DEADLINE).await;
    for rows in fewer {
        if sampled.is_err() {
            sampled = index.sample(target, &sample(rows), SAMPLE_DEADLINE).await;
        }
    }
    let sampled = sampled?;
    let mut census = Census::new(read.len(), target.connection.search.language);
    let mut titles = Titles::default();
    let title = title_column(plan);
    for (at, row) in sampled.rows.iter().enumerate() {
        census.add(row.iter().map(|value| value.as_text().unwrap_or_default()));
        if let Some(text) = title.and_then(|at| row.get(at)).and_then(Value::as_text) {
            titles.add(text);
        }
        if at % ROWS_IN_A_ROW == ROWS_IN_A_ROW - 1 {
            make_way().await;
        }
    }
    let vocabulary = census.finish(sampled.whole, plan.table.estimated_rows.unwrap_or_default());
    Ok(Vocabulary { titles, ..vocabulary })
}

/// Which of the searched columns has titles, if one has.
fn title_column(plan: &TablePlan) -> Option<usize> {
    plan.searched.iter().position(|(_, weight)| *weight > 1.0)
}

/// Lets others have the thread for a moment.
async fn make_way() {
    let mut has_waited = false;
    futures::future::poll_fn(|context| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
