//! What an operator decides about the HTTP edge.

use std::time::Duration;

use crate::TrustedProxies;

/// Where to listen, and the bounds on what clients may do.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// The name or address to listen on.
    pub host: String,
    /// The port; 0 takes any free one.
    pub port: u16,
    /// How many threads answer requests; `None` means one for each core.
    pub workers: Option<usize>,
    /// Development: cookies are sent over plain HTTP too.
    pub development: bool,
    /// The origins whose pages may call the API, such as `https://app.example.com`; empty: none.
    pub cors_origins: Vec<String>,
    /// The proxies whose word is taken for where a request came from.
    pub trusted_proxies: TrustedProxies,
    /// The most bytes of a request's body.
    pub body_limit_bytes: usize,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// How long a request's head may take to arrive.
    pub head_timeout: Duration,
    /// How long a connection stays open without a request.
    pub keep_alive: Duration,
    /// The most connections open at once; further ones wait in the kernel's queue.
    pub max_connections: u32,
    /// How long running requests may take to finish once a stop has begun.
    pub drain_timeout: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 3000,
            workers: None,
            development: true,
            cors_origins: Vec::new(),
            trusted_proxies: TrustedProxies::default(),
            body_limit_bytes: 1024 * 1024,
            body_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
            max_connections: 10_000,
            drain_timeout: Duration::from_secs(30),
        }
    }
}
