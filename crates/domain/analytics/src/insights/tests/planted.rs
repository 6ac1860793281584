//! What was planted is found.

use super::*;

fn only(observed: &Observed, kind: InsightKind) -> Insight {
    let mut insights = observed.insights();
    assert_eq!(insights.iter().map(|insight| insight.kind).collect::<Vec<_>>(), [kind]);
    insights.remove(0)
}

fn figure<'a>(insight: &'a Insight, name: &str) -> &'a Figure {
    &insight.evidence.iter().find(|(known, _)| *known == name).expect(name).1
}

fn query_sums(query: &str, searches: u64, took_us: u64) -> QuerySums {
    QuerySums {
        folded: query.into(),
        query: query.into(),
        searches,
        took_us,
        results: 0,
        clicked: 0,
        last_at: Timestamp::from_unix_seconds(MONDAY * 86_400).unwrap(),
    }
}

#[test]
fn slow_searches_name_the_index_that_mends_them_and_go_with_it() {
    let mut course = Course::new(1, 7);
    let days = course.days(course.range, |_| 40, |_| 700.0);
    let queries = vec![query_sums("blue shoes", 50, 50 * 800_000), query_sums("hat", 50, 50 * 1_000)];
    let database = ObservedDatabase { id: missing(280).database, days, queries };
    let mut observed =
        Observed { databases: vec![database], missing: vec![missing(280)], ..course.observed() };
    let insight = only(&observed, InsightKind::SlowQuery);
    assert_eq!(insight.weight, Weight::High);
    assert_eq!(*figure(&insight, "table"), Figure::Text("products".into()));
    assert_eq!(*figure(&insight, "columns"), Figure::Texts(vec!["title".into(), "body".into()]));
    assert_eq!(*figure(&insight, "queries"), Figure::Texts(vec!["blue shoes".into()]));
    assert_eq!(insight.recommended.sql.as_deref(), Some("CREATE FULLTEXT INDEX …"));
    observed.missing.clear();
    assert_eq!(kinds(&observed), []);
}

#[test]
fn a_database_without_a_fitting_index_is_told_though_it_is_fast_yet() {
    let mut course = Course::new(2, 7);
    let days = course.days(course.range, |_| 40, |_| 5.0);
    let database = ObservedDatabase { id: missing(280).database, days, queries: Vec::new() };
    let observed = Observed { databases: vec![database], missing: vec![missing(280)], ..course.observed() };
    let insight = only(&observed, InsightKind::MissingIndex);
    assert!(insight.recommended.sql.is_some());
}

#[test]
fn a_query_that_finds_nothing_day_after_day_is_told() {
    let missed = Missed { query: "Größe 44".into(), misses: 40, searches: 41, days: 6 };
    let observed = Observed { misses: vec![missed], ..Course::new(3, 7).observed() };
    let insight = only(&observed, InsightKind::NoResults);
    assert_eq!(*figure(&insight, "withoutResults"), Figure::Count(40));
    assert!(insight.confidence > 0.8 && insight.confidence < 1.0);
}

#[test]
fn rising_and_falling_queries_are_told() {
    for days in [7, 30, 91] {
        let mut course = Course::new(4, days);
        let range = course.range;
        let volume = |day| if is_weekend(day) { 300 } else { 1_000 };
        let part = |day, part: f64| part * volume(day) as f64;
        let queries = vec![
            course.query("up", |day| part(day, 0.03), |day| part(day, 0.01)),
            course.query("down", |day| part(day, 0.01), |day| part(day, 0.03)),
            course.query("new", |day| part(day, 0.02), |_| 0.0),
            course.query("same", |day| part(day, 0.05), |day| part(day, 0.05)),
        ];
        let (now, before) =
            (course.days(range, volume, |_| 10.0), course.days(range.before(), volume, |_| 10.0));
        let observed = Observed { queries, days: now, days_before: before, ..course.observed() };
        let mut told: Vec<_> = observed
            .insights()
            .iter()
            .map(|insight| (insight.kind.as_str(), figure(insight, "query").clone()))
            .collect();
        told.sort_by_key(|(kind, query)| format!("{kind} {query:?}"));
        let text = |query: &str| Figure::Text(query.into());
        let expected =
            [("falling_query", text("down")), ("rising_query", text("new")), ("rising_query", text("up"))];
        assert_eq!(told, expected, "{days} days");
    }
}

#[test]
fn searches_that_became_slower_are_told() {
    let mut course = Course::new(5, 7);
    let (now, before) = (course.range, course.range.before());
    let (days, days_before) = (course.days(now, |_| 200, |_| 150.0), course.days(before, |_| 200, |_| 90.0));
    let observed = Observed { days, days_before, ..course.observed() };
    let insight = only(&observed, InsightKind::LatencyRegression);
    let Figure::Number(factor) = figure(&insight, "factor") else { panic!("a number") };
    assert!((1.4..2.0).contains(factor), "{factor}");
}

#[test]
fn a_mode_that_takes_far_longer_is_told() {
    let label = |label: &str, searches, ms: u64| LabelSums {
        label: label.into(),
        searches,
        took_us: searches * ms * 1_000,
    };
    let part = vec![label("natural", 400, 40), label("semantic", 200, 500)];
    let observed = Observed { modes: vec![part; 4], ..Course::new(6, 7).observed() };
    let insight = only(&observed, InsightKind::ModeUse);
    assert_eq!(*figure(&insight, "mode"), Figure::Text("semantic".into()));
}

#[test]
fn repeated_searches_that_no_cache_answers_are_told() {
    let mut course = Course::new(7, 7);
    let days = course.days(course.range, |_| 300, |_| 10.0);
    let top = vec![query_sums("a", 800, 0), query_sums("b", 700, 0)];
    let mut observed = Observed { days, top, ..course.observed() };
    let insight = only(&observed, InsightKind::CacheUse);
    assert_eq!(*figure(&insight, "cached"), Figure::Count(0));
    // With a cache at work, there is nothing to tell.
    for day in &mut observed.days {
        day.sums.cached = 200;
    }
    assert_eq!(kinds(&observed), []);
}
