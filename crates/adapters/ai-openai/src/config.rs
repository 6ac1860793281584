//! Where the provider is, what it is shown, and how hard it is tried.

use std::{fmt, str::FromStr, time::Duration};

use altus4_kernel::secrecy::SecretString;
use reqwest::Url;

/// The settings of an [`OpenAiClient`](crate::OpenAiClient).
#[derive(Debug, Clone)]
pub struct OpenAiConfig {
    /// Where the provider is.
    pub base_url: BaseUrl,
    /// What it is shown; many that one runs oneself ask for none.
    pub api_key: Option<SecretString>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How many calls may be under way at the same time; at least one.
    pub max_concurrent: usize,
    /// How many of them may be such that nobody waits for; at least one.
    pub max_background: usize,
    /// How often a call that failed is made again.
    pub retries: u32,
    /// How long to wait before the first time; twice as long before each further one.
    pub backoff: Duration,
}

impl OpenAiConfig {
    /// The provider there, with the defaults for everything else: 2 s to connect, 16 calls at the same
    /// time of which 4 may be such that nobody waits for, and two more tries after 200 and 400 ms.
    #[must_use]
    pub fn new(base_url: BaseUrl, api_key: Option<SecretString>) -> Self {
        Self {
            base_url,
            api_key,
            connect_timeout: Duration::from_secs(2),
            max_concurrent: 16,
            max_background: 4,
            retries: 2,
            backoff: Duration::from_millis(200),
        }
    }
}

/// Where a provider is: `https://host[:port][/path]`, or `http://`. A `/v1` at its end says nothing, the
/// calls go there either way.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a text is no [`BaseUrl`]; to be read after its name. It doesn't show the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlFault {
    /// It can't be read.
    #[error("is no URL")]
    NoUrl,
    /// It is for something else than the web.
    #[error("begins with neither https:// nor http://")]
    Scheme,
    /// It would be sent and logged.
    #[error("holds a user name or a password, which is no place for a key")]
    Credentials,
    /// It has no end that a path could follow on.
    #[error("has a '?' or a '#'")]
    Query,
}

impl BaseUrl {
    /// OpenAI's own.
    pub const OPENAI: &str = "https://api.openai.com/v1";

    /// Where calls of this kind go, such as `embeddings`.
    pub(crate) fn endpoint(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{path}", self.0.path()));
        url
    }

    /// Whether it is OpenAI itself, which takes `max_tokens` under another name and has `store`; what
    /// only speaks its API may know neither.
    pub(crate) fn is_openai(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        host.ends_with(".openai.com") || host.ends_with(".openai.azure.com")
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlFault;

    fn from_str(text: &str) -> Result<Self, BaseUrlFault> {
        let mut url = Url::parse(text).map_err(|_| BaseUrlFault::NoUrl)?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(BaseUrlFault::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlFault::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlFault::Query);
        }
        let path = url.path().trim_end_matches('/');
        let path = format!("{}/v1", path.strip_suffix("/v1").unwrap_or(path));
        url.set_path(&path);
        Ok(Self(url))
    }
}

/// With the `/v1`.
impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_v1_at_the_end_says_nothing() {
        for (text, url) in [
            ("https://api.openai.com", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("http://127.0.0.1:11434/v1/", "http://127.0.0.1:11434/v1"),
            ("http://[::1]:8080//", "http://[::1]:8080/v1"),
            ("https://gateway.example.com/ai/v1", "https://gateway.example.com/ai/v1"),
            ("https://gateway.example.com/ai/", "https://gateway.example.com/ai/v1"),
        ] {
            let base: BaseUrl = text.parse().expect(text);
            assert_eq!(base.to_string(), url);
            assert_eq!(base.endpoint("chat/completions").as_str(), format!("{url}/chat/completions"));
        }
    }

    #[test]
    fn what_is_no_place_for_calls_is_refused() {
        for (text, fault) in [
            ("", BaseUrlFault::NoUrl),
            ("api.openai.com/v1", BaseUrlFault::NoUrl),
            ("https://", BaseUrlFault::NoUrl),
            ("file:///etc/passwd", BaseUrlFault::Scheme),
            ("ftp://example.com", BaseUrlFault::Scheme),
            ("https://sk-secret@example.com", BaseUrlFault::Credentials),
            ("https://:pw@example.com/v1", BaseUrlFault::Credentials),
            ("https://example.com/v1?key=1", BaseUrlFault::Query),
            ("https://example.com/#v1", BaseUrlFault::Query),
        ] {
            assert_eq!(text.parse::<BaseUrl>(), Err(fault), "{text}");
        }
    }

    #[test]
    fn openai_itself_is_known_by_its_host() {
        let is_openai = |text: &str| text.parse::<BaseUrl>().expect(text).is_openai();
        assert!(is_openai(BaseUrl::OPENAI) && is_openai("https://x.openai.azure.com/openai"));
        assert!(!is_openai("https://api.openai.com.example.com") && !is_openai("http://127.0.0.1"));
    }
}
