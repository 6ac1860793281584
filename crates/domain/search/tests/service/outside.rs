//! What leaves the house for a provider, who pays for it, and what happens without one.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use altus4_kernel::{PortErrorKind, PortResult, TokenUsage, testkit::InstantTimer};
use altus4_search::{
    Degraded, EmbedRequest, Embedded, Embedder, EmbeddingModel, MeaningPorts, MockQueryEnhancer, Related,
    SearchMode, SearchQuery, SuggestionKind, Vector,
};
use async_trait::async_trait;

use crate::{
    query,
    sphere::{Purse, Sphere, model, ports, provider, rows, semantic, sphere, with_model},
    world::{Sheet, articles, keys, world_of},
};

const MINE: [(&str, &str); 2] = [("Car", "repair of mine"), ("Automobile", "mine too")];
const YOURS: [(&str, &str); 2] = [("Car", "repair of yours"), ("Sedan car", "yours too")];

fn databases() -> Vec<Vec<Sheet>> {
    vec![vec![articles(rows(&MINE))], vec![articles(rows(&YOURS))]]
}

/// The second connection lets its texts go outside.
fn two() -> Sphere {
    sphere(databases(), (Some(model()), Some(provider())), &[2])
}

fn seen(sphere: &Sphere) -> (Vec<String>, Vec<String>) {
    (sphere.local.as_ref().unwrap().seen(), sphere.external.as_ref().unwrap().seen())
}

#[test]
fn texts_go_outside_from_connections_that_allow_it_alone() {
    let two = two();
    let answer = two.world.search(semantic("repair a car")).unwrap();
    assert!(answer.degraded.is_empty());
    let (local, external) = seen(&two);
    assert!(external.iter().any(|text| text.contains("yours")));
    assert!(!external.iter().any(|text| text.contains("mine")), "{external:?}");
    assert!(!local.iter().any(|text| text.contains("yours")), "{local:?}");
}

#[test]
fn of_a_row_only_what_is_searched_goes_outside() {
    let two = two();
    let columns = vec!["title".to_owned()];
    two.world.search(SearchQuery { columns, ..semantic("car") }).unwrap();
    let (_, external) = seen(&two);
    assert!(
        external.contains(&"Sedan car".to_owned()) && !external.iter().any(|text| text.contains("yours"))
    );
}

#[test]
fn a_query_that_says_so_stays_in_the_house() {
    let two = two();
    let answer = two.world.search(SearchQuery { enable_ai: Some(false), ..semantic("car") }).unwrap();
    assert!(seen(&two).1.is_empty());
    assert!(answer.degraded.is_empty(), "the model in the house told the meaning");
}

#[test]
fn every_token_is_charged_and_without_a_budget_nothing_is_called() {
    let two = two();
    let purse = Purse::for_calls(9);
    two.world.paid(semantic("repair a car"), &purse);
    let words: usize = seen(&two).1.iter().map(|text| text.split_whitespace().count()).sum();
    assert_eq!(purse.tokens.load(Ordering::Relaxed), words);

    let two = self::two();
    let poor = two.world.paid(semantic("repair a car"), &Purse::for_calls(0));
    assert!(seen(&two).1.is_empty());
    assert_eq!((poor.hits.len(), poor.degraded), (3, vec![Degraded::Ai]));
}

#[test]
fn without_a_model_words_answer_and_say_so() {
    let sphere = sphere(databases(), (None, Some(provider())), &[]);
    let (by_words, natural) = (
        sphere.world.search(semantic("repair car")).unwrap(),
        sphere.world.search(query("repair car")).unwrap(),
    );
    assert_eq!(by_words.hits, natural.hits);
    assert_eq!((by_words.degraded, natural.degraded), (vec![Degraded::Ai], vec![]));
    assert!(sphere.external.as_ref().unwrap().seen().is_empty());
}

#[test]
fn with_a_provider_that_fails_words_answer_and_say_so() {
    let sphere = sphere(databases(), (None, Some(provider())), &[1, 2]);
    let natural = sphere.world.search(query("repair car")).unwrap();
    for kind in [PortErrorKind::Unavailable, PortErrorKind::Timeout, PortErrorKind::RateLimited] {
        sphere.external.as_ref().unwrap().fail_with(Some(kind));
        let answer = sphere.world.search(semantic("repair car")).unwrap();
        assert_eq!((&answer.hits, answer.degraded), (&natural.hits, vec![Degraded::Ai]));
    }
    sphere.external.as_ref().unwrap().fail_with(None);
    sphere.external.as_ref().unwrap().have_time_for(2);
    let some = sphere.world.search(semantic("repair car")).unwrap();
    assert_eq!((some.hits.len(), some.degraded), (3, vec![Degraded::Ai]), "some rows were left out");
}

/// An embedder that does as it is told.
struct Odd(Telling);

/// What it says of so many texts; `None`: nothing, ever.
type Telling = fn(usize) -> Option<Vec<Option<Vector>>>;

#[async_trait]
impl Embedder for Odd {
    fn model(&self) -> EmbeddingModel {
        EmbeddingModel { id: "odd".into(), is_external: false, max_chars: 100, glance_chars: 100 }
    }

    async fn embed(&self, request: EmbedRequest, _: Duration) -> PortResult<Embedded> {
        match (self.0)(request.texts.len()) {
            Some(vectors) => Ok(Embedded { vectors, usage: vec![] }),
            None => std::future::pending().await,
        }
    }
}

#[test]
fn a_model_that_never_answers_is_left_behind() {
    let world = with_model(databases(), Arc::new(Odd(|_| None)), InstantTimer::Elapsed);
    let natural = world.search(query("repair car")).unwrap();
    let answer = world.search(semantic("repair car")).unwrap();
    assert_eq!((answer.hits, answer.degraded), (natural.hits, vec![Degraded::Ai]));
}

#[test]
fn a_model_that_talks_nonsense_changes_the_order_at_most() {
    let odd: [Telling; 4] = [
        |_| Some(vec![]),
        |texts| Some(vec![Vector::new(&[1.0, 0.0]); texts + 3]),
        |texts| Some((0..texts).map(|at| Vector::new(&vec![1.0; at + 1])).collect()),
        |texts| Some((0..texts).map(|at| Vector::new(&[if at % 2 == 0 { -1.0 } else { 1.0 }])).collect()),
    ];
    for odd in odd {
        let world = with_model(databases(), Arc::new(Odd(odd)), InstantTimer::Never);
        let answer = world.search(semantic("repair car")).unwrap();
        let mut found = keys(&answer.hits);
        found.sort_unstable();
        assert_eq!(found, [1, 1, 2, 2][..].to_vec().into_iter().take(found.len()).collect::<Vec<_>>());
        assert!(answer.hits.windows(2).all(|pair| pair[0].score > pair[1].score));
        assert!(answer.hits.iter().all(|hit| (0.0..=1.0).contains(&hit.score)));
    }
}

fn suggesting(enhancer: MockQueryEnhancer) -> MeaningPorts {
    let local: Arc<dyn Embedder> = Arc::new(model());
    MeaningPorts { enhancer: Some(Arc::new(enhancer)), ..ports(Some(local), None) }
}

#[test]
fn related_queries_are_told_where_they_are_asked_for() {
    let mut enhancer = MockQueryEnhancer::new();
    enhancer.expect_related().times(1).returning(|query, _, _| {
        assert_eq!(query, "repair car");
        let queries = ["Repair  CAR", "car workshop", "a\nb", "", "car workshop"].map(str::to_owned).to_vec();
        Ok(Related { queries, usage: TokenUsage { model: "m".into(), input: 5, output: 3 } })
    });
    let world = world_of(databases(), &[], InstantTimer::Never, Some(suggesting(enhancer)));
    let purse = Purse::for_calls(1);
    let asked = |enable_ai, mode| SearchQuery { enable_ai, mode, ..query("repair car") };
    for (enable_ai, mode) in
        [(None, SearchMode::Semantic), (Some(false), SearchMode::Natural), (Some(true), SearchMode::Boolean)]
    {
        assert!(world.paid(asked(enable_ai, mode), &purse).suggestions.is_empty());
    }
    let told = world.paid(asked(Some(true), SearchMode::Natural), &purse);
    let texts: Vec<_> = told.suggestions.iter().map(|one| (one.text.as_str(), one.kind)).collect();
    assert_eq!(texts, [("car workshop", SuggestionKind::Semantic)]);
    assert_eq!((told.degraded, purse.tokens.load(Ordering::Relaxed)), (vec![], 5));
    let poor = world.paid(asked(Some(true), SearchMode::Natural), &purse);
    assert_eq!((poor.suggestions, poor.degraded), (vec![], vec![Degraded::Ai]));
}
