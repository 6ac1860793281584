//! What a search's body, or its query string, says.

use std::time::Duration;

use altus4_kernel::ConnectionId;
use altus4_search::{QueryText, SearchMode, SearchQuery, Tags, Window};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Fields, NOT_YET};

const MAX_TAG_CHARS: usize = 64;
const MAX_NAME_CHARS: usize = 128;
const NAME: &str = "must be a name of 1 to 128 characters";

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
    /// `natural` or `semantic`. `boolean` is not available in this version yet.
    #[schema(default = "natural", pattern = "^(natural|semantic)$")]
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
    /// Only `any` is available in this version.
    #[schema(default = "any", pattern = "^any$")]
    matching: Option<String>,
    /// A hint.
    typo_tolerance: Option<bool>,
    /// The weight of meaning against words in `semantic`.
    #[schema(minimum = 0.0, maximum = 1.0)]
    semantic_ratio: Option<f64>,
    /// `true` is not available in this version yet.
    #[schema(default = false)]
    include_analytics: Option<bool>,
    /// Not available in this version yet; only an empty one is accepted.
    #[schema(value_type = Option<Object>)]
    filter: Option<Value>,
    /// Not available in this version yet.
    #[schema(max_items = 0)]
    sort: Option<Vec<String>>,
    /// Not available in this version yet.
    #[schema(max_items = 0)]
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
    /// Has no effect.
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
    /// Not available in this version yet; only an empty one is accepted.
    #[schema(value_type = Option<Object>)]
    date_range: Option<Value>,
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
    /// `natural` or `semantic`.
    #[param(pattern = "^(natural|semantic)$")]
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
}

/// Reads a [`SearchBody`], or the same from a query string.
pub(super) fn search_query(fields: &mut Fields) -> Option<SearchQuery> {
    fields.require(&["query"]);
    let reason = "must have 1 to 500 characters and not be white space alone";
    let text = fields.parsed("query", reason, QueryText::parse);
    let mode = search_mode(fields);
    let window = window(fields);
    let databases = databases(fields);
    let mut tables = names(fields, "tables");
    let mut min_score = fields.share("minScore");
    let columns = names(fields, "columns").unwrap_or_default();
    let read_fields = names(fields, "fields").unwrap_or_default();
    let mut highlight = highlight(fields);
    let timeout = fields.whole("timeoutMs", 50..=60_000_u64).map(Duration::from_millis);
    refuse_what_is_to_come(fields);

    fields.object("options", |options| {
        options.flag("enableAI");
        options.flag("includeSchema");
        let marked = options.flag("highlightMatches").unwrap_or(false);
        highlight = highlight.take().or_else(|| marked.then(Tags::default));
    });
    fields.object("filters", |filters| {
        let (older_tables, older_score) = (names(filters, "tables"), filters.share("minScore"));
        tables = tables.take().or(older_tables);
        min_score = min_score.or(older_score);
        filters.not_yet("dateRange", is_empty_object);
    });
    Some(SearchQuery {
        text: text?,
        mode: mode?,
        databases,
        tables: tables.unwrap_or_default(),
        columns,
        fields: read_fields,
        window: window?,
        min_score: min_score.unwrap_or(0.0),
        highlight,
        timeout: timeout.unwrap_or(SearchQuery::DEFAULT_TIMEOUT),
    })
}

/// `None` when it is at fault.
fn search_mode(fields: &mut Fields) -> Option<SearchMode> {
    if !fields.has("searchMode") {
        return Some(SearchMode::default());
    }
    let text = fields.text("searchMode")?;
    let mode = text.parse().ok();
    match mode {
        None if text == "boolean" => fields.fault("searchMode", format!("'boolean' {NOT_YET}")),
        None => fields.fault("searchMode", "must be natural or semantic"),
        Some(_) => {}
    }
    mode
}

fn window(fields: &mut Fields) -> Option<Window> {
    let plain = Window::default();
    let limit = fields.whole("limit", 1..=Window::MAX_LIMIT).unwrap_or(plain.limit());
    let offset = fields.whole("offset", 0..=Window::MAX_OFFSET).unwrap_or(plain.offset());
    Window::new(limit, offset)
}

fn databases(fields: &mut Fields) -> Vec<ConnectionId> {
    let parse = |text: &str| text.parse().ok();
    let ids: Option<Vec<ConnectionId>> =
        fields.list("databases", SearchQuery::MAX_DATABASES, "must be a connection's id", parse);
    let mut ids = ids.unwrap_or_default();
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(*id));
    ids
}

fn names(fields: &mut Fields, name: &str) -> Option<Vec<String>> {
    fields.list(name, SearchQuery::MAX_NAMES, NAME, |text| {
        let fits =
            (1..=MAX_NAME_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        fits.then(|| text.to_owned())
    })
}

fn highlight(fields: &mut Fields) -> Option<Tags> {
    if fields.peek("highlight").is_some_and(Value::is_object) {
        return fields.object("highlight", tags);
    }
    fields.flag("highlight").unwrap_or(false).then(Tags::default)
}

fn tags(fields: &mut Fields) -> Tags {
    let reason = format!("must have at most {MAX_TAG_CHARS} characters");
    let short = |text: &str| (text.chars().count() <= MAX_TAG_CHARS).then(|| text.to_owned());
    let plain = Tags::default();
    let pre = fields.parsed("preTag", reason.clone(), short).unwrap_or(plain.pre);
    let post = fields.parsed("postTag", reason, short).unwrap_or(plain.post);
    Tags { pre, post }
}

/// Fields of the contract that this version doesn't serve are refused by name rather than left
/// aside, unless they ask for nothing.
fn refuse_what_is_to_come(fields: &mut Fields) {
    fields.not_yet("filter", is_empty_object);
    for name in ["sort", "facets"] {
        fields.not_yet(name, |value| value.as_array().is_some_and(Vec::is_empty));
    }
    match fields.text("matching").as_deref() {
        None | Some("any") => {}
        Some("all" | "most") => fields.fault("matching", format!("other than 'any' {NOT_YET}")),
        Some(_) => fields.fault("matching", "must be any, all or most"),
    }
    fields.flag("typoTolerance");
    fields.share("semanticRatio");
    if fields.flag("includeAnalytics") == Some(true) {
        fields.fault("includeAnalytics", NOT_YET);
    }
}

fn is_empty_object(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ApiError;

    fn read(body: Value) -> Result<SearchQuery, ApiError> {
        Fields::of_json(body, search_query)
    }

    fn reasons(body: Value) -> Vec<String> {
        let error = read(body).expect_err("a fault");
        let errors = error.details().expect("details")["errors"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        errors.iter().map(|e| format!("{} {}", text(&e["field"]), text(&e["reason"]))).collect()
    }

    #[test]
    fn the_body_is_read_as_documented() {
        let probe = json!({ "searchMode": "natural", "highlight": {}, "options": {}, "filters": {} });
        crate::openapi::assert_documented("SearchBody", probe, search_query);
    }

    #[test]
    fn a_query_alone_searches_everywhere() {
        let query = read(json!({ "query": "parcel" })).unwrap();
        assert_eq!(query.text.as_str(), "parcel");
        assert_eq!((query.window, query.mode), (Window::default(), SearchMode::Natural));
        assert!(query.databases.is_empty() && query.tables.is_empty() && query.highlight.is_none());
        assert_eq!(query.timeout, SearchQuery::DEFAULT_TIMEOUT);
    }

    #[test]
    fn the_older_spelling_says_the_same() {
        let query = read(json!({
            "query": "parcel",
            "options": { "enableAI": true, "highlightMatches": true, "includeSchema": false },
            "filters": { "tables": ["articles"], "minScore": 0.25 },
        }));
        let query = query.unwrap();
        assert_eq!((query.tables, query.min_score), (vec!["articles".to_owned()], 0.25));
        assert_eq!(query.highlight, Some(Tags::default()));
    }

    #[test]
    fn what_asks_for_nothing_is_accepted() {
        let query = read(json!({
            "query": "parcel", "matching": "any", "includeAnalytics": false, "typoTolerance": true,
            "searchMode": "semantic", "semanticRatio": 0.5, "filter": {}, "sort": [], "facets": [],
            "highlight": false, "databases": [], "tables": null,
        }));
        assert_eq!(query.unwrap().mode, SearchMode::Semantic);
    }

    #[test]
    fn what_is_to_come_is_refused_by_name() {
        let body = json!({
            "query": "parcel", "searchMode": "boolean", "filter": { "status": "open" }, "sort": ["price:asc"],
            "facets": ["status"], "matching": "all", "includeAnalytics": true,
            "filters": { "dateRange": { "from": "2026-01-01" } },
        });
        let reasons = reasons(body);
        assert_eq!(reasons.len(), 7, "{reasons:?}");
        assert!(reasons.iter().all(|reason| reason.ends_with(NOT_YET)), "{reasons:?}");
    }

    #[test]
    fn bounds_are_kept() {
        let eleven: Vec<_> = (0..11).map(|n| format!("0196f000-0000-7000-8000-{n:012}")).collect();
        insta::assert_json_snapshot!(reasons(json!({
            "query": " ", "limit": 101, "offset": -1, "minScore": 1.5, "timeoutMs": 49, "databases": eleven,
            "tables": [""], "fields": "id", "highlight": { "preTag": "x".repeat(65), "colour": 1 },
            "semanticRatio": 2, "matching": "some", "querry": "x",
        })));
    }

    #[test]
    fn an_id_named_twice_counts_once() {
        let id = "0196f000-0000-7000-8000-000000000001";
        assert_eq!(read(json!({ "query": "x", "databases": [id, id] })).unwrap().databases.len(), 1);
    }
}
