//! What came back from the service in memory.

use actix_web::{
    http::{StatusCode, header::HeaderMap},
    web::Bytes,
};
use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The text at a JSON pointer, empty where there is none.
    pub(super) fn text(&self, pointer: &str) -> String {
        self.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub(super) fn code(&self) -> String {
        self.text("/error/code")
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The fields at fault.
    pub(super) fn fields(&self) -> Vec<String> {
        let errors = self.json()["error"]["details"]["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error["field"].as_str().map(ToOwned::to_owned)).collect()
    }

    /// Holds for every answer under `/api`.
    #[track_caller]
    pub(super) fn assert_enveloped(&self) {
        let json = self.json();
        assert_eq!(json["success"], self.status.is_success(), "{self:?}");
        let meta = &json["meta"];
        assert!(meta["timestamp"].is_string() && meta["version"].is_string(), "{self:?}");
        assert!(meta["executionTime"].is_u64(), "{self:?}");
        assert_eq!(meta["requestId"], self.header("x-request-id"), "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("referrer-policy"), "no-referrer");
        assert!(self.header("content-security-policy").contains("default-src 'none'"));
        assert!(self.header("content-type").starts_with("application/json"));
    }
}
