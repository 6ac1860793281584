//! Whether there is an account with an e-mail can't be found out by logging in: an unknown e-mail, a
//! wrong password and a deactivated account answer alike, in the same time.

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Answer, PASSWORD, fresh_email};

on_both! { who_has_an_account_cannot_be_told_by_logging_in }

const KINDS: [&str; 3] = ["wrong password", "unknown e-mail", "deactivated account"];
/// E-mails of each kind.
const EMAILS: usize = 20;
/// Tries with each e-mail in one measurement.
const ROUNDS: usize = 3;
/// A machine with other work on it may disturb a measurement; all together stay below the limit on
/// tries with one e-mail.
const MEASUREMENTS: usize = 3;

async fn who_has_an_account_cannot_be_told_by_logging_in(app: &TestApp) {
    let mut emails: [Vec<String>; KINDS.len()] = Default::default();
    for _ in 0..EMAILS {
        emails[0].push(app.account().await.email);
        emails[1].push(fresh_email());
        let leaving = app.account().await;
        leaving.session.send("DELETE", "/api/v1/auth/account", None).await.is(200);
        emails[2].push(leaving.email);
    }
    let mut told = String::new();
    for _ in 0..MEASUREMENTS {
        let times = measure(app, &emails).await;
        match told_apart(&times) {
            None => return,
            Some(pair) => told = format!("{told}\n{pair}"),
        }
    }
    panic!("told apart by time, at every measurement: {told}");
}

/// Tries to log in with each e-mail in turn, and gives the times of each kind.
async fn measure(app: &TestApp, emails: &[Vec<String>; KINDS.len()]) -> [Vec<Duration>; KINDS.len()] {
    let mut times: [Vec<Duration>; KINDS.len()] = Default::default();
    let mut expected = None;
    for round in 0..ROUNDS * EMAILS {
        // Each kind comes first, second and last as often as the others.
        for at in (0..KINDS.len()).map(|at| (at + round) % KINDS.len()) {
            let began = Instant::now();
            // The right password of accounts that are gone.
            let password = if at == 2 { PASSWORD } else { "not-the-password-7" };
            let answer = app.login(&emails[at][round % EMAILS], password).await;
            times[at].push(began.elapsed());
            let shown = lasting(&answer);
            assert_eq!(expected.get_or_insert_with(|| shown.clone()), &shown, "{}", KINDS[at]);
        }
    }
    let (status, body, headers) = expected.expect("there were tries");
    assert_eq!((status, &body["error"]["code"]), (401, &json!("INVALID_CREDENTIALS")));
    assert!(!headers.contains_key("set-cookie"));
    times
}

/// What of an answer doesn't differ from each request to the next.
fn lasting(answer: &Answer) -> (u16, Value, HeaderMap) {
    let (mut body, mut headers) = (answer.body.clone(), answer.headers.clone());
    let meta = body["meta"].as_object_mut().expect("an answer has its meta");
    for name in ["requestId", "timestamp", "executionTime"] {
        assert!(meta.remove(name).is_some(), "{}", answer.text);
    }
    // The length follows the digits of `executionTime`.
    for name in ["x-request-id", "date", "content-length"] {
        headers.remove(name);
    }
    (answer.status, body, headers)
}

/// The first pair of kinds of which somebody who sees the time of one answer of each, and takes the
/// slower for the one, is right too often: always half of the times where nothing is told, and within
/// 0.3 and 0.7 for all but one in ten thousand measurements of 60 each (Mann and Whitney 1947).
fn told_apart(times: &[Vec<Duration>; KINDS.len()]) -> Option<String> {
    let pairs = [(0, 1), (0, 2), (1, 2)];
    pairs.into_iter().find_map(|(one, other)| {
        let slower = times[one].iter().map(|time| times[other].iter().filter(|other| time > *other).count());
        let share = slower.sum::<usize>() as f64 / (times[one].len() * times[other].len()) as f64;
        let told = !(0.3..=0.7).contains(&share);
        told.then(|| format!("{} is slower than {} with {share:.2}", KINDS[one], KINDS[other]))
    })
}
