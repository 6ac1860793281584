//! Nothing is found in noise: small samples, weekends, one day out of the ordinary, plain chance.

use super::*;

const WEEKS: [i64; 4] = [7, 14, 30, 91];

/// A service whose searches stay the same, apart from chance and the course of the week.
fn usual(seed: u64, days: i64, a_day: u64) -> (Course, Observed) {
    let mut course = Course::new(seed, days);
    let range = course.range;
    let volume = |day: i64| if is_weekend(day) { a_day / 4 } else { a_day };
    let mut queries = Vec::new();
    for rank in 1..=150_u64 {
        let mean = move |day: i64| volume(day) as f64 * 0.15 / rank as f64;
        queries.push(course.query(&format!("query {rank}"), mean, mean));
    }
    let slower_at_weekends = |day| if is_weekend(day) { 160.0 } else { 100.0 };
    let days = course.days(range, volume, slower_at_weekends);
    let days_before = course.days(range.before(), volume, slower_at_weekends);
    let observed = Observed { days, days_before, queries, ..course.observed() };
    (course, observed)
}

#[test]
fn what_stays_the_same_is_no_news() {
    let mut told = 0;
    for seed in 0..12 {
        for days in [7, 14, 30] {
            told += kinds(&usual(seed, days, 400).1).len();
        }
    }
    // 36 times 150 queries, of which chance may tell one in a thousand times.
    assert_eq!(told, 0);
}

#[test]
fn small_samples_are_no_news() {
    for seed in 0..12 {
        for days in WEEKS {
            assert_eq!(kinds(&usual(seed, days, 8).1), []);
        }
    }
    let mut course = Course::new(1, 7);
    // A few very slow searches, and a few that found nothing.
    let days = course.days(DayRange::day(MONDAY), |_| 6, |_| 9_000.0);
    let misses = vec![
        Missed { query: "few".into(), misses: 9, searches: 9, days: 9 },
        Missed { query: "one day".into(), misses: 90, searches: 90, days: 1 },
        Missed { query: "often found".into(), misses: 30, searches: 60, days: 7 },
    ];
    let database = ObservedDatabase { id: missing(6).database, days, queries: Vec::new() };
    let label =
        |label: &str, searches| LabelSums { label: label.into(), searches, took_us: searches * 9_000_000 };
    let modes = vec![vec![label("natural", 9), label("semantic", 9)]; 4];
    let observed =
        Observed { misses, modes, databases: vec![database], missing: vec![missing(6)], ..course.observed() };
    assert_eq!(kinds(&observed), []);
}

#[test]
fn a_change_within_a_day_or_two_is_no_news() {
    for days in 1..5 {
        let mut course = Course::new(9, days);
        let query = course.query("up", |_| 50.0, |_| 5.0);
        let (now, before) = (course.range, course.range.before());
        let (days, days_before) =
            (course.days(now, |_| 500, |_| 300.0), course.days(before, |_| 500, |_| 100.0));
        let observed = Observed { queries: vec![query], days, days_before, ..course.observed() };
        assert_eq!(kinds(&observed), []);
    }
}

#[test]
fn a_day_out_of_the_ordinary_is_no_news() {
    for seed in 0..5 {
        for days in WEEKS {
            let (mut course, mut observed) = usual(seed, days, 400);
            let odd = MONDAY + 2;
            // A query that everybody searched for that day, or nobody;
            observed.queries[10].now.insert(odd, 500);
            observed.queries[0].now.remove(&odd);
            // and all searches of that day were slow.
            observed.days[2] = point(odd, &mut course.dice, 900, 4_000.0);
            assert_eq!(kinds(&observed), [], "seed {seed}, {days} days");
        }
    }
}

#[test]
fn weekends_are_no_news() {
    // Ranges of any length and beginning, and a query for weekends alone.
    for seed in 0..8 {
        for days in 5..16 {
            let mut course = Course::new(seed, days);
            let volume = |day: i64| if is_weekend(day) { 900 } else { 200 };
            let mean = |day: i64| if is_weekend(day) { 60.0 } else { 1.0 };
            let queries = vec![course.query("football", mean, mean)];
            let (now, before) = (course.range, course.range.before());
            let ms = |day| if is_weekend(day) { 400.0 } else { 80.0 };
            let (days, days_before) = (course.days(now, volume, ms), course.days(before, volume, ms));
            let observed = Observed { days, days_before, queries, ..course.observed() };
            assert_eq!(kinds(&observed), []);
        }
    }
}

#[test]
fn a_database_that_was_slow_once_is_no_news() {
    let mut course = Course::new(3, 7);
    let days = course.days(course.range, |_| 40, |day| if day == MONDAY { 5_000.0 } else { 20.0 });
    let database = ObservedDatabase { id: missing(280).database, days, queries: Vec::new() };
    let observed = Observed { databases: vec![database], missing: vec![missing(280)], ..course.observed() };
    // That there is no index is true whatever the time.
    assert_eq!(kinds(&observed), [InsightKind::MissingIndex]);
}

#[test]
fn a_table_that_is_hardly_searched_slows_nothing_down() {
    let mut course = Course::new(3, 7);
    let days = course.days(course.range, |_| 40, |_| 900.0);
    let database = ObservedDatabase { id: missing(9).database, days, queries: Vec::new() };
    let observed = Observed { databases: vec![database], missing: vec![missing(9)], ..course.observed() };
    assert_eq!(kinds(&observed), []);
}

#[test]
fn a_mode_that_was_slow_once_is_no_news() {
    let label =
        |label: &str, ms: u64| LabelSums { label: label.into(), searches: 200, took_us: 200 * ms * 1_000 };
    let usual = vec![label("natural", 40), label("semantic", 60)];
    let odd = vec![label("natural", 40), label("semantic", 9_000)];
    let modes = vec![usual.clone(), odd, usual.clone(), usual];
    assert_eq!(kinds(&Observed { modes, ..Course::new(6, 7).observed() }), []);
}

#[test]
fn one_query_over_and_over_on_one_day_is_no_news() {
    let mut course = Course::new(7, 7);
    let days = course.days(course.range, |day| if day == MONDAY { 900 } else { 100 }, |_| 10.0);
    let at = Timestamp::from_unix_seconds(MONDAY * 86_400).unwrap();
    let top = QuerySums {
        folded: "x".into(),
        query: "x".into(),
        searches: 850,
        took_us: 0,
        results: 0,
        clicked: 0,
        last_at: at,
    };
    assert_eq!(kinds(&Observed { days, top: vec![top], ..course.observed() }), []);
}
