//! Walking through results by offset: every match once, in one order, whatever is asked.

use altus4_connections::{ColumnKind, Value};
use altus4_search::{SearchQuery, WordMatching};
use proptest::prelude::*;

use crate::{
    query,
    world::{Sheet, articles, boolean, by, filtered, sheet, text, world},
};

const WORDS: [&str; 5] = ["router", "lamp", "reset", "a", "blue"];

/// Title, body, price and status.
type Row = (String, String, Option<i64>, String);

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..4).prop_map(|words| words.join(" "))
}

fn row() -> impl Strategy<Value = Row> {
    let status = prop::sample::select(["open", "Open", "closed", "é", ""].to_vec());
    (words(), words(), prop::option::of(0_i64..4), status.prop_map(str::to_owned))
}

/// Databases with one to three tables each, one kind of which lacks what may be sorted by.
fn databases() -> impl Strategy<Value = Vec<Vec<Sheet>>> {
    let rows = prop::collection::vec(row(), 0..40);
    let table = (rows, 0..3_usize);
    let database = prop::collection::vec(table, 1..3);
    prop::collection::vec(database, 1..3).prop_map(|databases| {
        databases
            .into_iter()
            .map(|tables| (0..).zip(tables).map(|(n, of)| of_rows(n, of)).collect())
            .collect()
    })
}

fn of_rows(n: usize, (rows, kind): (Vec<Row>, usize)) -> Sheet {
    let values = (1..).zip(rows).map(|(key, (title, body, price, status))| {
        let price = price.map_or(Value::Null, Value::Int);
        vec![Value::Int(key), text(&title), text(&body), price, text(&status)]
    });
    let mut sheet = match kind {
        0 => articles(values.collect()),
        1 => {
            sheet("goods", &[("price", ColumnKind::Integer), ("state", ColumnKind::Other)], values.collect())
        }
        _ => {
            let plain = values.map(|mut row| {
                row.truncate(3);
                row
            });
            sheet("notes", &[], plain.collect())
        }
    };
    sheet.table.name = format!("{}_{n}", sheet.table.name);
    sheet
}

fn questions() -> impl Strategy<Value = SearchQuery> {
    let asked = prop::sample::select(
        ["router lamp", "reset", "NOT router", "lamp OR NOT reset", "title:lamp", "a \"router lamp\"", "r*"]
            .to_vec(),
    );
    let sorts = prop::sample::select(
        [&[][..], &["price"], &["-price"], &["status:desc", "price"], &["title"]].to_vec(),
    );
    let matching = prop::sample::select(WordMatching::ALL.to_vec());
    (asked, any::<bool>(), sorts, matching, prop::sample::select([0.0, 0.0, 0.3].to_vec()), any::<bool>())
        .prop_map(|(text, is_boolean, sorts, matching, min_score, is_filtered)| {
            let asked = if is_boolean { boolean(text) } else { query(text) };
            let filter = is_filtered.then(|| filtered(r#"{ "id": { "gt": 3 } }"#));
            SearchQuery { sort: by(sorts), matching, min_score, filter, ..asked }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn every_match_comes_once_in_one_order(databases in databases(), asked in questions(), limit in 1_u32..9) {
        let world = world(databases);
        let window = altus4_search::Window::new(100, 0).unwrap();
        // A column that is asked for may be in no table.
        let Ok(whole) = world.search(SearchQuery { window, ..asked.clone() }) else { return Ok(()) };
        let walked: Vec<_> = world.walk(&asked, limit).into_iter().map(|hit| hit.id).collect();
        let expected: Vec<_> = whole.hits.iter().map(|hit| hit.id).collect();
        let mut distinct = walked.clone();
        distinct.sort_unstable();
        distinct.dedup();
        prop_assert_eq!(distinct.len(), walked.len());
        prop_assert_eq!(&walked[..expected.len().min(walked.len())], &expected[..]);
        if whole.total.exact {
            prop_assert_eq!(walked.len() as u64, whole.total.count);
        } else {
            prop_assert!(walked.len() as u64 >= whole.total.count);
        }
    }
}

#[test]
fn walks_go_on_beyond_what_is_ranked_in_every_order() {
    let rows = |from: i64| {
        (from..from + 450)
            .map(|key| {
                let title = if key % 2 == 0 { "router lamp" } else { "router" };
                vec![Value::Int(key), text(title), text("x"), Value::Int(key % 7), text("open")]
            })
            .collect()
    };
    let world = world(vec![vec![articles(rows(1))], vec![articles(rows(1001))]]);
    for asked in [
        query("router lamp"),
        boolean("router"),
        boolean("NOT blue"),
        SearchQuery { sort: by(&["price"]), ..query("router") },
        SearchQuery { sort: by(&["-price", "id"]), ..boolean("router") },
    ] {
        let walked: Vec<_> = world.walk(&asked, 90).into_iter().map(|hit| hit.id).collect();
        let mut distinct = walked.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!((walked.len(), distinct.len()), (900, 900), "{asked:?}");
    }
}
