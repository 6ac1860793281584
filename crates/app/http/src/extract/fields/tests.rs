//! What reading fields promises.

use serde_json::json;

use super::*;

fn faults(error: &ApiError) -> Vec<(String, String)> {
    let details = error.details().expect("details");
    let errors = details["errors"].as_array().expect("errors");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors.iter().map(|error| (text(&error["field"]), text(&error["reason"]))).collect()
}

#[test]
fn all_faults_are_told_at_once() {
    let body = json!({ "limit": 0, "inner": { "flag": "yes", "odd": 1 }, "names": ["a", 2], "more": 1 });
    let read = |f: &mut Fields| {
        f.require(&["query"]);
        let _: Option<u32> = f.whole("limit", 1..=100);
        f.object("inner", |inner| inner.flag("flag"));
        f.list("names", 5, "must be a name", |text| Some(text.to_owned()))
    };
    let error = Fields::of_json(body, read).unwrap_err();
    let expected = [
        ("query", "is required"),
        ("limit", "must be a whole number from 1 to 100"),
        ("inner.flag", "must be true or false"),
        ("inner.odd", "is an unknown field"),
        ("names[1]", "must be a name"),
        ("more", "is an unknown field"),
    ];
    assert_eq!(faults(&error), expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
    assert_eq!(error.details().expect("details")["field"], "query");
}

#[test]
fn null_counts_as_left_out() {
    let read = |f: &mut Fields| {
        f.require(&["name"]);
        f.text("name")
    };
    let error = Fields::of_json(json!({ "name": null }), read).unwrap_err();
    assert_eq!(faults(&error), [("name".to_owned(), "is required".to_owned())]);
}

#[test]
fn only_a_query_string_has_numbers_as_text() {
    let read = |f: &mut Fields| f.whole::<u32>("limit", 1..=100);
    let values = |value: Value| Map::from_iter([("limit".to_owned(), value)]);
    assert_eq!(Fields::of_query(values(json!("7")), read).unwrap(), 7);
    assert!(Fields::of_json(json!({ "limit": "7" }), read).is_err());
    assert!(Fields::of_json(json!({ "limit": 7.5 }), read).is_err());
}
