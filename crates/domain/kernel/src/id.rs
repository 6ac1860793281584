//! Typed ids: a session's id can't be passed where an account's is meant.

use std::{fmt, str::FromStr};

use uuid::Uuid;

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this value.
            #[must_use]
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The value.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    )*};
}

typed_ids! {
    /// An account: the tenant that owns everything else.
    AccountId;
    /// A login and the family of refresh tokens that came of it.
    SessionId;
    /// An API key.
    ApiKeyId;
    /// A registered database.
    ConnectionId;
    /// The making of an index in a registered database.
    IndexJobId;
    /// One executed search.
    SearchId;
    /// Identifies a search that was saved under a name.
    SavedSearchId;
    /// The vectors of a table's rows.
    VectorIndexId;
    /// A table that has generated endpoints.
    EntityId;
}

/// Makes ids. Injected, so that tests can foresee them.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait IdGenerator: Send + Sync {
    /// A fresh id: unique, and (`UUIDv7`, RFC 9562) rising with time, so that rows sort by age.
    fn next_id(&self) -> Uuid;
}

/// The ids of a running service: `UUIDv7`.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdGenerator for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "the one place where ids are made")]
    fn next_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
