//! The queries in what a model wrote, which may be anything.

use std::collections::HashSet;

use serde_json::Value;

/// The longest query, in characters.
const MAX_CHARS: usize = 100;

/// Up to `limit` queries in the list that `text` is: each of 1–100 characters in one line, each once,
/// and none of them the one that was typed. Whatever is none is passed over.
pub(super) fn queries(text: &str, typed: &str, limit: usize) -> Vec<String> {
    let mut seen = HashSet::from([folded(typed)]);
    let listed = parse(text).unwrap_or_default();
    let queries = listed.iter().filter_map(Value::as_str).map(str::trim);
    let queries = queries.filter(|query| is_query(query) && seen.insert(folded(query)));
    queries.take(limit).map(ToOwned::to_owned).collect()
}

/// A list, or an object around one, in a fence or not.
fn parse(text: &str) -> Option<Vec<Value>> {
    let text = text.trim();
    let fenced = text.strip_prefix("```").and_then(|text| text.strip_suffix("```"));
    let text = fenced.map_or(text, |text| text.strip_prefix("json").unwrap_or(text));
    match serde_json::from_str(text).ok()? {
        Value::Array(list) => Some(list),
        Value::Object(members) => members.into_iter().find_map(|(_, value)| match value {
            Value::Array(list) => Some(list),
            _ => None,
        }),
        _ => None,
    }
}

fn is_query(text: &str) -> bool {
    (1..=MAX_CHARS).contains(&text.chars().count()) && !text.chars().any(is_unseen)
}

/// Characters that end a line, turn its direction, or are not seen at all.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn related(text: &str) -> Vec<String> {
        queries(text, "Router", 5)
    }

    #[test]
    fn a_list_is_taken_in_the_forms_that_models_give_it() {
        for text in [
            r#"["modem", "gateway"]"#,
            "  [\"modem\",\n\"gateway\"]\n",
            "```json\n[\"modem\", \"gateway\"]\n```",
            "```\n[\"modem\", \"gateway\"]\n```",
            r#"{"note": "here", "queries": ["modem", "gateway"]}"#,
        ] {
            assert_eq!(related(text), ["modem", "gateway"], "{text}");
        }
    }

    #[test]
    fn what_is_no_query_is_passed_over() {
        let hostile = json!([
            "modem", "", "  ", "two\nlines", "bell\u{7}", "turned\u{202e}round", "no\u{200b}thing", "x".repeat(101),
            7, null, ["gateway"], { "query": "gateway" }, "MODEM", " router ", "gateway ", "ア".repeat(100),
        ]);
        assert_eq!(
            related(&hostile.to_string()),
            ["modem".to_owned(), "gateway".to_owned(), "ア".repeat(100)]
        );
    }

    #[test]
    fn never_more_than_were_asked_for() {
        let many: Vec<String> = (0..50).map(|number| format!("query {number}")).collect();
        assert_eq!(related(&json!(many).to_string()).len(), 5);
        assert!(queries(r#"["modem"]"#, "router", 0).is_empty());
    }

    #[test]
    fn what_is_no_list_has_no_queries() {
        for text in ["", "Sure! Here are some queries:", "7", "null", "{}", "[\"cut", "<html></html>"] {
            assert!(related(text).is_empty(), "{text}");
        }
        assert!(related(&"[".repeat(100_000)).is_empty());
    }
}
