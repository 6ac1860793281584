//! A request's query string.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde_json::{Map, Value, map::Entry};

use super::Fields;
use crate::error::{ApiError, Code};

/// The parameters of a query string, decoded.
#[derive(Debug)]
pub(crate) struct QueryString(Map<String, Value>);

impl QueryString {
    /// Reads the parameters.
    ///
    /// Errors: every fault that reading finds, unknown parameters among them.
    pub(crate) fn read<T>(self, read: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, ApiError> {
        Fields::of_query(self.0, read)
    }

    /// One parameter that is `true` or `false`, `false` where it is left out. Others are left alone.
    ///
    /// Errors: that it is something else.
    pub(crate) fn flag(mut self, name: &str) -> Result<bool, ApiError> {
        self.0.retain(|other, _| other == name);
        self.read(|fields| Some(fields.flag(name).unwrap_or(false)))
    }
}

impl FromRequest for QueryString {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parameters = decode(request.query_string()).map(Self);
        ready(parameters.ok_or_else(|| {
            ApiError::new(Code::MalformedRequest, "The query string is not UTF-8 in percent-encoding")
        }))
    }
}

/// The parameters (WHATWG URL, 5.1), except that bytes which are no UTF-8 are not papered over.
fn decode(query: &str) -> Option<Map<String, Value>> {
    let mut parameters = Map::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = Value::String(unescape(value)?);
        match parameters.entry(unescape(name)?) {
            Entry::Vacant(place) => {
                place.insert(value);
            }
            Entry::Occupied(mut place) => match place.get_mut() {
                Value::Array(values) => values.push(value),
                first => *first = Value::Array(vec![first.take(), value]),
            },
        }
    }
    Some(parameters)
}

/// The text without its escapes, `+` as a space; `None` where it is no UTF-8. A `%` that begins no escape
/// stands for itself.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| *first == b'%');
        let escaped = escape.and_then(|hex| Some(hex_digit(hex[0])? << 4 | hex_digit(hex[1])?));
        rest = if escaped.is_some() { &after[2..] } else { after };
        bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
    }
    String::from_utf8(bytes).ok()
}

/// Whether one part of a query string (`name=value`) is a parameter of one of these names.
pub(crate) fn is_parameter(part: &str, names: &[&str]) -> bool {
    let name = part.split_once('=').map_or(part, |(name, _)| name);
    unescape(name).is_some_and(|name| names.contains(&name.as_str()))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let decoded = decode("q=caf%C3%A9+100%&limit=5&tables=a&tables=b%2Cc&flag&&x=1=2");
        let expected =
            json!({ "q": "café 100%", "limit": "5", "tables": ["a", "b,c"], "flag": "", "x": "1=2" });
        assert_eq!(decoded.map(Value::Object), Some(expected));
    }

    #[test]
    fn what_is_not_utf_8_cannot_be_read() {
        assert_eq!(decode("q=%FF"), None);
        assert_eq!(decode("%C3=1"), None);
    }

    #[test]
    fn no_end_of_an_escape_is_beyond_the_end() {
        for text in ["%", "%2", "%2x", "%%41", "+"] {
            assert!(unescape(text).is_some(), "{text}");
        }
        assert_eq!(unescape("%%41").as_deref(), Some("%A"));
    }
}
