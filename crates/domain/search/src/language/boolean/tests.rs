//! The boolean language, read as people write it.

use altus4_connections::{ColumnRef, DiscoveredColumn, DiscoveredTable, SchemaSnapshot};
use proptest::prelude::*;

use super::*;

/// The query as it is lowered for a table that has the columns `title` and `body`.
fn lowered(text: &str) -> String {
    let columns: Vec<ColumnRef> = columns();
    let find = |name: &str| columns.iter().find(|column| column.name() == name).cloned();
    show(&BooleanQuery::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}")).lower(&find))
}

fn columns() -> Vec<ColumnRef> {
    let column = |name: &str| DiscoveredColumn { name: name.into(), ..Default::default() };
    let schema = SchemaSnapshot::new(vec![DiscoveredTable {
        name: "t".into(),
        columns: vec![column("title"), column("body")],
        ..Default::default()
    }]);
    schema.tables()[0].columns.iter().map(|column| column.column.clone()).collect()
}

fn show(expr: &Expr) -> String {
    let join = |exprs: &[Expr], sign: &str| {
        if exprs.is_empty() {
            return format!("({sign})");
        }
        format!("({})", exprs.iter().map(show).collect::<Vec<_>>().join(sign))
    };
    match expr {
        Expr::All(exprs) => join(exprs, " & "),
        Expr::Any(exprs) => join(exprs, " | "),
        Expr::AtLeast(least, exprs) => format!("{least} of {}", join(exprs, ", ")),
        Expr::Not(expr) => format!("!{}", show(expr)),
        Expr::Term(Term { text, columns }) => {
            let columns: String = columns.iter().flat_map(|column| [column.name(), ":"]).collect();
            match text {
                TermText::Word(word) => format!("{columns}{word}"),
                TermText::Prefix(word) => format!("{columns}{word}*"),
                TermText::Phrase(words) => format!("{columns}'{}'", words.join(" ")),
            }
        }
    }
}

#[test]
fn operators_bind_as_in_every_other_language() {
    for (text, expected) in [
        ("Router", "router"),
        ("a b", "(a & b)"),
        ("a AND b OR c d", "((a & b) | (c & d))"),
        ("a (b OR c)", "(a & (b | c))"),
        ("((a))", "a"),
        ("NOT a", "!a"),
        ("a OR NOT b", "(a | !b)"),
        ("NOT NOT a", "!!a"),
        ("NOT (a b) c", "(!(a & b) & c)"),
        ("a NOT b", "(a & !b)"),
        ("NOT -a", "!!a"),
        ("a(b)c", "(a & b & c)"),
        ("a or b and not c", "(a & or & b & and & not & c)"),
        ("\"AND\" \"x OR y\"", "(and & 'x or y')"),
    ] {
        assert_eq!(lowered(text), expected, "{text}");
    }
}

#[test]
fn signs_mean_what_they_mean_to_mysql() {
    for (text, expected) in [
        ("+a -b", "(a & !b)"),
        ("-a", "!a"),
        ("+(>turnover <strudel)", "(turnover & strudel)"),
        ("+>a -(b OR c)", "(a & !(b | c))"),
        ("a ~noise", "a"),
        ("a OR ~noise", "a"),
        ("~noise", "noise"),
        ("a -~b", "(a & !b)"),
        ("a OR (~b ~c)", "a"),
    ] {
        assert_eq!(lowered(text), expected, "{text}");
    }
}

#[test]
fn words_are_cut_as_the_servers_cut_them() {
    for (text, expected) in [
        ("wi-fi 3.14", "('wi fi' & '3 14')"),
        ("ann@example.com", "'ann example com'"),
        ("c++ don't", "(c & don't)"),
        ("\"Hard, reset!\" \"router\"", "('hard reset' & router)"),
        ("cabl* Größe*", "(cabl* & größe*)"),
        ("10:30 https://example.com std::vec", "('10 30' & 'https example com' & 'std vec')"),
        ("“wi fi”", "'wi fi'"),
    ] {
        assert_eq!(lowered(text), expected, "{text}");
    }
}

#[test]
fn a_column_is_for_the_word_phrase_or_group_after_it() {
    for (text, expected) in [
        ("title:router body", "(title:router & body)"),
        ("title:\"hard reset\"", "title:'hard reset'"),
        ("-title:cabl*", "!title:cabl*"),
        ("title:(a OR body:b)", "(title:a | body:b)"),
        ("nowhere:a", "( | )"),
        ("b OR NOT nowhere:a", "(b | !( | ))"),
    ] {
        assert_eq!(lowered(text), expected, "{text}");
    }
    let query = BooleanQuery::parse("title:a nowhere:(b OR title:c)").unwrap();
    assert_eq!(query.columns(), ["title", "nowhere"]);
}

#[test]
fn a_fault_tells_where_and_what_was_expected() {
    let faults: Vec<_> = [
        "",
        "   ",
        "()",
        "a (b",
        "a)",
        "a \"b",
        "\"\"",
        "a AND",
        "OR a",
        "a AND OR b",
        "NOT",
        "- a",
        "a -",
        "++a",
        "+-a",
        "*",
        "fo*o",
        "a**",
        "wi-fi*",
        "\"a b\"@5",
        "\"a b\"*",
        "title:",
        "title: a",
        "a:b:c",
        "🍕",
        "größe \"x",
    ]
    .into_iter()
    .map(|text| {
        let fault = BooleanQuery::parse(text).expect_err(text);
        format!("{text:?}: {} {}", fault.position, fault.expected)
    })
    .collect();
    insta::assert_snapshot!(faults.join("\n"));
}

#[test]
fn bounds_are_kept() {
    let words = |count: usize| vec!["a"; count].join(" ");
    assert!(BooleanQuery::parse(&words(BooleanQuery::MAX_TERMS)).is_ok());
    assert_eq!(BooleanQuery::parse(&words(33)).unwrap_err().position, 64);
    for (open, close) in [("(", ")"), ("NOT ", ""), ("NOT (", ")"), ("(-", ")")] {
        let nested = |depth: usize| format!("{}a{}", open.repeat(depth), close.repeat(depth));
        assert!(BooleanQuery::parse(&nested(8)).is_ok(), "{open}");
        assert!(BooleanQuery::parse(&nested(100_000)).is_err(), "{open}");
    }
}

#[test]
fn what_counts_is_told_with_how_much() {
    let query = BooleanQuery::parse("+>a <title:b* NOT (c NOT d) ~>\"e f\"").err();
    assert_eq!(query.map(|fault| fault.position), Some(29), "one mark is enough");
    let query = BooleanQuery::parse("+>a <title:b* NOT (c NOT d) ~\"e f\"").unwrap();
    let terms: Vec<_> = query
        .terms()
        .into_iter()
        .map(|term| (show(&Expr::Term(Term { text: term.text, columns: vec![] })), term.column, term.weight))
        .collect();
    let expected = [
        ("a".to_owned(), None, 2.0),
        ("b*".to_owned(), Some("title".to_owned()), 0.5),
        ("d".to_owned(), None, 1.0),
        ("'e f'".to_owned(), None, -0.5),
    ];
    assert_eq!(terms, expected);
}

#[test]
fn what_the_fuzzer_found_is_a_tree_or_has_a_fault() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../fuzz/corpus/boolean");
    let mut read = 0;
    for file in std::fs::read_dir(corpus).expect("the corpus") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("its bytes");
        assert_tree_or_fault(&String::from_utf8_lossy(&bytes));
        read += 1;
    }
    assert!(read >= 50, "{read} files");
}

fn assert_tree_or_fault(text: &str) {
    match BooleanQuery::parse(text) {
        Ok(query) => {
            let _ = query.lower(&|_| None);
            assert!(query.terms().len() <= BooleanQuery::MAX_TERMS, "{text:?}");
        }
        Err(fault) => {
            assert!(fault.position <= text.chars().count(), "{text:?}: {fault:?}");
            assert!(!fault.expected.is_empty(), "{text:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_a_tree_or_has_a_fault_inside_it(
        text in prop_oneof![
            ".*",
            proptest::collection::vec(
                proptest::sample::select(vec![
                    "(", ")", "\"", "+", "-", "~", ">", "<", "*", ":", " ", "a", "b", "AND", "OR", "NOT", "é", "@",
                    "💥", "\0", "'", "title:",
                ]),
                0..40,
            ).prop_map(|parts| parts.concat()),
        ],
    ) {
        assert_tree_or_fault(&text);
    }
}
