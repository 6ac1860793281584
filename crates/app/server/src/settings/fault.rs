//! What is wrong with the settings, in words for the operator.

use std::{error::Error, fmt};

/// One thing that is wrong: which variable, what about it, and what it should be. Never a secret's
/// value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The variable.
    pub(crate) variable: String,
    /// What is wrong, to be read after the name: "is not set".
    pub(crate) wrong: String,
    /// What it should be, to be read after "it should be".
    pub(crate) should: String,
}

impl Fault {
    pub(crate) fn new(
        variable: impl Into<String>,
        wrong: impl Into<String>,
        should: impl Into<String>,
    ) -> Self {
        Self { variable: variable.into(), wrong: wrong.into(), should: should.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}; it should be {}", self.variable, self.wrong, self.should)
    }
}

/// Everything that is wrong, a line each.
#[derive(Debug)]
pub(crate) struct SettingsFaults(pub(crate) Vec<Fault>);

impl fmt::Display for SettingsFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => return write!(f, "a setting is wrong: {only}"),
            faults => write!(f, "{} settings are wrong:", faults.len())?,
        }
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl Error for SettingsFaults {}
