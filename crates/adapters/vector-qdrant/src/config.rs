//! Where Qdrant is, and how long it may take.

use std::{fmt, str::FromStr, time::Duration};

use altus4_kernel::secrecy::SecretString;
use reqwest::Url;

/// The settings of a [`QdrantVectorIndex`](crate::QdrantVectorIndex).
#[derive(Debug, Clone)]
pub struct QdrantConfig {
    /// Where it is.
    pub url: QdrantUrl,
    /// What it is shown, where it asks for it.
    pub api_key: Option<SecretString>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// The longest that one call of the port may take, however many requests it is made of.
    pub call_timeout: Duration,
}

impl QdrantConfig {
    /// The Qdrant there, with the defaults for everything else: 2 s to connect, 10 s for a call.
    #[must_use]
    pub fn new(url: QdrantUrl, api_key: Option<SecretString>) -> Self {
        Self { url, api_key, connect_timeout: Duration::from_secs(2), call_timeout: Duration::from_secs(10) }
    }
}

/// Where a Qdrant is: `http://host[:port][/path]`, or `https://`. The port is 6333 for `http` where it
/// is left out.
#[derive(Clone, PartialEq, Eq)]
pub struct QdrantUrl(Url);

/// Why a text is no [`QdrantUrl`]; to be read after its name. It doesn't show the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QdrantUrlFault {
    /// It can't be read.
    #[error("is no URL")]
    NoUrl,
    /// It is for something else than the web.
    #[error("begins with neither http:// nor https://")]
    Scheme,
    /// It would be logged.
    #[error("holds a user name or a password, which is no place for a key")]
    Credentials,
    /// It has no end that a path could follow on.
    #[error("has a '?' or a '#'")]
    Query,
}

impl QdrantUrl {
    /// Qdrant's own.
    const PORT: u16 = 6333;

    /// The address of something below, such as `/collections/x`, with parameters such as `wait=true`.
    pub(crate) fn at(&self, path: &str, parameters: Option<&str>) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url.set_query(parameters);
        url
    }
}

impl FromStr for QdrantUrl {
    type Err = QdrantUrlFault;

    fn from_str(text: &str) -> Result<Self, QdrantUrlFault> {
        let mut url = Url::parse(text).map_err(|_| QdrantUrlFault::NoUrl)?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(QdrantUrlFault::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(QdrantUrlFault::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(QdrantUrlFault::Query);
        }
        // A port that is the scheme's own can't be told from none; behind https there is a proxy.
        let says_port = text.trim_end_matches('/').ends_with(":80");
        if url.scheme() == "http" && url.port().is_none() && !says_port {
            url.set_port(Some(Self::PORT)).map_err(|()| QdrantUrlFault::NoUrl)?;
        }
        Ok(Self(url))
    }
}

impl fmt::Display for QdrantUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for QdrantUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QdrantUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_qdrants_own_where_none_is_said() {
        for (text, url) in [
            ("http://qdrant", "http://qdrant:6333/collections/x?wait=true"),
            ("http://qdrant:80/", "http://qdrant/collections/x?wait=true"),
            ("http://127.0.0.1:7000", "http://127.0.0.1:7000/collections/x?wait=true"),
            ("https://vectors.example.com/a/", "https://vectors.example.com/a/collections/x?wait=true"),
        ] {
            let found: QdrantUrl = text.parse().expect(text);
            assert_eq!(found.at("/collections/x", Some("wait=true")).as_str(), url);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (text, fault) in [
            ("", QdrantUrlFault::NoUrl),
            ("qdrant:6333", QdrantUrlFault::Scheme),
            ("ftp://qdrant", QdrantUrlFault::Scheme),
            ("http://key@qdrant", QdrantUrlFault::Credentials),
            ("http://qdrant?key=1", QdrantUrlFault::Query),
        ] {
            assert_eq!(text.parse::<QdrantUrl>(), Err(fault), "{text}");
        }
    }
}
