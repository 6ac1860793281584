//! What a new connection has to say, each part checked by itself so that all faults can be told
//! at once.

use std::{fmt, net::IpAddr};

use altus4_kernel::secrecy::SecretString;

use crate::{ConnectionName, ConnectionOptions, Endpoint, Engine, SearchDefaults};

/// A server's name or address: a DNS name of at most 253 characters, or an IP address written the
/// usual way. The other spellings of an IPv4 address (`2130706433`, `0x7f.1`, `0177.0.0.1`) are
/// refused, since they exist to get past checks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host(String);

impl Host {
    /// The host in `text`; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('.');
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if bare.parse::<IpAddr>().is_ok() {
            return Some(Self(bare.to_owned()));
        }
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        // A name whose last label is a number would be read as an address (WHATWG URL, 3.5).
        let last = text.rsplit('.').next()?;
        let number = last.bytes().all(|b| b.is_ascii_digit()) || last.to_ascii_lowercase().starts_with("0x");
        let fits = text.len() <= 253 && text.split('.').all(label) && !number;
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The host.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, where the host is one.
    #[must_use]
    pub fn as_ip(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }
}

macro_rules! short_texts {
    ($($(#[$doc:meta])* $name:ident up to $max:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text itself; `None` when it is empty, too long or has control characters.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let fits = (1..=$max).contains(&text.chars().count())
                    && !text.chars().any(char::is_control);
                fits.then(|| Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

short_texts! {
    /// A database's name: 1–255 characters without control characters (a name of MySQL has at most
    /// 64; a path of SQLite may be longer).
    DatabaseName up to 255;
    /// A database user's name: 1–128 characters without control characters.
    UserName up to 128;
}

/// A connection about to be registered.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// Its name.
    pub name: ConnectionName,
    /// What kind of server.
    pub engine: Engine,
    /// Where it is.
    pub endpoint: Endpoint,
    /// The database searched.
    pub database: DatabaseName,
    /// The password; empty for servers that ask for none.
    pub password: SecretString,
    /// How it is used.
    pub options: ConnectionOptions,
    /// What searches use where they don't say.
    pub search: SearchDefaults,
    /// Whether searches that name no database include it.
    pub is_active: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_taken() {
        for text in
            ["db.example.com", "DB.example.com.", "localhost", "10.0.0.7", "::1", "[fe80::1]", "my_db-1"]
        {
            assert!(Host::parse(text).is_some(), "{text}");
        }
        assert_eq!(Host::parse("DB.Example.com.").as_ref().map(Host::as_str), Some("db.example.com"));
    }

    #[test]
    fn disguised_addresses_and_nonsense_are_refused() {
        let long = "a.".repeat(130);
        for text in [
            "",
            ".",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "127.1",
            "0177.0.0.1",
            "256.1.1.1",
            "a b",
            "-a.com",
            "a..b",
            "host:3306",
            "user@host",
            "http://x",
            "/tmp/sock",
            "a\0b",
            "exämple.com",
            &long,
        ] {
            assert_eq!(Host::parse(text), None, "{text:?}");
        }
    }
}
