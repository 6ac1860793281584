//! Categories: what results are about. Pure, and nothing of it is made up: a row's own column says it,
//! or, among rows whose vectors are at hand, those that are near each other are a group, named by the
//! word of theirs that tells it best from the others.

mod groups;

use altus4_connections::{ColumnKind, Table, Value};

pub(crate) use self::groups::name_groups;
use crate::{Category, Hit};

/// What columns are called that say what a row is about; of those in the plural, each part does.
const SAYING_ONE: &[&str] = &["category", "topic", "section", "genre", "category_name", "topic_name"];
const SAYING_SEVERAL: &[&str] = &["categories", "topics", "sections", "genres", "tags", "tag_list"];
/// A longer text is no name of anything.
const MAX_CHARS: usize = 64;
/// The most of one result.
const MAX_OF_ROW: usize = 8;
/// The most of an answer.
const MAX_TOLD: usize = 50;

/// What a row says itself, in the columns that are shown.
pub(crate) fn of_row(table: &Table, data: &[(String, Value)]) -> Vec<Category> {
    let mut names: Vec<String> = Vec::new();
    for (column, value) in data {
        let lower = column.to_ascii_lowercase();
        let several = SAYING_SEVERAL.contains(&lower.as_str());
        let is_text = || {
            let kind = table.column(column).map(|column| column.found.kind);
            matches!(kind, Some(ColumnKind::Text { .. } | ColumnKind::Json))
        };
        if !(several || SAYING_ONE.contains(&lower.as_str())) || !is_text() {
            continue;
        }
        let text = value.as_text().unwrap_or_default();
        for part in if several { parts(text) } else { vec![text] } {
            let name = part.trim();
            let fits = (1..=MAX_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
            if fits && names.len() < MAX_OF_ROW && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names.into_iter().map(|name| Category { name, count: 1, confidence: 1.0 }).collect()
}

/// The parts of a list: a `SET`, what people separate by commas, or the texts of a JSON array.
fn parts(text: &str) -> Vec<&str> {
    let text = text.trim();
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(array) => {
            let texts = array.split(',').filter_map(quoted);
            texts.filter(|part| !part.contains(['"', '\\'])).collect()
        }
        None => text.split([',', ';', '|']).collect(),
    }
}

fn quoted(part: &str) -> Option<&str> {
    part.trim().strip_prefix('"')?.strip_suffix('"')
}

/// What the results are about together, the commonest first, then by name.
pub(crate) fn sum(hits: &[Hit]) -> Vec<Category> {
    let mut sums: Vec<Category> = Vec::new();
    for category in hits.iter().flat_map(|hit| &hit.categories) {
        match sums.iter_mut().find(|known| known.name == category.name) {
            Some(known) => {
                known.count += 1;
                known.confidence += category.confidence;
            }
            None => sums.push(category.clone()),
        }
    }
    for category in &mut sums {
        category.confidence = (category.confidence / category.count as f64 * 1e4).round() / 1e4;
    }
    sums.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    sums.truncate(MAX_TOLD);
    sums
}

#[cfg(test)]
mod tests {
    use altus4_connections::{DiscoveredColumn, DiscoveredTable, SchemaSnapshot};

    use super::*;
    use crate::testkit::sample_answer;

    fn said(columns: &[(&str, Value)]) -> Vec<String> {
        let column = |(name, value): &(&str, Value)| DiscoveredColumn {
            name: (*name).into(),
            kind: if matches!(value, Value::Int(_)) {
                ColumnKind::Integer
            } else {
                ColumnKind::Text { max_chars: None }
            },
            ..Default::default()
        };
        let table = DiscoveredTable {
            name: "articles".into(),
            columns: columns.iter().map(column).collect(),
            ..Default::default()
        };
        let schema = SchemaSnapshot::new(vec![table]);
        let data: Vec<_> = columns.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        of_row(&schema.tables()[0], &data).into_iter().map(|category| category.name).collect()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_row_is_about_what_its_own_column_says() {
        assert_eq!(
            said(&[("title", text("x")), ("Category", text(" Science, Arts & Life "))]),
            ["Science, Arts & Life"]
        );
        assert_eq!(said(&[("tags", text("red, blue;red|"))]), ["red", "blue"]);
        assert_eq!(said(&[("tags", text(r#"["red", 1.5, "blue"]"#))]), ["red", "blue"]);
    }

    #[test]
    fn what_is_no_name_is_no_category() {
        let long = "x".repeat(65);
        for value in [Value::Null, Value::Int(7), text(""), text(&long), text("a\nb")] {
            assert!(said(&[("category", value.clone())]).is_empty(), "{value:?}");
        }
        assert!(said(&[("title", text("category"))]).is_empty());
    }

    #[test]
    fn categories_are_counted_the_commonest_first() {
        let mut hits = sample_answer(1, 3, "x").hits;
        let of = |name: &str, confidence| Category { name: name.to_owned(), count: 1, confidence };
        hits[0].categories = vec![of("b", 1.0), of("a", 1.0)];
        hits[1].categories = vec![of("b", 0.5)];
        let told = [Category { count: 2, confidence: 0.75, ..of("b", 0.0) }, of("a", 1.0)];
        assert_eq!(sum(&hits), told);
    }
}
