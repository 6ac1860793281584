//! Clients of the service: what they send, and what they are answered.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Longer than any answer may take.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// A password that nobody would guess, for accounts of tests.
pub(crate) const PASSWORD: &str = "quiet-otter-7-lanterns";

/// Someone who calls the service, with one credential or none.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    client: reqwest::Client,
    origin: String,
    credential: Option<String>,
    address: Option<IpAddr>,
}

impl Caller {
    /// Someone without a credential. Behind the proxy that the tests play for the service, each
    /// request comes from another address, so that the limits on logins let all tests through.
    pub(crate) fn anonymous(port: u16) -> Self {
        // Nothing here speaks TLS; reqwest asks for its cryptography all the same, which may be there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(ANSWER_LIMIT).no_gzip().no_proxy().build();
        let client = client.expect("a client can be made");
        Self { client, origin: format!("http://127.0.0.1:{port}"), credential: None, address: None }
    }

    /// The same, always from this address.
    pub(crate) fn at(&self, address: impl Into<IpAddr>) -> Self {
        Self { address: Some(address.into()), ..self.clone() }
    }

    /// The same with this token or key.
    pub(crate) fn with(&self, credential: &str) -> Self {
        Self { credential: Some(credential.to_owned()), ..self.clone() }
    }

    /// The token or key.
    ///
    /// # Panics
    /// When there is none.
    pub(crate) fn credential(&self) -> &str {
        self.credential.as_deref().expect("the caller has a credential")
    }

    /// A request to be completed, with the credential.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.client.request(method, format!("{}{path}", self.origin));
        let address = self.address.unwrap_or_else(|| fresh_address().into());
        let request = request.header("X-Forwarded-For", address.to_string());
        match &self.credential {
            Some(credential) => request.bearer_auth(credential),
            None => request,
        }
    }

    /// Sends without a body.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request("GET", path)).await
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request("POST", path).json(&body)).await
    }

    /// Sends any method, with JSON where it takes a body.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let request = self.request(method, path);
        Answer::to(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Searches, and expects an answer.
    pub(crate) async fn search(&self, body: Value) -> Value {
        self.post("/api/v1/search", body).await.is(200).data().clone()
    }

    /// Makes the account's first key, and gives its secret.
    pub(crate) async fn set_up(&self, permissions: &[&str]) -> String {
        let answer = self.post("/api/v1/management/setup", json!({ "permissions": permissions })).await;
        text(&answer.is(201).data()["secretKey"])
    }

    /// Registers a connection, and gives its id.
    pub(crate) async fn connect(&self, connection: Value) -> String {
        text(&self.post("/api/v1/databases", connection).await.is(201).data()["id"])
    }
}

/// A fresh account.
#[derive(Debug)]
pub(crate) struct Account {
    /// Its session.
    pub(crate) session: Caller,
    /// Its e-mail address.
    pub(crate) email: String,
    /// What registering it answered.
    pub(crate) registered: Value,
}

impl Account {
    /// Registers an account that no other test knows, with [`PASSWORD`].
    pub(crate) async fn register(anonymous: &Caller) -> Self {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD, "name": "Ada Test" });
        let answer = anonymous.post("/api/v1/auth/register", body).await.is(201);
        let registered = answer.data().clone();
        Self { session: anonymous.with(&text(&registered["token"])), email, registered }
    }
}

/// An address that no other test uses.
pub(crate) fn fresh_email() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    format!("ada.{}@example.org", MADE.fetch_add(1, Ordering::Relaxed))
}

/// An address of a client that no other test uses.
pub(crate) fn fresh_address() -> Ipv4Addr {
    static MADE: AtomicU32 = AtomicU32::new(0);
    Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 1).to_bits() + MADE.fetch_add(1, Ordering::Relaxed))
}

/// What the service answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// The body, `Null` where it is not JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// Sends a request and reads the whole answer.
    ///
    /// # Panics
    /// When there is no answer, or half of one.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        Self::try_to(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// The same for those who expect that there may be none.
    pub(crate) async fn try_to(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Self { status, headers, text, body })
    }

    /// The same answer, if it has this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The same answer, if it is a failure of this status and code.
    #[track_caller]
    pub(crate) fn fails(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.body["error"]["code"], code, "{}", answer.text);
        assert_eq!(answer.body["success"], false, "{}", answer.text);
        answer
    }

    /// The `data` of a success.
    #[track_caller]
    pub(crate) fn data(&self) -> &Value {
        assert_eq!(self.body["success"], true, "{}", self.text);
        &self.body["data"]
    }

    /// The `details` of a failure.
    pub(crate) fn details(&self) -> &Value {
        &self.body["error"]["details"]
    }

    /// The names in `details.errors`, sorted.
    pub(crate) fn faulty_fields(&self) -> Vec<String> {
        let errors = self.details()["errors"].as_array().cloned().unwrap_or_default();
        let mut fields: Vec<String> = errors.iter().map(|error| text(&error["field"])).collect();
        fields.sort();
        fields
    }

    /// A header's text, empty where it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header is ASCII"))
    }

    /// The body without its `meta`: what does not differ from one request to the next.
    pub(crate) fn without_meta(&self) -> Value {
        let mut body = self.body.clone();
        body.as_object_mut().expect("an answer is an object").remove("meta");
        body
    }
}

/// Asks again and again until it is so.
///
/// # Panics
/// When it isn't within `limit`.
pub(crate) async fn eventually(limit: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < limit, "not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A JSON string's text.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no string: {value}")).to_owned()
}
