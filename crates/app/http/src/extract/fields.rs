//! Reads an object field by field into the domains' types and gathers every fault on the way, so
//! that a caller is told all of them at once.

use std::{borrow::Cow, fmt::Display, ops::RangeInclusive, str::FromStr};

use serde_json::{Map, Value};

use crate::error::{ApiError, Code, Fault};

type Reason = Cow<'static, str>;

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
    /// The first code other than `VALIDATION_ERROR`, and how many of the faults have it.
    special: Option<(Code, usize)>,
    /// What belongs to that code beside its faults.
    details: Map<String, Value>,
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
            special: None,
            details: Map::new(),
            #[cfg(test)]
            asked: std::collections::BTreeSet::new(),
        }
    }

    fn run<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ApiError> {
        let value = read(&mut self);
        self.refuse_unread();
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(match self.special {
                Some((code, faults)) if faults == self.faults.len() => {
                    ApiError::faulty(code, &self.faults, self.details)
                }
                _ => ApiError::validation(&self.faults),
            }),
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

    /// What `read` finds at fault has this code, unless something else is at fault too.
    pub(crate) fn coded<T>(&mut self, code: Code, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.faults.len();
        let value = read(self);
        let found = self.faults.len() - before;
        match &mut self.special {
            Some((known, faults)) if *known == code => *faults += found,
            None if found > 0 => self.special = Some((code, found)),
            _ => {}
        }
        value
    }

    /// How many faults were found so far.
    pub(crate) fn count_faults(&self) -> usize {
        self.faults.len()
    }

    /// Says more of the one fault that has its own code.
    pub(crate) fn detail(&mut self, name: &str, value: impl Into<Value>) {
        self.details.insert(name.to_owned(), value.into());
    }

    /// Whether they come from a query string.
    pub(crate) fn is_query(&self) -> bool {
        self.origin == Origin::Query
    }

    /// The parameters whose names have something in brackets after `name`: that, and each value.
    pub(crate) fn bracketed(&mut self, name: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        self.values.retain(|parameter, value| {
            let Some(brackets) = parameter.strip_prefix(name).filter(|rest| rest.starts_with('[')) else {
                return true;
            };
            let one = std::slice::from_ref(value);
            let values = value.as_array().map_or(one, Vec::as_slice);
            let texts = values.iter().filter_map(Value::as_str);
            found.extend(texts.map(|text| (brackets.to_owned(), text.to_owned())));
            false
        });
        found
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
        self.number(name, 0.0..=1.0)
    }

    /// A number in these bounds.
    pub(crate) fn number(&mut self, name: &str, bounds: RangeInclusive<f64>) -> Option<f64> {
        let value = self.take(name)?;
        let number = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if self.origin == Origin::Query => text.parse().ok(),
            _ => None,
        };
        number.filter(|number| bounds.contains(number)).or_else(|| {
            let reason = format!("must be a number from {} to {}", bounds.start(), bounds.end());
            self.refused(name, reason)
        })
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

    /// What stands under a field that was taken: an object whose members are read by `read`.
    pub(crate) fn nested<T>(
        &mut self,
        name: &str,
        members: Map<String, Value>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        self.values.insert(name.to_owned(), Value::Object(members));
        self.object(name, read)
    }

    /// A list of so many objects, each read by `read`.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        count: RangeInclusive<usize>,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(items) = self.take(name)? else {
            return self.refused(name, "must be an array of objects");
        };
        if !count.contains(&items.len()) {
            let reason = format!("must have {} to {} items", count.start(), count.end());
            return self.refused(name, reason);
        }
        let mut list = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            let Value::Object(values) = item else {
                self.fault(&format!("{name}[{at}]"), "must be an object");
                continue;
            };
            let mut inner = Self::new(values, format!("{}{name}[{at}].", self.prefix), self.origin);
            list.extend(read(&mut inner));
            inner.refuse_unread();
            self.faults.append(&mut inner.faults);
            #[cfg(test)]
            self.asked.append(&mut inner.asked);
        }
        Some(list)
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
mod tests;
