//! A provider that is slow: nobody waits longer than they said, and those in a hurry come first.

use std::time::{Duration, Instant};

use altus4_kernel::PortErrorKind::Timeout;
use altus4_search::{Embedder, Urgency};
use altus4_test_support::provider::Reply;
use tokio::time::timeout;

use crate::fixture::{Desk, LONG, kind, request};

/// What a deadline may be missed by on a machine that is busy.
const SLACK: Duration = Duration::from_millis(700);

#[tokio::test]
async fn nobody_waits_longer_than_they_said() {
    let second = Duration::from_secs(1);
    let replies = [
        Reply::never(),
        Reply::chat("It is late.").after(Duration::from_secs(5)),
        Reply::chat("It drips.").dripping(Duration::from_millis(100)),
        Reply::status(503).dripping(Duration::from_millis(100)),
    ];
    for reply in replies {
        let desk = Desk::new();
        desk.provider.behave(move |_| reply.clone());
        let began = Instant::now();
        assert_eq!(kind(desk.generate_within("canary", second).await), Timeout);
        assert_eq!(kind(desk.embed_within(&["canary"], second).await), Timeout);
        assert!(began.elapsed() < 2 * (second + SLACK), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn no_time_at_all_is_too_little() {
    let desk = Desk::new();
    assert_eq!(kind(desk.embed_within(&["canary"], Duration::ZERO).await), Timeout);
    desk.embed_within(&["any time"], Duration::MAX).await.expect("embedded");
}

#[tokio::test]
async fn what_there_was_time_for_is_given() {
    let desk = Desk::new();
    let texts = ["a text"; 40];
    desk.provider.answer_next([Reply::embeddings(&texts[..32]), Reply::never()]);
    let embedded = desk.embed_within(&texts, Duration::from_secs(2)).await.expect("the first call's");
    assert_eq!(embedded.vectors.iter().flatten().count(), 32);
}

#[tokio::test]
async fn a_provider_that_hangs_is_left_alone_after_three_who_waited() {
    let desk = Desk::new();
    desk.provider.behave(|_| Reply::never());
    for _ in 0..3 {
        assert_eq!(kind(desk.embed_within(&["canary"], Duration::from_millis(1_100)).await), Timeout);
    }
    let began = Instant::now();
    assert_eq!(kind(desk.embed(&["canary"]).await), Timeout);
    assert!(began.elapsed() < Duration::from_millis(100));
    assert_eq!(desk.provider.received().len(), 3);
}

#[tokio::test]
async fn who_goes_away_ends_the_call() {
    let desk = Desk::with(|config| config.max_concurrent = 1);
    desk.provider.answer_next([Reply::never()]);
    assert!(timeout(Duration::from_millis(300), desk.embed(&["a text"])).await.is_err());
    desk.embed_within(&["a text"], Duration::from_secs(3)).await.expect("the only turn is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_nobody_waits_for_leaves_room_for_the_rest() {
    let desk = Desk::with(|config| (config.max_concurrent, config.max_background) = (3, 2));
    desk.provider.behave(|request| match request.inputs()[..] {
        ["someone waits"] => Reply::embeddings(&["someone waits"]),
        _ => Reply::never(),
    });
    for _ in 0..10 {
        let embedder = desk.embedder.clone();
        tokio::spawn(async move { embedder.embed(request(&["whenever"], Urgency::Whenever), LONG).await });
    }
    while desk.provider.received().len() < 2 {
        tokio::task::yield_now().await;
    }
    desk.embed_within(&["someone waits"], Duration::from_secs(5)).await.expect("there is room");
    assert_eq!(desk.provider.received().len(), 3);
}
