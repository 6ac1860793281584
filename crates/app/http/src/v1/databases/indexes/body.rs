//! What the body of an index says.

use altus4_connections::{IndexDraft, IndexName, ParserName};
use utoipa::ToSchema;

use crate::extract::Fields;

/// More columns than any index has, so that they are all read and told together.
const MAX_COLUMNS: usize = 64;

/// A full-text index to be made.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `index_draft` reads it")]
pub(crate) struct IndexBody {
    /// The table.
    #[schema(min_length = 1, max_length = 64, example = "articles")]
    table: String,
    /// Its columns that are searched together.
    #[schema(min_items = 1, max_items = 16, example = json!(["title", "body"]))]
    columns: Vec<String>,
    /// What to call it; left out: after its columns.
    #[schema(min_length = 1, max_length = 64, example = "ft_title_body")]
    name: Option<String>,
    /// A plugin of the server that cuts texts into words.
    #[schema(pattern = "^[A-Za-z0-9_]{1,64}$", example = "ngram")]
    parser: Option<String>,
}

/// Reads an [`IndexBody`].
pub(super) fn index_draft(fields: &mut Fields) -> Option<IndexDraft> {
    fields.require(&["table", "columns"]);
    let table = fields.parsed("table", "must be a table's name", name);
    let columns = fields.list("columns", MAX_COLUMNS, "must be a column's name", name);
    if columns.as_ref().is_some_and(Vec::is_empty) {
        fields.fault("columns", "must have at least one item");
    }
    let reason = "must have 1 to 64 characters, no control characters and no blank at the end";
    let index = fields.parsed("name", reason, IndexName::parse);
    let parser = fields.parsed("parser", "must have 1 to 64 letters, digits and '_'", ParserName::parse);
    Some(IndexDraft { table: table?, columns: columns?, name: index, parser })
}

fn name(text: &str) -> Option<String> {
    let fits = (1..=128).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::assert_documented;

    #[test]
    fn the_body_is_read_as_documented() {
        assert_documented("IndexBody", json!({ "table": "t", "columns": ["c"] }), index_draft);
    }
}
