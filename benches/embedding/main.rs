//! How fast texts become vectors on this machine, with the model of the tests: rows a second of those
//! that nobody waits for and of those that somebody does, and the time of one query alone and beside
//! an index that is being built.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_ai_local::{InstallOptions, LocalEmbedder, LocalEmbedderConfig, LocalModels};
use altus4_search::{EmbedRequest, Embedder, TextKind, Urgency};
use altus4_test_support::sentence_model;
use futures::future::join_all;

/// More than anything here takes.
const LONG: Duration = Duration::from_mins(10);

const ROWS: usize = 512;
const QUERIES: usize = 100;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let models = LocalModels::new(folder.path());
    let model = models.install(&sentence_model(), &InstallOptions::default()).expect("installed");
    let begun = Instant::now();
    let embedder = Arc::new(LocalEmbedder::open(&model, LocalEmbedderConfig::default()).expect("opened"));
    embed(&embedder, vec!["begin".to_owned()], Urgency::Now).await;
    println!("{}: ready within {:?}", embedder.model().id, begun.elapsed());

    for (what, urgency) in
        [("that somebody waits for", Urgency::Now), ("in the background", Urgency::Whenever)]
    {
        let begun = Instant::now();
        join_all((0..ROWS / 64).map(|part| embed(&embedder, rows(part), urgency))).await;
        let seconds = begun.elapsed().as_secs_f64();
        let count = ROWS as f64;
        println!("long rows {what}: {:.0} a second, {:.1} ms each", count / seconds, seconds / count * 1e3);
    }

    queries(&embedder, "alone").await;
    let busy = tokio::spawn({
        let embedder = Arc::clone(&embedder);
        async move {
            loop {
                embed(&embedder, rows(0), Urgency::Whenever).await;
            }
        }
    });
    queries(&embedder, "beside an index that is being built").await;
    busy.abort();
}

async fn queries(embedder: &LocalEmbedder, how: &str) {
    let mut times = Vec::new();
    for number in 0..QUERIES {
        let begun = Instant::now();
        embed(embedder, vec![format!("reset the password of account {number}")], Urgency::Now).await;
        times.push(begun.elapsed());
    }
    times.sort();
    println!("a query {how}: median {:?}, p95 {:?}", times[QUERIES / 2], times[QUERIES * 95 / 100]);
}

async fn embed(embedder: &LocalEmbedder, texts: Vec<String>, urgency: Urgency) {
    let request = EmbedRequest { texts, kind: TextKind::Row, urgency };
    let made = embedder.embed(request, LONG).await.expect("embedded");
    assert!(made.vectors.iter().all(Option::is_some));
}

/// Sixty-four different texts that are longer than what is read of them.
fn rows(part: usize) -> Vec<String> {
    let words = "the customer wrote that an invoice had been paid twice and asked for the money back ";
    (0..64).map(|number| format!("ticket {part} {number}: {}", words.repeat(6))).collect()
}
