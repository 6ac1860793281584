//! What waits to be embedded: two lanes, of which the urgent one comes first.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use altus4_kernel::{PortError, PortErrorKind, PortResult};
use altus4_search::{TextKind, Urgency, Vector};
use tokio::sync::oneshot;

use crate::error::embed_error;

/// How many texts are worked on at once: what is urgent waits for no more than these, and a request
/// that was dropped takes no more time than they do.
const TEXTS_AT_ONCE: usize = 4;

/// Texts that one request asks for.
pub(crate) struct Job {
    /// The texts, each cut to what is read of it.
    pub(crate) texts: Vec<String>,
    /// What they are.
    pub(crate) kind: TextKind,
    urgency: Urgency,
    until: Option<Instant>,
    progress: Mutex<Progress>,
}

/// What came of one text.
#[derive(Clone)]
enum Made {
    Nothing,
    Vector(Option<Vector>),
}

impl Made {
    #[expect(clippy::option_option, reason = "the outer one ends the walk")]
    fn vector(self) -> Option<Option<Vector>> {
        match self {
            Self::Nothing => None,
            Self::Vector(vector) => Some(vector),
        }
    }
}

struct Progress {
    next: usize,
    left: usize,
    made: Vec<Made>,
    fault: Option<PortError>,
    finished: Option<oneshot::Sender<()>>,
    is_over: bool,
}

impl Job {
    /// A job, and what tells that nothing more will come of it.
    pub(crate) fn new(
        texts: Vec<String>,
        kind: TextKind,
        urgency: Urgency,
        until: Option<Instant>,
    ) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (finished, is_finished) = oneshot::channel();
        let progress = Progress {
            next: 0,
            left: texts.len(),
            made: vec![Made::Nothing; texts.len()],
            fault: None,
            finished: Some(finished),
            is_over: false,
        };
        (Arc::new(Self { texts, kind, urgency, until, progress: Mutex::new(progress) }), is_finished)
    }

    /// What came of it until now, the first texts first; then nothing more does. For each of those its
    /// vector, if it has one.
    pub(crate) fn take(&self) -> PortResult<Vec<Option<Vector>>> {
        let mut progress = self.progress();
        progress.is_over = true;
        match progress.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(std::mem::take(&mut progress.made).into_iter().map_while(Made::vector).collect()),
        }
    }

    /// No more of its texts are worked on.
    pub(crate) fn abandon(&self) {
        self.progress().next = usize::MAX;
    }

    /// The next texts to be worked on; `None` where there are none, or nobody waits for them any more.
    fn next(&self) -> Option<Range<usize>> {
        let mut progress = self.progress();
        let is_late = self.until.is_some_and(|until| until <= Instant::now());
        if is_late || progress.next >= self.texts.len() {
            return None;
        }
        let begin = progress.next;
        progress.next = (begin + TEXTS_AT_ONCE).min(self.texts.len());
        Some(begin..progress.next)
    }

    fn has_more(&self) -> bool {
        self.progress().next < self.texts.len()
    }

    /// Takes what was made of some texts.
    pub(crate) fn put(&self, texts: Range<usize>, vectors: Vec<Option<Vector>>) {
        let mut progress = self.progress();
        if progress.is_over {
            return;
        }
        progress.left = progress.left.saturating_sub(texts.len());
        for (place, vector) in texts.zip(vectors) {
            progress.made[place] = Made::Vector(vector);
        }
        if progress.left == 0 {
            progress.finish();
        }
    }

    /// Ends it with an error.
    pub(crate) fn fail(&self, fault: PortError) {
        let mut progress = self.progress();
        progress.fault.get_or_insert(fault);
        progress.finish();
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn finish(&mut self) {
        self.next = usize::MAX;
        if let Some(finished) = self.finished.take() {
            let _ = finished.send(());
        }
    }
}

/// The lanes, for any number of threads.
pub(crate) struct Lanes {
    queues: Mutex<Queues>,
    changed: Condvar,
    max_waiting: usize,
}

#[derive(Default)]
struct Queues {
    urgent: VecDeque<Arc<Job>>,
    other: VecDeque<Arc<Job>>,
    closed: Option<Closed>,
}

/// Why nothing is taken any more.
#[derive(Clone)]
pub(crate) enum Closed {
    /// Its owner is gone.
    Stopped,
    /// The model can't be used.
    Failed(Arc<str>),
}

impl Closed {
    fn error(&self) -> PortError {
        match self {
            Self::Stopped => embed_error(PortErrorKind::Unavailable),
            Self::Failed(why) => embed_error(PortErrorKind::Unavailable).with_source(why.to_string()),
        }
    }
}

impl Queues {
    fn of(&mut self, urgency: Urgency) -> &mut VecDeque<Arc<Job>> {
        match urgency {
            Urgency::Now => &mut self.urgent,
            Urgency::Whenever => &mut self.other,
        }
    }
}

impl Lanes {
    /// Empty ones, each with room for so many texts.
    pub(crate) fn new(max_waiting: usize) -> Self {
        Self { queues: Mutex::default(), changed: Condvar::new(), max_waiting }
    }

    /// Puts a job last in its lane.
    ///
    /// # Errors
    /// There is no room (`RateLimited`), or nothing is taken any more.
    pub(crate) fn put(&self, job: &Arc<Job>) -> PortResult<()> {
        let mut queues = self.queues();
        if let Some(closed) = &queues.closed {
            return Err(closed.error());
        }
        let lane = queues.of(job.urgency);
        let waiting: usize = lane.iter().map(|job| job.texts.len()).sum();
        if waiting + job.texts.len() > self.max_waiting {
            return Err(embed_error(PortErrorKind::RateLimited));
        }
        lane.push_back(Arc::clone(job));
        drop(queues);
        self.changed.notify_all();
        Ok(())
    }

    /// Takes a job out that nobody waits for any more.
    pub(crate) fn forget(&self, job: &Arc<Job>) {
        self.queues().of(job.urgency).retain(|waiting| !Arc::ptr_eq(waiting, job));
        self.changed.notify_all();
    }

    /// Waits for the next texts of a lane; `None` when there will be none. Jobs take turns. What isn't
    /// urgent waits until nothing urgent does.
    pub(crate) fn take(&self, urgency: Urgency) -> Option<(Arc<Job>, Range<usize>)> {
        let mut queues = self.queues();
        loop {
            if queues.closed.is_some() {
                return None;
            }
            let may_go = urgency == Urgency::Now || queues.urgent.is_empty();
            while may_go && let Some(job) = queues.of(urgency).pop_front() {
                let Some(texts) = job.next() else { continue };
                if job.has_more() {
                    queues.of(urgency).push_back(Arc::clone(&job));
                }
                drop(queues);
                // It may have been the last urgent one, which others wait for.
                self.changed.notify_all();
                return Some((job, texts));
            }
            queues = self.changed.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes nothing any more, and ends what waits.
    pub(crate) fn close(&self, why: Closed) {
        let mut queues = self.queues();
        let waiting: Vec<_> = queues.urgent.drain(..).collect();
        let waiting = waiting.into_iter().chain(std::mem::take(&mut queues.other));
        let why = queues.closed.get_or_insert(why).clone();
        drop(queues);
        for job in waiting {
            job.fail(why.error());
        }
        self.changed.notify_all();
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
