//! Which entity and which record a path names, under which conditions, and what a body holds.

use std::{
    convert::Infallible,
    fmt::Write,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH},
};
use altus4_entities::{EntityService, Expected, Version};
use serde_json::{Map, Value};

use crate::{
    error::{ApiError, Fault},
    extract::unescape,
};

/// The `{entity}` in the path.
#[derive(Debug)]
pub(crate) struct EntityOf(pub(crate) String);

impl FromRequest for EntityOf {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.match_info().get("entity").unwrap_or_default().to_owned())))
    }
}

/// The `{entity}` and the values of the `{id}` in the path.
#[derive(Debug)]
pub(crate) struct RecordOf(pub(crate) String, pub(crate) Vec<String>);

impl FromRequest for RecordOf {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let entity = request.match_info().get("entity").unwrap_or_default().to_owned();
        // As it was sent: a comma that is part of a value is escaped.
        let raw = request.uri().path().rsplit('/').next().unwrap_or_default();
        ready(Ok(Self(entity, parts(raw))))
    }
}

/// The values in an id. Many clients escape an id as a whole, commas and all: the entity, which knows how
/// many values there are, takes it apart then.
fn parts(raw: &str) -> Vec<String> {
    raw.split(',').map(unescape_path).collect()
}

/// In a path, `+` stands for itself.
fn unescape_path(text: &str) -> String {
    unescape(&text.replace('+', "%2B")).unwrap_or_default()
}

/// An id as paths have it.
pub(super) fn escaped(id: &[String]) -> String {
    id.iter().map(|part| escape(part)).collect::<Vec<_>>().join(",")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// `If-Match` and `If-None-Match`.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    matching: Option<Vec<String>>,
    none_matching: Option<Vec<String>>,
}

impl Conditions {
    /// What the record has to be.
    pub(super) fn expected(&self) -> Option<Expected> {
        let tags = self.matching.as_ref()?;
        if tags.iter().any(|tag| tag == "*") {
            return Some(Expected::Any);
        }
        // Only a strong tag matches (RFC 9110, 13.1.1); a weak one matches no version.
        Some(Expected::OneOf(tags.iter().filter_map(|tag| opaque(tag)).map(Version::parse).collect()))
    }

    /// Whether the caller has this version already.
    pub(super) fn has(&self, version: &Version) -> bool {
        let has = |tag: &String| {
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            tag == "*" || opaque(tag) == Some(version.as_str())
        };
        self.none_matching.as_ref().is_some_and(|tags| tags.iter().any(has))
    }
}

fn opaque(tag: &str) -> Option<&str> {
    tag.strip_prefix('"')?.strip_suffix('"')
}

impl FromRequest for Conditions {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let headers = request.headers();
        ready(Ok(Self { matching: tags(headers, IF_MATCH), none_matching: tags(headers, IF_NONE_MATCH) }))
    }
}

/// The tags in these headers; `None` where there is no such header.
fn tags(headers: &HeaderMap, name: HeaderName) -> Option<Vec<String>> {
    let mut found = None;
    for value in headers.get_all(name) {
        let text = value.to_str().unwrap_or_default();
        let tags = text.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty());
        found.get_or_insert_with(Vec::new).extend(tags);
    }
    found
}

/// The one object in a body.
pub(super) fn object(body: Value) -> Result<Map<String, Value>, ApiError> {
    match body {
        Value::Object(members) => Ok(members),
        _ => Err(wrong("body", "must be a JSON object")),
    }
}

/// The objects in a body, and whether it is a list of them.
pub(super) fn bodies(body: Value) -> Result<(Vec<Map<String, Value>>, bool), ApiError> {
    let max = EntityService::MAX_RECORDS;
    match body {
        Value::Object(members) => Ok((vec![members], false)),
        Value::Array(items) if (1..=max).contains(&items.len()) => {
            let object = |(at, item)| match item {
                Value::Object(members) => Ok(members),
                _ => Err(wrong(&format!("[{at}]"), "must be a JSON object")),
            };
            let objects: Result<_, _> = items.into_iter().enumerate().map(object).collect();
            Ok((objects?, true))
        }
        Value::Array(_) => Err(wrong("body", &format!("must have 1 to {max} items"))),
        _ => Err(wrong("body", "must be a JSON object, or an array of objects")),
    }
}

fn wrong(field: &str, reason: &str) -> ApiError {
    ApiError::validation(&[Fault { field: field.to_owned(), reason: reason.to_owned().into() }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_it_was() {
        for id in [vec!["1"], vec!["1", "2"], vec!["a,b", "c/d"], vec!["ü +%"], vec![""]] {
            let id: Vec<String> = id.into_iter().map(ToOwned::to_owned).collect();
            assert_eq!(parts(&escaped(&id)), id);
        }
    }

    #[test]
    fn only_strong_tags_match() {
        let conditions = |matching: &[&str]| Conditions {
            matching: Some(matching.iter().map(|tag| (*tag).to_owned()).collect()),
            none_matching: Some(matching.iter().map(|tag| (*tag).to_owned()).collect()),
        };
        assert_eq!(conditions(&["*"]).expected(), Some(Expected::Any));
        assert_eq!(
            conditions(&["\"a\"", "W/\"b\""]).expected(),
            Some(Expected::OneOf(vec![Version::parse("a")]))
        );
        assert!(conditions(&["W/\"b\""]).has(&Version::parse("b")));
        assert_eq!(Conditions::default().expected(), None);
    }
}
