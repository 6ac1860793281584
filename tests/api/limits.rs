//! How often a login or a registration may be tried.

use std::net::Ipv4Addr;

use altus4_test_support::Redis;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp, settings_of};
use crate::client::{Answer, Caller, PASSWORD, fresh_address, fresh_email};

const LOGIN: &str = "/api/v1/auth/login";
const REGISTER: &str = "/api/v1/auth/register";
/// Tries a minute, for each address and for each e-mail.
const LIMIT: usize = 10;

on_both! {
    logins_from_one_address_are_limited,
    logins_with_one_address_of_mail_are_limited,
    registrations_from_one_address_are_limited,
    tries_at_once_are_counted_exactly,
}

fn wrong_login(email: &str) -> Value {
    json!({ "email": email, "password": "not-the-password-7" })
}

#[track_caller]
fn assert_limited(answer: Answer) {
    let answer = answer.fails(429, "RATE_LIMIT_EXCEEDED");
    let seconds: u64 = answer.header("retry-after").parse().expect("a number of seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(answer.details()["limit"], LIMIT);
    assert_eq!(answer.details()["remaining"], 0);
    assert_eq!(answer.details()["retryAfter"], seconds);
    assert!(answer.details()["resetTime"].is_string(), "{}", answer.text);
    assert!(answer.text.contains(&format!("Try again in {seconds} seconds.")), "{}", answer.text);
}

async fn logins_from_one_address_are_limited(app: &TestApp) {
    let account = app.account().await;
    let (one, other) = (app.anonymous().at(fresh_address()), app.anonymous().at(fresh_address()));
    for _ in 0..LIMIT {
        one.post(LOGIN, wrong_login(&fresh_email())).await.fails(401, "INVALID_CREDENTIALS");
    }
    assert_limited(one.post(LOGIN, wrong_login(&fresh_email())).await);
    let right = json!({ "email": account.email, "password": PASSWORD });
    assert_limited(one.post(LOGIN, right.clone()).await);
    other.post(LOGIN, right).await.is(200);
    // Only these two routes are limited so.
    one.with(account.session.credential()).get("/api/v1/databases").await.is(200);
}

async fn logins_with_one_address_of_mail_are_limited(app: &TestApp) {
    let account = app.account().await;
    let unknown = fresh_email();
    for email in [&account.email, &unknown] {
        for _ in 0..LIMIT {
            app.anonymous().post(LOGIN, wrong_login(email)).await.fails(401, "INVALID_CREDENTIALS");
        }
        assert_limited(app.anonymous().post(LOGIN, wrong_login(&email.to_uppercase())).await);
    }
    app.anonymous().post(LOGIN, wrong_login(&fresh_email())).await.fails(401, "INVALID_CREDENTIALS");
}

async fn registrations_from_one_address_are_limited(app: &TestApp) {
    let (taken, caller) = (app.account().await.email, app.anonymous().at(fresh_address()));
    let register = async |caller: &Caller, email: &str| {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Ada" });
        caller.post(REGISTER, body).await
    };
    for _ in 0..LIMIT {
        register(&caller, &taken).await.fails(409, "USER_EXISTS");
    }
    assert_limited(register(&caller, &fresh_email()).await);
    register(&app.anonymous(), &fresh_email()).await.is(201);
}

async fn tries_at_once_are_counted_exactly(app: &TestApp) {
    let caller = app.anonymous().at(fresh_address());
    let tries = (0..3 * LIMIT).map(|_| {
        let caller = caller.clone();
        tokio::spawn(async move { caller.post(LOGIN, wrong_login(&fresh_email())).await.status })
    });
    let mut statuses = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        statuses.push(one.await.expect("a try is answered"));
    }
    let admitted = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!(admitted, LIMIT, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 2 * LIMIT, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_its_address_is_not_believed() {
    let app = TestApp::start(&[]);
    for number in 0..LIMIT {
        app.anonymous().post(LOGIN, wrong_login(&format!("{number}@example.org"))).await.is(401);
    }
    assert_limited(app.anonymous().post(LOGIN, wrong_login("11@example.org")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_one_count_and_go_on_counting_without_redis() {
    let mut redis = Redis::start();
    let mut settings = settings_of(Kind::MariaDbRedis);
    settings.retain(|(name, _)| name != "REDIS_URL");
    settings.push(("REDIS_URL".to_owned(), redis.url()));
    let nodes = [TestApp::start(&settings), TestApp::start(&settings)];
    let at = |address: Ipv4Addr| [nodes[0].anonymous().at(address), nodes[1].anonymous().at(address)];

    let callers = at(fresh_address());
    for number in 0..LIMIT {
        callers[number % 2].post(LOGIN, wrong_login(&fresh_email())).await.fails(401, "INVALID_CREDENTIALS");
    }
    for caller in &callers {
        assert_limited(caller.post(LOGIN, wrong_login(&fresh_email())).await);
    }

    redis.stop();
    for caller in &at(fresh_address()) {
        for _ in 0..LIMIT {
            caller.post(LOGIN, wrong_login(&fresh_email())).await.fails(401, "INVALID_CREDENTIALS");
        }
        assert_limited(caller.post(LOGIN, wrong_login(&fresh_email())).await);
    }
}
