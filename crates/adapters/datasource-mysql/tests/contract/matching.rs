//! Which rows match: the same that a naive reading of their texts finds, for any expression.

use std::{fmt::Write, sync::Arc};

use altus4_connections::{FullTextKey, Table, Value};
use altus4_datasource_mysql::MySqlConfig;
use altus4_search::{
    Candidate, CandidateRequest, Expr, FullTextIndex, Matching, Order, Scope, Term, TermText,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use crate::fixture::{DEADLINE, World, odd_server, read, snapshot, source, target};

/// Words that the index holds, and such that it leaves out: stop words, short ones, and some with
/// apostrophes.
const WORDS: [&str; 16] = [
    "alpha",
    "beta",
    "gamma",
    "alphabet",
    "snake",
    "snake_case",
    "größe",
    "日本語",
    "don",
    "don't",
    "the",
    "that",
    "go",
    "a",
    "7",
    "2026",
];
const GAPS: [&str; 7] = [" ", ", ", "-", ". ", " 🎉 ", "'s ", "\u{0}"];

fn is_of_words(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn fold(text: &str) -> String {
    text.to_lowercase().replace('ö', "o").replace('’', "'")
}

/// Whether the text holds the word with no letter or digit next to it.
fn holds_word(text: &str, word: &str, is_prefix: bool) -> Vec<(usize, usize)> {
    let (text, word) = (fold(text), fold(word));
    let ends = text.match_indices(&word).map(|(at, found)| (at, at + found.len()));
    ends.filter(|(start, end)| {
        !text[..*start].ends_with(is_of_words) && (is_prefix || !text[*end..].starts_with(is_of_words))
    })
    .collect()
}

fn holds(text: &str, term: &TermText) -> bool {
    match term {
        TermText::Word(word) => !holds_word(text, word, false).is_empty(),
        TermText::Prefix(word) => !holds_word(text, word, true).is_empty(),
        TermText::Phrase(words) => {
            let mut ends: Option<Vec<usize>> = None;
            let folded = fold(text);
            for word in words {
                let found = holds_word(text, word, false).into_iter().filter(|(start, _)| {
                    ends.as_ref().is_none_or(|ends| {
                        ends.iter().any(|end| end < start && !folded[*end..*start].contains(is_of_words))
                    })
                });
                ends = Some(found.map(|(_, end)| end).collect());
            }
            ends.is_some_and(|ends| !ends.is_empty())
        }
    }
}

fn matches(expr: &Expr, scope: &[&str], row: &[(&str, Option<&str>)]) -> bool {
    match expr {
        Expr::Term(term) => {
            let counts = |name: &str| {
                if term.columns.is_empty() {
                    scope.contains(&name)
                } else {
                    term.columns.iter().any(|c| c.name() == name)
                }
            };
            row.iter().any(|(name, text)| counts(name) && text.is_some_and(|text| holds(text, &term.text)))
        }
        Expr::All(all) => all.iter().all(|one| matches(one, scope, row)),
        Expr::Any(all) => all.iter().any(|one| matches(one, scope, row)),
        Expr::AtLeast(count, all) => all.iter().filter(|one| matches(one, scope, row)).count() >= *count,
        Expr::Not(one) => !matches(one, scope, row),
    }
}

fn text() -> impl Strategy<Value = Option<String>> {
    let part = (proptest::sample::select(&WORDS[..]), proptest::sample::select(&GAPS[..]), any::<bool>());
    let part = part.prop_map(|(word, gap, is_upper)| {
        (if is_upper { word.to_uppercase() } else { word.to_owned() }) + gap
    });
    proptest::option::weighted(0.9, proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat()))
}

fn tree(table: &Arc<Table>, columns: &[&'static str]) -> impl Strategy<Value = Expr> + use<> {
    let word = || proptest::sample::select(&WORDS[..]).prop_map(str::to_owned);
    let prefix = word().prop_map(|word| word.chars().take(3).collect::<String>());
    let texts = prop_oneof![
        6 => word().prop_map(TermText::Word),
        1 => prefix.prop_map(|prefix| TermText::Prefix(prefix.trim_end_matches('\'').to_owned())),
        1 => proptest::collection::vec(word(), 2..4).prop_map(TermText::Phrase),
    ];
    let table = Arc::clone(table);
    let columns = proptest::sample::subsequence(columns.to_vec(), 0..=columns.len());
    let leaf =
        (texts, proptest::bool::weighted(0.2), columns).prop_map(move |(text, is_limited, columns)| {
            let column = |name: &&str| table.column(name).expect("a column").column.clone();
            let columns = if is_limited { columns.iter().map(column).collect() } else { Vec::new() };
            Expr::Term(Term { text, columns })
        });
    leaf.prop_recursive(3, 16, 4, |inner| {
        let some = || proptest::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            3 => some().prop_map(Expr::All),
            3 => some().prop_map(Expr::Any),
            1 => (0_usize..4, some()).prop_map(|(count, all)| Expr::AtLeast(count, all)),
            2 => inner.clone().prop_map(|one| Expr::Not(Box::new(one))),
        ]
    })
}

fn literal(text: Option<&str>) -> String {
    text.map_or("NULL".to_owned(), |text| format!("CONVERT(X'{}' USING utf8mb4)", hex(text)))
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn ids(found: &[Candidate]) -> Vec<i64> {
    let mut ids: Vec<_> = found
        .iter()
        .map(|candidate| match candidate.key.as_slice() {
            [Value::Int(id)] => *id,
            other => panic!("{other:?}"),
        })
        .collect();
    ids.sort_unstable();
    ids
}

fn scope(table: &Table, indexes: &[&str], unindexed: &[&str]) -> Scope {
    let index = |name: &&str| -> FullTextKey {
        table.full_text.iter().find(|index| index.index.name() == *name).expect("an index").clone()
    };
    Scope {
        indexes: indexes.iter().map(index).collect(),
        unindexed: read(table, unindexed).into_iter().map(|read| read.column).collect(),
    }
}

/// For each kind of scope.
const TREES: usize = 50;

/// What kind of index each scope has: one, several, one and columns beside, none.
const SCOPES: [(&[&str], &[&str]); 5] = [
    (&["both"], &[]),
    (&["titles", "bodies"], &[]),
    (&["bodies"], &["title"]),
    (&[], &["title", "note"]),
    (&["both", "bodies"], &["note"]),
];

async fn the_rows_found_are_those_of_a_naive_reading(options: &str, seed_offset: u32) {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    for _ in 0..seed_offset {
        let _ = any::<u64>().new_tree(&mut runner);
    }
    let rows: Vec<[Option<String>; 3]> = (0..40)
        .map(|_| [text(), text(), text()].map(|one| one.new_tree(&mut runner).expect("a text").current()))
        .collect();
    let values: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(id, row)| {
            format!("({id}, {})", row.each_ref().map(|text| literal(text.as_deref())).join(", "))
        })
        .collect();
    let world = World::new(&format!(
        "CREATE TABLE t (id INT PRIMARY KEY, title VARCHAR(500), body TEXT, note TEXT,
            FULLTEXT `both` (title, body), FULLTEXT titles (title), FULLTEXT bodies (body)) {options};
         INSERT INTO t VALUES {};",
        values.join(", ")
    ));
    let table = world.table("t").await;
    for (indexes, unindexed) in SCOPES {
        let scope = scope(&table, indexes, unindexed);
        let columns: Vec<&'static str> = ["title", "body", "note"]
            .into_iter()
            .filter(|name| scope.columns().iter().any(|c| c.name() == *name))
            .collect();
        for _ in 0..TREES {
            let expr = tree(&table, &columns).new_tree(&mut runner).expect("a tree").current();
            let fits = |row: &[Option<String>; 3]| {
                let [title, body, note] = row.each_ref().map(Option::as_deref);
                matches(&expr, &columns, &[("title", title), ("body", body), ("note", note)])
            };
            let expected: Vec<_> =
                (0_i64..).zip(&rows).filter(|(_, row)| fits(row)).map(|(id, _)| id).collect();
            let matching = Matching {
                table: Arc::clone(&table),
                scope: scope.clone(),
                expr: expr.clone(),
                filter: None,
            };
            let request = CandidateRequest { matching, order: Order::Relevance, read: vec![], limit: 100 };
            let explained = || altus4_search::Expr::normal(&expr);
            let found = world.candidates(&request).await;
            assert_eq!(ids(&found), expected, "{indexes:?} {unindexed:?} {:?}", explained());
            let count =
                world.source.count(&world.target, &request.matching, 1_000, DEADLINE).await.expect("a count");
            assert_eq!(count, expected.len() as u64, "{:?}", explained());
        }
    }
}

#[tokio::test]
async fn innodb_finds_the_rows_of_a_naive_reading() {
    the_rows_found_are_those_of_a_naive_reading("", 0).await;
}

#[tokio::test]
async fn a_partitioned_table_finds_the_rows_of_a_naive_reading() {
    the_rows_found_are_those_of_a_naive_reading("PARTITION BY HASH (id) PARTITIONS 3", 1).await;
}

#[tokio::test]
async fn engines_with_a_threshold_find_the_rows_of_a_naive_reading() {
    the_rows_found_are_those_of_a_naive_reading("ENGINE = MyISAM", 2).await;
    the_rows_found_are_those_of_a_naive_reading("ENGINE = Aria", 3).await;
}

/// Nothing of a word is an operator, a quote, or an expression, wherever it stands.
#[tokio::test]
async fn no_word_is_an_error_or_finds_what_it_does_not_say() {
    let giant = "o".repeat(5_000);
    let words = [
        "+",
        "-",
        "c++",
        "a*",
        "\"",
        "'",
        "(",
        ")",
        "~a",
        "<a",
        ">",
        "@",
        "a@b.de",
        "*",
        "\\",
        "\\E",
        "[a",
        "a{2}",
        "^alpha",
        "alpha|beta",
        ".*",
        "(?s).",
        "$",
        "\0",
        "a\0b",
        "🎉",
        "\u{301}",
        "\u{202e}",
        "' OR 1=1 -- ",
        "\" OR 1=1 -- ",
        "`",
        "%",
        "_",
        "?",
        ":a",
        "",
        " ",
        "\u{fffd}",
        &giant,
    ];
    let script =
        "CREATE TABLE t (id INT PRIMARY KEY, title VARCHAR(500), body TEXT, FULLTEXT `both` (title, body));
         INSERT INTO t VALUES (1, 'alpha', 'beta gamma'), (2, 'beta', 'gamma'), (3, NULL, NULL); COMMIT;";
    let world = World::new(script);
    let odd = odd_server();
    let database = odd.create_database();
    odd.execute(&database, script);
    let odd_source = source(MySqlConfig::default());
    let odd_target = target(odd, &database);
    for (source, target) in [(&world.source, &world.target), (&odd_source, &odd_target)] {
        let schema = snapshot(source, target).await;
        let table = schema.table("t").expect("the table");
        for scope in [scope(table, &["both"], &[]), scope(table, &[], &["title", "body"])] {
            let find = async |expr: Expr| {
                let matching = Matching {
                    table: Arc::clone(table),
                    scope: scope.clone(),
                    expr: expr.clone(),
                    filter: None,
                };
                let request =
                    CandidateRequest { matching, order: Order::Relevance, read: vec![], limit: 100 };
                let found = source.candidates(target, &request, DEADLINE).await;
                ids(&found.unwrap_or_else(|error| panic!("{error:?} {expr:?}")))
            };
            for word in words {
                let term = |text| Expr::Term(Term { text, columns: Vec::new() });
                let owned = || word.to_owned();
                for odd in [
                    term(TermText::Word(owned())),
                    term(TermText::Prefix(owned())),
                    term(TermText::Phrase(vec!["alpha".into(), owned(), "beta".into()])),
                ] {
                    let all = find(Expr::All(vec![Expr::word("alpha"), odd.clone()])).await;
                    assert!(all.is_empty() || all == [1], "{odd:?}: {all:?}");
                    let without =
                        find(Expr::All(vec![Expr::word("gamma"), Expr::Not(Box::new(odd.clone()))])).await;
                    assert!(!without.contains(&3), "{odd:?}: {without:?}");
                    let any = find(Expr::Any(vec![Expr::word("alpha"), odd.clone()])).await;
                    assert!(any.contains(&1) && !any.contains(&3), "{odd:?}: {any:?}");
                }
            }
        }
    }
}

/// A text of megabytes is read once for all words, on the server.
#[tokio::test]
async fn giant_texts_are_read_on_the_server() {
    let world = World::new(
        "CREATE TABLE t (id INT PRIMARY KEY, body LONGTEXT, FULLTEXT (body));
         INSERT INTO t VALUES (1, CONCAT(REPEAT('some words of a text, and more. ', 250000), 'to go')), (2, 'to go');",
    );
    let table = world.table("t").await;
    let scope = Scope::index(table.full_text[0].clone());
    let phrase = Expr::Term(Term { text: TermText::Phrase(vec!["to".into(), "go".into()]), columns: vec![] });
    let matching = Matching { table, scope, expr: Expr::Any(vec![phrase, Expr::word("zz")]), filter: None };
    let request = CandidateRequest { matching, order: Order::Relevance, read: vec![], limit: 100 };
    assert_eq!(ids(&world.candidates(&request).await), [1, 2]);
}
