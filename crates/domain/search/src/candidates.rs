//! Candidates: what to ask a table for, so that its best rows are among the answers and the question
//! is cheap. Pure: terms and what is known of a table's words in, expressions out.
//!
//! A search in a full-text index costs what its commonest word costs, and that word says least. As
//! in Turtle & Flood, "Query evaluation: strategies and optimizations" (1995): rows that hold none
//! of the telling words can't be among the best, so the common ones are left to the ranking.

use altus4_connections::IndexRules;

use crate::{
    Expr, Term, TermText,
    terms::{self, Terms},
    vocabulary::Vocabulary,
};

/// So many words are few.
const FEW_WORDS: usize = 3;
/// So many columns are few.
const FEW_COLUMNS: usize = 2;
/// How many forms of a word are asked for.
const MAX_FORMS: usize = 8;
/// A word with so many rows of its own has candidates enough: its other forms are asked for only
/// while they cost little.
const MANY_ROWS: f64 = 1_000.0;
/// What they may cost then, as a share of the word itself.
const CHEAP_FORMS: f64 = 0.1;
/// How many rows the telling words need to have together before others are left to the ranking.
const ENOUGH_ROWS: f64 = 400.0;
/// A table of so many rows is read whole where its index can't find a word.
const READ_ROWS: u64 = 2_000;
/// How much of what all words tell may be left to the ranking.
const LEFT_SHARE: f64 = 0.2;

/// How many rows of a table are ranked by their words, so many columns being read for that; those
/// beyond keep the server's order. The more words there are, the less the server's own order of them
/// is to be trusted, and the more its search costs beside the reading of a few rows more.
pub(crate) fn depth(terms: &Terms, columns: usize) -> u32 {
    // What is held of a table's rows stays within bounds however long its texts are.
    if are_few(terms) || columns > FEW_COLUMNS { 200 } else { 500 }
}

/// Beside many words, a row is found through the others also where one is written in two.
fn are_few(terms: &Terms) -> bool {
    terms.len() <= FEW_WORDS
}

/// What the best rows hold: any of the telling words, in any of their forms. Every row that matches
/// is found by [`every`].
pub(crate) fn head(terms: &Terms, known: Option<&Vocabulary>, rules: Option<&IndexRules>) -> Expr {
    let Some(known) = known else { return every(terms, None, rules) };
    let mut words: Vec<(f64, f64, &terms::Term)> = terms
        .iter()
        .map(|term| {
            let rows = term.rows(known);
            (rows, (1.0 + (known.rows() as f64 - rows + 0.5).max(0.5) / (rows + 0.5)).ln(), term)
        })
        .collect();
    words.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: f64 = words.iter().map(|(_, weight, _)| weight).sum();
    let (mut rows, mut told, mut asked) = (0.0, 0.0, 0);
    for (of_word, weight, _) in &words {
        if rows >= ENOUGH_ROWS && all - told <= LEFT_SHARE * all {
            break;
        }
        rows += of_word;
        told += weight;
        asked += 1;
    }
    expression(words[..asked].iter().map(|(.., term)| *term), (Some(known), rules), are_few(terms))
}

/// What every row that matches holds.
pub(crate) fn every(terms: &Terms, known: Option<&Vocabulary>, rules: Option<&IndexRules>) -> Expr {
    expression(terms.iter(), (known, rules), are_few(terms))
}

fn expression<'a>(
    terms: impl Iterator<Item = &'a terms::Term>,
    (known, rules): (Option<&Vocabulary>, Option<&IndexRules>),
    in_parts: bool,
) -> Expr {
    let is_small = known.is_some_and(|known| known.rows() <= READ_ROWS);
    let is_held = |text: &TermText| match (rules, text) {
        (None, _) => true,
        (Some(rules), TermText::Word(word) | TermText::Prefix(word)) => rules.holds(word),
        // One word that the index has is enough to find it through; a small table is read for it.
        (Some(rules), TermText::Phrase(words)) => is_small || words.iter().any(|word| rules.holds(word)),
    };
    let all: Vec<TermText> = terms.flat_map(|term| forms(term, known, in_parts)).collect();
    let held: Vec<&TermText> = all.iter().filter(|text| is_held(text)).collect();
    // Words that the index leaves out are looked for when there are no others.
    let asked: Vec<&TermText> = if held.is_empty() { all.iter().collect() } else { held };
    Expr::Any(
        asked.into_iter().map(|text| Expr::Term(Term { text: text.clone(), columns: vec![] })).collect(),
    )
}

/// What every row holds that has a term, in any of its forms.
pub(crate) fn any_form(term: &terms::Term, known: Option<&Vocabulary>) -> Expr {
    expression(std::iter::once(term), (known, None), true)
}

/// The forms in which a table may hold a term; also as two words where it writes it with a hyphen, if
/// that is wanted.
fn forms(term: &terms::Term, known: Option<&Vocabulary>, in_parts: bool) -> Vec<TermText> {
    let mut words: Vec<String> = term.words().to_vec();
    let mut phrases = Vec::new();
    if let Some(known) = known {
        let mut forms: Vec<(&str, f64)> =
            term.stems_in(known.language()).flat_map(|stem| known.forms(stem)).collect();
        forms.sort_by(|a, b| b.1.total_cmp(&a.1));
        let typed: f64 = forms
            .iter()
            .filter(|(form, _)| words.iter().any(|word| word == form))
            .map(|(_, rows)| rows)
            .sum();
        let budget = if typed < MANY_ROWS { f64::INFINITY } else { typed * CHEAP_FORMS };
        let mut cost = 0.0;
        for (form, rows) in forms.into_iter().take(MAX_FORMS) {
            if cost + rows <= budget && !words.iter().any(|word| word == form) {
                cost += rows;
                words.push(form.to_owned());
            }
        }
        if in_parts {
            let parts = words.iter().filter_map(|word| known.parts(word));
            let phrase = |(first, second): (&str, &str)| vec![first.to_owned(), second.to_owned()];
            phrases.extend(parts.map(phrase).map(TermText::Phrase));
        }
    }
    words.into_iter().map(TermText::Word).chain(phrases).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, sync::Arc};

    use altus4_connections::SearchLanguage;

    use super::*;
    use crate::vocabulary::Census;

    /// A table of a thousand rows: `common` in each, `usual` in half, `rare` in three.
    fn table() -> Vocabulary {
        let mut census = Census::new(1, SearchLanguage::English);
        for row in 0..1_000 {
            let usual = if row % 2 == 0 { "usual" } else { "usually" };
            let rare = if row % 400 == 0 { "rare wi-fi" } else { "" };
            let half = if row < 500 { "half halves" } else { "" };
            census.add([format!("common {usual} {rare} {half}").as_str()].into_iter());
        }
        census.finish(true, 0)
    }

    fn asked(expr: &Expr) -> Vec<String> {
        let Expr::Any(terms) = expr else { return vec!["not any".to_owned()] };
        let text = |expr: &Expr| match expr {
            Expr::Term(Term { text: TermText::Word(word), .. }) => word.clone(),
            Expr::Term(Term { text: TermText::Phrase(words), .. }) => format!("\"{}\"", words.join(" ")),
            other => format!("{other:?}"),
        };
        terms.iter().map(text).collect()
    }

    #[test]
    fn common_words_are_left_to_the_ranking_beside_rare_ones_that_give_rows_enough() {
        let known = table();
        let terms = Terms::of("common half rare", &[]);
        let head = asked(&head(&terms, Some(&known), None));
        assert_eq!(head, ["rare", "half"]);
        assert!(asked(&every(&terms, Some(&known), None)).contains(&"common".to_owned()));
    }

    #[test]
    fn where_rare_words_give_too_few_rows_common_ones_are_asked_for_too() {
        let known = table();
        assert_eq!(asked(&head(&Terms::of("common rare", &[]), Some(&known), None)), ["rare", "common"]);
        assert_eq!(asked(&head(&Terms::of("common", &[]), Some(&known), None)), ["common"]);
    }

    #[test]
    fn a_table_is_asked_for_the_forms_that_it_has() {
        let known = table();
        assert_eq!(asked(&every(&Terms::of("halved", &[]), Some(&known), None)), ["halved", "halves"]);
        assert_eq!(asked(&every(&Terms::of("usual", &[]), Some(&known), None)), ["usual", "usually"]);
        assert_eq!(asked(&every(&Terms::of("wifi", &[]), Some(&known), None)), ["wifi", "\"wi fi\""]);
    }

    #[test]
    fn words_that_the_index_leaves_out_are_asked_for_alone_only() {
        let stop_words = Arc::new(HashSet::from(["usual".to_owned()]));
        let rules = IndexRules { min_chars: 3, stop_words, ..IndexRules::default() };
        assert_eq!(asked(&every(&Terms::of("go usual rare", &[]), None, Some(&rules))), ["rare"]);
        assert_eq!(asked(&every(&Terms::of("go", &[]), None, Some(&rules))), ["go"]);
    }
}
