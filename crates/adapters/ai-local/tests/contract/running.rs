//! Models run beside everything else: who goes first, and what is let go.

use std::time::{Duration, Instant};

use altus4_ai_local::{LocalEmbedderConfig, Standing};
use altus4_kernel::PortErrorKind;
use altus4_search::{EmbedRequest, Embedder, TextKind, Urgency};
use futures::{FutureExt, future::join_all};

use crate::fixture::{open, shared};

const LONG: Duration = Duration::from_mins(5);

fn request(texts: Vec<String>, urgency: Urgency) -> EmbedRequest {
    EmbedRequest { texts, kind: TextKind::Row, urgency }
}

fn rows(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("row {number} {}", "of many words that take their time ".repeat(20)))
        .collect()
}

#[tokio::test]
async fn a_paraphrase_is_nearer_than_what_has_the_same_words() {
    let embedder = shared();
    let texts = [
        "How can I make my database queries faster?",
        "Ways to speed up slow SQL statements",
        "How can I make my cake batter fluffier?",
    ];
    let made = embedder.embed(request(texts.map(str::to_owned).to_vec(), Urgency::Now), LONG).await;
    let made: Vec<_> = made.expect("embed").vectors.into_iter().flatten().collect();
    let (near, far) = (made[0].similarity(&made[1]), made[0].similarity(&made[2]));
    assert!(near > far + 0.2, "{near} {far}");
}

/// The numbers that the model's own makers publish for this sentence.
#[tokio::test]
async fn vectors_are_those_of_the_reference_implementation() {
    let texts = vec!["This is an example sentence".to_owned()];
    let made = shared().embed(request(texts, Urgency::Now), LONG).await.expect("embed");
    let vector = made.vectors[0].clone().expect("a vector");
    assert_eq!(vector.values().len(), 384);
    let reference = [0.067_656_9, 0.063_495_9, 0.048_713_1, 0.079_305_0, 0.037_448_0];
    for (own, reference) in vector.values().iter().zip(reference) {
        assert!((own - reference).abs() < 0.001, "{own} {reference}");
    }
}

#[tokio::test]
async fn the_urgent_overtakes_what_nobody_waits_for() {
    let embedder = shared();
    let late = embedder.embed(request(rows(200), Urgency::Whenever), LONG);
    let urgent = async {
        let begun = Instant::now();
        embedder.embed(request(vec!["now".to_owned()], Urgency::Now), LONG).await.expect("embed");
        begun.elapsed()
    };
    tokio::select! {
        biased;
        done = late => panic!("the others were done first: {}", done.is_ok()),
        took = urgent => assert!(took < Duration::from_secs(20), "{took:?}"),
    }
}

#[tokio::test]
async fn one_long_request_does_not_hold_up_a_short_one() {
    let embedder = shared();
    let long = embedder.embed(request(rows(200), Urgency::Now), LONG);
    let short = embedder.embed(request(vec!["short".to_owned()], Urgency::Now), LONG);
    tokio::select! {
        biased;
        _ = long => panic!("the long one was done first"),
        made = short => assert!(made.is_ok()),
    }
}

#[tokio::test]
async fn what_waits_is_bounded() {
    let embedder = open(LocalEmbedderConfig { max_waiting: 100, ..LocalEmbedderConfig::default() });
    let asked = (0..5).map(|_| embedder.embed(request(rows(40), Urgency::Now), Duration::from_millis(300)));
    let refused = join_all(asked)
        .await
        .into_iter()
        .filter(|answer| matches!(answer, Err(error) if error.kind == PortErrorKind::RateLimited));
    assert!(refused.count() >= 1);
    let many = embedder.embed(request(vec!["x".to_owned(); 1_001], Urgency::Now), LONG).await;
    assert_eq!(many.expect_err("too many").kind, PortErrorKind::Rejected);
}

#[tokio::test]
async fn a_text_of_many_megabytes_costs_no_more_than_a_short_one() {
    let text = "word ".repeat(16_000_000 / 5);
    let begun = Instant::now();
    let made = shared().embed(request(vec![text], Urgency::Now), LONG).await.expect("embed");
    assert!(made.vectors[0].is_some() && begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn opening_waits_for_nothing_and_asking_waits_for_the_model() {
    let begun = Instant::now();
    let embedder = open(LocalEmbedderConfig::default());
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let now = embedder.embed(request(vec!["at once".to_owned()], Urgency::Now), LONG).now_or_never();
    assert!(now.is_none(), "nothing is embedded on the thread that asks");
    assert!(embedder.embed(request(vec!["in time".to_owned()], Urgency::Now), LONG).await.is_ok());
    assert_eq!(embedder.standing(), Standing::Ready);
}
