//! Records in answers.

use std::fmt::Write;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{
        StatusCode,
        header::{ETAG, HeaderMap, HeaderName, HeaderValue, LINK, LOCATION},
    },
};
use altus4_entities::{Cell, ListQuery, Record, RecordPage, Version, Versioned};
use altus4_kernel::PageRequest;
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{place, query::page_of};
use crate::{
    envelope::{Meta, PAGE_HEADERS, json_response},
    error::ApiError,
    extract::is_parameter,
};

/// A record as JSON: its fields in the order of its table.
struct RecordDto<'a>(&'a Record);

impl Serialize for RecordDto<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.cells.len()))?;
        for (name, cell) in &self.0.cells {
            match cell {
                Cell::Value(value) => map.serialize_entry(&**name, value)?,
                Cell::One(record) => map.serialize_entry(&**name, &record.as_ref().map(RecordDto))?,
                Cell::Many(records) => {
                    let records: Vec<_> = records.iter().map(RecordDto).collect();
                    map.serialize_entry(&**name, &records)?;
                }
            }
        }
        map.end()
    }
}

/// Where a part of a list stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_pages: Option<u64>,
    has_next: bool,
    has_prev: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Envelope<T> {
    success: bool,
    data: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Standing>,
    meta: Meta,
}

fn enveloped<T: Serialize>(
    request: &HttpRequest,
    status: StatusCode,
    data: T,
    pagination: Option<Standing>,
) -> HttpResponse {
    let envelope = Envelope { success: true, data, pagination, meta: Meta::of(request) };
    match serde_json::to_vec(&envelope) {
        Ok(body) => json_response(status, body),
        Err(error) => HttpResponse::from_error(ApiError::internal().with_source(error)),
    }
}

/// A part of a list of records.
#[derive(Debug)]
pub(crate) struct Listed {
    records: Vec<Record>,
    standing: Standing,
}

impl Listed {
    pub(super) fn new(page: RecordPage, query: &ListQuery) -> Self {
        let (at, limit) = (page_of(query), query.paging.limit());
        let standing = Standing {
            page: at.map(PageRequest::page),
            limit,
            total: page.total,
            total_pages: page.total.map(|total| total.div_ceil(u64::from(limit))),
            has_next: page.has_next,
            has_prev: at.is_some_and(|page| page.page() > 1),
            next_cursor: page.next_cursor,
        };
        Self { records: page.records, standing }
    }
}

impl Responder for Listed {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut headers = HeaderMap::new();
        self.standing.set_headers(request, &mut headers);
        let records: Vec<_> = self.records.iter().map(RecordDto).collect();
        let mut response = enveloped(request, StatusCode::OK, records, Some(self.standing));
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl Standing {
    fn set_headers(&self, request: &HttpRequest, headers: &mut HeaderMap) {
        let [total, page, per_page] = PAGE_HEADERS;
        let mut set = |name: HeaderName, value: Option<u64>| {
            if let Some(value) = value {
                headers.insert(name, value.into());
            }
        };
        set(total, self.total);
        set(page, self.page.map(u64::from));
        set(per_page, Some(self.limit.into()));
        if let Ok(links) = HeaderValue::from_str(&self.links(request.path(), request.query_string())) {
            headers.insert(LINK, links);
        }
    }

    /// The neighbours and the ends of the list (RFC 8288).
    fn links(&self, path: &str, query: &str) -> String {
        let others = query.split('&').filter(|part| !part.is_empty());
        let others: String = others.filter(|part| !is_parameter(part, &["page", "limit", "cursor"])).fold(
            String::new(),
            |mut all, part| {
                let _ = write!(all, "{part}&");
                all
            },
        );
        let limit = self.limit;
        let mut links = Vec::new();
        let mut link = |how: String, name: &str| {
            links.push(format!("<{path}?{others}{how}&limit={limit}>; rel=\"{name}\""));
        };
        if let Some(page) = self.page {
            link("page=1".to_owned(), "first");
            if page > 1 {
                let last = self.total_pages.unwrap_or(u64::MAX).max(1);
                link(format!("page={}", u64::from(page - 1).min(last)), "prev");
            }
            if self.has_next {
                link(format!("page={}", u64::from(page) + 1), "next");
            }
            if let Some(pages) = self.total_pages {
                link(format!("page={}", pages.max(1)), "last");
            }
        } else {
            link("cursor=".to_owned(), "first");
            if let Some(cursor) = &self.next_cursor {
                link(format!("cursor={cursor}"), "next");
            }
        }
        links.join(", ")
    }
}

/// A record by itself, or those that were made.
#[derive(Debug)]
pub(crate) struct OneRecord {
    status: StatusCode,
    records: Vec<Record>,
    is_list: bool,
    version: Option<Version>,
    location: Option<String>,
}

impl OneRecord {
    /// 200, or 304 where the caller has it already.
    pub(super) fn found(found: Versioned, conditions: &place::Conditions) -> Self {
        let is_known = found.version.as_ref().is_some_and(|version| conditions.has(version));
        let status = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        Self { status, ..Self::changed(found) }
    }

    /// 200.
    pub(super) fn changed(changed: Versioned) -> Self {
        Self {
            status: StatusCode::OK,
            records: vec![changed.record],
            is_list: false,
            version: changed.version,
            location: None,
        }
    }

    /// 201.
    pub(super) fn created(entity: &str, made: Vec<Versioned>, is_list: bool) -> Self {
        let single = made.first().filter(|_| !is_list);
        let location = single
            .filter(|record| !record.id.is_empty())
            .map(|record| format!("/api/v1/{entity}/{}", place::escaped(&record.id)));
        let version = single.and_then(|record| record.version.clone());
        let records = made.into_iter().map(|made| made.record).collect();
        Self { status: StatusCode::CREATED, records, is_list, version, location }
    }
}

impl Responder for OneRecord {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = if self.status == StatusCode::NOT_MODIFIED {
            HttpResponse::new(self.status)
        } else if self.is_list {
            let records: Vec<_> = self.records.iter().map(RecordDto).collect();
            enveloped(request, self.status, records, None)
        } else {
            enveloped(request, self.status, self.records.first().map(RecordDto), None)
        };
        let tag = self.version.map(|version| format!("\"{}\"", version.as_str()));
        for (name, text) in [(ETAG, tag), (LOCATION, self.location)] {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
