//! Reads an object field by field into the domains' types and gathers every fault on the way, so
//! that a caller is told all of them at once.

use std::{borrow::Cow, fmt::Display, ops::RangeInclusive, str::FromStr};

use serde_json::{Map, Value};

use crate::error::{ApiError, Fault};

type Reason = Cow<'static, str>;

/// Why a field that the contract has is refused for now.
pub(crate) const NOT_YET: &str = "is not available in this version yet";

/// Where the values come from: in a query string everything is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Json,
    Query,
}

/// The fields of one object. Each is read at most once; what is left unread is unknown, and a
/// fault. `null` counts as left out.
#[derive(Debug)]
pub(crate) struct Fields {
    values: Map<String, Value>,
    prefix: String,
    origin: Origin,
    faults: Vec<Fault>,
    #[cfg(test)]
    asked: std::collections::BTreeSet<String>,
}

impl Fields {
    /// Reads a body's value.
    ///
    /// Errors: every fault found, or that the value is no object.
    pub(crate) fn of_json<T>(value: Value, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ApiError> {
        match value {
            Value::Object(values) => Self::new(values, String::new(), Origin::Json).run(read),
            _ => Err(ApiError::validation(&[Fault {
                field: "body".to_owned(),
                reason: "must be a JSON object".into(),
            }])),
        }
    }

    /// Reads the parameters of a query string: text, or an array of texts for one given repeatedly.
    ///
    /// Errors: every fault found.
    pub(crate) fn of_query<T>(
        values: Map<String, Value>,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Result<T, ApiError> {
        Self::new(values, String::new(), Origin::Query).run(read)
    }

    fn new(values: Map<String, Value>, prefix: String, origin: Origin) -> Self {
        Self {
            values,
            prefix,
            origin,
            faults: Vec::new(),
            #[cfg(test)]
            asked: std::collections::BTreeSet::new(),
        }
    }

    fn run<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ApiError> {
        let value = read(&mut self);
        self.refuse_unread();
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(ApiError::validation(&self.faults)),
        }
    }

    fn refuse_unread(&mut self) {
        for name in std::mem::take(&mut self.values).into_iter().map(|(name, _)| name) {
            let short: String = name.chars().take(64).collect();
            self.fault(&short, "is an unknown field");
        }
    }

    /// Notes a fault of a field.
    pub(crate) fn fault(&mut self, name: &str, reason: impl Into<Reason>) {
        self.faults.push(Fault { field: format!("{}{name}", self.prefix), reason: reason.into() });
    }

    /// Notes as a fault each of these fields that is left out.
    pub(crate) fn require(&mut self, names: &[&str]) {
        for name in names {
            if !self.has(name) {
                self.fault(name, "is required");
            }
        }
    }

    /// Whether the field is there as `null`, where that says something. It is read then; asked after
    /// anything else has read the field, the answer is no.
    pub(crate) fn cleared(&mut self, name: &str) -> bool {
        let cleared = self.values.get(name).is_some_and(Value::is_null);
        if cleared {
            self.values.remove(name);
        }
        cleared
    }

    /// Whether the field is there.
    pub(crate) fn has(&mut self, name: &str) -> bool {
        self.peek(name).is_some()
    }

    /// Reads a field under another name too; where both are there, its own counts.
    pub(crate) fn also_called(&mut self, name: &str, other: &str) {
        if let Some(value) = self.take(other)
            && !self.has(name)
        {
            self.values.insert(name.to_owned(), value);
        }
    }

    /// The field as it stands, to be read afterwards.
    pub(crate) fn peek(&mut self, name: &str) -> Option<&Value> {
        if self.values.get(name).is_some_and(Value::is_null) {
            self.values.remove(name);
        }
        self.values.get(name)
    }

    /// The field as it stands.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        #[cfg(test)]
        self.asked.insert(format!("{}{name}", self.prefix));
        self.values.remove(name).filter(|value| !value.is_null())
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            Value::Array(_) if self.origin == Origin::Query => self.refused(name, "is given more than once"),
            _ => self.refused(name, "must be a string"),
        }
    }

    /// A text that `parse` accepts; `reason` says what it has to be.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &str,
        reason: impl Into<Reason>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        parse(&text).or_else(|| self.refused(name, reason))
    }

    /// A text that names one of a few values.
    pub(crate) fn choice<T: FromStr>(&mut self, name: &str, reason: impl Into<Reason>) -> Option<T> {
        self.parsed(name, reason, |text| text.parse().ok())
    }

    /// A whole number in these bounds.
    pub(crate) fn whole<N>(&mut self, name: &str, bounds: RangeInclusive<N>) -> Option<N>
    where
        N: TryFrom<u64> + PartialOrd + Display + FromStr,
    {
        let value = self.take(name)?;
        let number = match &value {
            Value::Number(number) => number.as_u64().and_then(|number| N::try_from(number).ok()),
            Value::String(text) if self.origin == Origin::Query => text.parse().ok(),
            _ => None,
        };
        number.filter(|number| bounds.contains(number)).or_else(|| {
            let reason = format!("must be a whole number from {} to {}", bounds.start(), bounds.end());
            self.refused(name, reason)
        })
    }

    /// A number from 0 to 1.
    pub(crate) fn share(&mut self, name: &str) -> Option<f64> {
        let value = self.take(name)?;
        let number = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if self.origin == Origin::Query => text.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| (0.0..=1.0).contains(number));
        number.or_else(|| self.refused(name, "must be a number from 0 to 1"))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(flag) => Some(flag),
            Value::String(text) if self.origin == Origin::Query && matches!(&*text, "true" | "1") => {
                Some(true)
            }
            Value::String(text) if self.origin == Origin::Query && matches!(&*text, "false" | "0") => {
                Some(false)
            }
            _ => self.refused(name, "must be true or false"),
        }
    }

    /// At most `max` texts, each of which `parse` accepts. In a query string the parameter is
    /// repeated, or its texts are separated by commas.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        max: usize,
        reason: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = match (self.take(name)?, self.origin) {
            (Value::Array(items), Origin::Json) => items,
            (Value::Array(items), Origin::Query) => items.iter().flat_map(separated).collect(),
            (text @ Value::String(_), Origin::Query) => separated(&text),
            _ => return self.refused(name, "must be an array of strings"),
        };
        if items.len() > max {
            return self.refused(name, format!("must have at most {max} items"));
        }
        let before = self.faults.len();
        let mut parsed = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            match item.as_str().and_then(&parse) {
                Some(item) => parsed.push(item),
                None => self.fault(&format!("{name}[{at}]"), reason),
            }
        }
        (self.faults.len() == before).then_some(parsed)
    }

    /// An object, read by `read`.
    pub(crate) fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let Value::Object(values) = self.take(name)? else {
            return self.refused(name, "must be an object");
        };
        let mut inner = Self::new(values, format!("{}{name}.", self.prefix), self.origin);
        let value = read(&mut inner);
        inner.refuse_unread();
        self.faults.append(&mut inner.faults);
        #[cfg(test)]
        self.asked.append(&mut inner.asked);
        Some(value)
    }

    /// A field of the contract that this version doesn't serve, refused unless its value asks for
    /// nothing.
    pub(crate) fn not_yet(&mut self, name: &str, asks_nothing: impl FnOnce(&Value) -> bool) {
        if let Some(value) = self.take(name)
            && !asks_nothing(&value)
        {
            self.fault(name, NOT_YET);
        }
    }

    /// A field that is accepted and has no effect.
    pub(crate) fn ignore(&mut self, name: &str) {
        self.take(name);
    }

    fn refused<T>(&mut self, name: &str, reason: impl Into<Reason>) -> Option<T> {
        self.fault(name, reason);
        None
    }
}

fn separated(value: &Value) -> Vec<Value> {
    let text = value.as_str().unwrap_or_default();
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect()
}

/// The names of the fields that `read` asks for, inner ones included where `probe` has the object.
#[cfg(test)]
pub(crate) fn names_read<T>(
    probe: Value,
    read: impl FnOnce(&mut Fields) -> T,
) -> std::collections::BTreeSet<String> {
    let Value::Object(values) = probe else { return std::collections::BTreeSet::new() };
    let mut fields = Fields::new(values, String::new(), Origin::Json);
    read(&mut fields);
    fields.asked
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(error: &ApiError) -> Vec<(String, String)> {
        let details = error.details().expect("details");
        let errors = details["errors"].as_array().expect("errors");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        errors.iter().map(|error| (text(&error["field"]), text(&error["reason"]))).collect()
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let body = json!({ "limit": 0, "inner": { "flag": "yes", "odd": 1 }, "names": ["a", 2], "more": 1 });
        let read = |f: &mut Fields| {
            f.require(&["query"]);
            let _: Option<u32> = f.whole("limit", 1..=100);
            f.object("inner", |inner| inner.flag("flag"));
            f.list("names", 5, "must be a name", |text| Some(text.to_owned()))
        };
        let error = Fields::of_json(body, read).unwrap_err();
        let expected = [
            ("query", "is required"),
            ("limit", "must be a whole number from 1 to 100"),
            ("inner.flag", "must be true or false"),
            ("inner.odd", "is an unknown field"),
            ("names[1]", "must be a name"),
            ("more", "is an unknown field"),
        ];
        assert_eq!(faults(&error), expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
        assert_eq!(error.details().expect("details")["field"], "query");
    }

    #[test]
    fn null_counts_as_left_out() {
        let read = |f: &mut Fields| {
            f.require(&["name"]);
            f.text("name")
        };
        let error = Fields::of_json(json!({ "name": null }), read).unwrap_err();
        assert_eq!(faults(&error), [("name".to_owned(), "is required".to_owned())]);
    }

    #[test]
    fn only_a_query_string_has_numbers_as_text() {
        let read = |f: &mut Fields| f.whole::<u32>("limit", 1..=100);
        let values = |value: Value| Map::from_iter([("limit".to_owned(), value)]);
        assert_eq!(Fields::of_query(values(json!("7")), read).unwrap(), 7);
        assert!(Fields::of_json(json!({ "limit": "7" }), read).is_err());
        assert!(Fields::of_json(json!({ "limit": 7.5 }), read).is_err());
    }
}
