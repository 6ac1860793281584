//! Calls to the provider, and the rules that all of them share.

use std::{fmt, sync::Arc, time::Duration};

use altus4_kernel::{Clock, PortError, PortResult, RandomSource, System, secrecy::ExposeSecret};
use altus4_search::Urgency;
use reqwest::{
    Client, Method, RequestBuilder, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use serde::Deserialize;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep, timeout_at},
};

use crate::{
    BaseUrl, OpenAiConfig, OpenAiFault,
    breaker::{Breaker, Change},
    error::Fault,
    retry::{backoff, retry_after},
};

/// No deadline is further away, so that none is too far to be counted.
const LONGEST: Duration = Duration::from_hours(1);
/// How much of a refusal is read, for its code.
const REFUSAL_BYTES: usize = 16 * 1024;
/// The longest code of a refusal.
const CODE_CHARS: usize = 48;

/// What calls are for. Each has its own path and its own breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Embeddings,
    Chat,
}

impl Purpose {
    fn path(self) -> &'static str {
        match self {
            Self::Embeddings => "embeddings",
            Self::Chat => "chat/completions",
        }
    }

    /// After how long without an answer something is wrong. Texts take their time.
    fn patience(self) -> Duration {
        match self {
            Self::Embeddings => Duration::from_secs(1),
            Self::Chat => Duration::from_secs(5),
        }
    }
}

/// A call to be made.
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    pub(crate) purpose: Purpose,
    /// JSON.
    pub(crate) body: Vec<u8>,
    pub(crate) urgency: Urgency,
    /// The most that an honest answer has.
    pub(crate) max_bytes: usize,
    pub(crate) until: Instant,
}

/// The moment that lies so far ahead.
pub(crate) fn until(deadline: Duration) -> Instant {
    Instant::now() + deadline.min(LONGEST)
}

/// A provider. Clones share its connections, its turns and what is known of its state.
#[derive(Clone)]
pub struct OpenAiClient(Arc<Inner>);

struct Inner {
    http: Client,
    base: BaseUrl,
    key: Option<HeaderValue>,
    retries: u32,
    backoff: Duration,
    embeddings: Arc<Breaker>,
    chat: Arc<Breaker>,
    turns: Semaphore,
    background: Semaphore,
    clock: Arc<dyn Clock>,
    random: Arc<dyn RandomSource>,
}

impl OpenAiClient {
    /// A client of this provider. Calls nobody.
    ///
    /// # Errors
    /// [`OpenAiFault`], if the key is none or this machine can't speak TLS.
    pub fn new(
        config: OpenAiConfig,
        clock: Arc<dyn Clock>,
        random: Arc<dyn RandomSource>,
    ) -> Result<Self, OpenAiFault> {
        let key = config.api_key.map(|key| HeaderValue::try_from(format!("Bearer {}", key.expose_secret())));
        let mut key = key.transpose().map_err(|_| OpenAiFault::Key)?;
        if let Some(key) = &mut key {
            key.set_sensitive(true);
        }
        Ok(Self(Arc::new(Inner {
            http: altus4_outbound::client(config.connect_timeout)?
                .pool_max_idle_per_host(config.max_concurrent)
                .build()
                .map_err(OpenAiFault::Client)?,
            base: config.base_url,
            key,
            retries: config.retries,
            backoff: config.backoff,
            embeddings: Arc::default(),
            chat: Arc::default(),
            turns: Semaphore::new(config.max_concurrent.max(1)),
            background: Semaphore::new(config.max_background.max(1)),
            clock,
            random,
        })))
    }

    /// Where the provider is.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.0.base
    }

    /// How the provider was when it was last called; calls nobody.
    ///
    /// # Errors
    /// It failed and isn't being called, or was not since.
    pub fn standing(&self) -> PortResult<()> {
        let now = Instant::now().into_std();
        let fault = self.0.embeddings.fault(now).or_else(|| self.0.chat.fault(now));
        fault.map_or(Ok(()), |kind| Err(PortError::new(kind, System::Ai, "ai.standing")))
    }

    /// Whether the provider is there and takes the key, by asking for its list of models, which costs
    /// nothing. Some have no such list: that they say so is an answer.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`, `NotPermitted`, `RateLimited`, or `Rejected` (it redirects).
    pub async fn probe(&self, deadline: Duration) -> PortResult<()> {
        let request = self.request(Method::GET, "models");
        let answer = timeout_at(until(deadline), async {
            let response = request.send().await.map_err(|error| Fault::unreachable(&error))?;
            match response.status().as_u16() {
                200..=299 | 404 | 405 => Ok(()),
                _ => Err(self.refusal(response).await),
            }
        });
        answer.await.unwrap_or(Err(Fault::Deadline)).map_err(|fault| fault.into_port_error("ai.probe"))
    }

    /// What `read` finds in the answer to a call, which is tried again as long as there is hope and time;
    /// or says that it makes no sense, and in what.
    pub(crate) async fn call<T: Send>(
        &self,
        call: &Call,
        read: impl Fn(&[u8]) -> Result<T, &'static str> + Send + Sync,
    ) -> PortResult<T> {
        let answer = timeout_at(call.until, self.tries(call, read)).await;
        answer.unwrap_or(Err(Fault::Deadline)).map_err(|fault| fault.into_port_error(call.operation))
    }

    async fn tries<T: Send>(
        &self,
        call: &Call,
        read: impl Fn(&[u8]) -> Result<T, &'static str> + Send + Sync,
    ) -> Result<T, Fault> {
        let mut tries = 0;
        loop {
            let fault = match self.once(call, &read).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let wait = backoff(self.0.backoff, tries, self.0.random.as_ref());
            let wait = wait.saturating_add(fault.retry_after().unwrap_or_default());
            let is_too_late = wait >= call.until.saturating_duration_since(Instant::now());
            if tries >= self.0.retries || !fault.may_pass() || is_too_late {
                return Err(fault);
            }
            tries += 1;
            sleep(wait).await;
        }
    }

    async fn once<T>(
        &self,
        call: &Call,
        read: impl Fn(&[u8]) -> Result<T, &'static str>,
    ) -> Result<T, Fault> {
        let _turn = self.turn(call.urgency).await;
        let breaker = self.breaker(call.purpose);
        let attempt = breaker.attempt(Instant::now().into_std(), call.purpose.patience());
        let attempt = attempt.map_err(Fault::NotAsked)?;
        let answer = self.exchange(call).await;
        let answer = answer.and_then(|body| read(&body).map_err(Fault::Nonsense));
        let fault = answer.as_ref().err();
        note(call.purpose, attempt.end(fault, Instant::now().into_std()), fault);
        answer
    }

    /// A place among the calls under way. Those that nobody waits for have fewer of them.
    async fn turn(&self, urgency: Urgency) -> [Option<SemaphorePermit<'_>>; 2] {
        let background = match urgency {
            Urgency::Now => None,
            Urgency::Whenever => self.0.background.acquire().await.ok(),
        };
        [background, self.0.turns.acquire().await.ok()]
    }

    async fn exchange(&self, call: &Call) -> Result<Vec<u8>, Fault> {
        let request = self.request(Method::POST, call.purpose.path());
        let request = request.header(CONTENT_TYPE, "application/json").body(call.body.clone());
        let mut response = request.send().await.map_err(|error| Fault::unreachable(&error))?;
        if !response.status().is_success() {
            return Err(self.refusal(response).await);
        }
        if response.content_length().is_some_and(|length| length > call.max_bytes as u64) {
            return Err(TOO_LONG);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Fault::broken(&error))? {
            if body.len() + chunk.len() > call.max_bytes {
                return Err(TOO_LONG);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.0.http.request(method, self.0.base.endpoint(path));
        match &self.0.key {
            Some(key) => request.header(AUTHORIZATION, key.clone()),
            None => request,
        }
    }

    /// An answer that is no success.
    async fn refusal(&self, mut response: Response) -> Fault {
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = wait.and_then(|value| retry_after(value, self.0.clock.now()));
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= REFUSAL_BYTES {
                break;
            }
        }
        Fault::Refused { status, code: code_of(&body), retry_after }
    }

    fn breaker(&self, purpose: Purpose) -> &Arc<Breaker> {
        match purpose {
            Purpose::Embeddings => &self.0.embeddings,
            Purpose::Chat => &self.0.chat,
        }
    }
}

/// Neither the key nor what was sent.
impl fmt::Debug for OpenAiClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiClient").field("base", &self.0.base).finish_non_exhaustive()
    }
}

const TOO_LONG: Fault = Fault::Nonsense("it is longer than any honest one");

fn note(purpose: Purpose, change: Change, fault: Option<&Fault>) {
    match (change, fault) {
        (Change::Opened, Some(fault)) => tracing::warn!(?purpose, error = %fault, "ai.provider.lost"),
        (Change::Closed, _) => tracing::info!(?purpose, "ai.provider.back"),
        _ => {}
    }
}

/// The provider's code for a refusal, if it is a plain word: a key that is told back is none, and
/// neither is a text.
fn code_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: Reason,
    }
    #[derive(Deserialize)]
    struct Reason {
        code: Option<String>,
        #[serde(rename = "type")]
        kind: Option<String>,
    }
    let Reason { code, kind } = serde_json::from_slice::<Refusal>(body).ok()?.error;
    let is_word = |code: &String| {
        code.len() <= CODE_CHARS && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    code.filter(is_word).or(kind.filter(is_word)).filter(|code| !code.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_are_taken_for_codes() {
        for (body, code) in [
            (r#"{"error":{"code":"model_not_found","type":"x"}}"#, Some("model_not_found")),
            (r#"{"error":{"code":null,"type":"invalid_request_error"}}"#, Some("invalid_request_error")),
            (r#"{"error":{"code":"sk-proj-Abc123","type":"server_error"}}"#, Some("server_error")),
            (r#"{"error":{"code":"two words"}}"#, None),
            (r#"{"error":{"code":7}}"#, None),
            (r#"{"error":"no"}"#, None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(code_of(body.as_bytes()).as_deref(), code, "{body}");
        }
        let long = format!(r#"{{"error":{{"code":"{}"}}}}"#, "a".repeat(CODE_CHARS + 1));
        assert_eq!(code_of(long.as_bytes()), None);
    }
}
