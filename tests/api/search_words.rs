//! How words are found again: in other forms, with a slip of the fingers, with a hyphen or without
//! it, and in which order. `just relevance` measures the same on large sets.

use serde_json::json;

use crate::app::TestApp;
use crate::client::Caller;
use crate::samples::{connection, database, row_ids};

on_both! {
    a_small_set_is_ranked_as_people_would,
    a_slip_of_the_fingers_finds_what_was_meant,
    what_was_typed_right_is_not_corrected,
    splitting_a_table_over_databases_changes_little,
    each_connection_has_a_language_of_its_own,
    an_unknown_language_is_refused_naming_the_known_ones,
}

/// Pages of a help centre.
const PAGES: [(&str, &str); 14] = [
    ("Router", "The small box by the door."),
    ("Resetting the router", "Hold the button for ten seconds until the lamp blinks, then let it restart."),
    ("Router colours", "The router comes in white and in black."),
    ("Changing a password", "Passwords have twelve characters. A forgotten password is reset by e-mail."),
    ("Invoices", "Invoices are sent on the first of the month. An invoice can be paid by card."),
    ("Paying by card", "Cards are charged when the invoice is written, and refunds go back to the card."),
    ("Refunds", "A refund takes five days. Refunds of shipped parcels need the parcel back."),
    ("Parcels and shipping", "Parcels leave the warehouse at noon; shipping abroad takes a week."),
    ("Tracking a parcel", "Each parcel has a number, and the carrier shows where it is."),
    ("Opening hours", "The office is open from nine to five, the warehouse from six to two."),
    ("Wireless coverage", "Walls weaken the wireless signal. Move the router, or add a repeater."),
    ("Repeaters", "A repeater passes the wireless signal on to rooms that are far from the router."),
    ("Cancelling the contract", "Contracts are cancelled in writing, a month before they end."),
    ("Moving house", "Tell us the new address a month before, and the contract moves with you."),
];

/// What people ask, and the numbers of the pages that answer it, the best first.
const QUESTIONS: [(&str, &[u64]); 10] = [
    ("router", &[1, 3, 2]),
    ("how do I reset my router", &[2]),
    ("forgot password", &[4]),
    ("pay an invoice with a card", &[6, 5]),
    ("refund for a parcel", &[7, 6]),
    ("where is my parcel", &[9, 8, 7]),
    ("warehouse opening", &[10]),
    ("weak wireless signals", &[11, 12]),
    ("cancel contract", &[13]),
    ("new address when moving", &[14]),
];

/// The same with one slip each.
const SLIPS: [(&str, usize); 6] = [
    ("roter", 0),
    ("forgot pasword", 2),
    ("pay an invocie with a card", 3),
    ("warehouse openign", 6),
    ("weak wirelss signals", 7),
    ("cancel contrakt", 8),
];

/// The pages whose number leaves this rest, in a database of their own.
fn pages(parts: usize, rest: usize) -> String {
    let rows: Vec<String> = (1..)
        .zip(PAGES)
        .filter(|(id, _)| id % parts == rest)
        .map(|(id, (title, body))| format!("({id}, '{title}', '{body}')"))
        .collect();
    database(&format!(
        "CREATE TABLE pages (id INT PRIMARY KEY, title VARCHAR(200), body TEXT, FULLTEXT (title, body));
         INSERT INTO pages VALUES {}",
        rows.join(", ")
    ))
}

async fn over_pages(app: &TestApp, parts: usize) -> Caller {
    let session = app.session().await;
    for rest in 0..parts {
        session.connect(connection(&pages(parts, rest))).await;
    }
    session.with(&session.set_up(&["search"]).await)
}

async fn ids(key: &Caller, query: &str) -> Vec<u64> {
    row_ids(&key.search(json!({ "query": query })).await["results"])
}

/// nDCG@3 with a gain of one for each page that answers.
fn gain(found: &[u64], relevant: &[u64]) -> f64 {
    let discount = |at: usize| 1.0 / (2.0 + at as f64).log2();
    let best: f64 = (0..relevant.len().min(3)).map(discount).sum();
    let places = found.iter().take(3).enumerate().filter(|(_, id)| relevant.contains(id));
    places.map(|(at, _)| discount(at)).sum::<f64>() / best
}

async fn mean_gain(key: &Caller) -> f64 {
    let mut sum = 0.0;
    for (question, relevant) in QUESTIONS {
        sum += gain(&ids(key, question).await, relevant);
    }
    sum / QUESTIONS.len() as f64
}

async fn a_small_set_is_ranked_as_people_would(app: &TestApp) {
    let key = over_pages(app, 1).await;
    for (question, relevant) in QUESTIONS {
        let found = ids(&key, question).await;
        assert!(found.first().is_some_and(|first| relevant.contains(first)), "{question}: {found:?}");
    }
    let gain = mean_gain(&key).await;
    assert!(gain >= 0.9, "{gain}");
}

async fn a_slip_of_the_fingers_finds_what_was_meant(app: &TestApp) {
    let key = over_pages(app, 1).await;
    for (slip, question) in SLIPS {
        let found = ids(&key, slip).await;
        assert_eq!(found.first(), QUESTIONS[question].1.first(), "{slip}: {found:?}");
    }
}

async fn what_was_typed_right_is_not_corrected(app: &TestApp) {
    let key = over_pages(app, 1).await;
    assert_eq!(ids(&key, "month").await.len(), 3, "it is in three pages, and nothing like it is looked for");
    assert_eq!(ids(&key, "zeppelin").await, Vec::<u64>::new());
    assert_eq!(ids(&key, "rooms").await, [12]);
}

async fn splitting_a_table_over_databases_changes_little(app: &TestApp) {
    let (whole, split) = (over_pages(app, 1).await, over_pages(app, 2).await);
    let (whole, split) = (mean_gain(&whole).await, mean_gain(&split).await);
    assert!((whole - split).abs() <= 0.01, "{whole} and {split}");
}

/// The connection to a database with these texts in this language.
async fn notes(session: &Caller, language: &str, texts: [&str; 2]) -> String {
    let [first, second] = texts;
    let name = database(&format!(
        "CREATE TABLE notes (id INT PRIMARY KEY, body TEXT, FULLTEXT (body));
         INSERT INTO notes VALUES (1, '{first}'), (2, '{second}')"
    ));
    let mut connection = connection(&name);
    connection["searchOptions"] = json!({ "language": language });
    let id = session.connect(connection).await;
    let shown = session.get(&format!("/api/v1/databases/{id}")).await.is(200).data().clone();
    assert_eq!(shown["searchOptions"]["language"], language);
    id
}

async fn each_connection_has_a_language_of_its_own(app: &TestApp) {
    let session = app.session().await;
    let houses = ["Ein Haus am Meer", "Nichts davon"];
    let german = notes(&session, "german", houses).await;
    let french = notes(&session, "french", ["Le cheval blanc", "Rien du tout"]).await;
    let english = notes(&session, "english", houses).await;
    let found = async |query: &str, databases: &[&String]| {
        let search = json!({ "query": query, "databases": databases, "typoTolerance": false });
        row_ids(&session.search(search).await["results"])
    };
    assert_eq!(found("Häusern", &[&german]).await, [1]);
    assert_eq!(found("Häusern", &[&english]).await, Vec::<u64>::new());
    assert_eq!(found("chevaux", &[&french]).await, [1]);
    assert_eq!(found("chevaux Häusern", &[&german, &french, &english]).await, [1, 1]);
    // A change holds for the next search.
    let change = json!({ "searchOptions": { "language": "german" } });
    session.send("PATCH", &format!("/api/v1/databases/{english}"), Some(&change)).await.is(200);
    assert_eq!(found("Häusern", &[&english]).await, [1]);
}

async fn an_unknown_language_is_refused_naming_the_known_ones(app: &TestApp) {
    let session = app.session().await;
    let mut klingon = connection("nowhere");
    klingon["searchOptions"] = json!({ "language": "klingon" });
    let refused = session.post("/api/v1/databases", klingon).await.fails(400, "VALIDATION_ERROR");
    assert_eq!(refused.faulty_fields(), ["searchOptions.language"]);
    let told = refused.details().to_string();
    assert!(told.contains("english") && told.contains("turkish"), "{told}");
}
