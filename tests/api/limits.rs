//! How often a login, a registration or a change of a password may be tried.

use std::net::{IpAddr, Ipv4Addr};

use altus4_test_support::Redis;
use serde_json::{Value, json};

use crate::app::{Kind, TestApp, settings_of};
use crate::client::{Answer, Caller, PASSWORD, fresh_address, fresh_email};

const LOGIN: &str = "/api/v1/auth/login";
const REGISTER: &str = "/api/v1/auth/register";
const CHANGE_PASSWORD: &str = "/api/v1/auth/change-password";
const WRONG: &str = "not-the-password-7";
/// Tries a minute, for each address, each e-mail and each account.
const LIMIT: usize = 10;

on_both! {
    logins_from_one_address_are_limited,
    logins_with_one_address_of_mail_are_limited,
    an_address_over_its_limit_locks_nobody_out,
    registrations_from_one_address_are_limited,
    changes_of_a_password_are_limited,
    tries_at_once_are_counted_exactly,
    the_addresses_of_one_64_count_as_one,
    what_stands_before_the_proxys_word_is_not_believed,
}

fn wrong_login(email: &str) -> Value {
    json!({ "email": email, "password": WRONG })
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
    let meta = &answer.body["meta"];
    assert_eq!(meta["requestId"], answer.header("x-request-id"), "{}", answer.text);
    assert!(meta["timestamp"].is_string() && meta["executionTime"].is_u64(), "{}", answer.text);
}

/// Uses up the logins of this caller's address, each with another e-mail.
async fn use_up(caller: &Caller) {
    for _ in 0..LIMIT {
        caller.post(LOGIN, wrong_login(&fresh_email())).await.fails(401, "INVALID_CREDENTIALS");
    }
    assert_limited(caller.post(LOGIN, wrong_login(&fresh_email())).await);
}

async fn logins_from_one_address_are_limited(app: &TestApp) {
    let account = app.account().await;
    let (one, other) = (app.anonymous().at(fresh_address()), app.anonymous().at(fresh_address()));
    use_up(&one).await;
    let right = json!({ "email": account.email, "password": PASSWORD });
    assert_limited(one.post(LOGIN, right.clone()).await);
    assert_limited(one.post(LOGIN, wrong_login("no address at all")).await);
    assert_limited(one.post("/api/auth/login", right.clone()).await);
    other.post(LOGIN, right).await.is(200);
    // Only these routes are limited so.
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
    account.session.get("/api/v1/databases").await.is(200);
}

async fn an_address_over_its_limit_locks_nobody_out(app: &TestApp) {
    let victim = app.account().await;
    let attacker = app.anonymous().at(fresh_address());
    use_up(&attacker).await;
    // What is refused by its address counts against no e-mail.
    for _ in 0..2 * LIMIT {
        assert_limited(attacker.post(LOGIN, wrong_login(&victim.email)).await);
    }
    app.login(&victim.email, PASSWORD).await.is(200);
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

async fn changes_of_a_password_are_limited(app: &TestApp) {
    let account = app.account().await;
    let change = async |current: &str| {
        let body = json!({ "currentPassword": current, "newPassword": "calm-heron-9-windows" });
        account.session.post(CHANGE_PASSWORD, body).await
    };
    for _ in 0..LIMIT {
        change(WRONG).await.fails(401, "INVALID_CREDENTIALS");
    }
    assert_limited(change(PASSWORD).await);
    app.login(&account.email, PASSWORD).await.is(200);
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

async fn the_addresses_of_one_64_count_as_one(app: &TestApp) {
    // The network of another caller, since the two apps of one kind may share their counts.
    let network = u128::from(fresh_address().to_bits()) << 64;
    let at = |network: u128, host: u128| {
        let bits = (0x2001_0db8_u128 << 96) + network + host;
        app.anonymous().at(IpAddr::V6(bits.into()))
    };
    for host in 1..=LIMIT as u128 {
        let caller = at(network, host << 48);
        caller.post(LOGIN, wrong_login(&fresh_email())).await.fails(401, "INVALID_CREDENTIALS");
    }
    let refused = at(network, u128::from(u64::MAX)).post(LOGIN, wrong_login(&fresh_email())).await;
    assert_limited(refused);
    let neighbour = at(network + (1 << 95), 1).post(LOGIN, wrong_login(&fresh_email())).await;
    neighbour.fails(401, "INVALID_CREDENTIALS");
}

async fn what_stands_before_the_proxys_word_is_not_believed(app: &TestApp) {
    // The first line is the client's invention, another each time; the proxy adds the second.
    let address = fresh_address().to_string();
    let login = async |header: &str, value: &str| {
        let request = app.anonymous().request("POST", LOGIN).header(header, value);
        Answer::to(request.json(&wrong_login(&fresh_email()))).await
    };
    for _ in 0..LIMIT {
        login("X-Forwarded-For", &address).await.fails(401, "INVALID_CREDENTIALS");
    }
    assert_limited(login("X-Forwarded-For", &address).await);
    assert_limited(login("X-Forwarded-For", &format!("192.0.2.1, {address}")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_its_address_is_not_believed() {
    for trusted in ["", "10.0.0.0/8, fd00::/8"] {
        let app = TestApp::with(Kind::Sqlite, &[("ALTUS4_TRUSTED_PROXIES", trusted)]);
        for number in 0..LIMIT {
            app.anonymous().post(LOGIN, wrong_login(&format!("{number}@example.org"))).await.is(401);
        }
        let one_more = app.anonymous().request("POST", LOGIN).header("Forwarded", "for=192.0.2.1");
        assert_limited(Answer::to(one_more.json(&wrong_login("11@example.org"))).await);
    }
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
        use_up(caller).await;
    }
}
