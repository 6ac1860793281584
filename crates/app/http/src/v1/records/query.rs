//! What is asked of a list, in its query string.

use altus4_connections::{DateRange, FilterQuery};
use altus4_entities::{Count, EntityService, ListQuery, Paging, ReadQuery, SortField};
use altus4_kernel::PageRequest;
use utoipa::IntoParams;

use crate::{
    error::Code,
    extract::{Fields, page_request},
    v1::search::read_filter,
};

const DATE: &str = "must be a date, or a date and time, as ISO 8601 has it";
const MAX_FIELDS: usize = 4_096;

/// The parameters of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the parameters; `list_query` reads them")]
pub(crate) struct ListParams {
    /// The page, from 1.
    #[param(default = 1, minimum = 1)]
    page: Option<u32>,
    /// How many records a part has.
    #[param(default = 20, minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Goes on where `pagination.nextCursor` says; empty: from the beginning.
    cursor: Option<String>,
    /// Fields, those that begin with `-` from the greatest on; `-_score`: what fits `search` best.
    #[param(example = "-priority,createdAt")]
    sort: Option<String>,
    /// `asc` or `desc`, for fields in `sort` without a sign.
    #[param(default = "asc", pattern = "^(asc|desc)$")]
    order: Option<String>,
    /// The fields to show; left out: all.
    fields: Option<String>,
    /// Relations to include, nested ones with a dot, two deep.
    #[param(example = "author,comments.author")]
    include: Option<String>,
    /// Words to look for.
    #[param(max_length = 500)]
    search: Option<String>,
    /// Conditions as JSON, `{"status":"todo","priority":{"in":["high"]}}`, or in brackets,
    /// `filter[status]=todo&filter[dueDate][gte]=2026-01-01`.
    filter: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    /// `exact`, `estimated` or `none`. Left out: `exact`, with a cursor `none`.
    #[param(pattern = "^(exact|estimated|none)$")]
    count: Option<String>,
}

/// Reads [`ListParams`].
pub(super) fn list_query(fields: &mut Fields) -> Option<ListQuery> {
    let cursor = fields.text("cursor");
    if cursor.is_some() && fields.has("page") {
        fields.fault("page", "must not be given with cursor");
    }
    let page = page_request(fields);
    let descending = fields.parsed("order", "must be asc or desc", |text| match text {
        "asc" => Some(false),
        "desc" => Some(true),
        _ => None,
    });
    let sort = fields.coded(Code::InvalidSort, |fields| sort(fields, descending.unwrap_or(false)));
    let shown = names(fields, "fields", MAX_FIELDS);
    let include = names(fields, "include", ListQuery::MAX_INCLUDES);
    let search = fields.text("search").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if search.as_ref().is_some_and(|text| text.chars().count() > ListQuery::MAX_SEARCH_CHARS) {
        fields.fault("search", format!("must have at most {} characters", ListQuery::MAX_SEARCH_CHARS));
    }
    let filter = read_filter(fields);
    let dates = dates(fields);
    let count = fields.parsed("count", "must be exact, estimated or none", |text| match text {
        "exact" => Some(Count::Exact),
        "estimated" => Some(Count::Estimated),
        "none" => Some(Count::None),
        _ => None,
    });
    let page = page?;
    let (paging, usual) = match cursor {
        Some(cursor) => (Paging::Cursor { cursor, limit: page.limit() }, Count::None),
        None => (Paging::Page(page), Count::Exact),
    };
    let count = count.unwrap_or(usual);
    Some(ListQuery { paging, sort, fields: shown, include, search, filter, dates, count })
}

/// Reads what is asked of one record.
pub(super) fn read_query(fields: &mut Fields) -> ReadQuery {
    ReadQuery {
        fields: names(fields, "fields", MAX_FIELDS),
        include: names(fields, "include", ListQuery::MAX_INCLUDES),
    }
}

/// Which records are meant where several are changed or deleted: a filter that says something, and how
/// many at the most.
pub(super) fn some(fields: &mut Fields) -> Option<(FilterQuery, u32)> {
    let max = u32::try_from(EntityService::MAX_RECORDS).unwrap_or(u32::MAX);
    fields.require(&["limit"]);
    let limit = fields.whole("limit", 1..=max);
    let before = fields.count_faults();
    let filter = read_filter(fields);
    if filter.is_none() && fields.count_faults() == before {
        fields.fault("filter", "is required, with a condition at least");
    }
    Some((filter?, limit?))
}

fn sort(fields: &mut Fields, descending: bool) -> Vec<SortField> {
    let names = names(fields, "sort", ListQuery::MAX_SORTS);
    let field = |name: String| match name.strip_prefix(['-', '+']) {
        Some(rest) => SortField { name: rest.to_owned(), descending: name.starts_with('-') },
        None => SortField { name, descending },
    };
    names.into_iter().map(field).collect()
}

fn names(fields: &mut Fields, parameter: &str, max: usize) -> Vec<String> {
    fields.list(parameter, max, "must be a name", |text| Some(text.to_owned())).unwrap_or_default()
}

fn dates(fields: &mut Fields) -> Option<DateRange> {
    let is_date = |text: &str| DateRange::new(Some(text), None).map(|_| text.to_owned());
    let [from, to] = ["startDate", "endDate"].map(|name| fields.parsed(name, DATE, is_date));
    let is_asked = from.is_some() || to.is_some();
    is_asked.then(|| DateRange::new(from.as_deref(), to.as_deref())).flatten()
}

/// The page that is asked for, if it isn't a cursor's list.
pub(super) fn page_of(query: &ListQuery) -> Option<PageRequest> {
    match query.paging {
        Paging::Page(page) => Some(page),
        Paging::Cursor { .. } => None,
    }
}
