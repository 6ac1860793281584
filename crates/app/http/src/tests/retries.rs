//! `Idempotency-Key`: what is asked twice is done once.

use std::{cell::Cell, rc::Rc, time::Duration};

use actix_web::{HttpResponse, Responder, http::StatusCode, test::TestRequest};
use altus4_kernel::Permission;
use futures::future::join;
use serde_json::{Value, json};

use super::world::{Answer, World, bearer, database};
use crate::{
    envelope::Answer as Reply,
    error::ApiError,
    routes::{self, Access, Route},
};

const KEYS: &str = "/api/v1/keys";

fn named(name: &str, token: &str, path: &str, body: &Value) -> TestRequest {
    bearer(TestRequest::post().uri(path), token).insert_header(("Idempotency-Key", name)).set_json(body)
}

async fn count(world: &World, token: &str) -> Value {
    world.get(token, KEYS).await.json()["data"]["total"].clone()
}

#[actix_web::test]
async fn what_is_asked_again_is_answered_as_before() {
    let world = World::new();
    let token = world.register("ada").await;
    let body = json!({ "name": "Once" });
    let first = world.send(named("r-1", &token, KEYS, &body)).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (StatusCode::CREATED, ""));
    world.clock.advance(Duration::from_hours(23));
    let token = world.login("ada").await;
    for spelling in [KEYS, "/api/api-keys/"] {
        let again = world.send(named("r-1", &token, spelling, &body)).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
        assert_eq!(again.header("cache-control"), "no-store");
        assert!(!again.header("x-ratelimit-remaining").is_empty());
    }
    assert_eq!(count(&world, &token).await, 1);
    world.clock.advance(Duration::from_hours(1));
    let token = world.login("ada").await;
    let late = world.send(named("r-1", &token, KEYS, &body)).await;
    assert_eq!(late.header("idempotency-replayed"), "", "a day later it is another request");
    assert_eq!(count(&world, &token).await, 2);
}

#[actix_web::test]
async fn every_route_that_makes_something_takes_a_name() {
    let world = World::new();
    let token = world.register("ada").await;
    let setup = "/api/v1/management/setup";
    let first = world.send(named("s", &token, setup, &json!({}))).await;
    let id = first.text("/data/apiKey/id");
    let regenerate = format!("{KEYS}/{id}/regenerate");
    for (path, body) in
        [(setup, json!({})), (regenerate.as_str(), json!({})), ("/api/v1/databases", database("one"))]
    {
        let first = world.send(named(path, &token, path, &body)).await;
        let again = world.send(named(path, &token, path, &body)).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{path}");
        assert_eq!(again.header("idempotency-replayed"), "true", "{path}");
    }
}

#[actix_web::test]
async fn a_name_stands_for_one_request() {
    let world = World::new();
    let (ada, eve) = (world.register("ada").await, world.register("eve").await);
    let (admin, _) = world.make_key(&ada, json!({ "name": "Admin", "permissions": ["admin"] })).await;
    let body = json!({ "name": "Once" });
    world.send(named("r-1", &ada, KEYS, &body)).await;
    for request in [
        named("r-1", &ada, KEYS, &json!({ "name": "Twice" })),
        named("r-1", &ada, "/api/v1/keys?x=1", &body),
        named("r-1", &ada, "/api/v1/databases", &body),
        // Another credential is not told what was made for the account's owner.
        named("r-1", &admin, KEYS, &body),
    ] {
        let refused = world.send(request).await;
        assert_eq!((refused.status, &*refused.code()), (StatusCode::CONFLICT, "RESOURCE_CONFLICT"));
        refused.assert_enveloped();
    }
    let other = world.send(named("r-1", &eve, KEYS, &body)).await;
    assert_eq!((other.status, other.header("idempotency-replayed")), (StatusCode::CREATED, ""));
}

#[actix_web::test]
async fn a_name_is_printable_and_not_too_long() {
    let world = World::new();
    let token = world.register("ada").await;
    let body = json!({ "name": "Once" });
    let long = "x".repeat(255);
    assert_eq!(world.send(named(&long, &token, KEYS, &body)).await.status, StatusCode::CREATED);
    for name in ["", "tab\there", "caf\u{e9}", &"x".repeat(256)] {
        let answer = world.send(named(name, &token, KEYS, &body)).await;
        assert_eq!((&*answer.code(), answer.fields()), ("VALIDATION_ERROR", vec!["Idempotency-Key".into()]));
    }
    assert_eq!(count(&world, &token).await, 1);
}

#[actix_web::test]
async fn refusals_of_the_request_are_kept_and_those_of_the_caller_are_not() {
    let world = World::new();
    let token = world.register("ada").await;
    let wrong = json!({ "name": "x" });
    let first = world.send(named("bad", &token, KEYS, &wrong)).await;
    let again = world.send(named("bad", &token, KEYS, &wrong)).await;
    assert_eq!((first.code(), again.code()), ("VALIDATION_ERROR".into(), "VALIDATION_ERROR".into()));
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &first.body));

    let (key, id) = world.make_key(&token, json!({ "name": "Admin", "permissions": ["admin"] })).await;
    let more = json!({ "name": "More", "tier": "pro" });
    let refused = world.send(named("tier", &key, KEYS, &more)).await;
    assert_eq!(refused.code(), "TIER_LIMITATION");
    world.put(&token, &format!("{KEYS}/{id}"), json!({ "tier": "pro" })).await;
    let answer = world.send(named("tier", &key, KEYS, &more)).await;
    assert_eq!((answer.status, answer.header("idempotency-replayed")), (StatusCode::CREATED, ""));
}

#[actix_web::test]
async fn what_comes_with_a_replay_is_written_down_as_what_it_was() {
    let world = World::new();
    let token = world.register("ada").await;
    let (key, id) = world.make_key(&token, json!({ "name": "Admin", "permissions": ["admin"] })).await;
    for _ in 0..2 {
        world.send(named("bad", &key, KEYS, &json!({ "name": "x" }))).await;
    }
    let events = world.events(&id).await;
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.error_code.as_deref() == Some("VALIDATION_ERROR")), "{events:?}");
}

#[actix_web::test]
async fn a_body_is_held_to_the_same_bounds() {
    let world = World::new();
    let token = world.register("ada").await;
    let large = json!({ "name": "x".repeat(1024 * 1024) });
    let answer = world.send(named("large", &token, KEYS, &large)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let text = bearer(TestRequest::post().uri(KEYS), &token)
        .insert_header(("Idempotency-Key", "text"))
        .insert_header(("content-type", "text/plain"))
        .insert_header(("content-length", 2))
        .set_payload("{}");
    assert_eq!(world.send(text).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(world.send(named("large", &token, KEYS, &json!({ "name": "Fits" }))).await.status, 201);
}

/// How a handler behaves, in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Fail,
    Panic,
    Slow,
    Large,
}

const PATH: &str = "/api/v1/turns";

/// A route that makes something, and how often it has.
fn table(turns: &Rc<Cell<Vec<Turn>>>, made: &Rc<Cell<u32>>) -> Vec<Route> {
    let (turns, made) = (Rc::clone(turns), Rc::clone(made));
    let handler = move || {
        let (turns, made) = (Rc::clone(&turns), Rc::clone(&made));
        async move {
            let mut left = turns.take();
            let turn = left.pop();
            turns.set(left);
            match turn {
                Some(Turn::Fail) => return HttpResponse::from_error(ApiError::internal()),
                Some(Turn::Panic) => panic!("in its turn"),
                Some(Turn::Slow) => tokio::time::sleep(Duration::from_millis(50)).await,
                Some(Turn::Large) | None => {}
            }
            made.set(made.get() + 1);
            let request = TestRequest::default().to_http_request();
            let text = if turn == Some(Turn::Large) { "x".repeat(300_000) } else { "made".to_owned() };
            Reply::created(text).respond_to(&request)
        }
    };
    let mut table = routes::table();
    table.push(routes::create(PATH, Access::Needs(Permission::Admin), handler));
    table
}

struct Turns {
    world: World,
    token: String,
    next: Rc<Cell<Vec<Turn>>>,
    made: Rc<Cell<u32>>,
}

impl Turns {
    async fn new(turns: &[Turn]) -> Self {
        let world = World::new();
        let token = world.register("ada").await;
        let next = Rc::new(Cell::new(turns.iter().rev().copied().collect()));
        Self { world, token, next, made: Rc::default() }
    }

    async fn ask(&self) -> Answer {
        let request = named("r-1", &self.token, PATH, &json!({}));
        self.world.send_to(table(&self.next, &self.made), request).await
    }
}

#[actix_web::test]
async fn a_failure_of_ours_is_not_kept() {
    let turns = Turns::new(&[Turn::Fail, Turn::Panic]).await;
    for _ in 0..2 {
        assert_eq!(turns.ask().await.status, StatusCode::INTERNAL_SERVER_ERROR);
        // What a panic left is let go of by a task of its own.
        tokio::task::yield_now().await;
    }
    let answer = turns.ask().await;
    assert_eq!((answer.status, answer.header("idempotency-replayed")), (StatusCode::CREATED, ""));
    assert_eq!(turns.ask().await.header("idempotency-replayed"), "true");
    assert_eq!(turns.made.get(), 1);
}

#[actix_web::test]
async fn of_two_at_the_same_time_one_is_told_to_come_again() {
    let turns = Turns::new(&[Turn::Slow]).await;
    let (first, second) = join(turns.ask(), turns.ask()).await;
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!((second.status, &*second.code()), (StatusCode::CONFLICT, "RESOURCE_CONFLICT"));
    assert_eq!(second.header("retry-after"), "1");
    assert_eq!(turns.ask().await.header("idempotency-replayed"), "true");
    assert_eq!(turns.made.get(), 1);
}

#[actix_web::test]
async fn whose_client_went_away_is_made_once_all_the_same() {
    let turns = Turns::new(&[Turn::Slow]).await;
    let gone = tokio::time::timeout(Duration::from_millis(10), turns.ask()).await;
    assert!(gone.is_err());
    assert_eq!(turns.ask().await.status, StatusCode::CONFLICT, "it is still under way");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let again = turns.ask().await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::CREATED, "true"));
    assert_eq!(turns.made.get(), 1);
}

#[actix_web::test]
async fn an_answer_too_large_to_keep_is_not_kept() {
    let turns = Turns::new(&[Turn::Large]).await;
    assert_eq!(turns.ask().await.status, StatusCode::CREATED);
    assert_eq!(turns.ask().await.header("idempotency-replayed"), "");
    assert_eq!(turns.made.get(), 2);
}
