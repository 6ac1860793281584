//! Tables and trees for tests: small ones that are known, and random ones.

use altus4_connections::{
    ColumnKind, ColumnRef, DiscoveredColumn, DiscoveredIndex, DiscoveredTable, Filter, Table, Test, Value,
};

use super::{TableSpec, dice::Dice};
use crate::{Expr, Term, TermText};

/// Words that are common, that indexes leave out (`the`, `to`, one or two letters), that have accents
/// or other letters, and that look alike.
const WORDS: &[&str] = &[
    "router",
    "routers",
    "rout",
    "reset",
    "the",
    "to",
    "a",
    "go",
    "ai",
    "Café",
    "cafe",
    "don't",
    "snake_case",
    "snake",
    "case",
    "x1",
    "3",
    "日本語",
    "привет",
    "THE",
    "Reset",
];
const GAPS: &[&str] = &[" ", " ", " ", ", ", "-", ". ", "\n", " (", ") ", "/", "! "];
const STATES: &[&str] = &["open", "closed", "in progress", "50% off", "a_b", "back\\slash", "o'brien"];
const DAYS: &[&str] = &["2026-01-01", "2026-01-31", "2026-02-01"];
const MOMENTS: &[&str] = &["2026-01-01 00:00:00", "2026-01-01 10:30:00", "2026-01-31 23:59:59"];
const PRICES: &[&str] = &["-12.50", "0.00", "0.05", "9.99", "10.00", "100.10"];
const AMOUNTS: &[i64] = &[-3, 0, 1, 1, 2, 40, 9_007_199_254_740_993];

/// `id`, `title`, `body`, with an index over both and one over each, and what to tell of it is known.
pub(super) fn articles() -> TableSpec {
    let rows: &[(Option<&str>, Option<&str>)] = &[
        (Some("Reset the router"), Some("Hold the button. To go on, wait.")),
        (Some("Router"), None),
        (Some("Wi-Fi cables"), Some("the router, then the reset")),
        (None, Some("a go at AI")),
        (Some("Café"), Some("Don't panic: snake_case is not snake case")),
        (Some(""), Some("")),
        (Some("resetting cafes"), Some("日本語 router reset")),
        (Some("snakeXcase"), Some("Привет, мир")),
    ];
    let or_null = |value: Option<&str>| value.map_or(Value::Null, text);
    TableSpec {
        table: DiscoveredTable {
            name: "articles".into(),
            columns: vec![id(), column("title", TITLE, "VARCHAR(200)"), column("body", LONG, "TEXT")],
            primary_key: vec!["id".into()],
            full_text_indexes: indexes("articles"),
            ..Default::default()
        },
        rows: (1..)
            .zip(rows)
            .map(|(id, (title, body))| vec![Value::Int(id), or_null(*title), or_null(*body)])
            .collect(),
    }
}

/// A table of this name with a column of each kind, its rows left to chance.
pub(super) fn notes(name: &str, rows: i64, dice: &mut Dice) -> TableSpec {
    let mut row = |id: i64| {
        let mut values = vec![
            Value::Int(id),
            words(dice),
            words(dice),
            words(dice),
            text(dice.pick(STATES)),
            Value::Int(dice.pick(AMOUNTS)),
            text(dice.pick(PRICES)),
            Value::Float(dice.below(9) as f64 / 4.0 - 1.0),
            Value::Bool(dice.chance(50)),
            text(dice.pick(MOMENTS)),
            text(dice.pick(DAYS)),
        ];
        for value in &mut values[1..] {
            if dice.chance(15) {
                *value = Value::Null;
            }
        }
        values
    };
    TableSpec {
        rows: (1..=rows).map(&mut row).collect(),
        table: DiscoveredTable {
            name: name.into(),
            columns: vec![
                id(),
                column("title", TITLE, "VARCHAR(200)"),
                column("body", LONG, "TEXT"),
                column("notes", LONG, "TEXT"),
                column("status", ColumnKind::Text { max_chars: Some(20) }, "VARCHAR(20)"),
                column("amount", ColumnKind::Integer, "BIGINT"),
                column("price", ColumnKind::Decimal, "DECIMAL(10,2)"),
                column("ratio", ColumnKind::Float, "DOUBLE"),
                column("done", ColumnKind::Boolean, "BOOLEAN"),
                column("due", ColumnKind::Temporal, "DATETIME"),
                column("day", ColumnKind::Temporal, "DATE"),
            ],
            primary_key: vec!["id".into()],
            full_text_indexes: indexes(name),
            ..Default::default()
        },
    }
}

/// A table whose key has three parts, its rows in no order.
pub(super) fn parcels(dice: &mut Dice) -> TableSpec {
    let mut rows = Vec::new();
    for depot in [i64::MIN, -1, 0, i64::MAX] {
        for code in ["apple", "Banana", "cherry", "Date", "elder"] {
            rows.extend(DAYS.iter().map(|day| vec![Value::Int(depot), text(code), text(day), words(dice)]));
        }
    }
    for at in (1..rows.len()).rev() {
        rows.swap(at, dice.below(at + 1));
    }
    let key = [
        column("depot", ColumnKind::Integer, "BIGINT"),
        column("code", ColumnKind::Text { max_chars: Some(20) }, "VARCHAR(20)"),
        column("day", ColumnKind::Temporal, "DATE"),
    ];
    keyed("parcels", key.to_vec(), rows)
}

/// A table whose key is bytes.
pub(super) fn tokens() -> TableSpec {
    let keys: [&[u8]; 7] = [b"b", &[0xFF, 0xFE], b"a", &[0], &[0xFF], b"ab", b"B"];
    let rows = keys.map(|key| vec![Value::Bytes(key.to_vec()), text("a token")]);
    keyed("tokens", vec![column("token", ColumnKind::Binary, "VARBINARY(8)")], rows.to_vec())
}

/// A table of this key and a title, without an index.
fn keyed(name: &str, key: Vec<DiscoveredColumn>, rows: Vec<Vec<Value>>) -> TableSpec {
    let key: Vec<_> = key.into_iter().map(|part| DiscoveredColumn { nullable: false, ..part }).collect();
    TableSpec {
        table: DiscoveredTable {
            name: name.into(),
            primary_key: key.iter().map(|part| part.name.clone()).collect(),
            columns: key.into_iter().chain([column("title", TITLE, "VARCHAR(200)")]).collect(),
            ..Default::default()
        },
        rows,
    }
}

const TITLE: ColumnKind = ColumnKind::Text { max_chars: Some(200) };
const LONG: ColumnKind = ColumnKind::Text { max_chars: None };

fn id() -> DiscoveredColumn {
    DiscoveredColumn { nullable: false, ..column("id", ColumnKind::Integer, "BIGINT") }
}

fn column(name: &str, kind: ColumnKind, declared: &str) -> DiscoveredColumn {
    DiscoveredColumn {
        name: name.into(),
        declared_type: declared.into(),
        kind,
        nullable: true,
        ..Default::default()
    }
}

fn indexes(table: &str) -> Vec<DiscoveredIndex> {
    let index = |name: &str, columns: &[&str]| DiscoveredIndex {
        name: format!("{table}_{name}"),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        ..Default::default()
    };
    vec![index("all", &["title", "body"]), index("title", &["title"]), index("body", &["body"])]
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn words(dice: &mut Dice) -> Value {
    let mut text = String::new();
    for _ in 0..dice.below(9) {
        text.push_str(dice.pick(WORDS));
        text.push_str(dice.pick(GAPS));
    }
    Value::Text(text)
}

/// A tree of terms, some of them in one of these columns.
pub(super) fn tree(dice: &mut Dice, columns: &[&ColumnRef], depth: usize) -> Expr {
    let group = |dice: &mut Dice, least: usize| -> Vec<Expr> {
        (0..least + dice.below(3)).map(|_| tree(dice, columns, depth - 1)).collect()
    };
    match dice.below(100) {
        _ if depth == 0 => term(dice, columns),
        0..15 => Expr::Not(Box::new(tree(dice, columns, depth - 1))),
        15..45 => Expr::All(group(dice, 1)),
        45..65 => Expr::Any(group(dice, 1)),
        65..75 => {
            let exprs = group(dice, 2);
            Expr::AtLeast(1 + dice.below(exprs.len()), exprs)
        }
        75..77 => Expr::Any(group(dice, 0)),
        _ => term(dice, columns),
    }
}

fn term(dice: &mut Dice, columns: &[&ColumnRef]) -> Expr {
    // As the domain asks: in lower case.
    let word = |dice: &mut Dice| dice.pick(WORDS).to_lowercase();
    let text = match dice.below(10) {
        0..6 => TermText::Word(word(dice)),
        6 | 7 => {
            let word = word(dice);
            let chars = 1 + dice.below(word.chars().count().min(4));
            let begin: String = word.chars().take(chars).collect();
            // `don'` is no word, so that it begins none either.
            TermText::Prefix(begin.trim_end_matches('\'').to_owned())
        }
        _ => TermText::Phrase((0..2 + dice.below(2)).map(|_| word(dice)).collect()),
    };
    let columns = if dice.chance(20) { vec![dice.pick(columns).clone()] } else { Vec::new() };
    Expr::Term(Term { text, columns })
}

/// A filter on the columns of [`notes`].
pub(super) fn filter(dice: &mut Dice, table: &Table, depth: usize) -> Filter {
    let group = |dice: &mut Dice| -> Vec<Filter> {
        (0..dice.below(4)).map(|_| filter(dice, table, depth - 1)).collect()
    };
    match dice.below(10) {
        _ if depth == 0 => test(dice, table),
        0 | 1 => Filter::Not(Box::new(filter(dice, table, depth - 1))),
        2 | 3 => Filter::All(group(dice)),
        4 | 5 => Filter::Any(group(dice)),
        _ => test(dice, table),
    }
}

fn test(dice: &mut Dice, table: &Table) -> Filter {
    const FILTERED: [&str; 7] = ["status", "amount", "price", "ratio", "done", "due", "day"];
    let name = dice.pick(&FILTERED);
    let value = |dice: &mut Dice| match name {
        "status" => text(dice.pick(STATES)),
        "amount" => Value::Int(dice.pick(AMOUNTS)),
        "price" => text(dice.pick(PRICES)),
        "ratio" => Value::Float(dice.below(9) as f64 / 4.0 - 1.0),
        "done" => Value::Bool(dice.chance(50)),
        "due" => text(dice.pick(MOMENTS)),
        _ => text(dice.pick(DAYS)),
    };
    let part = |dice: &mut Dice| dice.pick(&["o", "%", "_", "\\", "'", "in", "n p", "off", ""]).to_owned();
    let pattern = |dice: &mut Dice| {
        dice.pick(&["o%", "%o%", "_pen", "a\\_b", "%\\%%", "%e", "closed", "%\\\\%", "%'%"]).to_owned()
    };
    let texts = if name == "status" { 12 } else { 7 };
    let chosen = match dice.below(texts) {
        0 => Test::Eq(value(dice)),
        1 => Test::Gt(value(dice)),
        2 => Test::Gte(value(dice)),
        3 => Test::Lt(value(dice)),
        4 => Test::Lte(value(dice)),
        5 => Test::In((0..dice.below(4)).map(|_| value(dice)).collect()),
        6 => Test::IsNull,
        7 => Test::Like(pattern(dice)),
        8 => Test::Ilike(pattern(dice)),
        9 => Test::StartsWith(part(dice)),
        10 => Test::EndsWith(part(dice)),
        _ => Test::Contains(part(dice)),
    };
    match table.column(name) {
        Some(column) => Filter::Is(column.column.clone(), chosen),
        None => Filter::All(Vec::new()),
    }
}

/// Each operator on columns of [`notes`] that it is for.
pub(super) fn tests() -> Vec<(&'static str, Test)> {
    vec![
        ("status", Test::Eq(text("open"))),
        ("status", Test::Gt(text("closed"))),
        ("status", Test::In(vec![text("open"), text("a_b")])),
        ("status", Test::In(Vec::new())),
        ("status", Test::IsNull),
        ("status", Test::Like("_pen".into())),
        ("status", Test::Like("%\\%%".into())),
        ("status", Test::Like("a\\_b".into())),
        ("status", Test::Ilike("OPEN".into())),
        ("status", Test::Ilike("%P%".into())),
        ("status", Test::StartsWith("o".into())),
        ("status", Test::EndsWith("off".into())),
        ("status", Test::Contains("%".into())),
        ("status", Test::Contains("_".into())),
        ("status", Test::Contains("\\".into())),
        ("status", Test::Contains("'".into())),
        ("status", Test::Contains(String::new())),
        ("amount", Test::Eq(Value::Int(9_007_199_254_740_993))),
        ("amount", Test::Gt(Value::Int(9_007_199_254_740_992))),
        ("amount", Test::Lt(Value::Int(0))),
        ("amount", Test::Lt(Value::UInt(u64::MAX))),
        ("price", Test::Eq(text("10"))),
        ("price", Test::Gte(text("9.99"))),
        ("price", Test::Lt(text("-1.5"))),
        ("ratio", Test::Lte(Value::Float(0.25))),
        ("done", Test::Eq(Value::Bool(true))),
        ("done", Test::Eq(Value::Bool(false))),
        ("due", Test::Gte(text("2026-01-01 10:30:00"))),
        ("due", Test::Gte(text("2026-01-31"))),
        ("day", Test::Lt(text("2026-01-31"))),
        ("day", Test::In(vec![text("2026-02-01")])),
    ]
}
