//! The secret of an API key is in the one answer that issues it, and nowhere else: no other answer, no
//! log, no audit event, not in the store and not in Redis.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use altus4_test_support::{MariaDb, Redis};
use serde_json::{Value, json};

use crate::app::{Kind, TestApp, settings_of};
use crate::client::{Answer, Caller, text};

const KEYS: &str = "/api/v1/keys";

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_secret_is_nowhere_in_the_embedded_service() {
    let app = TestApp::with(Kind::Sqlite, &[("ALTUS4_LOG", "debug"), ("ALTUS4_DATA_DIR", "data")]);
    let secrets = live(&app).await;
    let mut kept = Vec::new();
    for file in fs::read_dir(app.program().folder().join("data")).expect("the data directory") {
        let path = file.expect("an entry").path();
        if path.is_file() {
            kept.extend(fs::read(path).expect("a file of the store"));
        }
    }
    assert!(contains(&kept, b"Recoverable"), "the store was read, and the keys are in it");
    assert_nowhere(&kept, &secrets, "the store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_secret_is_nowhere_in_the_service_on_mariadb_and_redis() {
    let redis = Redis::start();
    let mut settings = settings_of(Kind::MariaDbRedis);
    settings.retain(|(name, _)| name != "REDIS_URL");
    settings.push(("REDIS_URL".to_owned(), redis.url()));
    settings.push(("ALTUS4_LOG".to_owned(), "debug".to_owned()));
    let app = TestApp::start(&settings);
    let secrets = live(&app).await;
    let url = &settings.iter().find(|(name, _)| name == "DATABASE_URL").expect("a store").1;
    let database = url.rsplit('/').next().expect("a database's name");
    // Some columns are binary, so all of them are read as hexadecimal digits.
    let reading = "SELECT CONCAT('SELECT HEX(CONCAT_WS(0x7C,', GROUP_CONCAT('`', column_name, '`'), ')) FROM `',
         table_name, '`') FROM information_schema.columns WHERE table_schema = DATABASE() GROUP BY table_name";
    let mut kept = Vec::new();
    for table in MariaDb::shared().query(database, reading).lines() {
        kept.extend(from_hex(&MariaDb::shared().query(database, table)));
    }
    assert!(contains(&kept, b"Recoverable"), "the store was read, and the keys are in it");
    assert_nowhere(&kept, &secrets, "the store");
    let everything = "local all = {} for _, k in ipairs(redis.call('KEYS', '*')) do \
                      all[#all + 1] = k .. redis.call('DUMP', k) end return table.concat(all)";
    let kept = tell(&redis, &format!("EVAL \"{everything}\" 0"));
    assert!(contains(&kept, b"altus4:"), "Redis was read, and counts are in it");
    assert_nowhere(&kept, &secrets, "Redis");
}

/// Does with keys all that can be done, well and badly, and gives the secrets that were issued; looks
/// for them in every other answer and in the log.
async fn live(app: &TestApp) -> Vec<String> {
    let session = app.session().await;
    let mut secrets = Vec::new();
    let mut issued = |answer: &Answer| {
        let secret = text(&answer.data()["secretKey"]);
        secrets.push(secret.split_once("_test_").expect("a test key").1.to_owned());
        session.with(&secret)
    };
    let body = json!({ "name": "Recoverable", "recoverable": true, "permissions": ["admin"] });
    let request = session.request("POST", KEYS).header("Idempotency-Key", "once").json(&body);
    let made = Answer::to(request).await.is(201);
    let path = format!("{KEYS}/{}", text(&made.data()["apiKey"]["id"]));
    let old = issued(&made);
    let grace = json!({ "gracePeriodSeconds": 600 });
    let key = issued(&session.post(&format!("{path}/regenerate"), grace).await.is(200));
    let brief = issued(&session.post(KEYS, json!({ "name": "Brief" })).await.is(201));
    session.get(&format!("{path}/decrypt")).await.is(200);

    let mut answers = Vec::new();
    for caller in [&session, &old, &key, &brief] {
        answers.extend(everything(caller, &path).await);
    }
    key.send("PUT", &format!("{path}/limits"), Some(&json!({ "requestLimit": 0 }))).await.is(200);
    answers.push(key.get(KEYS).await.is(429));
    answers.push(old.get("/api/v1/auth/audit").await.is(429));
    answers.push(session.send("DELETE", &path, None).await.is(200));
    answers.push(key.get(KEYS).await.is(401));
    answers.push(app.caller(&crate::keys::mistyped(key.credential())).get(KEYS).await.is(401));
    answers.push(app.anonymous().get(&format!("/api/v1/nothing?api_key={}", key.credential())).await.is(404));
    answers.push(session.get("/api/v1/auth/audit?limit=100").await.is(200));
    for answer in &answers {
        assert_nowhere(answer.text.as_bytes(), &secrets, "an answer");
        assert_nowhere(format!("{:?}", answer.headers).as_bytes(), &secrets, "a header");
    }
    let log = format!("{}{}", app.log(), app.program().stderr());
    assert!(log.lines().count() > answers.len(), "the log holds every request");
    assert_nowhere(log.as_bytes(), &secrets, "the log");
    secrets
}

/// What this caller is answered that must not issue anything.
async fn everything(caller: &Caller, path: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for tail in ["", "/limits", "/usage", "/usage/by-tier", "/usage/errors", "/usage/requests"] {
        answers.push(caller.get(&format!("{path}{tail}")).await);
    }
    let calls: [(&str, &str, Option<Value>); 6] = [
        ("GET", KEYS, None),
        ("PATCH", path, Some(json!({ "name": "Recoverable key" }))),
        ("PATCH", path, Some(json!({ "name": caller.credential(), "tier": 7 }))),
        ("GET", "/api/v1/rate-limit/status", None),
        ("GET", "/api/v1/analytics/usage", None),
        ("POST", "/api/v1/search", Some(json!({ "query": "backup" }))),
    ];
    for (method, path, body) in &calls {
        answers.push(caller.send(method, path, body.as_ref()).await);
    }
    answers
}

#[track_caller]
fn assert_nowhere(text: &[u8], secrets: &[String], place: &str) {
    for secret in secrets {
        assert!(!contains(text, secret.as_bytes()), "the secret {secret} is in {place}");
    }
}

fn from_hex(digits: &str) -> Vec<u8> {
    let pairs = digits.lines().flat_map(|line| line.as_bytes().chunks(2));
    let bytes = pairs.filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// What Redis answers to a command.
fn tell(redis: &Redis, command: &str) -> Vec<u8> {
    let mut client = TcpStream::connect(("127.0.0.1", redis.port())).expect("Redis listens");
    client.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).expect("Redis reads");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).expect("Redis answers");
    answer
}
