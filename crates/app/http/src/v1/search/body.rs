//! What a search's body, or its query string, says: as documented here, and as read in `read`.

mod filter;
mod read;

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

pub(crate) use self::filter::filter as read_filter;
pub(super) use self::read::{analysis, databases, names, search_query, window};

/// A search.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `search_query` reads it")]
pub(crate) struct SearchBody {
    /// What to look for.
    #[schema(min_length = 1, max_length = 500, example = "refund for a damaged parcel")]
    query: String,
    /// Ids of connections; left out or empty: all active ones.
    #[schema(max_items = 10, value_type = Option<Vec<Uuid>>)]
    databases: Option<Vec<String>>,
    /// Left out: each connection's default tables, else every table with text columns.
    #[schema(max_items = 50)]
    tables: Option<Vec<String>>,
    /// Left out: every text column.
    #[schema(max_items = 50)]
    columns: Option<Vec<String>>,
    /// `natural`, `boolean` or `semantic`. `boolean` knows `AND`, `OR`, `NOT`, brackets, `"phrases"`,
    /// `prefix*`, `+ - > < ~` and `column:term`; words side by side mean `AND`.
    #[schema(default = "natural", pattern = "^(natural|boolean|semantic)$")]
    search_mode: Option<String>,
    #[schema(default = 20, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    #[schema(default = 0, minimum = 0, maximum = 10000)]
    offset: Option<u32>,
    /// The columns that come back in `data` beside the primary key; left out: all.
    #[schema(max_items = 50)]
    fields: Option<Vec<String>>,
    /// Results that score below are dropped.
    #[schema(default = 0.0, minimum = 0.0, maximum = 1.0)]
    min_score: Option<f64>,
    highlight: Option<HighlightChoice>,
    /// What hasn't answered by then, in milliseconds, is left out and named.
    #[schema(default = 10000, minimum = 50, maximum = 60000)]
    timeout_ms: Option<u64>,
    /// How many words must match in `natural`: `any`, `all` or `most` (more than half).
    #[schema(default = "any", pattern = "^(any|all|most)$")]
    matching: Option<String>,
    /// Whether words a typing error away match too, but for `boolean`.
    #[schema(default = true)]
    typo_tolerance: Option<bool>,
    /// The weight of meaning against words in `semantic`.
    #[schema(default = 0.5, minimum = 0.0, maximum = 1.0)]
    semantic_ratio: Option<f64>,
    /// Adds `trends`, `queryOptimization` and `timing`.
    #[schema(default = false)]
    include_analytics: Option<bool>,
    /// Conditions by field, each a value or an object of operators (`eq ne gt gte lt lte in nin like
    /// ilike startsWith endsWith contains isNull between`), and `and`, `or`, `not` around them; 5 deep
    /// and 50 conditions at the most.
    #[schema(value_type = Option<Object>, example = json!({ "status": "open", "price": { "lt": 20 } }))]
    filter: Option<Value>,
    /// Instead of by relevance, which breaks ties.
    #[schema(max_items = 5, example = json!(["price:asc"]))]
    sort: Option<Vec<String>>,
    /// Columns whose values are counted among the matches, the 100 commonest of each.
    #[schema(max_items = 10)]
    facets: Option<Vec<String>>,
    options: Option<OptionsBody>,
    filters: Option<FiltersBody>,
}

/// `true` marks matches with `<mark>`; an object says with what.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the body; `highlight` reads it")]
pub(crate) enum HighlightChoice {
    /// On or off.
    Plain(bool),
    /// In detail.
    Tags(TagsBody),
}

/// What stands before and after a match. Not escaped.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `tags` reads it")]
pub(crate) struct TagsBody {
    #[schema(default = "<mark>", max_length = 64)]
    pre_tag: Option<String>,
    #[schema(default = "</mark>", max_length = 64)]
    post_tag: Option<String>,
}

/// The older spelling of some fields.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `search_query` reads it")]
pub(crate) struct OptionsBody {
    /// `false`: no provider outside is asked, whatever the connections allow. `true`: related queries
    /// are among the `suggestions` too, where a provider is set up.
    #[serde(rename = "enableAI")]
    enable_ai: Option<bool>,
    /// As `highlight: true`.
    highlight_matches: Option<bool>,
    /// Has no effect.
    include_schema: Option<bool>,
}

/// The older spelling of some fields.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `search_query` reads it")]
pub(crate) struct FiltersBody {
    /// As `tables` beside it.
    tables: Option<Vec<String>>,
    /// As `minScore` beside it.
    min_score: Option<f64>,
    date_range: Option<DateRangeBody>,
}

/// Rows that came to be in this time, by the column that says so (`created_at`, `createdAt`, …).
/// Tables without one are left out.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `date_range` reads it")]
pub(crate) struct DateRangeBody {
    /// A date, or a date and time, of ISO 8601.
    #[schema(example = "2026-01-01")]
    from: Option<String>,
    /// The same; a date counts to its end.
    #[schema(example = "2026-01-31")]
    to: Option<String>,
    /// Another name of `from`.
    start: Option<String>,
    /// Another name of `to`.
    end: Option<String>,
}

/// A search as a link says it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the parameters; `search_query` reads them")]
pub(crate) struct SearchLink {
    /// What to look for. `query` is another name of it.
    #[param(min_length = 1, max_length = 500, example = "refund")]
    q: String,
    /// Ids of connections; left out: all active ones.
    #[param(style = Form, explode = false, max_items = 10, value_type = Option<Vec<Uuid>>)]
    databases: Option<String>,
    /// Left out: each connection's default tables, else every table with text columns.
    #[param(style = Form, explode = false, max_items = 50, value_type = Option<Vec<String>>)]
    tables: Option<String>,
    /// Left out: every text column.
    #[param(style = Form, explode = false, max_items = 50, value_type = Option<Vec<String>>)]
    columns: Option<String>,
    /// `natural`, `boolean` or `semantic`.
    #[param(pattern = "^(natural|boolean|semantic)$")]
    search_mode: Option<String>,
    #[param(default = 20, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    #[param(default = 0, minimum = 0, maximum = 10000)]
    offset: Option<u32>,
    /// The columns that come back in `data` beside the primary key; left out: all.
    #[param(style = Form, explode = false, max_items = 50, value_type = Option<Vec<String>>)]
    fields: Option<String>,
    /// Results that score below are dropped.
    #[param(minimum = 0.0, maximum = 1.0)]
    min_score: Option<f64>,
    /// Mark matches with `<mark>`.
    highlight: Option<bool>,
    /// What hasn't answered by then, in milliseconds, is left out and named.
    #[param(default = 10000, minimum = 50, maximum = 60000)]
    timeout_ms: Option<u64>,
    /// How many words must match in `natural`.
    #[param(pattern = "^(any|all|most)$")]
    matching: Option<String>,
    /// Whether words a typing error away match too.
    typo_tolerance: Option<bool>,
    /// The weight of meaning against words in `semantic`.
    #[param(minimum = 0.0, maximum = 1.0)]
    semantic_ratio: Option<f64>,
    /// Adds `trends`, `queryOptimization` and `timing`.
    include_analytics: Option<bool>,
    /// Conditions as JSON, as in a body; or in brackets, as `filter[status]=open&filter[price][lt]=20`.
    #[param(example = r#"{"status":"open"}"#)]
    filter: Option<String>,
    /// `price:asc`; several separated by commas.
    #[param(style = Form, explode = false, max_items = 5, value_type = Option<Vec<String>>)]
    sort: Option<String>,
    /// Columns whose values are counted among the matches.
    #[param(style = Form, explode = false, max_items = 10, value_type = Option<Vec<String>>)]
    facets: Option<String>,
}

#[cfg(test)]
mod tests;
