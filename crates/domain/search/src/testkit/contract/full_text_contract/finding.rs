//! Which rows are found.

use altus4_connections::{Filter, Test, Value};

use super::bench::Bench;
use crate::{
    Expr, Matching, Scope, Term, TermText,
    testkit::{FullTextSubject, dice::Dice, samples},
};

fn word(word: &str) -> Expr {
    Expr::word(word)
}

fn prefix(begin: &str) -> Expr {
    Expr::Term(Term { text: TermText::Prefix(begin.to_owned()), columns: Vec::new() })
}

fn phrase(words: &[&str]) -> Expr {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    Expr::Term(Term { text: TermText::Phrase(words), columns: Vec::new() })
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

async fn articles(subject: &dyn FullTextSubject) -> Bench<'_> {
    Bench::of(subject, samples::articles()).await
}

/// A word is found whole, in whichever column; no stem of it, and nothing it is part of.
pub async fn a_word_is_found_in_any_column_whole(subject: &dyn FullTextSubject) {
    let bench = articles(subject).await;
    bench.assert_finds(word("router"), &[1, 2, 3, 7]).await;
    bench.assert_finds(word("reset"), &[1, 3, 7]).await;
    bench.assert_finds(word("rout"), &[]).await;
    bench.assert_finds(Expr::any_word(["cables", "button"]), &[1, 3]).await;
    bench.assert_finds(Expr::All(vec![word("reset"), word("router")]), &[1, 3, 7]).await;
}

/// Words too short or too common for an index are words like all others.
pub async fn words_that_indexes_leave_out_are_found(subject: &dyn FullTextSubject) {
    let bench = articles(subject).await;
    for (common, expected) in
        [("the", vec![1, 3]), ("to", vec![1]), ("a", vec![4]), ("go", vec![1, 4]), ("ai", vec![4])]
    {
        bench.assert_finds(word(common), &expected).await;
    }
    bench.assert_finds(Expr::All(vec![word("the"), word("router")]), &[1, 3]).await;
    bench.assert_finds(Expr::All(vec![word("router"), not(word("the"))]), &[2, 7]).await;
    bench.assert_finds(Expr::any_word(["a", "cables"]), &[3, 4]).await;
    bench.assert_finds(phrase(&["to", "go"]), &[1]).await;
}

/// Case and accents make no difference; other scripts are words too.
pub async fn words_of_any_script_are_found_without_case_and_accents(subject: &dyn FullTextSubject) {
    let bench = articles(subject).await;
    bench.assert_finds(word("cafe"), &[5]).await;
    bench.assert_finds(word("café"), &[5]).await;
    bench.assert_finds(word("日本語"), &[7]).await;
    bench.assert_finds(word("日本"), &[]).await;
    bench.assert_finds(word("привет"), &[8]).await;
}

/// `_` is part of words, and stands for nothing else. An inner apostrophe is and isn't: the servers'
/// indexes cut there.
pub async fn what_is_no_letter_to_the_server_is_part_of_a_word(subject: &dyn FullTextSubject) {
    let bench = articles(subject).await;
    bench.assert_finds(word("snake_case"), &[5]).await;
    bench.assert_finds(word("don't"), &[5]).await;
    bench.assert_finds(word("don"), &[5]).await;
    bench.assert_finds(word("dont"), &[]).await;
    bench.assert_finds(phrase(&["snake", "case"]), &[5]).await;
    bench.assert_finds(prefix("snake_"), &[5]).await;
}

/// The words of a phrase stand one right after the other, whatever separates them, in one column.
pub async fn phrases_stand_in_one_column_without_a_gap(subject: &dyn FullTextSubject) {
    let bench = articles(subject).await;
    bench.assert_finds(phrase(&["the", "router"]), &[1, 3]).await;
    bench.assert_finds(phrase(&["router", "reset"]), &[7]).await;
    bench.assert_finds(phrase(&["wi", "fi"]), &[3]).await;
    bench.assert_finds(phrase(&["cables", "the"]), &[]).await;
    bench.assert_finds(phrase(&["reset", "router"]), &[]).await;
}

/// A prefix is found where a word begins with it, be it the whole of it.
pub async fn prefixes_begin_words(subject: &dyn FullTextSubject) {
    let bench = articles(subject).await;
    bench.assert_finds(prefix("reset"), &[1, 3, 7]).await;
    bench.assert_finds(prefix("caf"), &[5, 7]).await;
    bench.assert_finds(prefix("r"), &[1, 2, 3, 7]).await;
    bench.assert_finds(prefix("th"), &[1, 3]).await;
    bench.assert_finds(prefix("outer"), &[]).await;
}

/// Rows without any text, or without the word, are found by its negation.
pub async fn a_lone_not_finds_all_other_rows(subject: &dyn FullTextSubject) {
    let bench = articles(subject).await;
    bench.assert_finds(not(word("router")), &[4, 5, 6, 8]).await;
    bench.assert_finds(not(word("the")), &[2, 4, 5, 6, 7, 8]).await;
    bench.assert_finds(not(not(word("router"))), &[1, 2, 3, 7]).await;
    bench.assert_finds(not(word("nowhere")), &[1, 2, 3, 4, 5, 6, 7, 8]).await;
}

/// Groups mean what they say; of nothing, all is everything and any is nothing.
pub async fn groups_are_nested_as_written(subject: &dyn FullTextSubject) {
    let bench = articles(subject).await;
    bench.assert_finds(Expr::Any(vec![word("cables"), not(word("router"))]), &[3, 4, 5, 6, 8]).await;
    let either = Expr::any_word(["router", "cafe"]);
    let not_both = not(Expr::All(vec![word("reset"), word("the")]));
    bench.assert_finds(Expr::All(vec![either, not_both]), &[2, 5, 7]).await;
    bench.assert_finds(Expr::All(Vec::new()), &[1, 2, 3, 4, 5, 6, 7, 8]).await;
    bench.assert_finds(Expr::Any(Vec::new()), &[]).await;
    bench.assert_finds(not(Expr::All(Vec::new())), &[]).await;
    bench.assert_finds(Expr::Any(vec![Expr::Any(Vec::new()), word("cables")]), &[3]).await;
}

/// At least so many of several; none at all is asked of every row.
pub async fn so_many_of_them_are_enough(subject: &dyn FullTextSubject) {
    let bench = articles(subject).await;
    let words = || vec![word("reset"), word("router"), word("the")];
    for (least, expected) in [
        (0, vec![1, 2, 3, 4, 5, 6, 7, 8]),
        (1, vec![1, 2, 3, 7]),
        (2, vec![1, 3, 7]),
        (3, vec![1, 3]),
        (4, vec![]),
    ] {
        bench.assert_finds(Expr::AtLeast(least, words()), &expected).await;
    }
}

/// A term that names columns counts in these alone.
pub async fn a_term_counts_in_its_columns_alone(subject: &dyn FullTextSubject) {
    let bench = articles(subject).await;
    for (column, text, expected) in [
        ("title", TermText::Word("router".into()), vec![1, 2]),
        ("body", TermText::Word("router".into()), vec![3, 7]),
        ("title", TermText::Word("the".into()), vec![1]),
        ("body", TermText::Prefix("reset".into()), vec![3, 7]),
        ("title", TermText::Phrase(vec!["the".into(), "router".into()]), vec![1]),
    ] {
        let term = Expr::Term(Term { text, columns: bench.columns(&[column]) });
        bench.assert_finds(term.clone(), &expected).await;
        let others: Vec<i64> = (1..=8).filter(|id| !expected.contains(id)).collect();
        bench.assert_finds(not(term), &others).await;
    }
}

/// Whatever the tree, the rows found are those that reading every row finds.
pub async fn random_trees_find_exactly_the_rows_of_a_naive_reading(subject: &dyn FullTextSubject) {
    const TREES: usize = 60;
    let mut dice = Dice::new(1);
    for table in 0..3 {
        let bench = Bench::of(subject, samples::notes(&format!("notes_{table}"), 24, &mut dice)).await;
        let mut scopes = bench.scopes();
        let notes = bench.columns(&["notes"]);
        scopes.push(Scope { indexes: vec![bench.key(&["title", "body"])], unindexed: notes.clone() });
        scopes.push(Scope::scan(notes));
        for _ in 0..TREES {
            let scope = scopes[dice.below(scopes.len())].clone();
            let expr = samples::tree(&mut dice, &scope.columns(), 3);
            bench.assert_as_read(bench.matching(scope, expr)).await;
        }
    }
}

/// Each operator holds for the values it should, and never for `NULL` but the one that asks for it.
pub async fn filters_hold_for_each_operator(subject: &dyn FullTextSubject) {
    let bench = Bench::of(subject, samples::notes("notes", 40, &mut Dice::new(2))).await;
    let scopes = [Scope::index(bench.key(&["title", "body"])), Scope::scan(bench.columns(&["title"]))];
    for (column, test) in samples::tests() {
        let is = Filter::Is(bench.column(column), test);
        for filter in [is.clone(), Filter::Not(Box::new(is))] {
            for scope in &scopes {
                for expr in [Expr::All(Vec::new()), not(word("router"))] {
                    let matching = bench.matching(scope.clone(), expr);
                    bench.assert_as_read(Matching { filter: Some(filter.clone()), ..matching }).await;
                }
            }
        }
    }
    // What is found is known for some, lest both readings be wrong alike.
    let ids = async |column, test| {
        let filter = Some(Filter::Is(bench.column(column), test));
        let matching = bench.matching(Scope::scan(bench.columns(&["title"])), Expr::All(Vec::new()));
        bench.ids(Matching { filter, ..matching }).await
    };
    let none: [i64; 0] = [];
    assert_eq!(ids("id", Test::In(vec![Value::Int(3), Value::Int(5)])).await, [3, 5]);
    assert_eq!(ids("id", Test::Gt(Value::Int(38))).await, [39, 40]);
    assert_eq!(ids("id", Test::In(Vec::new())).await, none);
    assert_eq!(ids("id", Test::IsNull).await, none);
}

/// Whatever the filter and the tree, the rows found are those that reading every row finds.
pub async fn random_filters_leave_exactly_the_rows_of_a_naive_reading(subject: &dyn FullTextSubject) {
    const FILTERS: usize = 120;
    let mut dice = Dice::new(3);
    let bench = Bench::of(subject, samples::notes("notes", 40, &mut dice)).await;
    let scopes = bench.scopes();
    for _ in 0..FILTERS {
        let scope = scopes[dice.below(scopes.len())].clone();
        let expr = samples::tree(&mut dice, &scope.columns(), 1);
        let filter = Some(samples::filter(&mut dice, &bench.table, 3));
        bench.assert_as_read(Matching { filter, ..bench.matching(scope, expr) }).await;
    }
}
