//! The vectors in what a provider answered, which may be anything.

use std::{fmt, sync::Arc};

use altus4_kernel::TokenUsage;
use altus4_search::Vector;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::Value;

use crate::usage::usage_of;

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
    usage: Option<Value>,
}

#[derive(Deserialize)]
struct Item {
    index: Option<usize>,
    embedding: Numbers,
}

/// The vectors of `count` texts, in their order, and what they took.
///
/// # Errors
/// What makes no sense.
pub(super) fn read(
    body: &[u8],
    count: usize,
    model: &Arc<str>,
    sent: usize,
) -> Result<(Vec<Vector>, TokenUsage), &'static str> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| "it is no list of embeddings")?;
    if answer.data.len() != count {
        return Err("it has more or fewer embeddings than there were texts");
    }
    let mut vectors: Vec<Option<Vector>> = vec![None; count];
    // Either all say where they belong, or none does.
    let is_numbered = answer.data.iter().any(|item| item.index.is_some());
    for (at, item) in answer.data.into_iter().enumerate() {
        let place = if is_numbered { item.index } else { Some(at) };
        let place = place.and_then(|place| vectors.get_mut(place)).filter(|place| place.is_none());
        let place = place.ok_or("its embeddings are numbered wrongly")?;
        *place = Some(Vector::new(&item.embedding.0).ok_or("it has an embedding that points nowhere")?);
    }
    let vectors: Vec<Vector> = vectors.into_iter().flatten().collect();
    let dimensions = |vector: &Vector| vector.values().len();
    if vectors.windows(2).any(|pair| dimensions(&pair[0]) != dimensions(&pair[1])) {
        return Err("its embeddings have different dimensions");
    }
    Ok((vectors, usage_of(answer.usage.as_ref(), model, sent, 0)))
}

/// Numbers as a list, or as base64 of little-endian bytes; no more of them than a vector may have.
struct Numbers(Vec<f32>);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumbersVisitor)
    }
}

struct NumbersVisitor;

impl<'de> Visitor<'de> for NumbersVisitor {
    type Value = Numbers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers, or base64")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbers, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = list.next_element()? {
            if numbers.len() == Vector::MAX_DIMENSIONS {
                return Err(A::Error::custom("too many"));
            }
            numbers.push(number);
        }
        Ok(Numbers(numbers))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Numbers, E> {
        let bytes = STANDARD.decode(text).map_err(|_| E::custom("no base64"))?;
        let (numbers, rest) = bytes.as_chunks();
        if numbers.len() > Vector::MAX_DIMENSIONS || !rest.is_empty() {
            return Err(E::custom("no numbers"));
        }
        Ok(Numbers(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vectors(body: &Value, count: usize) -> Result<Vec<Vec<f32>>, &'static str> {
        let (vectors, _) = read(body.to_string().as_bytes(), count, &"model".into(), 4)?;
        Ok(vectors.iter().map(|vector| vector.values().to_vec()).collect())
    }

    fn base64(numbers: &[f32]) -> String {
        STANDARD.encode(numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())
    }

    #[test]
    fn embeddings_are_put_where_they_belong() {
        let (x, y) = (vec![1.0, 0.0], vec![0.0, 1.0]);
        let out_of_order = json!({ "data": [
            { "index": 1, "embedding": [0, 2] }, { "index": 0, "embedding": [0.5, 0] },
        ] });
        assert_eq!(vectors(&out_of_order, 2), Ok(vec![x.clone(), y.clone()]));
        let unnumbered = json!({ "data": [{ "embedding": [1, 0] }, { "embedding": base64(&[0.0, 3.0]) }] });
        assert_eq!(vectors(&unnumbered, 2), Ok(vec![x, y]));
    }

    #[test]
    fn nonsense_is_told_apart_from_vectors() {
        let one = |embedding: Value| json!({ "data": [{ "index": 0, "embedding": embedding }] });
        let two = |indexes: [Value; 2]| json!({ "data": indexes.map(|index| json!({ "index": index, "embedding": [1, 0] })) });
        for (body, count) in [
            (json!({ "data": [] }), 1),
            (two([json!(0), json!(1)]), 1),
            (two([json!(0), json!(0)]), 2),
            (two([json!(0), json!(2)]), 2),
            (two([json!(0), json!(null)]), 2),
            (two([json!(0), json!(-1)]), 2),
            (json!({ "data": [{ "embedding": [1, 0] }, { "embedding": [1, 0, 0] }] }), 2),
            (one(json!([])), 1),
            (one(json!([0, 0])), 1),
            (one(json!([1e300, 0])), 1),
            (one(json!([1, null])), 1),
            (one(json!(["1"])), 1),
            (one(json!({})), 1),
            (one(json!(null)), 1),
            (one(json!(vec![1; Vector::MAX_DIMENSIONS + 1])), 1),
            (one(json!(base64(&[1.0, f32::NAN]))), 1),
            (one(json!(base64(&[f32::INFINITY]))), 1),
            (one(json!("AAA=")), 1),
            (one(json!("no base64")), 1),
            (json!({ "error": { "message": "overloaded" } }), 1),
            (json!([]), 1),
        ] {
            assert!(vectors(&body, count).is_err(), "{body}");
        }
        for text in
            ["", "{", "<html></html>", r#"{"data":[{"embedding":[NaN]}]}"#, r#"{"data":[],"data":[]}"#]
        {
            assert!(read(text.as_bytes(), 1, &"model".into(), 4).is_err(), "{text}");
        }
        let deep = format!(r#"{{"data":{}"#, "[".repeat(100_000));
        assert!(read(deep.as_bytes(), 1, &"model".into(), 4).is_err());
    }
}
