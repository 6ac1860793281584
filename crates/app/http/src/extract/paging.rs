//! Which page of a list is wanted: `page` and `limit` of a query string.

use altus4_kernel::PageRequest;
use utoipa::IntoParams;

use super::Fields;

/// The parameters of every route that answers with pages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `page_request` reads them")]
pub(crate) struct PagingParams {
    /// The page, from 1.
    #[param(default = 1, minimum = 1)]
    page: Option<u32>,
    /// How many items a page holds.
    #[param(default = 20, minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Reads [`PagingParams`].
pub(crate) fn page_request(fields: &mut Fields) -> Option<PageRequest> {
    let (has_page, has_limit) = (fields.has("page"), fields.has("limit"));
    let page = fields.whole("page", 1..=u32::MAX);
    let limit = fields.whole("limit", 1..=PageRequest::MAX_LIMIT);
    let page = if has_page { page? } else { PageRequest::default().page() };
    let limit = if has_limit { limit? } else { PageRequest::default().limit() };
    PageRequest::new(page, limit)
}
