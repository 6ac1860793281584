//! Reads a search, telling all its faults at once.

use std::{collections::HashSet, time::Duration};

use altus4_kernel::ConnectionId;
use altus4_search::{BooleanQuery, QueryText, SearchMode, SearchQuery, SortBy, Tags, Window, WordMatching};
use serde_json::Value;

use super::filter;
use crate::{error::Code, extract::Fields};

const MAX_TAG_CHARS: usize = 64;
const MAX_NAME_CHARS: usize = 128;
const NAME: &str = "must be a name of 1 to 128 characters";

/// Reads a [`SearchBody`](super::SearchBody), or the same from a query string.
pub(in crate::v1::search) fn search_query(fields: &mut Fields) -> Option<SearchQuery> {
    let (text, mode) = text_and_mode(fields);
    let window = window(fields);
    let databases = databases(fields);
    let mut tables = names(fields, "tables", SearchQuery::MAX_NAMES);
    let mut min_score = fields.share("minScore");
    let columns = names(fields, "columns", SearchQuery::MAX_NAMES).unwrap_or_default();
    let read_fields = names(fields, "fields", SearchQuery::MAX_NAMES).unwrap_or_default();
    let facets = names(fields, "facets", SearchQuery::MAX_FACETS).unwrap_or_default();
    let sort = sort(fields);
    let filter = filter::filter(fields);
    let mut highlight = highlight(fields);
    let timeout = fields.whole("timeoutMs", 50..=60_000_u64).map(Duration::from_millis);
    let matching: Option<WordMatching> = fields.choice("matching", "must be any, all or most");
    let typo_tolerance = fields.flag("typoTolerance").unwrap_or(true);
    let semantic_ratio = fields.share("semanticRatio").unwrap_or(SearchQuery::DEFAULT_SEMANTIC_RATIO);
    let include_analytics = fields.flag("includeAnalytics").unwrap_or(false);

    let mut enable_ai = None;
    fields.object("options", |options| {
        enable_ai = options.flag("enableAI");
        options.flag("includeSchema");
        let marked = options.flag("highlightMatches").unwrap_or(false);
        highlight = highlight.take().or_else(|| marked.then(Tags::default));
    });
    let date_range = fields.object("filters", |filters| {
        let older_tables = names(filters, "tables", SearchQuery::MAX_NAMES);
        tables = tables.take().or(older_tables);
        min_score = min_score.or(filters.share("minScore"));
        filter::date_range(filters)
    });
    Some(SearchQuery {
        text: text?,
        mode: mode?,
        databases,
        tables: tables.unwrap_or_default(),
        columns,
        fields: read_fields,
        matching: matching.unwrap_or_default(),
        typo_tolerance,
        filter,
        date_range: date_range.flatten(),
        sort,
        facets,
        window: window?,
        min_score: min_score.unwrap_or(0.0),
        semantic_ratio,
        enable_ai,
        include_analytics,
        highlight,
        timeout: timeout.unwrap_or(SearchQuery::DEFAULT_TIMEOUT),
    })
}

/// Reads the body of an analysis: what it may name of a search.
pub(in crate::v1::search) fn analysis(fields: &mut Fields) -> Option<SearchQuery> {
    let (text, mode) = text_and_mode(fields);
    let databases = databases(fields);
    let tables = names(fields, "tables", SearchQuery::MAX_NAMES).unwrap_or_default();
    Some(SearchQuery { mode: mode?, databases, tables, ..SearchQuery::natural(text?) })
}

/// What is looked for and how it is read; `None` where it is at fault.
fn text_and_mode(fields: &mut Fields) -> (Option<QueryText>, Option<SearchMode>) {
    fields.require(&["query"]);
    let reason = "must have 1 to 500 characters and not be white space alone";
    let text = fields.parsed("query", reason, QueryText::parse);
    let mode = search_mode(fields);
    if let (Some(text), Some(SearchMode::Boolean)) = (&text, mode) {
        check_boolean(fields, text);
    }
    (text, mode)
}

/// `None` when it is at fault.
fn search_mode(fields: &mut Fields) -> Option<SearchMode> {
    if fields.has("searchMode") {
        fields.choice("searchMode", "must be natural, boolean or semantic")
    } else {
        Some(SearchMode::default())
    }
}

fn check_boolean(fields: &mut Fields, text: &QueryText) {
    let Err(fault) = BooleanQuery::parse(text.as_str()) else { return };
    fields.detail("position", fault.position);
    fields.detail("expected", fault.expected.as_str());
    fields.coded(Code::InvalidQuery, |fields| fields.fault("query", format!("can't be read: {fault}")));
}

pub(in crate::v1::search) fn window(fields: &mut Fields) -> Option<Window> {
    let plain = Window::default();
    let limit = fields.whole("limit", 1..=Window::MAX_LIMIT).unwrap_or(plain.limit());
    let offset = fields.whole("offset", 0..=Window::MAX_OFFSET).unwrap_or(plain.offset());
    Window::new(limit, offset)
}

pub(in crate::v1::search) fn databases(fields: &mut Fields) -> Vec<ConnectionId> {
    let parse = |text: &str| text.parse().ok();
    let ids: Option<Vec<ConnectionId>> =
        fields.list("databases", SearchQuery::MAX_DATABASES, "must be a connection's id", parse);
    let mut ids = ids.unwrap_or_default();
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(*id));
    ids
}

pub(in crate::v1::search) fn names(fields: &mut Fields, name: &str, max: usize) -> Option<Vec<String>> {
    fields.list(name, max, NAME, |text| is_name(text).then(|| text.to_owned()))
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// A column named twice sorts where it is first.
fn sort(fields: &mut Fields) -> Vec<SortBy> {
    const SORT: &str = "must be a column's name with :asc or :desc";
    let sort = fields.coded(Code::InvalidSort, |fields| {
        let parse = |text: &str| SortBy::parse(text).filter(|sort| is_name(&sort.column));
        fields.list("sort", SearchQuery::MAX_SORTS, SORT, parse)
    });
    let mut seen = HashSet::new();
    let mut sort = sort.unwrap_or_default();
    sort.retain(|sort| seen.insert(sort.column.clone()));
    sort
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
