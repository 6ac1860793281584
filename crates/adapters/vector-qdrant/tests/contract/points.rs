//! What the stand-in keeps, and its answers, in Qdrant's words.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::standin::{Reply, Request};

/// Collections by name.
#[derive(Default)]
pub(crate) struct Collections(BTreeMap<String, Collection>);

struct Collection {
    size: usize,
    /// By id, which they are scrolled in the order of.
    points: BTreeMap<String, Point>,
}

struct Point {
    vector: Vec<f64>,
    payload: Value,
}

impl Collections {
    pub(crate) fn answer(&mut self, request: &Request) -> Reply {
        let mut parts = request.path.trim_start_matches("/collections/").splitn(2, '/');
        let (name, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match (request.method.as_str(), rest) {
            ("PUT", "") => return self.create(name, &request.body),
            ("DELETE", "") => return Reply::result(&json!(self.0.remove(name).is_some())),
            _ => {}
        }
        let Some(collection) = self.0.get_mut(name) else {
            return Reply::error(404, &format!("Not found: Collection `{name}` doesn't exist!"));
        };
        let (body, is_done) = (&request.body, request.parameters == "wait=true");
        match (request.method.as_str(), rest) {
            ("GET", "") => Reply::result(&json!({
                "status": "green",
                "points_count": collection.points.len(),
                "config": { "params": { "vectors": { "size": collection.size, "distance": "Cosine" } } },
            })),
            ("PUT", "points") => collection.upsert(body, is_done),
            ("POST", "points") => collection.retrieve(body),
            ("POST", "points/delete") => collection.delete(body, is_done),
            ("POST", "points/scroll") => collection.scroll(body),
            ("POST", "points/query") => collection.query(body),
            ("POST", "points/count") => Reply::result(&json!({ "count": collection.points.len() })),
            _ => Reply::raw(404, ""),
        }
    }

    fn create(&mut self, name: &str, body: &Value) -> Reply {
        if self.0.contains_key(name) {
            return Reply::error(409, &format!("Wrong input: Collection `{name}` already exists!"));
        }
        let vectors = &body["vectors"];
        let size = vectors["size"].as_u64().and_then(|size| usize::try_from(size).ok());
        match (size, vectors["distance"].as_str()) {
            (Some(size @ 1..=65_536), Some("Cosine" | "Dot")) => {
                self.0.insert(name.to_owned(), Collection { size, points: BTreeMap::new() });
                Reply::result(&json!(true))
            }
            _ => Reply::error(422, "Validation error in JSON body"),
        }
    }
}

impl Collection {
    fn upsert(&mut self, body: &Value, is_done: bool) -> Reply {
        for point in list(&body["points"]) {
            let (Some(id), vector) = (point["id"].as_str(), numbers(&point["vector"])) else {
                return Reply::error(400, "Format error in JSON body");
            };
            // As far as it came: those before are kept.
            if vector.len() != self.size {
                return self.other_dimensions(vector.len());
            }
            self.points.insert(id.to_owned(), Point { vector, payload: point["payload"].clone() });
        }
        updated(is_done)
    }

    fn delete(&mut self, body: &Value, is_done: bool) -> Reply {
        for id in list(&body["points"]) {
            self.points.remove(id.as_str().unwrap_or_default());
        }
        updated(is_done)
    }

    /// In no particular order; those that aren't there are left out.
    fn retrieve(&self, body: &Value) -> Reply {
        let asked: Vec<&str> = list(&body["ids"]).iter().filter_map(Value::as_str).collect();
        let found = self.points.iter().filter(|(id, _)| asked.contains(&id.as_str()));
        let found: Vec<Value> = found.map(|(id, point)| record(id, point, &body["with_payload"])).collect();
        Reply::result(&json!(found))
    }

    fn scroll(&self, body: &Value) -> Reply {
        let limit = limit(body);
        let from = body["offset"].as_str().unwrap_or_default().to_owned();
        let mut rest = self.points.range(from..);
        let points: Vec<Value> =
            rest.by_ref().take(limit).map(|(id, point)| record(id, point, &body["with_payload"])).collect();
        let next = rest.next().map(|(id, _)| id);
        Reply::result(&json!({ "points": points, "next_page_offset": next }))
    }

    fn query(&self, body: &Value) -> Reply {
        let to = numbers(&body["query"]);
        if to.len() != self.size {
            return self.other_dimensions(to.len());
        }
        let mut scored: Vec<(f64, &String, &Point)> =
            self.points.iter().map(|(id, point)| (cosine(&to, &point.vector), id, point)).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.truncate(limit(body));
        let points: Vec<Value> = scored
            .into_iter()
            .map(|(score, id, point)| {
                let mut found = record(id, point, &body["with_payload"]);
                found["score"] = json!(score);
                found["version"] = json!(1);
                found
            })
            .collect();
        Reply::result(&json!({ "points": points }))
    }

    fn other_dimensions(&self, given: usize) -> Reply {
        let message =
            format!("Wrong input: Vector dimension error: expected dim: {}, got {given}", self.size);
        Reply::error(400, &message)
    }
}

fn updated(is_done: bool) -> Reply {
    let status = if is_done { "completed" } else { "acknowledged" };
    Reply::result(&json!({ "operation_id": 1, "status": status }))
}

/// A point without its vector, and with the parts of its payload that were asked for.
fn record(id: &str, point: &Point, with_payload: &Value) -> Value {
    let mut payload = point.payload.clone();
    if let (Some(wanted), Some(parts)) = (with_payload.as_array(), payload.as_object_mut()) {
        parts.retain(|name, _| wanted.contains(&json!(name)));
    }
    json!({ "id": id, "payload": payload })
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().filter_map(Value::as_f64).collect()
}

fn limit(body: &Value) -> usize {
    body["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10)
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}
