//! Which searches figures are made of: those in earnest, those that try things out.

use std::str::FromStr;

use altus4_kernel::{Environment, UnknownName};

/// Which of them are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Environments {
    /// What was made in earnest.
    #[default]
    Live,
    /// What was tried out.
    Test,
    /// Both.
    All,
}

impl Environments {
    /// Each of them.
    #[must_use]
    pub fn each(self) -> &'static [Environment] {
        match self {
            Self::Live => &[Environment::Live],
            Self::Test => &[Environment::Test],
            Self::All => &[Environment::Live, Environment::Test],
        }
    }

    /// Whether they include this one.
    #[must_use]
    pub fn include(self, environment: Environment) -> bool {
        self.each().contains(&environment)
    }
}

impl FromStr for Environments {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "live" => Ok(Self::Live),
            "test" => Ok(Self::Test),
            "all" => Ok(Self::All),
            _ => Err(UnknownName),
        }
    }
}
