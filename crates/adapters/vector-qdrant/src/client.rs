//! Requests to Qdrant, and what all of them share.

use std::fmt;

use altus4_kernel::secrecy::ExposeSecret;
use reqwest::{
    Client, Method, Response,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{QdrantConfig, QdrantFault, QdrantUrl, error::Fault};

/// Where the key stands.
const API_KEY: &str = "api-key";
/// The most that an honest answer has: some thousand keys of some kilobytes.
const ANSWER_BYTES: usize = 32 << 20;
/// How much of a refusal is read, for what it is about.
const REFUSAL_BYTES: usize = 16 << 10;

/// A Qdrant. Clones share its connections.
#[derive(Clone)]
pub(crate) struct QdrantClient {
    http: Client,
    url: QdrantUrl,
    key: Option<HeaderValue>,
}

/// What is to be done where.
pub(crate) struct Request<'a, B> {
    pub(crate) method: Method,
    /// Below the collections, such as `/altus4_…/points`.
    pub(crate) path: String,
    pub(crate) parameters: Option<&'static str>,
    pub(crate) body: Option<&'a B>,
}

impl QdrantClient {
    /// Calls nobody.
    pub(crate) fn new(config: &QdrantConfig) -> Result<Self, QdrantFault> {
        let key = config.api_key.as_ref().map(|key| HeaderValue::try_from(key.expose_secret()));
        let mut key = key.transpose().map_err(|_| QdrantFault::Key)?;
        if let Some(key) = &mut key {
            key.set_sensitive(true);
        }
        let http = altus4_outbound::client(config.connect_timeout)?.build().map_err(QdrantFault::Client)?;
        Ok(Self { http, url: config.url.clone(), key })
    }

    /// The result of a request.
    pub(crate) async fn ask<B: Serialize, T: DeserializeOwned>(
        &self,
        request: Request<'_, B>,
    ) -> Result<T, Fault> {
        #[derive(Deserialize)]
        struct Answer<T> {
            result: T,
        }
        let address = self.url.at(&format!("/collections{}", request.path), request.parameters);
        let mut asking = self.http.request(request.method, address);
        if let Some(key) = &self.key {
            asking = asking.header(API_KEY, key.clone());
        }
        if let Some(body) = request.body {
            let body = serde_json::to_vec(body).map_err(|_| Fault::Nonsense("it was not asked for any"))?;
            asking = asking.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = asking.send().await.map_err(|error| Fault::unreachable(&error))?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        let body = read(response, ANSWER_BYTES).await?.ok_or(Fault::Nonsense("it is too long"))?;
        let answer: Result<Answer<T>, _> = serde_json::from_slice(&body);
        Ok(answer.map_err(|_| Fault::Nonsense("it has another form"))?.result)
    }
}

/// Neither the key nor what was sent.
impl fmt::Debug for QdrantClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QdrantClient").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A body of no more than so many bytes; `None` where it has more.
async fn read(mut response: Response, most: usize) -> Result<Option<Vec<u8>>, Fault> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Ok(None);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Fault::unreachable(&error))? {
        if body.len() + chunk.len() > most {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// What an answer means that is no success. A 404 that isn't Qdrant's own comes from something else at
/// this address, and says nothing about a collection.
async fn refusal(response: Response) -> Fault {
    #[derive(Deserialize)]
    struct Refusal {
        status: Reason,
    }
    #[derive(Deserialize)]
    struct Reason {
        error: String,
    }
    let status = response.status().as_u16();
    let body = read(response, REFUSAL_BYTES).await.ok().flatten().unwrap_or_default();
    let reason = serde_json::from_slice(&body).map_or(String::new(), |refusal: Refusal| refusal.status.error);
    match status {
        401 | 403 => Fault::Key(status),
        404 if reason.starts_with("Not found: Collection") => Fault::Missing,
        404 => Fault::Nonsense("it is not Qdrant's"),
        // 400 before version 1.8.
        400 | 409 if reason.contains("already exists") => Fault::Exists,
        _ => Fault::Refused(status),
    }
}
