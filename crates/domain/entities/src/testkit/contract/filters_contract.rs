//! Conditions: what passes is what passes when every row is read.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use altus4_connections::{ColumnKind, Filter, Table, Test, Value};

use super::{Desk, RecordsSubject, column, columns, dice::Dice, naive, text};

const NAMES: [&str; 8] = ["id", "title", "kind", "size", "price", "weight", "made", "is_new"];
const ROWS: usize = 60;
const FILTERS: u64 = 150;

const TEXTS: [&str; 16] = [
    "a", "A", "ab", "Ab", "b", "", "50%", "50x", "a_c", "abc", "a\\b", "it's", "Größe", "grÖSSE", "a[b]*?",
    "!x",
];

/// Every kind of column that both engines know, all but the key with `NULL` in it.
const SCRIPT: &str = "CREATE TABLE things (id INTEGER NOT NULL PRIMARY KEY, title VARCHAR(40) EXACT, \
     kind VARCHAR(10) EXACT NOT NULL, size BIGINT, price DECIMAL(8,2), weight DOUBLE, made DATETIME, \
     is_new BOOLEAN);";

fn word(dice: &mut Dice, all: &[&str]) -> Value {
    text(all[dice.below(all.len())])
}

fn value(dice: &mut Dice, name: &str) -> Value {
    if !matches!(name, "kind" | "id") && dice.below(5) == 0 {
        return Value::Null;
    }
    match name {
        "title" | "kind" => word(dice, &TEXTS),
        "size" => Value::Int([-3, 0, 1, 2, 9_007_199_254_740_993, i64::MIN][dice.below(6)]),
        "price" => word(dice, &["0.00", "-1.50", "12.50", "100.05", "0.99"]),
        "weight" => Value::Float([0.5, -2.25, 1e10, 0.0][dice.below(4)]),
        "made" => word(dice, &["2026-01-31T09:30:00", "2025-12-31T23:59:59", "2026-01-31T00:00:00"]),
        "is_new" => Value::Bool(dice.below(2) == 0),
        _ => Value::Int(i64::try_from(dice.below(ROWS)).unwrap_or(0)),
    }
}

/// A value as a filter has it, which may be spelled otherwise.
fn operand(dice: &mut Dice, name: &str) -> Value {
    match name {
        "made" if dice.below(3) == 0 => text("2026-01-31"),
        "price" if dice.below(3) == 0 => word(dice, &["0", "12.5", "-1.5"]),
        _ => match value(dice, name) {
            Value::Null => operand(dice, name),
            value => value,
        },
    }
}

fn pattern(dice: &mut Dice) -> String {
    let pieces = ["%", "_", "a", "B", "\\%", "\\_", "ö", "Ö", "5", "\\\\", "'", "[", "*", "!"];
    (0..=dice.below(3)).map(|_| *dice.one(&pieces)).collect()
}

fn filter(dice: &mut Dice, table: &Table, depth: usize) -> Filter {
    let some = |dice: &mut Dice| (0..dice.below(4)).map(|_| filter(dice, table, depth - 1)).collect();
    match dice.below(if depth == 0 { 4 } else { 8 }) {
        4 => Filter::All(some(dice)),
        5 | 6 => Filter::Any(some(dice)),
        7 => Filter::Not(Box::new(filter(dice, table, depth - 1))),
        _ => {
            let name = *dice.one(&NAMES);
            let is_text = matches!(name, "title" | "kind");
            let test = match dice.below(if is_text { 12 } else { 7 }) {
                0 => Test::Eq(operand(dice, name)),
                1 => Test::Gt(operand(dice, name)),
                2 => Test::Gte(operand(dice, name)),
                3 => Test::Lt(operand(dice, name)),
                4 => Test::Lte(operand(dice, name)),
                5 => Test::In((0..dice.below(4)).map(|_| operand(dice, name)).collect()),
                6 => Test::IsNull,
                7 => Test::Like(pattern(dice)),
                8 => Test::Ilike(pattern(dice)),
                9 => Test::StartsWith((*dice.one(&TEXTS)).to_owned()),
                10 => Test::EndsWith((*dice.one(&TEXTS)).to_owned()),
                _ => Test::Contains((*dice.one(&["a", "b", "%", "_", "\\", "ö", "*", "'"])).to_owned()),
            };
            Filter::Is(column(table, name), test)
        }
    }
}

/// For random filters over random rows, the answer is a naive evaluator's, and so is the count.
pub async fn random_filters_give_what_reading_every_row_gives(subject: &dyn RecordsSubject) {
    let desk = Desk::new(subject, SCRIPT).await;
    let table = desk.table("things");
    let mut dice = Dice::new(9);
    let row = |id: usize, dice: &mut Dice| {
        let rest = NAMES[1..].iter().map(|name| value(dice, name)).collect::<Vec<_>>();
        [Value::Int(i64::try_from(id).unwrap_or(0))].into_iter().chain(rest).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<Value>> = (0..ROWS).map(|id| row(id, &mut dice)).collect();
    let making = desk.making("things", &NAMES, rows.clone());
    let made = desk.records.insert(&desk.target, &making, super::DEADLINE).await.expect("rows");
    let made: Vec<_> = made.into_iter().flatten().collect();
    assert_eq!(made, rows);
    for seed in 0..FILTERS {
        let mut dice = Dice::new(seed);
        let filter = filter(&mut dice, &table, 3);
        let passes = |row: &&Vec<Value>| {
            let value = |column: &altus4_connections::ColumnRef| {
                let at = NAMES.iter().position(|name| *name == column.name()).expect("a column");
                &row[at]
            };
            naive::passes(&filter, &table, &value)
        };
        let expected: Vec<_> = rows.iter().filter(passes).map(|row| vec![row[0].clone()]).collect();
        let mut request = desk.request("things", &["id"]);
        request.rows.filter = Some(filter.clone());
        assert_eq!(desk.select(&request).await, expected, "{filter:?}");
        let count = desk.records.count(&desk.target, &request.rows, crate::Counting::Exact, super::DEADLINE);
        assert_eq!(usize::try_from(count.await.expect("a count")).ok(), Some(expected.len()), "{filter:?}");
    }
}

/// Names and values that try SQL match as what they are.
pub async fn names_and_values_that_try_sql_are_data(subject: &dyn RecordsSubject) {
    const ODD: [&str; 8] =
        ["'", "''; DROP TABLE odd; --", "\"", "`", "\\", "\\'", "/* */ OR 1=1", "\u{FFFD}\u{1F600}?"];
    let desk = Desk::new(
        subject,
        "CREATE TABLE odd (id INTEGER NOT NULL PRIMARY KEY, words VARCHAR(60) EXACT NOT NULL);",
    )
    .await;
    let rows: Vec<_> = ODD.iter().zip(1..).map(|(odd, id)| vec![Value::Int(id), text(odd)]).collect();
    let made = desk.making("odd", &["id", "words"], rows.clone());
    desk.records.insert(&desk.target, &made, super::DEADLINE).await.expect("rows");
    let words = column(&desk.table("odd"), "words");
    for (odd, row) in ODD.iter().zip(&rows) {
        let tests = [
            Test::Eq(text(odd)),
            Test::In(vec![text(odd)]),
            Test::Like(odd.replace('\\', "\\\\")),
            Test::Ilike(odd.replace('\\', "\\\\")),
        ];
        for test in tests {
            let mut request = desk.request("odd", &["id", "words"]);
            request.rows.filter = Some(Filter::Is(words.clone(), test.clone()));
            assert_eq!(desk.select(&request).await, std::slice::from_ref(row), "{test:?}");
        }
    }
    assert_eq!(desk.rows("odd", &["id", "words"]).await, rows);
    assert_eq!(columns(&desk.table("odd"), &["id"]).len(), 1);
    assert_ne!(desk.table("odd").columns[0].found.kind, ColumnKind::Binary);
}
