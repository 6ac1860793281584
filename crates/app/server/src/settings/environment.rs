//! Variables as the process was given them, apart from the process, so that tests can make them up.

use std::{collections::BTreeMap, ffi::OsString};

/// Names and values of variables.
#[derive(Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, Value>);

/// What a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held<'a> {
    /// This text: trimmed, not empty.
    Text(&'a str),
    /// Something that is no UTF-8.
    NotUtf8,
}

#[derive(Debug)]
enum Value {
    Text(String),
    NotUtf8,
}

impl Environment {
    /// What the variable holds. An empty one counts as not set, since container tools can't unset.
    pub(crate) fn get(&self, name: &str) -> Option<Held<'_>> {
        match self.0.get(name)? {
            Value::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(Held::Text),
            Value::NotUtf8 => Some(Held::NotUtf8),
        }
    }

    /// Whether the variable is set to something.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The names of all variables that are set to something.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|name| self.has(name))
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let read = |(name, value): (OsString, OsString)| {
            let value = value.into_string().map_or(Value::NotUtf8, Value::Text);
            Some((name.into_string().ok()?, value))
        };
        Self(variables.into_iter().filter_map(read).collect())
    }
}
