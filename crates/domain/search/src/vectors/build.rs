//! Going through a table for the first time.

use std::time::Duration;

use altus4_connections::Value;

use super::{
    embedding::{Part, later},
    scene::{Stop, Work},
};
use crate::{RowKey, VectorIndexRecord, VectorState};

impl Work<'_> {
    /// Builds what isn't built yet. How far it is, is kept after each part: whoever goes on begins there,
    /// and what was kept of the part after that isn't embedded again.
    pub(super) async fn build(&mut self) -> Result<(), Stop> {
        let mut began = None;
        let (mut seen, mut took) = (0_u64, Duration::ZERO);
        let table = self.scene().await?.table;
        if self.record.course.cursor.is_none() {
            self.record.progress.rows_estimated = table.estimated_rows;
        }
        loop {
            if self.record.progress.rows_done > self.settings.max_rows {
                let most = self.settings.max_rows;
                return Err(Stop::Failed(format!("The table has more than {most} rows")));
            }
            let after = self.record.course.cursor.as_ref().and_then(RowKey::values);
            let from = *began.get_or_insert(self.ports.clock.now());
            let Some(part) = self.part(after, None).await? else { break };
            took = self.ports.clock.now().since(from).unwrap_or(took);
            seen += part.rows;
            self.note(&part);
            self.record.progress.rows_per_second = rate(seen, took);
            self.save().await?;
        }
        // What was deleted behind the place where the walk was.
        self.sweep().await?;
        let size = self.size().await?;
        let now = self.ports.clock.now();
        let record = &mut self.record;
        record.progress.rows_done = size;
        record.progress.rows_estimated = Some(size);
        record.built_at = Some(now);
        record.course.cursor = None;
        record.course.passes = 0;
        (record.state, record.error) = (VectorState::Ready, None);
        self.save().await?;
        self.announce().await;
        Ok(())
    }

    fn note(&mut self, part: &Part) {
        let VectorIndexRecord { progress, course, state, error, .. } = &mut self.record;
        progress.rows_done += part.rows;
        course.cursor = Some(RowKey::of(&part.last));
        course.fresh = greatest(course.fresh.as_ref(), part.greatest.clone());
        course.failures = 0;
        (*state, *error) = (VectorState::Building, None);
    }

    /// How many rows have a vector.
    pub(super) async fn size(&mut self) -> Result<u64, Stop> {
        match self.ports.vectors.size(self.record.id).await {
            Ok(size) => Ok(size),
            Err(error) => Err(self.fault(error).await),
        }
    }
}

/// The greater of what was noted and a value.
pub(super) fn greatest(noted: Option<&RowKey>, value: Option<Value>) -> Option<RowKey> {
    let before = noted.and_then(noted_value);
    let all = before.into_iter().chain(value);
    all.reduce(later).map(|value| RowKey::of(&[value]))
}

/// The value that was noted.
pub(super) fn noted_value(noted: &RowKey) -> Option<Value> {
    noted.values()?.into_iter().next()
}

fn rate(rows: u64, took: Duration) -> Option<f64> {
    let seconds = took.as_secs_f64();
    (seconds > 0.0).then(|| rows as f64 / seconds)
}
