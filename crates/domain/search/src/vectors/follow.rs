//! Following a table's rows: what is new, what was changed, what is gone.

use std::{collections::HashSet, time::Duration};

use altus4_connections::{ColumnRef, Filter, Test, Value};
use altus4_kernel::Timestamp;

use super::{
    build::{greatest, noted_value},
    scene::{Stop, Work},
};
use crate::{RowKey, RowsRequest};

/// Every so many passes all rows are looked at, for those that were changed without the column's moving.
const FULL_EVERY: u32 = 20;
/// How much earlier than what was seen a moment may be that comes to light later: of a long transaction,
/// or of another clock.
const OVERLAP: Duration = Duration::from_mins(1);
/// How many keys are looked up at once.
const KEYS_AT_ONCE: usize = 512;

impl Work<'_> {
    /// A pass over what was changed, or over everything where nothing tells what was.
    pub(super) async fn follow(&mut self) -> Result<(), Stop> {
        let updated = self.scene().await?.updated;
        let passes = self.record.course.passes;
        let filter = updated.zip(self.record.course.seen.as_ref().and_then(noted_value));
        let filter = filter.filter(|_| passes > 0 && passes < FULL_EVERY);
        let filter = filter.map(|(column, seen)| since(&column, &seen));
        let is_full = filter.is_none();
        let (mut after, mut kept, mut walked, mut newest) = (None, 0_u64, 0_u64, None);
        while let Some(part) = self.part(after, filter.clone()).await? {
            kept += part.kept;
            walked += part.rows;
            newest = greatest(newest.as_ref(), part.greatest);
            after = Some(part.last);
            if walked > self.settings.max_rows {
                let most = self.settings.max_rows;
                return Err(Stop::Failed(format!("The table has more than {most} rows")));
            }
        }
        // As many as were just seen to have one: then no vector is of a row that is gone.
        if !is_full || self.size().await? != kept {
            self.sweep().await?;
        }
        let size = self.size().await?;
        let course = &mut self.record.course;
        course.passes = if is_full { 1 } else { passes + 1 };
        // What is changed behind the place where a walk is, has a value from after that walk began.
        let fresh = course.fresh.take();
        course.seen = greatest(course.seen.as_ref(), fresh.as_ref().and_then(noted_value));
        course.fresh = newest.or(fresh);
        self.record.progress.rows_done = size;
        self.record.progress.rows_estimated = Some(size);
        Ok(())
    }

    /// Forgets the vectors of rows that are gone.
    pub(super) async fn sweep(&mut self) -> Result<(), Stop> {
        let mut after = None;
        loop {
            let page = match self.ports.vectors.scan(self.record.id, after, KEYS_AT_ONCE).await {
                Ok(page) => page,
                Err(error) => return Err(self.fault(error).await),
            };
            for keys in page.keys.chunks(KEYS_AT_ONCE) {
                self.sweep_keys(keys).await?;
            }
            if page.next.is_none() {
                return Ok(());
            }
            after = page.next;
        }
    }

    async fn sweep_keys(&mut self, keys: &[RowKey]) -> Result<(), Stop> {
        let scene = self.scene().await?;
        let request = RowsRequest {
            table: scene.table.clone(),
            keys: keys.iter().filter_map(RowKey::values).collect(),
            read: Vec::new(),
            filter: None,
        };
        let began = self.ports.clock.now();
        let rows = match scene.index.rows(&scene.target, &request, scene.deadline()).await {
            Ok(rows) => rows,
            Err(error) => return Err(self.fault(error).await),
        };
        let took = self.ports.clock.now().since(began).unwrap_or_default();
        let there: HashSet<_> = rows.iter().map(|row| RowKey::of(&row.key)).collect();
        let gone: Vec<_> = keys.iter().filter(|key| !there.contains(key)).cloned().collect();
        if !gone.is_empty()
            && let Err(error) = self.ports.vectors.remove(self.record.id, &gone).await
        {
            return Err(self.fault(error).await);
        }
        self.leave(took).await;
        Ok(())
    }
}

/// What may have been changed since this was seen. Rows that were never changed may have no value yet.
fn since(column: &ColumnRef, seen: &Value) -> Filter {
    let from = Test::Gte(earlier(seen));
    Filter::Any(vec![Filter::Is(column.clone(), from), Filter::Is(column.clone(), Test::IsNull)])
}

/// A moment is put back by [`OVERLAP`]; a number is taken as it is.
fn earlier(seen: &Value) -> Value {
    let moment = seen.as_text().and_then(|text| Timestamp::parse(&format!("{}Z", text.replace(' ', "T"))));
    match moment {
        Some(moment) => {
            let text = (moment - OVERLAP).to_string();
            Value::Text(text.trim_end_matches('Z').replace('T', " "))
        }
        None => seen.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_put_back_and_anything_else_taken_as_it_is() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (seen, expected) in [
            (text("2026-01-15T10:30:00"), text("2026-01-15 10:29:00.000")),
            (text("2026-01-01 00:00:30.125"), text("2025-12-31 23:59:30.125")),
            (text("2026-01-15"), text("2026-01-15")),
            (text("0000-00-00T00:00:00"), text("0000-00-00T00:00:00")),
            (Value::Int(7), Value::Int(7)),
        ] {
            assert_eq!(earlier(&seen), expected);
        }
    }
}
