//! Every table of a database through its generated endpoints: listed, filtered on every field, sorted,
//! paged through by cursor, written and read back equal.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::app::{Kind, TestApp};
use crate::client::{Answer, Caller, text};
use crate::shop::{Shop, escaped};

/// How many records of each table are written back.
const WRITTEN_BACK: usize = 20;
/// The longest filter that an address has room for.
const MAX_FILTER_CHARS: usize = 2_000;

async fn list(caller: &Caller, entity: &str, parameters: &[(&str, &str)]) -> Answer {
    let parameters: Vec<_> =
        parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    caller.get(&format!("/api/v1/{entity}?{}", parameters.join("&"))).await.is(200)
}

fn records(answer: &Answer) -> Vec<Value> {
    answer.data().as_array().expect("records are a list").clone()
}

/// Every record, by cursor.
async fn all_by_cursor(caller: &Caller, entity: &str, sort: &str, limit: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let part =
            list(caller, entity, &[("cursor", cursor.as_str()), ("limit", limit), ("sort", sort)]).await;
        all.extend(records(&part));
        match &part.body["pagination"]["nextCursor"] {
            Value::String(next) => cursor.clone_from(next),
            _ => return all,
        }
    }
}

/// The id of a record, as a path has it.
fn id_of(record: &Value, key: &[Value]) -> String {
    let part = |name: &Value| match &record[text(name)] {
        Value::String(text) => escaped(text),
        other => other.to_string(),
    };
    key.iter().map(part).collect::<Vec<_>>().join(",")
}

/// Walks through one entity.
async fn walk(caller: &Caller, entity: &str) {
    let described = caller.send("OPTIONS", &format!("/api/v1/{entity}"), None).await.is(200);
    let metadata = described.data();
    let fields = metadata["schema"].as_object().expect("fields").clone();
    let key = metadata["primaryKey"].as_array().expect("a key").clone();
    let first = list(caller, entity, &[("limit", "100")]).await;
    let total = first.body["pagination"]["total"].as_u64().expect("a total");
    let sample = records(&first);
    for (name, field) in &fields {
        let kind = text(&field["type"]);
        filter_on(caller, entity, name, &kind, &sample).await;
        if !["json", "geometry"].contains(&kind.as_str()) && !key.is_empty() {
            for sign in ["", "-"] {
                let sorted = all_by_cursor(caller, entity, &format!("{sign}{name}"), "100").await;
                let ids: BTreeSet<String> = sorted.iter().map(|record| id_of(record, &key)).collect();
                let found = (sorted.len() as u64, ids.len() as u64);
                assert_eq!(found, (total, total), "{entity} by {sign}{name}");
            }
        }
    }
    assert_eq!(all_by_cursor(caller, entity, "", "7").await.len() as u64, total, "{entity}");
    for relation in metadata["relations"].as_object().expect("relations").keys() {
        list(caller, entity, &[("include", relation), ("limit", "5")]).await;
    }
    if metadata["permissions"]["write"] == true {
        for record in sample.iter().take(WRITTEN_BACK) {
            write_back(caller, entity, record, &key, &fields).await;
        }
    }
}

/// Each value that the sample has in a field finds its record.
async fn filter_on(caller: &Caller, entity: &str, name: &str, kind: &str, sample: &[Value]) {
    let is_comparable = !["json", "geometry", "number", "any"].contains(&kind);
    let mut seen = BTreeSet::new();
    for record in sample {
        let value = &record[name];
        if seen.len() > 4 || !seen.insert(value.to_string()) {
            continue;
        }
        let filter = match value {
            Value::Null => json!({ name: { "isNull": true } }),
            Value::Array(items) if is_comparable => {
                json!({ name: items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",") })
            }
            value if is_comparable => json!({ name: value }),
            _ => json!({ name: { "isNull": false } }),
        };
        let filter = filter.to_string();
        if filter.len() > MAX_FILTER_CHARS {
            continue;
        }
        let mut found = Vec::new();
        for page in ["1", "2", "3"] {
            let part = list(caller, entity, &[("filter", &filter), ("limit", "100"), ("page", page)]).await;
            found.extend(records(&part));
        }
        assert!(found.contains(record) || found.len() >= 300, "{entity}: {filter} misses {record}");
    }
}

/// What was read is written, by PUT and by PATCH, and read as it was.
async fn write_back(
    caller: &Caller,
    entity: &str,
    record: &Value,
    key: &[Value],
    fields: &Map<String, Value>,
) {
    let path = format!("/api/v1/{entity}/{}", id_of(record, key));
    let before = caller.get(&path).await.is(200);
    assert_eq!(before.data(), record, "{path}");
    let writable = record.as_object().expect("a record").iter();
    let body: Map<String, Value> = writable
        .filter(|(name, _)| fields[*name]["readOnly"] != true)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for method in ["PUT", "PATCH"] {
        let written = caller.send(method, &path, Some(&Value::Object(body.clone()))).await.is(200);
        assert_eq!(written.data(), record, "{method} {path}");
        assert_eq!(written.header("etag"), before.header("etag"), "{method} {path}");
    }
}

pub(crate) async fn walk_all(caller: &Caller) {
    let entities = caller.get("/api/v1/entities").await.is(200);
    let names: Vec<String> = records(&entities).iter().map(|entity| text(&entity["name"])).collect();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        walk(caller, &name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_a_mariadb_is_gone_through_and_written_back() {
    let shop = Shop::on_mariadb(TestApp::shared(Kind::MariaDbRedis)).await;
    walk_all(&shop.session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_a_sqlite_file_is_gone_through_and_written_back() {
    let app = TestApp::shared(Kind::Sqlite);
    let shop = Shop::on_sqlite(app, "walk.db").await;
    walk_all(&shop.session).await;
}
