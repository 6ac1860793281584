//! Whether what is asked for is asked for in earnest.

use std::str::FromStr;

use crate::UnknownName;

/// Whether a request counts as the account's business or as trying things out: what its key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub enum Environment {
    /// By a session, or with a key for live use. Counted in billing, analytics and popular queries.
    #[default]
    Live,
    /// With a key for tests. Answered alike, and left out of those.
    Test,
}

impl Environment {
    /// The name in keys, requests, answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

impl FromStr for Environment {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        [Self::Live, Self::Test].into_iter().find(|known| known.as_str() == text).ok_or(UnknownName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_what_they_name_match_one_to_one() {
        for environment in [Environment::Live, Environment::Test] {
            assert_eq!(environment.as_str().parse(), Ok(environment));
        }
        assert_eq!("all".parse::<Environment>(), Err(UnknownName));
    }
}
