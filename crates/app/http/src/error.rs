//! What goes wrong at the edge, and how it is told.

mod ai;
mod code;
mod domain;
pub(crate) mod entities;
mod indexes;
pub(crate) mod limits;
mod searches;
mod vectors;

use std::{borrow::Cow, error::Error as StdError, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::{Map, Value, json};

pub(crate) use self::{
    code::Code,
    domain::{failure_code, filter_fault},
};
use crate::envelope::FailureBody;

type Source = Box<dyn StdError + Send + Sync>;

/// A failure with its code. The edge puts it in the envelope and logs its cause.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    message: Cow<'static, str>,
    details: Option<Value>,
    allow: Option<String>,
    source: Option<Source>,
}

impl ApiError {
    /// A failure that is told in these words.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts { code, message: message.into(), details: None, allow: None, source: None }))
    }

    /// A fault of this program.
    pub(crate) fn internal() -> Self {
        Self::new(Code::InternalError, "Something went wrong on our side; the request id leads to the cause")
    }

    /// Fields that are missing, out of range or of the wrong kind; all of them.
    pub(crate) fn validation(faults: &[Fault]) -> Self {
        Self::faulty(Code::ValidationError, faults, Map::new())
    }

    /// Fields that are not as they have to be in the way that the code says; all of them, and what
    /// else belongs to the code.
    pub(crate) fn faulty(code: Code, faults: &[Fault], mut details: Map<String, Value>) -> Self {
        let Some(first) = faults.first() else { return Self::internal() };
        let more = match faults.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let message = format!("Invalid request: {} {}{more}", first.field, first.reason);
        let errors: Vec<_> = faults.iter().map(|f| json!({ "field": f.field, "reason": f.reason })).collect();
        details.insert("field".to_owned(), json!(first.field));
        details.insert("reason".to_owned(), json!(first.reason));
        details.insert("errors".to_owned(), Value::Array(errors));
        Self::new(code, message).with_details(Value::Object(details))
    }

    /// Something that the caller doesn't have.
    pub(crate) fn not_found(resource: &'static str, id: &str) -> Self {
        let id: String = id.chars().take(64).collect();
        Self::new(Code::NotFound, format!("There is no such {resource}"))
            .with_details(json!({ "resource": resource, "id": id }))
    }

    /// A path that has no such method.
    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        let mut error = Self::new(Code::MethodNotAllowed, format!("This path answers {allow}"));
        error.0.allow = Some(allow.to_owned());
        error
    }

    /// The same failure with what belongs to its code.
    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.0.details = Some(details);
        self
    }

    /// The same failure with its cause, for the log.
    pub(crate) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same failure as one of several in an answer.
    pub(crate) fn as_part(&self) -> FailureBody {
        FailureBody {
            code: self.0.code.as_str(),
            message: self.0.message.to_string(),
            details: self.0.details.clone(),
        }
    }

    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    pub(crate) fn details(&self) -> Option<&Value> {
        self.0.details.as_ref()
    }

    /// The methods that the path has, when the one used isn't among them.
    pub(crate) fn allow(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }

    /// The cause and its causes, in one line for the log; `None` when there is none.
    pub(crate) fn chain(&self) -> Option<String> {
        let mut next: Option<&(dyn StdError + 'static)> = Some(self.0.source.as_deref()?);
        let mut chain = Vec::new();
        while let Some(error) = next {
            chain.push(error.to_string());
            next = error.source();
        }
        Some(chain.join(": "))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    /// Only the status: the edge, which knows the request's id, writes the body.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// A field that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Its name; inner fields as `outer.inner`, items as `list[0]`.
    pub(crate) field: String,
    /// What it has to be. Never shows the value.
    pub(crate) reason: Cow<'static, str>,
}
