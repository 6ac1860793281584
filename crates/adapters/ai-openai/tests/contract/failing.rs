//! A provider that fails: what is tried again, what isn't, and when it is left alone.

use std::time::{Duration, Instant};

use altus4_kernel::{
    Clock,
    PortErrorKind::{self, NotPermitted, RateLimited, Rejected, Timeout, Unavailable},
    SystemClock, Timestamp,
};
use altus4_test_support::provider::Reply;

use crate::fixture::{Desk, kind};

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for status in [408, 429, 500, 502, 503, 529] {
        let desk = Desk::new();
        desk.provider.answer_next([Reply::status(status), Reply::status(status)]);
        desk.embed(&["a text"]).await.expect("the third time");
        assert_eq!(desk.provider.received().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn tries_come_to_an_end() {
    for (status, expected) in [(408, Timeout), (429, RateLimited), (503, Unavailable)] {
        let desk = Desk::new();
        desk.provider.behave(move |_| Reply::status(status));
        assert_eq!(kind(desk.embed(&["canary"]).await), expected);
        assert_eq!(desk.provider.received().len(), 3);
    }
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    for (status, expected) in [
        (400, Rejected),
        (401, NotPermitted),
        (403, NotPermitted),
        (404, Rejected),
        (413, Rejected),
        (422, Rejected),
    ] {
        let desk = Desk::new();
        desk.provider.behave(move |_| Reply::status(status));
        let error = desk.generate("canary").await.expect_err("refused");
        let detail = error.detail.clone().expect("why").message;
        assert_eq!(detail, format!("it refused the request with status {status} (no_luck)"));
        assert_eq!(kind::<()>(Err(error)), expected);
        assert_eq!(desk.provider.received().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn what_a_provider_says_of_a_key_or_a_text_is_not_told() {
    let desk = Desk::new();
    desk.provider.behave(|request| {
        let echo = format!("{:?} {}", request.headers, request.body);
        let body = serde_json::json!({ "error": { "message": echo, "code": echo, "type": echo } });
        Reply::json(&body).with_status(400)
    });
    assert_eq!(kind(desk.generate("canary").await), Rejected);
}

#[tokio::test]
async fn a_provider_that_is_gone_is_told_at_once() {
    let desk = Desk::without_provider();
    assert_eq!(kind(desk.embed(&["canary"]).await), Unavailable);
    assert_eq!(desk.client.standing().map_err(|error| error.kind), Err(Unavailable));
    let began = Instant::now();
    assert_eq!(kind(desk.embed(&["canary"]).await), Unavailable);
    assert!(began.elapsed() < Duration::from_millis(50), "the breaker is open");
}

#[tokio::test]
async fn a_provider_that_fails_is_left_alone_for_this_purpose_alone() {
    let desk = Desk::new();
    desk.provider.behave(|request| match request.path.as_str() {
        "/v1/embeddings" => Reply::status(500),
        _ => Reply::chat("It is fine."),
    });
    assert_eq!(kind(desk.embed(&["canary"]).await), Unavailable);
    assert!(desk.client.standing().is_err());
    desk.provider.forget();
    assert_eq!(kind(desk.embed(&["canary"]).await), Unavailable);
    assert!(desk.provider.received().is_empty());
    desk.generate("Write it.").await.expect("another model");
}

#[tokio::test]
async fn retry_after_is_waited_for_if_there_is_time() {
    for is_date in [false, true] {
        let desk = Desk::new();
        let value =
            if is_date { http_date(SystemClock.now() + Duration::from_secs(3)) } else { "1".to_owned() };
        desk.provider.answer_next([Reply::status(429).with_header("Retry-After", &value)]);
        let began = Instant::now();
        desk.embed(&["a text"]).await.expect("the second time");
        assert!(began.elapsed() >= Duration::from_millis(900), "{value}: {:?}", began.elapsed());
        assert_eq!(desk.provider.received().len(), 2);
    }
}

#[tokio::test]
async fn a_longer_rest_than_there_is_time_for_is_given_to_the_provider_by_all() {
    let desk = Desk::new();
    desk.provider.behave(|_| Reply::status(429).with_header("Retry-After", "40"));
    let began = Instant::now();
    assert_eq!(kind(desk.embed_within(&["canary"], Duration::from_secs(5)).await), RateLimited);
    assert_eq!(kind(desk.embed_within(&["canary"], Duration::from_secs(5)).await), RateLimited);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(desk.provider.received().len(), 1);
    assert_eq!(desk.client.standing().map_err(|error| error.kind), Err(RateLimited));
}

#[tokio::test]
async fn a_key_that_is_not_good_is_not_shown_again_and_again() {
    let desk = Desk::new();
    desk.provider.behave(|_| Reply::status(401));
    let kinds: [PortErrorKind; 2] = [kind(desk.generate("x").await), kind(desk.generate("x").await)];
    assert_eq!(kinds, [NotPermitted; 2]);
    assert_eq!(desk.provider.received().len(), 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_paid_for_twice() {
    let desk = Desk::new();
    desk.provider.behave(|_| Reply::chat("It breaks off.").cut_after(60));
    assert_eq!(kind(desk.generate("canary").await), Unavailable);
    assert_eq!(desk.provider.received().len(), 1);
}

#[tokio::test]
async fn a_later_call_that_fails_leaves_what_the_first_gave() {
    let desk = Desk::new();
    let texts = ["a text"; 40];
    desk.provider.answer_next([Reply::embeddings(&texts[..32]), Reply::status(400)]);
    let embedded = desk.embed(&texts).await.expect("the first call's");
    let found = embedded.vectors.iter().map(Option::is_some).collect::<Vec<_>>();
    assert_eq!(found, [[true; 32].as_slice(), &[false; 8]].concat());
    assert_eq!(embedded.usage.len(), 1);
}

fn http_date(moment: Timestamp) -> String {
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    moment.as_utc().format(&format).expect("a date")
}
