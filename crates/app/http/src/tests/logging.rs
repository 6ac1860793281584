//! What is written down of a request, and what never is.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};

use actix_web::test::TestRequest;
use altus4_kernel::PortErrorKind;
use serde_json::json;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use super::world::{Mood, PASSWORD, World, bearer, database};

/// Everything that was logged, a line for each span and event.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Journal {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut text = self.0.lock().unwrap();
        attributes.record(&mut Line(&mut text));
        text.push('\n');
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut text = self.0.lock().unwrap();
        values.record(&mut Line(&mut text));
        text.push('\n');
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = self.0.lock().unwrap();
        let _ = write!(text, "{}", event.metadata().level());
        event.record(&mut Line(&mut text));
        text.push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[actix_web::test]
async fn a_request_is_one_line_with_its_route_and_without_its_secrets() {
    let journal = Journal::default();
    let _guard = tracing::subscriber::set_default(journal.clone());
    let world = World::new();
    let token = world.register("ada").await;
    // A place in the code that another test's thread came to first is kept as one that nobody
    // listens to.
    world.get(&token, "/api/v1/databases").await;
    tracing::callsite::rebuild_interest_cache();
    world.post(&token, "/api/v1/databases", database("secret name")).await;
    let id = world.database(&token, "one").await;
    world.index.become_(Mood::Failing(PortErrorKind::Unavailable));
    world.post(&token, "/api/v1/search", json!({ "query": "my secret query" })).await;
    let path = format!("/api/databases/{id}?x=secret");
    world.send(bearer(TestRequest::get().uri(&path), &token).insert_header(("x-request-id", "r-9"))).await;
    let lines = journal.0.lock().unwrap().clone();
    assert!(lines.contains("request_id=\"r-9\"") && lines.contains("method=GET"), "{lines}");
    assert!(lines.contains("account_id=00000000-0000-0000-0000-000000000002"), "{lines}");
    let answered = "INFO message=http.answered route=\"/api/v1/databases/{id}\" status=200 duration_ms=";
    assert_eq!(lines.matches(answered).count(), 1, "{lines}");
    for secret in [PASSWORD, "ada@example.com", "hunter2", "secret", token.as_str()] {
        assert!(!lines.contains(secret), "{secret} in {lines}");
    }
}
