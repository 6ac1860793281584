//! Lists that come in pages: where a page stands in its list, and how its neighbours are reached.

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, HeaderName, HeaderValue, LINK},
};
use altus4_kernel::PageRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::is_parameter;

/// The headers of an answer that is a page, apart from `Link`.
pub(crate) const PAGE_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-total-count"),
    HeaderName::from_static("x-page"),
    HeaderName::from_static("x-per-page"),
];

/// Where a page stands in its list.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pagination {
    /// The page, from 1.
    page: u32,
    /// How many items a page holds.
    limit: u32,
    /// How many items the list has.
    total: u64,
    /// How many pages that makes.
    total_pages: u64,
    has_next: bool,
    has_prev: bool,
}

impl Pagination {
    /// Where this page stands in a list of `total` items.
    pub(super) fn new(request: PageRequest, total: u64) -> Self {
        let (page, limit) = (request.page(), request.limit());
        let total_pages = total.div_ceil(u64::from(limit));
        let has_next = u64::from(page) < total_pages;
        Self { page, limit, total, total_pages, has_next, has_prev: page > 1 }
    }

    /// Sets the headers that say the same.
    pub(super) fn set_headers(&self, request: &HttpRequest, headers: &mut HeaderMap) {
        let values = [self.total, u64::from(self.page), u64::from(self.limit)];
        for (name, value) in PAGE_HEADERS.into_iter().zip(values) {
            headers.insert(name, value.into());
        }
        if let Ok(links) = HeaderValue::from_str(&self.links(request.path(), request.query_string())) {
            headers.insert(LINK, links);
        }
    }

    /// The neighbours and the ends of the list (RFC 8288), relative to the host that was asked:
    /// only its clients know what it is called.
    fn links(&self, path: &str, query: &str) -> String {
        let others = query.split('&').filter(|part| !part.is_empty());
        let others = others.filter(|part| !is_parameter(part, &["page", "limit"]));
        let others: String = others.flat_map(|part| [part, "&"]).collect();
        let last = self.total_pages.max(1);
        let page = u64::from(self.page);
        let pages = [
            ("first", Some(1)),
            ("prev", self.has_prev.then(|| (page - 1).min(last))),
            ("next", self.has_next.then_some(page + 1)),
            ("last", Some(last)),
        ];
        let link = |(name, page): (&str, Option<u64>)| {
            Some(format!("<{path}?{others}page={}&limit={}>; rel=\"{name}\"", page?, self.limit))
        };
        pages.into_iter().filter_map(link).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(page: u32, limit: u32, total: u64) -> Pagination {
        Pagination::new(PageRequest::new(page, limit).unwrap(), total)
    }

    #[test]
    fn a_page_knows_where_it_stands() {
        for (page, total, pages, next, prev) in [
            (1, 0, 0, false, false),
            (1, 20, 1, false, false),
            (1, 21, 2, true, false),
            (2, 21, 2, false, true),
            (9, 21, 2, false, true),
        ] {
            let found = at(page, 20, total);
            assert_eq!(
                (found.total_pages, found.has_next, found.has_prev),
                (pages, next, prev),
                "{page} {total}"
            );
        }
        assert!(!at(u32::MAX, 100, u64::MAX).links("/", "").is_empty());
    }

    #[test]
    fn links_keep_what_else_was_asked() {
        let links =
            at(2, 10, 25).links("/api/v1/admin/users", "role=admin&page=2&p%61ge=7&limit=10&search=a%20b");
        let link = |page: u32, name: &str| {
            format!("</api/v1/admin/users?role=admin&search=a%20b&page={page}&limit=10>; rel=\"{name}\"")
        };
        assert_eq!(links, [link(1, "first"), link(1, "prev"), link(3, "next"), link(3, "last")].join(", "));
    }

    #[test]
    fn beyond_the_end_one_is_led_back() {
        let links = at(9, 10, 25).links("/x", "");
        assert!(links.contains("</x?page=3&limit=10>; rel=\"prev\"") && !links.contains("next"), "{links}");
        let links = at(1, 10, 0).links("/x", "");
        assert_eq!(links, "</x?page=1&limit=10>; rel=\"first\", </x?page=1&limit=10>; rel=\"last\"");
    }
}
