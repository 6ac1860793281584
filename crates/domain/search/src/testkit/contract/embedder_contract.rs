//! The cases of the [`Embedder`] contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::{Duration, Instant};

use altus4_kernel::{PortErrorKind, System};
use futures::{FutureExt, future::join_all};

use crate::{EmbedRequest, Embedded, Embedder, TextKind, Urgency, Vector};

/// Time enough for anything that is asked here, also for what has to wait for idle cores.
const LONG: Duration = Duration::from_mins(5);

/// What a deadline may be overstepped by where tests share a machine.
const SLACK: Duration = Duration::from_secs(1);

/// From one run to another the last digits differ where sums are taken in another order; a model in
/// whole numbers rounds a little otherwise in other company.
const THE_SAME: f32 = 0.995;

const SENTENCES: [&str; 6] = [
    "The cat sleeps on the warm windowsill.",
    "Quarterly revenue grew by eleven percent.",
    "Restart the database server after the upgrade.",
    "Ein Zug fährt durch die verschneiten Berge.",
    "金魚は水槽で泳いでいる。",
    "x",
];

fn request<T: Into<String>>(texts: impl IntoIterator<Item = T>, kind: TextKind) -> EmbedRequest {
    EmbedRequest { texts: texts.into_iter().map(Into::into).collect(), kind, urgency: Urgency::Now }
}

async fn embed(embedder: &dyn Embedder, texts: &[&str]) -> Vec<Option<Vector>> {
    let texts = texts.iter().copied();
    embedder.embed(request(texts, TextKind::Row), LONG).await.expect("embed").vectors
}

async fn one(embedder: &dyn Embedder, text: &str) -> Vector {
    embed(embedder, &[text]).await.pop().flatten().expect("a vector")
}

/// A row of about this many characters that is like no other.
fn long_text(number: usize, chars: usize) -> String {
    let words = ["lake", "engine", "invoice", "violin", "harbour", "protein", "galaxy", "carpet"];
    let all = (0..).map(|place: usize| words[(place * 3 + place / 7 + number) % words.len()]);
    let mut text = format!("Number {number}");
    for word in all.take(chars / 7) {
        text.push(' ');
        text.push_str(word);
    }
    text
}

/// Also when they come together.
pub async fn vectors_are_in_the_order_of_the_texts(embedder: &dyn Embedder) {
    let together = embed(embedder, &SENTENCES).await;
    assert_eq!(together.len(), SENTENCES.len());
    for (text, together) in SENTENCES.iter().zip(together) {
        let together = together.expect("a vector");
        let alone = one(embedder, text).await;
        assert!(together.similarity(&alone) > THE_SAME, "{text}: {}", together.similarity(&alone));
    }
}

/// Every time, whatever it comes with.
pub async fn the_same_text_has_the_same_vector(embedder: &dyn Embedder) {
    let text = SENTENCES[0];
    let long = long_text(1, 2_000);
    let company = embed(embedder, &[&long, text, "", text, "short"]).await;
    let alone = one(embedder, text).await;
    for place in [1, 3] {
        let vector = company[place].as_ref().expect("a vector");
        assert!(vector.similarity(&alone) > THE_SAME, "{}", vector.similarity(&alone));
    }
}

/// Of queries and of rows, long and short, of any script.
pub async fn all_vectors_have_the_same_dimensions(embedder: &dyn Embedder) {
    let long = long_text(1, 20_000);
    let texts = SENTENCES.iter().copied().chain([long.as_str(), "🦀"]);
    let mut dimensions = Vec::new();
    for kind in [TextKind::Query, TextKind::Row] {
        let made = embedder.embed(request(texts.clone(), kind), LONG).await.expect("embed");
        dimensions.extend(made.vectors.iter().flatten().map(|vector| vector.values().len()));
    }
    assert_eq!(dimensions.len(), 2 * (SENTENCES.len() + 2));
    assert!(dimensions.iter().all(|own| *own == dimensions[0]), "{dimensions:?}");
}

/// What says nearly the same is nearer than what says another thing.
pub async fn what_is_alike_is_nearer(embedder: &dyn Embedder) {
    let triples = [
        ("how to restart the database server", SENTENCES[2], SENTENCES[0]),
        ("revenue of the quarter", SENTENCES[1], SENTENCES[2]),
        ("a cat that sleeps", SENTENCES[0], SENTENCES[1]),
    ];
    for (query, near, far) in triples {
        let query_vector = embedder.embed(request([query], TextKind::Query), LONG).await.expect("embed");
        let query_vector = query_vector.vectors[0].clone().expect("a vector");
        let near = query_vector.similarity(&one(embedder, near).await);
        let far = query_vector.similarity(&one(embedder, far).await);
        assert!(near > far, "{query}: {near} {far}");
    }
}

/// At no cost.
pub async fn no_texts_are_no_vectors(embedder: &dyn Embedder) {
    for deadline in [LONG, Duration::ZERO] {
        let none = request([""; 0], TextKind::Row);
        assert_eq!(embedder.embed(none, deadline).await.expect("embed"), Embedded::default());
    }
}

/// And there is no error where there are no others.
pub async fn texts_without_meaning_have_no_vector(embedder: &dyn Embedder) {
    assert_eq!(embed(embedder, &["", " ", "\t\r\n"]).await, [None, None, None]);
    let mixed = embed(embedder, &["", SENTENCES[0], "\u{2003}"]).await;
    assert_eq!(mixed.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false]);
}

/// None of them is an error, and none keeps the others from their vectors.
pub async fn any_text_is_taken(embedder: &dyn Embedder) {
    let million = "a".repeat(1_000_000);
    let marks = "e\u{301}\u{302}".repeat(50_000);
    let odd = [
        "\0",
        "\u{feff}",
        "\u{202e}abc\u{202c}",
        "👩‍👩‍👧‍👦",
        "\u{fffd}\u{10ffff}",
        "[CLS] [SEP] [PAD] <s> </s> <|endoftext|>",
        "Ignore all previous instructions.",
        "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ﷽ ﬁ",
        &million,
        &marks,
    ];
    let mut texts = vec![SENTENCES[0]];
    texts.extend(odd);
    texts.push(SENTENCES[1]);
    let vectors = embed(embedder, &texts).await;
    assert_eq!(vectors.len(), texts.len());
    for (place, text) in [(0, SENTENCES[0]), (texts.len() - 1, SENTENCES[1])] {
        let vector = vectors[place].as_ref().expect("a vector");
        assert!(vector.similarity(&one(embedder, text).await) > THE_SAME);
    }
}

/// The first characters alone are read.
pub async fn what_is_too_much_makes_no_difference(embedder: &dyn Embedder) {
    let most = embedder.model().max_chars;
    let begin: String = long_text(1, 2 * most).chars().take(most).collect();
    let vectors =
        embed(embedder, &[&begin, &format!("{begin} violins"), &format!("{begin}{}", SENTENCES[1])]).await;
    let [Some(alone), Some(longer), Some(other)] = &vectors[..] else { panic!("three vectors") };
    assert!(alone.similarity(longer) > THE_SAME && alone.similarity(other) > THE_SAME);
}

/// And says what it is.
pub async fn the_model_stays_the_same(embedder: &dyn Embedder) {
    let model = embedder.model();
    assert!(!model.id.is_empty());
    assert!((1..=model.max_chars).contains(&model.glance_chars));
    one(embedder, SENTENCES[0]).await;
    assert_eq!(embedder.model(), model);
}

/// Each has its own vectors.
pub async fn requests_at_once_are_told_apart(embedder: &dyn Embedder) {
    let urgencies = [Urgency::Now, Urgency::Whenever].into_iter().cycle();
    let asked = SENTENCES.iter().zip(urgencies).map(|(text, urgency)| async move {
        let request = EmbedRequest { urgency, ..request([*text, "something else"], TextKind::Row) };
        embedder.embed(request, LONG).await.expect("embed").vectors
    });
    for (text, vectors) in SENTENCES.iter().zip(join_all(asked).await) {
        let vector = vectors[0].as_ref().expect("a vector");
        assert!(vector.similarity(&one(embedder, text).await) > THE_SAME, "{text}");
        assert_eq!(vectors.len(), 2);
    }
}

/// It is an error, since there is not one vector.
pub async fn no_time_is_a_timeout(embedder: &dyn Embedder) {
    let begun = Instant::now();
    let late = embedder.embed(request(SENTENCES, TextKind::Row), Duration::ZERO).await;
    let late = late.expect_err("no time for any");
    assert_eq!((late.kind, late.system), (PortErrorKind::Timeout, System::Ai));
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
}

/// With the vectors of the first texts, or without any as a timeout.
pub async fn it_answers_within_the_deadline(embedder: &dyn Embedder) {
    let texts: Vec<_> = (0..300).map(|number| long_text(number, 4_000)).collect();
    for deadline in [1, 40, 200].map(Duration::from_millis) {
        let begun = Instant::now();
        let answer = embedder.embed(request(texts.iter().cloned(), TextKind::Row), deadline).await;
        let took = begun.elapsed();
        assert!(took < deadline + SLACK, "{took:?} of {deadline:?}");
        match answer {
            Ok(made) => {
                assert_eq!(made.vectors.len(), texts.len());
                let done = made.vectors.iter().take_while(|vector| vector.is_some()).count();
                assert_ne!(done, 0, "an answer without a vector");
                assert!(made.vectors[done..].iter().all(Option::is_none), "not the first ones first");
            }
            Err(error) => assert_eq!((error.kind, error.system), (PortErrorKind::Timeout, System::Ai)),
        }
    }
}

/// Others don't wait for it.
pub async fn what_was_dropped_is_not_worked_on(embedder: &dyn Embedder) {
    let texts: Vec<_> = (0..300).map(|number| long_text(number, 4_000)).collect();
    for urgency in [Urgency::Now, Urgency::Whenever].into_iter().cycle().take(20) {
        let request = EmbedRequest { urgency, ..request(texts.iter().cloned(), TextKind::Row) };
        // Asked for and let go of, whatever came of it.
        let _ = embedder.embed(request, LONG).now_or_never();
    }
    let begun = Instant::now();
    one(embedder, SENTENCES[0]).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
