//! The statements as they are written.

use std::sync::Arc;

use altus4_connections::{
    DiscoveredColumn, DiscoveredIndex, DiscoveredTable, Filter, IndexRules, SchemaSnapshot, Test,
};
use altus4_search::{Expr, ReadColumn, Scope, SortKey, Term, TermText};

use super::*;
use crate::column_type;

pub(super) fn table() -> Arc<Table> {
    let column = |name: &str, declared: &str| DiscoveredColumn {
        name: name.into(),
        declared_type: column_type::upper(declared),
        kind: column_type::kind(declared),
        ..DiscoveredColumn::default()
    };
    let snapshot = SchemaSnapshot::new(vec![DiscoveredTable {
        name: "od`d".into(),
        columns: vec![
            column("a", "int"),
            column("b", "datetime"),
            column("title", "varchar(100)"),
            column("body", "longtext"),
            column("meta", "json"),
            column("place", "point"),
        ],
        primary_key: vec!["a".into(), "b".into()],
        full_text_indexes: vec![index("words", &["title", "body"]), index("bodies", &["body"])],
        ..DiscoveredTable::default()
    }]);
    Arc::clone(&snapshot.tables()[0])
}

/// An index that leaves out words of one letter, and `the`.
fn index(name: &str, columns: &[&str]) -> DiscoveredIndex {
    let stop_words = Arc::new(["the".to_owned()].into());
    let rules = IndexRules { min_chars: 2, stop_words, ..IndexRules::default() };
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    DiscoveredIndex { name: name.into(), columns, rules: Arc::new(rules), ..Default::default() }
}

fn read(table: &Table, names: &[&str]) -> Vec<ReadColumn> {
    let column = |name: &&str| table.column(name).expect("a column").column.clone();
    names.iter().map(|name| ReadColumn { column: column(name), max_chars: 200 }).collect()
}

fn request(expr: Expr, columns: &[&str]) -> CandidateRequest {
    let table = table();
    CandidateRequest {
        matching: Matching {
            scope: Scope::index(table.full_text[0].clone()),
            expr,
            filter: None,
            table: Arc::clone(&table),
        },
        order: Order::Relevance,
        read: read(&table, columns),
        limit: 50,
    }
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

fn term(text: TermText, columns: &[&str]) -> Expr {
    let table = table();
    let columns = columns.iter().map(|name| table.column(name).expect("a column").column.clone()).collect();
    Expr::Term(Term { text, columns })
}

fn words(words: &str) -> Vec<Expr> {
    words.split(' ').map(Expr::word).collect()
}

/// What stands after `WHERE`, with the values in their places, `MATCH` by the first letters of its
/// columns, and the ends of expressions left out.
fn condition(expr: Expr) -> String {
    let (query, _) = candidates(&request(expr, &[]), true).expect("a query");
    let mut values = query.values.iter();
    let mut text = String::new();
    for part in query.sql.split_inclusive('?') {
        text += part.trim_end_matches('?');
        if part.ends_with('?')
            && let Some(Wire::Bytes(bytes)) = values.next()
        {
            text.extend(["'", &String::from_utf8_lossy(bytes), "'"]);
        }
    }
    let (_, condition) = text.split_once(" WHERE ").expect("a condition");
    let condition =
        condition.rsplit_once(" /*!").or_else(|| condition.rsplit_once(" ORDER")).expect("an order").0;
    condition
        .replace("MATCH (`title`, `body`) AGAINST ", "tb")
        .replace("MATCH (`body`) AGAINST ", "b")
        .replace(" IN BOOLEAN MODE", " bool")
        .replace(" IN NATURAL LANGUAGE MODE", "")
        .replace(r"(?i)(?<![\p{L}\p{N}\p{M}_])", "")
        .replace(r"(?![\p{L}\p{N}\p{M}_])", "")
        .replace(r"[^\p{L}\p{N}\p{M}_]+", " ")
        .replace(r"[xẋẍ]\p{M}*", "x")
        .replace("CONVERT(`title` USING utf8mb4) REGEXP ", "title~")
        .replace("CONVERT(`body` USING utf8mb4) REGEXP ", "body~")
}

#[test]
fn candidates_cost_one_search_and_no_sort_of_all_matches() {
    let request = request(Expr::any_word(["größe", "xq2"]), &["title", "body", "meta", "place"]);
    let (query, _) = candidates(&request, false).expect("a query");
    assert_eq!(
        query.sql,
        "SELECT `a`, `b`, `title`, LEFT(`body`, 200), LEFT(`meta`, 201), LEFT(ST_AsText(`place`), 200), \
         MATCH (`title`, `body`) AGAINST (? IN NATURAL LANGUAGE MODE) AS `altus4 score` FROM `od``d` \
         WHERE MATCH (`title`, `body`) AGAINST (? IN NATURAL LANGUAGE MODE) \
         ORDER BY `altus4 score` DESC LIMIT ?"
    );
    let words = Wire::Bytes("größe xq2".as_bytes().to_vec());
    assert_eq!(query.values, [words.clone(), words, Wire::UInt(50)]);
    let (query, _) = candidates(&request, true).expect("a query");
    assert!(query.sql.ends_with(" /*!50700 ORDER BY `altus4 score` DESC */ LIMIT ?"), "{}", query.sql);
}

#[test]
fn what_the_index_knows_is_asked_of_it_at_once() {
    let prefix = term(TermText::Prefix("ab".into()), &[]);
    for (expr, expected) in [
        (Expr::word("ab"), "tb('ab')"),
        (Expr::any_word(["ab", "xx"]), "tb('ab xx')"),
        (Expr::Any(vec![Expr::word("xx"), prefix.clone()]), "tb('xx ab*' bool)"),
        (Expr::All(words("ab xx")), "tb('+ab +xx' bool)"),
        (
            Expr::All(vec![Expr::Any(words("ab xx")), prefix, not(Expr::Any(words("cd ef")))]),
            "tb('+(ab xx) +ab* -cd -ef' bool)",
        ),
        (
            Expr::All(vec![Expr::word("ab"), term(TermText::Word("cd".into()), &["body"])]),
            "tb('+ab +cd' bool) AND b('cd')",
        ),
    ] {
        assert_eq!(condition(expr.clone()), expected, "{expr:?}");
    }
}

#[test]
fn what_the_index_leaves_out_is_read_from_the_texts() {
    let phrase =
        |words: &[&str]| term(TermText::Phrase(words.iter().map(|&word| word.to_owned()).collect()), &[]);
    for (expr, expected) in [
        (Expr::All(words("ab the")), "tb('ab') AND ((title~'(?:t2)' OR body~'(?:t2)') IS TRUE)"),
        (Expr::All(words("ab x")), "tb('ab') AND ((title~'(?:x)' OR body~'(?:x)') IS TRUE)"),
        (Expr::word("x"), "((title~'(?:x)' OR body~'(?:x)') IS TRUE)"),
        (Expr::any_word(["ab", "x"]), "(tb('ab') OR ((title~'(?:x)' OR body~'(?:x)') IS TRUE))"),
        (
            phrase(&["22", "x", "33"]),
            "tb('+22 +33' bool) AND ((title~'(?:22 x 33)' OR body~'(?:22 x 33)') IS TRUE)",
        ),
        (Expr::word("222'x"), "tb('222') AND ((title~'(?:222['’]x)' OR body~'(?:222['’]x)') IS TRUE)"),
        (term(TermText::Word("22".into()), &["title"]), "tb('22') AND ((title~'(?:22)') IS TRUE)"),
        (not(Expr::word("ab")), "NOT tb('ab')"),
        (Expr::Any(vec![Expr::word("ab"), not(Expr::word("cd"))]), "(tb('ab') OR NOT tb('cd'))"),
        (
            Expr::AtLeast(2, [words("ab cd"), vec![not(Expr::word("ef"))]].concat()),
            "tb('ab cd') AND (((tb('ab')) IS TRUE) + ((tb('cd')) IS TRUE) + ((NOT tb('ef')) IS TRUE) >= 2)",
        ),
        (
            Expr::Any(vec![Expr::All(words("ab cd")), Expr::All(words("ef gh"))]),
            "tb('ab ef') AND (tb('+ab +cd' bool) OR tb('+ef +gh' bool))",
        ),
    ] {
        let found = condition(expr.clone()).replace("[tţťțṫṭṯṱẗ]", "t");
        let expected = expected.replace("t2", r"t\p{M}*[hĥȟḣḥḧḩḫẖ]\p{M}*[eèéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ]\p{M}*");
        assert_eq!(found, expected, "{expr:?}");
    }
}

#[test]
fn indexes_are_put_together_by_the_key() {
    let mut request = request(Expr::any_word(["ab", "cd"]), &["meta"]);
    let mut snapshot = (*table()).clone();
    let title = snapshot.columns[2].column.clone();
    snapshot.full_text[0].columns = vec![title];
    request.matching.scope = Scope { indexes: snapshot.full_text.clone(), unindexed: vec![] };
    request.matching.table = Arc::new(snapshot);
    let (query, _) = candidates(&request, true).expect("a query");
    let part = |column: &str| {
        format!(
            "SELECT `a` AS `altus4 key 0`, `b` AS `altus4 key 1`, MATCH (`{column}`) AGAINST (? IN NATURAL \
             LANGUAGE MODE) AS `altus4 part` FROM `od``d` WHERE MATCH (`{column}`) AGAINST (? IN NATURAL \
             LANGUAGE MODE)"
        )
    };
    assert_eq!(
        query.sql,
        format!(
            "SELECT `a`, `b`, LEFT(`meta`, 201), `altus4 sum` AS `altus4 score` FROM (SELECT `altus4 key 0`, \
             `altus4 key 1`, SUM(`altus4 part`) AS `altus4 sum` FROM ({} UNION ALL {}) AS `altus4 parts` GROUP BY \
             `altus4 key 0`, `altus4 key 1`) AS `altus4 found` STRAIGHT_JOIN `od``d` ON `od``d`.`a` = `altus4 \
             found`.`altus4 key 0` AND `od``d`.`b` = `altus4 found`.`altus4 key 1` ORDER BY `altus4 score` DESC, \
             `a`, `b` LIMIT ?",
            part("title"),
            part("body")
        )
    );
}

#[test]
fn a_scan_looks_for_all_words_in_each_column_at_once() {
    let mut request = request(Expr::any_word(["22", "x", ""]), &[]);
    let columns = read(&table(), &["title", "meta"]).into_iter().map(|read| read.column).collect();
    let mut bare = (*table()).clone();
    bare.full_text.clear();
    request.matching.table = Arc::new(bare);
    request.matching.scope = Scope::scan(columns);
    let (query, _) = candidates(&request, false).expect("a query");
    assert_eq!(
        query.sql,
        "SELECT `a`, `b` FROM `od``d` WHERE ((CONVERT(`title` USING utf8mb4) REGEXP ? \
         OR CONVERT(`meta` USING utf8mb4) REGEXP ?) IS TRUE) ORDER BY `a`, `b` LIMIT ?"
    );
    request.matching.expr = Expr::any_word([""; 0]);
    assert!(candidates(&request, false).is_none());
    request.matching.expr = Expr::All(vec![]);
    let (query, _) = candidates(&request, false).expect("a query");
    assert_eq!(query.sql, "SELECT `a`, `b` FROM `od``d` ORDER BY `a`, `b` LIMIT ?");
}

#[test]
fn a_filter_keeps_the_order_of_the_index_and_an_order_of_columns_ends_with_the_key() {
    let mut request = request(Expr::word("ab"), &[]);
    let column = |name: &str| table().column(name).expect("a column").column.clone();
    request.matching.filter = Some(Filter::Is(column("a"), Test::Gt(Value::Int(5))));
    request.order = Order::By(vec![SortKey { column: column("title"), descending: true }]);
    let (query, _) = candidates(&request, true).expect("a query");
    let (_, end) = query.sql.split_once(" WHERE ").expect("a condition");
    assert_eq!(
        end,
        "MATCH (`title`, `body`) AGAINST (? IN NATURAL LANGUAGE MODE) AND (`a` > ?) IS TRUE \
         ORDER BY `title` DESC, `altus4 score` DESC, `a`, `b` LIMIT ?"
    );
    let query = count(&request.matching, 1_001).expect("a query");
    assert_eq!(
        query.sql,
        "SELECT COUNT(*) FROM (SELECT 1 FROM `od``d` WHERE MATCH (`title`, `body`) AGAINST (? IN NATURAL \
         LANGUAGE MODE) AND (`a` > ?) IS TRUE LIMIT ?) AS `altus4 counted`"
    );
    let (query, _) = facet(&request.matching, &column("body"), 100).expect("a query");
    assert_eq!(
        query.sql,
        "SELECT LEFT(`body`, 256), COUNT(*) FROM `od``d` WHERE MATCH (`title`, `body`) AGAINST (? IN NATURAL \
         LANGUAGE MODE) AND (`a` > ?) IS TRUE AND `body` IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?"
    );
}

#[test]
fn an_engine_with_a_threshold_finds_in_boolean_mode_and_scores_in_natural_mode() {
    let mut request = request(Expr::word("ab"), &[]);
    let mut old = (*table()).clone();
    old.engine = Some("MyISAM".into());
    request.matching.table = Arc::new(old);
    let (query, _) = candidates(&request, false).expect("a query");
    assert!(query.sql.contains("AGAINST (? IN NATURAL LANGUAGE MODE) AS `altus4 score`"), "{}", query.sql);
    assert!(
        query.sql.contains("WHERE MATCH (`title`, `body`) AGAINST (? IN BOOLEAN MODE) "),
        "{}",
        query.sql
    );
}

#[test]
fn keys_are_padded_to_a_power_of_two() {
    let table = table();
    let key = |number| vec![Value::Int(number), Value::Text("2026-01-15T10:30:00".into())];
    let odd = vec![vec![Value::Int(1)], vec![Value::Null, Value::Null]];
    let keys = [vec![key(1), key(2), key(3)], odd.clone()].concat();
    let (query, _) = rows(&RowsRequest { table: Arc::clone(&table), keys, read: vec![], filter: None })
        .expect("a statement can be written")
        .expect("some row can have these keys");
    assert_eq!(
        query.sql,
        "SELECT `a`, `b` FROM `od``d` WHERE (`a`, `b`) IN ((?, ?), (?, ?), (?, ?), (?, ?))"
    );
    assert_eq!((query.values.len(), query.max_rows), (8, 3));
    assert!(matches!(rows(&RowsRequest { table, keys: odd, read: vec![], filter: None }), Ok(None)));
}
