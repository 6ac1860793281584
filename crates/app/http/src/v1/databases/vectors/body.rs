//! What the body of a vector index says.

use altus4_search::NewVectorIndex;
use utoipa::ToSchema;

use crate::extract::Fields;

/// More columns than are embedded together, so that they are all read and told together.
const MAX_COLUMNS: usize = 64;

/// Vectors to be built.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `new_vector_index` reads it")]
pub(crate) struct VectorIndexBody {
    /// The table. It has a primary key.
    #[schema(min_length = 1, max_length = 128, example = "articles")]
    table: String,
    /// Its columns whose text is embedded together; columns called as titles are come first.
    #[schema(min_items = 1, max_items = 16, example = json!(["title", "body"]))]
    columns: Vec<String>,
    /// The table's primary key; left out: whatever that is.
    #[schema(min_length = 1, max_length = 128, example = "id")]
    key_column: Option<String>,
    /// A column that moves whenever a row is changed: a date, a date and time, or a whole number. Left
    /// out: changes are found by reading all rows. It should be indexed.
    #[schema(min_length = 1, max_length = 128, example = "updated_at")]
    updated_column: Option<String>,
}

/// Reads a [`VectorIndexBody`].
pub(super) fn new_vector_index(fields: &mut Fields) -> Option<NewVectorIndex> {
    fields.require(&["table", "columns"]);
    let table = fields.parsed("table", "must be a table's name", name);
    let columns = fields.list("columns", MAX_COLUMNS, "must be a column's name", name);
    if columns.as_ref().is_some_and(Vec::is_empty) {
        fields.fault("columns", "must have at least one item");
    }
    let key_column = fields.parsed("keyColumn", "must be a column's name", name);
    let updated_column = fields.parsed("updatedColumn", "must be a column's name", name);
    Some(NewVectorIndex { table: table?, columns: columns?, key_column, updated_column })
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
        let least = json!({ "table": "t", "columns": ["c"] });
        assert_documented("VectorIndexBody", least, new_vector_index);
    }
}
