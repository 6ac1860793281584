//! Groups of results that are near each other, and what to call them.

use std::collections::{HashMap, HashSet};

use altus4_connections::SearchLanguage;
use altus4_kernel::ConnectionId;

use crate::{
    Category, Hit, Vector,
    terms::{Finder, Finders, is_telling},
    text::{fold, words},
};

/// Of fewer results nothing can be told.
const FEWEST: usize = 4;
/// How much nearer than all results are on the average those of a group have to be, in standard
/// deviations.
const NEARER: f64 = 0.5;
/// How much of a result's text is read for words.
const READ_WORDS: usize = 200;
/// The shortest word that is a name.
const SHORTEST: usize = 3;

/// Gives the results that say nothing themselves the name of their group, where there is one. Each comes
/// with its vector, where that is at hand.
///
/// Groups are made by merging the nearest two as long as their members are on the average near enough
/// (average linkage: Sokal & Michener 1958). A group is called by the word with the greatest c-TF-IDF
/// (Grootendorst, "`BERTopic`", 2022) that at least half of its members have and that nobody searched
/// for; without such a word it has no name, and is none. `language` tells in which one a database's
/// rows are.
pub(crate) fn name_groups(
    results: &mut [(Hit, Option<Vector>)],
    finders: &mut Finders<'_>,
    language: impl Fn(ConnectionId) -> SearchLanguage,
) {
    let mut known = Vec::new();
    for (hit, vector) in results {
        if let Some(vector) = vector.as_ref().filter(|_| hit.categories.is_empty()) {
            known.push((hit, vector));
        }
    }
    let mut results = known;
    if results.len() < FEWEST {
        return;
    }
    let near = |a: usize, b: usize| f64::from(results[a].1.similarity(results[b].1));
    let groups = groups(results.len(), &near);
    let mut of_row = |hit: &Hit| said(hit, finders.for_language(language(hit.connection_id)));
    let said: Vec<HashMap<String, String>> = results.iter().map(|(hit, _)| of_row(hit)).collect();
    let named: Vec<(Vec<usize>, Category)> = groups
        .iter()
        .filter_map(|group| {
            let name = name(group, &groups, &said)?;
            let confidence = (mean(group, &near).clamp(0.0, 1.0) * 1e4).round() / 1e4;
            Some((group.clone(), Category { name, count: 1, confidence }))
        })
        .collect();
    for (group, category) in named {
        for member in group {
            results[member].0.categories.push(category.clone());
        }
    }
}

/// The average nearness of a group's members to each other.
fn mean(group: &[usize], near: &impl Fn(usize, usize) -> f64) -> f64 {
    let pairs = group.iter().enumerate().flat_map(|(at, a)| group[at + 1..].iter().map(|b| near(*a, *b)));
    let (sum, count) = pairs.fold((0.0, 0_u32), |(sum, count), near| (sum + near, count + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

/// Groups of two and more, each in the order of the results.
fn groups(results: usize, near: &impl Fn(usize, usize) -> f64) -> Vec<Vec<usize>> {
    let pairs: Vec<f64> =
        (0..results).flat_map(|a| (a + 1..results).map(move |b| (a, b))).map(|(a, b)| near(a, b)).collect();
    let average = pairs.iter().sum::<f64>() / pairs.len().max(1) as f64;
    let variance = pairs.iter().map(|near| (near - average).powi(2)).sum::<f64>() / pairs.len().max(1) as f64;
    let enough = average + NEARER * variance.sqrt();
    // Sums of nearness between the groups, so that merging two costs one pass.
    let mut sums: Vec<Vec<f64>> =
        (0..results).map(|a| (0..results).map(|b| if a == b { 0.0 } else { near(a, b) }).collect()).collect();
    let mut groups: Vec<Vec<usize>> = (0..results).map(|at| vec![at]).collect();
    loop {
        let mut best: Option<(f64, usize, usize)> = None;
        for a in 0..groups.len() {
            for b in a + 1..groups.len() {
                let linkage = sums[a][b] / (groups[a].len() * groups[b].len()) as f64;
                if linkage > enough && best.is_none_or(|(known, ..)| linkage > known) {
                    best = Some((linkage, a, b));
                }
            }
        }
        let Some((_, a, b)) = best else { break };
        let merged = groups.remove(b);
        groups[a].extend(merged);
        let of_b = sums.remove(b);
        for row in &mut sums {
            let of = row.remove(b);
            row[a] += of;
        }
        for (at, sum) in of_b.into_iter().enumerate().filter(|(at, _)| *at != b) {
            let at = if at > b { at - 1 } else { at };
            if at != a {
                sums[a][at] += sum;
            }
        }
    }
    groups.retain(|group| group.len() > 1);
    for group in &mut groups {
        group.sort_unstable();
    }
    groups
}

/// The words of a result that could be a name, by their stems.
fn said(hit: &Hit, finder: &mut Finder<'_>) -> HashMap<String, String> {
    let texts = hit.data.iter().filter_map(|(_, value)| value.as_text());
    let mut said = HashMap::new();
    for word in texts.flat_map(|text| words(text).map(|span| &text[span.start..span.end])).take(READ_WORDS) {
        let folded = fold(word);
        let is_name = folded.chars().count() >= SHORTEST
            && folded.chars().all(char::is_alphabetic)
            && is_telling(&folded)
            && finder.find(word).is_none();
        if is_name {
            let stem = finder.stem(word, &folded).into_owned();
            said.entry(stem).or_insert_with(|| folded.clone().into_owned());
        }
    }
    said
}

/// The word that tells a group best from the others. Each result counts a word once, so that none is
/// louder than the others.
fn name(group: &[usize], groups: &[Vec<usize>], said: &[HashMap<String, String>]) -> Option<String> {
    let within =
        |group: &[usize], stem: &str| group.iter().filter(|at| said[**at].contains_key(stem)).count();
    let all: usize = groups.iter().flatten().map(|at| said[*at].len()).sum();
    let average = all as f64 / groups.len().max(1) as f64;
    let stems: HashSet<&String> = group.iter().flat_map(|at| said[*at].keys()).collect();
    let mut best: Option<(f64, &String)> = None;
    for stem in stems {
        let here = within(group, stem);
        if here * 2 < group.len() || here < 2 {
            continue;
        }
        let everywhere: usize = groups.iter().map(|group| within(group, stem)).sum();
        let weight = here as f64 / group.len() as f64 * (1.0 + average / everywhere as f64).ln();
        let is_better = best.is_none_or(|(known, name)| weight > known || (weight >= known && stem < name));
        if is_better {
            best = Some((weight, stem));
        }
    }
    let (_, stem) = best?;
    // As it is written first.
    group.iter().find_map(|at| said[*at].get(stem)).cloned()
}

#[cfg(test)]
mod tests {
    use altus4_connections::Value;

    use super::*;
    use crate::{terms::Terms, testkit::sample_answer};

    fn named(results: &[(&str, [f32; 2])], query: &str) -> Vec<Vec<String>> {
        named_in(SearchLanguage::English, results, query)
    }

    fn named_in(language: SearchLanguage, results: &[(&str, [f32; 2])], query: &str) -> Vec<Vec<String>> {
        let hits = sample_answer(1, u32::try_from(results.len()).unwrap(), "x").hits;
        let mut hits: Vec<(Hit, Option<Vector>)> = hits
            .into_iter()
            .zip(results)
            .map(|(hit, (text, vector))| {
                let data = vec![("body".to_owned(), Value::Text((*text).to_owned()))];
                (Hit { data, ..hit }, Vector::new(vector))
            })
            .collect();
        let terms = Terms::of(query, &[language]);
        name_groups(&mut hits, &mut terms.finders(), |_| language);
        let names = |(hit, _): (Hit, _)| hit.categories.into_iter().map(|category| category.name).collect();
        hits.into_iter().map(names).collect()
    }

    #[test]
    fn near_results_are_called_by_the_word_that_tells_them_from_the_others() {
        let named = named(
            &[
                ("repair the engine of a car", [1.0, 0.1]),
                ("an engine that won't start, repair", [1.0, 0.2]),
                ("bake the bread, repair of ovens", [0.1, 1.0]),
                ("bread without yeast", [0.0, 1.0]),
            ],
            "repair",
        );
        assert_eq!(named, [["engine"], ["engine"], ["bread"], ["bread"]]);
    }

    #[test]
    fn forms_of_a_name_are_one_by_the_rules_of_the_rows_language() {
        let results =
            [("Haus", [1.0, 0.1]), ("Häuser", [1.0, 0.2]), ("Brot", [0.1, 1.0]), ("Brote", [0.0, 1.0])];
        let named_in = |language| named_in(language, &results, "x");
        assert_eq!(named_in(SearchLanguage::German), [["haus"], ["haus"], ["brot"], ["brot"]]);
        assert!(named_in(SearchLanguage::English).iter().all(Vec::is_empty));
    }

    #[test]
    fn without_a_word_in_common_a_group_has_no_name() {
        let named = named(
            &[("one", [1.0, 0.0]), ("two", [1.0, 0.1]), ("three", [0.0, 1.0]), ("four", [0.1, 1.0])],
            "x",
        );
        assert!(named.iter().all(Vec::is_empty), "{named:?}");
    }

    #[test]
    fn results_that_are_all_alike_and_few_results_are_no_groups() {
        assert!(named(&[("same word", [1.0, 0.0]); 6], "x").iter().all(Vec::is_empty));
        assert!(
            named(&[("same word", [1.0, 0.0]), ("same word", [1.0, 0.1])], "x").iter().all(Vec::is_empty)
        );
    }
}
