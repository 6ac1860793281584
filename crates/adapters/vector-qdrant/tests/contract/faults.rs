//! A Qdrant that is away, slow, locked, or talks nonsense.

use std::time::Duration;

use altus4_kernel::{PortErrorKind, VectorIndexId, uuid::Uuid};
use altus4_search::{ContentHash, RowKey, Vector, VectorEntry, VectorIndex};
use altus4_vector_qdrant::{QdrantConfig, QdrantVectorIndex};
use futures::future::join_all;
use serde_json::{Value, json};

use super::standin::{Reply, StandIn};
use crate::{index, subject};

const COLLECTION: VectorIndexId = VectorIndexId::from_uuid(Uuid::from_u128(1));

fn vector(values: &[f32]) -> Vector {
    Vector::new(values).expect("it points somewhere")
}

fn entry(key: &str, values: &[f32]) -> VectorEntry {
    VectorEntry {
        key: RowKey(key.as_bytes().into()),
        content: ContentHash::from_bytes([1; 16]),
        vector: vector(values),
    }
}

async fn nearest_fault(index: &QdrantVectorIndex) -> PortErrorKind {
    let error = index.nearest(COLLECTION, &vector(&[1.0, 0.0]), 3).await.expect_err("a fault");
    let mut text = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(source) = cause {
        text = format!("{text} {source}");
        cause = source.source();
    }
    assert!(!text.contains(StandIn::KEY), "{text}");
    error.kind
}

#[tokio::test]
async fn a_qdrant_that_is_away_is_unavailable() {
    let server = StandIn::start();
    let url = server.url();
    drop(server);
    let index =
        QdrantVectorIndex::new(&QdrantConfig::new(url.parse().expect("a URL"), None)).expect("an index");
    // The port may have been taken by another since; nobody there speaks for Qdrant.
    assert_eq!(index.probe().await.expect_err("away").kind, PortErrorKind::Unavailable);
    assert_eq!(nearest_fault(&index).await, PortErrorKind::Unavailable);
}

#[tokio::test]
async fn a_qdrant_that_says_nothing_is_waited_for_so_long_and_no_longer() {
    let server = StandIn::start();
    let mut config = QdrantConfig::new(server.url().parse().expect("a URL"), None);
    config.call_timeout = Duration::from_millis(100);
    let index = QdrantVectorIndex::new(&config).expect("an index");
    server.answer_next(Reply::never());
    assert_eq!(nearest_fault(&index).await, PortErrorKind::Timeout);
}

#[tokio::test]
async fn a_wrong_key_is_told_at_the_probe() {
    let server = StandIn::start();
    let url: altus4_vector_qdrant::QdrantUrl = server.url().parse().expect("a URL");
    for key in [None, Some("wrong".into())] {
        let index = QdrantVectorIndex::new(&QdrantConfig::new(url.clone(), key)).expect("an index");
        let refused = index.probe().await.expect_err("refused");
        assert_eq!(refused.kind, PortErrorKind::Unavailable);
        let source = std::error::Error::source(&refused).expect("a cause").to_string();
        assert_eq!(source, "Qdrant refused the API key (status 401)");
    }
    index(&server).probe().await.expect("the right key");
    let unspeakable = QdrantConfig::new(url, Some("a\nb".into()));
    assert!(QdrantVectorIndex::new(&unspeakable).is_err());
}

#[tokio::test]
async fn answers_that_make_no_sense_are_corrupt() {
    let subject = subject();
    subject.index.put(COLLECTION, vec![entry("a", &[1.0, 0.0])]).await.expect("put");
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, b"a");
    let scored = |point: Value| Reply::result(&json!({ "points": [point] }));
    for nonsense in [
        Reply::raw(200, ""),
        Reply::raw(200, "<html>"),
        Reply::raw(200, vec![b' '; (32 << 20) + 1]),
        Reply::json(200, &json!({ "status": "ok" })),
        Reply::result(&json!([])),
        scored(json!({ "id": id, "score": 0.5 })),
        scored(json!({ "id": id, "payload": { "key": "YQ==" } })),
        scored(json!({ "id": id, "score": 0.5, "payload": { "key": "!" } })),
        // Another key than that of this id.
        scored(json!({ "id": id, "score": 0.5, "payload": { "key": "Yg==" } })),
        scored(json!({ "id": 7, "score": 0.5, "payload": { "key": "YQ==" } })),
        // What else may be at this address says nothing about a collection.
        Reply::raw(404, "<html>no such page</html>"),
    ] {
        subject.server.answer_next(nonsense.clone());
        let kind = nearest_fault(&subject.index).await;
        assert_eq!(
            kind,
            PortErrorKind::Corrupt,
            "{}",
            String::from_utf8_lossy(&nonsense.body[..nonsense.body.len().min(80)])
        );
    }
}

#[tokio::test]
async fn more_than_was_asked_for_is_cut_and_put_in_order() {
    let subject = subject();
    subject.index.put(COLLECTION, vec![entry("a", &[1.0, 0.0])]).await.expect("put");
    let point = |key: &str, score: f32| {
        use base64::Engine;
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_bytes());
        let key = base64::engine::general_purpose::STANDARD.encode(key);
        json!({ "id": id, "score": score, "payload": { "key": key } })
    };
    let points = [point("low", 0.1), point("high", 7.0), point("middle", 0.5)];
    subject.server.answer_next(Reply::result(&json!({ "points": points })));
    let near = subject.index.nearest(COLLECTION, &vector(&[1.0, 0.0]), 2).await.expect("nearest");
    let near: Vec<_> = near.iter().map(|near| (&*near.key.0, near.similarity)).collect();
    assert_eq!(near, [(&b"high"[..], 1.0), (b"middle", 0.5)]);
}

#[tokio::test]
async fn a_scan_that_goes_back_is_ended() {
    let subject = subject();
    subject.index.put(COLLECTION, vec![entry("a", &[1.0, 0.0])]).await.expect("put");
    let place = Uuid::from_u128(9);
    let back = json!({ "points": [], "next_page_offset": place });
    subject.server.answer_next(Reply::result(&back));
    let scan = subject.index.scan(COLLECTION, Some(place.to_string()), 10).await;
    assert_eq!(scan.expect_err("no end").kind, PortErrorKind::Corrupt);
    let nowhere = subject.index.scan(COLLECTION, Some("nowhere".to_owned()), 10).await;
    assert_eq!(nowhere.expect_err("no place").kind, PortErrorKind::Rejected);
}

#[tokio::test]
async fn what_is_not_done_in_time_is_not_acknowledged() {
    let subject = subject();
    subject.index.put(COLLECTION, vec![entry("a", &[1.0, 0.0])]).await.expect("put");
    for status in ["acknowledged", "wait_timeout"] {
        subject.server.answer_next(Reply::result(&json!({ "operation_id": 1, "status": status })));
        let put = subject.index.put(COLLECTION, vec![entry("b", &[1.0, 0.0])]).await;
        assert_eq!(put.expect_err("unfinished").kind, PortErrorKind::Timeout, "{status}");
    }
}

#[tokio::test]
async fn several_that_make_a_collection_at_once_all_put_into_it() {
    let subject = subject();
    let nodes: Vec<_> = (0..6).map(|_| index(&subject.server)).collect();
    let keys: Vec<String> = (0..6).map(|number| number.to_string()).collect();
    let puts = nodes.iter().zip(&keys).map(|(node, key)| node.put(COLLECTION, vec![entry(key, &[1.0, 0.5])]));
    for put in join_all(puts).await {
        put.expect("put");
    }
    assert_eq!(subject.index.size(COLLECTION).await.expect("size"), 6);
}

/// Another node dropped it, and one made it anew with other dimensions.
#[tokio::test]
async fn a_collection_that_went_away_is_made_anew() {
    let subject = subject();
    subject.index.put(COLLECTION, vec![entry("a", &[1.0, 0.0])]).await.expect("put");
    subject.server.forget();
    subject.index.put(COLLECTION, vec![entry("b", &[1.0, 0.0])]).await.expect("put");
    assert_eq!(subject.index.size(COLLECTION).await.expect("size"), 1);
    let other = index(&subject.server);
    other.drop_collection(COLLECTION).await.expect("drop");
    other.put(COLLECTION, vec![entry("c", &[1.0, 0.0, 0.0])]).await.expect("put");
    let put = subject.index.put(COLLECTION, vec![entry("d", &[1.0, 0.0])]).await;
    assert_eq!(put.expect_err("other dimensions").kind, PortErrorKind::Rejected);
    subject.index.put(COLLECTION, vec![entry("d", &[1.0, 0.0, 0.0])]).await.expect("put");
}

#[tokio::test]
async fn what_is_sent_is_as_documented() {
    let subject = subject();
    subject.index.put(COLLECTION, vec![entry("a", &[3.0, 4.0])]).await.expect("put");
    let received = subject.server.received();
    let lines: Vec<String> = received
        .iter()
        .map(|request| format!("{} {}?{}", request.method, request.path, request.parameters))
        .collect();
    let name = "/collections/altus4_00000000000000000000000000000001";
    assert_eq!(
        lines,
        [
            format!("GET {name}?"),
            format!("PUT {name}?"),
            format!("GET {name}?"),
            format!("PUT {name}/points?wait=true"),
        ]
    );
    assert_eq!(received[1].body, json!({ "vectors": { "size": 2, "distance": "Cosine" } }));
    let point = &received[3].body["points"][0];
    assert_eq!(point["id"], json!(Uuid::new_v5(&Uuid::NAMESPACE_OID, b"a")));
    assert_eq!(point["payload"], json!({ "key": "YQ==", "content": "01010101-0101-0101-0101-010101010101" }));
    assert_eq!(point["vector"].as_array().map(Vec::len), Some(2));
}
