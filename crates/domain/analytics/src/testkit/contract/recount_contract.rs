//! The cases that count all events anew, apart from what adapters share, and compare: across the
//! borders of days, weeks, months and years, with gaps, late events, and both environments.
#![expect(clippy::cast_possible_truncation, reason = "small numbers, and times of seconds")]

use std::{collections::BTreeMap, time::Duration};

use altus4_kernel::{Environment, SearchId, Timestamp, uuid::Uuid};

use super::{
    AnalyticsSubject,
    steps::{account, database, owner},
};
use crate::{
    DayRange, Environments, Figures, Grain, LabelKind, LoggedSearch, Outcome, QueryList, Whose, day_of,
    hour_of, named_day, testkit::sample_search,
};

/// Numbers that look like chance and are the same each time: `SplitMix64` (Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

fn day(name: &str) -> i64 {
    named_day(name).expect("a day")
}

/// Searches around the ends of a leap February, of a year and of a week, and on days between them.
async fn events(subject: &dyn AnalyticsSubject) -> Vec<LoggedSearch> {
    let accounts = [owner(subject).await, account(subject, 2).await];
    let days = [
        "2024-02-28",
        "2024-02-29",
        "2024-03-01",
        "2024-03-31",
        "2024-04-01",
        "2024-06-15",
        "2024-12-28",
        "2024-12-29",
        "2024-12-30",
        "2024-12-31",
        "2025-01-01",
        "2025-01-05",
        "2025-01-06",
        "2025-02-28",
    ];
    let mut dice = Dice(8);
    let mut events = Vec::new();
    for number in 1..=700_u32 {
        let day = day(days[dice.roll(days.len() as u64) as usize]);
        // The first and the last millisecond of some days, too.
        let millis = match dice.roll(10) {
            0 => 0,
            1 => 86_399_999,
            _ => dice.roll(86_400_000),
        };
        let at = Timestamp::from_unix_seconds(day * 86_400).expect("a day") + Duration::from_millis(millis);
        // As frequent as words are, roughly.
        let word = dice.roll(40) * dice.roll(40) / 40;
        let outcome = Outcome::ALL[[0, 0, 0, 0, 1, 2][dice.roll(6) as usize]];
        let longest = 1 << dice.roll(24);
        let databases = [vec![1], vec![2], vec![1, 2], vec![3]][dice.roll(4) as usize].clone();
        events.push(LoggedSearch {
            id: SearchId::from_uuid(Uuid::from_u128(u128::from(number))),
            account_id: accounts[usize::from(dice.roll(3) == 0)],
            environment: if dice.roll(4) == 0 { Environment::Test } else { Environment::Live },
            mode: ["natural", "boolean", "semantic"][dice.roll(3) as usize].into(),
            databases: databases.into_iter().map(database).collect(),
            results: if outcome == Outcome::Failed { 0 } else { dice.roll(4) * dice.roll(50) },
            took: Duration::from_micros(200 + dice.roll(longest)),
            cached: dice.roll(3) == 0,
            outcome,
            at,
            ..sample_search(number, accounts[0], &format!("word {word}"))
        });
    }
    events
}

/// Ranges that begin and end within, at and across borders, and with nothing in them.
fn ranges() -> Vec<DayRange> {
    let pairs = [
        ("2024-02-29", "2024-02-29"),
        ("2024-02-28", "2024-03-01"),
        ("2024-03-01", "2024-03-31"),
        ("2024-03-15", "2024-12-30"),
        ("2024-02-29", "2025-02-28"),
        ("2024-12-30", "2025-01-05"),
        ("2024-12-31", "2025-01-01"),
        ("2024-05-01", "2024-05-31"),
        ("2024-01-01", "2024-12-31"),
        ("2025-01-01", "2025-12-31"),
    ];
    pairs.into_iter().map(|(first, last)| DayRange::new(day(first), day(last)).expect("a range")).collect()
}

/// Whether a percentile is the one of these times, within one in a hundred.
fn is_within(told: u64, times: &mut [u64], part: (u64, u64)) -> bool {
    times.sort_unstable();
    let Some(last) = (times.len() as u64).checked_sub(1) else { return told == 0 };
    let exact = times[(last * part.0 / part.1) as usize];
    // Half a microsecond for rounding.
    told.abs_diff(exact) as f64 <= exact as f64 * 0.01 + 0.5
}

async fn compare(subject: &dyn AnalyticsSubject, events: &[LoggedSearch]) {
    let accounts = [
        events[0].account_id,
        events.iter().map(|event| event.account_id).max_by_key(|id| id.as_uuid()).expect("some"),
    ];
    let mut whose = vec![Whose::System];
    for account in accounts {
        whose.push(Whose::Account(account));
        whose.extend((1..=3).map(|number| Whose::Database(account, database(number))));
    }
    for range in ranges() {
        for environments in [Environments::Live, Environments::Test, Environments::All] {
            for whose in whose.clone() {
                let figures = Figures { whose, environments, range };
                let wanted: Vec<_> = events.iter().filter(|event| belongs(event, figures)).collect();
                compare_sums(subject, figures, &wanted).await;
                if whose != Whose::System {
                    compare_queries(subject, figures, &wanted).await;
                }
            }
        }
    }
}

fn belongs(event: &LoggedSearch, figures: Figures) -> bool {
    let is_theirs = match figures.whose {
        Whose::System => true,
        Whose::Account(account) => event.account_id == account,
        Whose::Database(account, one) => event.account_id == account && event.databases.contains(&one),
    };
    let is_of_it = match figures.environments {
        Environments::All => true,
        Environments::Live => event.environment == Environment::Live,
        Environments::Test => event.environment == Environment::Test,
    };
    let day = event.at.unix_seconds().div_euclid(86_400);
    is_theirs && is_of_it && figures.range.first() <= day && day <= figures.range.last()
}

async fn compare_sums(subject: &dyn AnalyticsSubject, figures: Figures, wanted: &[&LoggedSearch]) {
    for grain in [Grain::Hour, Grain::Day] {
        let mut steps: BTreeMap<i64, Vec<&LoggedSearch>> = BTreeMap::new();
        for event in wanted {
            let step = if grain == Grain::Hour { hour_of(event.at) } else { 24 * day_of(event.at) };
            steps.entry(step).or_default().push(event);
        }
        let points = subject.reader().sums(figures, grain).await.expect("sums");
        let told: Vec<_> = points.iter().map(|point| point.hour).collect();
        assert_eq!(told, steps.keys().copied().collect::<Vec<_>>(), "{figures:?} {grain:?}");
        for (point, events) in points.iter().zip(steps.values()) {
            let count =
                |is: &dyn Fn(&LoggedSearch) -> bool| events.iter().filter(|event| is(event)).count() as u64;
            let sums = &point.sums;
            assert_eq!(sums.searches, events.len() as u64, "{figures:?}");
            assert_eq!(sums.failed, count(&|event| event.outcome == Outcome::Failed));
            assert_eq!(sums.partial, count(&|event| event.outcome == Outcome::Partial));
            assert_eq!(sums.misses, count(&|event| event.outcome != Outcome::Failed && event.results == 0));
            assert_eq!(sums.cached, count(&|event| event.cached));
            assert_eq!(sums.results, events.iter().map(|event| event.results).sum::<u64>());
            let mut times: Vec<_> = events.iter().map(|event| event.took.as_micros() as u64).collect();
            assert_eq!(sums.took_us, times.iter().sum::<u64>());
            assert_eq!(Some(sums.longest_us), times.iter().copied().max());
            for (part, fraction) in [(0.5, (50, 100)), (0.95, (95, 100)), (0.99, (99, 100))] {
                assert!(is_within(sums.times.quantile(part), &mut times, fraction), "{figures:?} {part}");
            }
        }
        let mut whole = crate::TimeSketch::default();
        for point in &points {
            whole.merge(&point.sums.times);
        }
        let mut times: Vec<_> = wanted.iter().map(|event| event.took.as_micros() as u64).collect();
        for (part, fraction) in [(0.5, (50, 100)), (0.95, (95, 100)), (0.99, (99, 100))] {
            assert!(is_within(whole.quantile(part), &mut times, fraction), "{figures:?} {part} of all");
        }
    }
    let mut modes: BTreeMap<&str, u64> = BTreeMap::new();
    for event in wanted {
        *modes.entry(&event.mode).or_default() += 1;
    }
    let labels = subject.reader().labels(figures, LabelKind::Mode).await.expect("labels");
    let told: BTreeMap<_, _> = labels.iter().map(|label| (label.label.as_str(), label.searches)).collect();
    assert_eq!(told, modes, "{figures:?}");
}

async fn compare_queries(subject: &dyn AnalyticsSubject, figures: Figures, wanted: &[&LoggedSearch]) {
    for list in QueryList::EACH {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let in_list = |event: &&&LoggedSearch| {
            list == QueryList::All || (event.outcome != Outcome::Failed && event.results == 0)
        };
        wanted.iter().filter(in_list).for_each(|event| *counts.entry(&event.folded).or_default() += 1);
        let found = subject.reader().top_queries(figures, list, 0, 5).await.expect("top_queries");
        let different = subject.reader().different_queries(figures, list).await.expect("different_queries");
        assert_eq!(different, counts.len() as u64, "{figures:?} {list:?}");
        let mut greatest: Vec<_> = counts.values().copied().collect();
        greatest.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
        greatest.truncate(5);
        assert_eq!(found.iter().map(|query| query.searches).collect::<Vec<_>>(), greatest, "{figures:?}");
        for query in found {
            assert_eq!(
                Some(&query.searches),
                counts.get(query.folded.as_str()),
                "{figures:?} {}",
                query.folded
            );
            let its: Vec<_> =
                wanted.iter().filter(in_list).filter(|event| event.folded == query.folded).collect();
            assert_eq!(query.results, its.iter().map(|event| event.results).sum::<u64>());
            assert_eq!(query.took_us, its.iter().map(|event| event.took.as_micros() as u64).sum::<u64>());
            assert_eq!(Some(query.last_at), its.iter().map(|event| event.at).max());
        }
    }
}

/// In the order they happened, in batches.
pub async fn figures_are_those_of_the_events(subject: &dyn AnalyticsSubject) {
    let mut events = events(subject).await;
    events.sort_by_key(|event| event.at);
    for batch in events.chunks(97) {
        subject.log(batch).await;
    }
    compare(subject, &events).await;
}

/// In any order, and some of them twice.
pub async fn figures_stay_right_when_events_come_late(subject: &dyn AnalyticsSubject) {
    let events = events(subject).await;
    for batch in events.chunks(61) {
        subject.log(batch).await;
    }
    subject.log(&events[100..150]).await;
    compare(subject, &events).await;
}
