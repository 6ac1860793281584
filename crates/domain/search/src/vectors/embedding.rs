//! A part of a table: its rows are read, and what is new or changed among them is embedded and kept.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use altus4_connections::{Filter, Value};

use super::scene::{Scene, Stop, Work};
use crate::{
    ContentHash, EMBEDDED_CHARS, EmbedRequest, EmbeddingModel, Row, RowKey, TextKind, Urgency, Vector,
    VectorEntry, WalkRequest, embedded_text,
};

/// How many characters of rows are read at once, and how many rows at the least and the most.
const PART_CHARS: u32 = 1 << 20;
const PART_ROWS: std::ops::RangeInclusive<u32> = 16..=256;
/// How many texts are embedded at once.
const BATCH: usize = 64;
/// How long a batch of texts may take.
const EMBED_DEADLINE: Duration = Duration::from_mins(1);

/// What was found of a part.
pub(super) struct Part {
    /// How many rows it had.
    pub(super) rows: u64,
    /// How many of them have a vector.
    pub(super) kept: u64,
    /// The key of the last one.
    pub(super) last: Vec<Value>,
    /// The greatest value of the column that moves.
    pub(super) greatest: Option<Value>,
}

impl Work<'_> {
    /// The next part after a key; `None` where there are no more rows. When it returns, every row of it
    /// has the vector of its text as it was read.
    pub(super) async fn part(
        &mut self,
        after: Option<Vec<Value>>,
        filter: Option<Filter>,
    ) -> Result<Option<Part>, Stop> {
        let scene = self.scene().await?;
        let chars = EMBEDDED_CHARS.saturating_mul(u32::try_from(scene.texts()).unwrap_or(u32::MAX)).max(1);
        let limit = (PART_CHARS / chars).clamp(*PART_ROWS.start(), *PART_ROWS.end());
        let request = WalkRequest {
            table: scene.table.clone(),
            after: after.clone(),
            filter,
            read: scene.read.clone(),
            limit,
        };
        let began = self.ports.clock.now();
        let rows = match scene.index.walk(&scene.target, &request, scene.deadline()).await {
            Ok(rows) => rows,
            Err(error) => return Err(self.fault(error).await),
        };
        let Some(last) = rows.last().map(|row| row.key.clone()) else { return Ok(None) };
        if after.as_ref() == Some(&last) {
            return Err(Stop::Failed("The keys of the table's rows can't be told apart".to_owned()));
        }
        let took = self.ports.clock.now().since(began).unwrap_or_default();
        let greatest = rows.iter().filter_map(|row| moved(&scene, row)).reduce(later);
        let found = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let kept = self.keep(&scene, rows).await?;
        // As long as the server worked for this, it is left to others.
        self.leave(took).await;
        Ok(Some(Part { rows: found, kept, last, greatest }))
    }

    /// Leaves the server to others for a while.
    pub(super) async fn leave(&self, span: Duration) {
        if !span.is_zero() {
            self.ports.timer.sleep(span).await;
        }
    }

    /// Sees to it that the rows have the vectors of their texts. Gives how many have one.
    async fn keep(&mut self, scene: &Scene, rows: Vec<Row>) -> Result<u64, Stop> {
        let model = scene.embedder.model();
        let keys: Vec<_> = rows.iter().map(|row| RowKey::of(&row.key)).collect();
        let id = self.record.id;
        let known = match self.ports.vectors.contents(id, &keys).await {
            Ok(known) => known,
            Err(error) => return Err(self.fault(error).await),
        };
        let (mut texts, mut keys_of) = (VecDeque::new(), HashMap::<_, Vec<_>>::new());
        let (mut emptied, mut kept) = (Vec::new(), 0_u64);
        for ((row, key), known) in rows.into_iter().zip(keys).zip(known) {
            let text = embedded_text(model.max_chars, row.values.iter().take(scene.texts()));
            let content = ContentHash::of(&model, &text);
            match known {
                _ if text.is_empty() => emptied.extend(known.map(|_| key)),
                Some(known) if known == content => kept += 1,
                Some(_) | None => {
                    let keys = keys_of.entry(content).or_default();
                    if keys.is_empty() {
                        texts.push_back((content, text));
                    }
                    keys.push(key);
                }
            }
        }
        while !texts.is_empty() {
            let mut entries = Vec::new();
            for (content, vector) in self.embedded(&model, &mut texts).await? {
                let keys = keys_of.remove(&content).unwrap_or_default();
                match vector {
                    Some(vector) => entries.extend(keys.into_iter().map(|key| {
                        let vector = vector.clone();
                        VectorEntry { key, content, vector }
                    })),
                    // It means nothing to the model: nor has it the meaning that it had before.
                    None => emptied.extend(keys),
                }
            }
            kept += u64::try_from(entries.len()).unwrap_or(u64::MAX);
            // At once, so that what was paid for isn't lost with what comes after.
            if let Err(error) = self.ports.vectors.put(id, entries).await {
                return Err(self.fault(error).await);
            }
        }
        if !emptied.is_empty()
            && let Err(error) = self.ports.vectors.remove(id, &emptied).await
        {
            return Err(self.fault(error).await);
        }
        Ok(kept)
    }

    /// The vectors of some of these texts; `None` for those that have no meaning. For others there was
    /// no time: they are put back.
    async fn embedded(
        &mut self,
        model: &EmbeddingModel,
        waiting: &mut VecDeque<(ContentHash, String)>,
    ) -> Result<Vec<(ContentHash, Option<Vector>)>, Stop> {
        // What was allowed when the rows were read may have been forbidden since.
        let (_, embedder) = self.allowed().await?;
        if embedder.model().id != model.id {
            return Err(Stop::Anew);
        }
        let batch: Vec<_> = waiting.drain(..waiting.len().min(BATCH)).collect();
        let texts = batch.iter().map(|(_, text)| text.clone()).collect();
        let request = EmbedRequest { texts, kind: TextKind::Row, urgency: Urgency::Whenever };
        let answer = match embedder.embed(request, EMBED_DEADLINE).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.fault(error).await),
        };
        let used: u64 = answer.usage.iter().map(|usage| usage.input + usage.output).sum();
        self.record.progress.tokens_used = self.record.progress.tokens_used.saturating_add(used);
        if answer.vectors.len() != batch.len() {
            return Err(Stop::Fault("The embeddings make no sense".to_owned()));
        }
        // Where it made any, the others may only have come too late; where it made none, they have no
        // meaning.
        let made_any = answer.vectors.iter().any(Option::is_some);
        let mut made = Vec::new();
        for ((content, text), vector) in batch.into_iter().zip(answer.vectors) {
            if vector.is_none() && made_any {
                waiting.push_back((content, text));
            } else {
                made.push((content, vector));
            }
        }
        Ok(made)
    }
}

/// The row's value of the column that moves.
fn moved(scene: &Scene, row: &Row) -> Option<Value> {
    scene.updated.as_ref()?;
    row.values.last().filter(|value| **value != Value::Null).cloned()
}

/// The later of two values of one column.
pub(super) fn later(one: Value, other: Value) -> Value {
    let is_later = match (&one, &other) {
        // One column writes all its moments in one way; SQLite's may have either gap.
        (Value::Text(one), Value::Text(other)) => one.replace('T', " ") >= other.replace('T', " "),
        _ => whole(&one) >= whole(&other),
    };
    if is_later { one } else { other }
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(flag) => Some(i128::from(*flag)),
        Value::Int(number) => Some(i128::from(*number)),
        Value::UInt(number) => Some(i128::from(*number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_value_is_told_whatever_its_kind() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (one, other) in [
            (text("2026-01-15T10:30:00"), text("2026-01-15 10:29:59")),
            (text("2026-01-15 10:30:00"), text("2026-01-15T10:29:59")),
            (Value::UInt(u64::MAX), Value::Int(i64::MAX)),
            (Value::Int(5), Value::Int(-7)),
            (Value::Int(5), Value::Bool(true)),
        ] {
            assert_eq!(later(one.clone(), other.clone()), one);
            assert_eq!(later(other, one.clone()), one);
        }
    }
}
