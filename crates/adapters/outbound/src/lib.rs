//! The way out over HTTP, as every adapter goes it that calls a service: which certificates are
//! trusted, and what a client does not do by itself. No adapter: the one room that adapters share.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, ClientBuilder, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// This machine can't speak TLS.
pub type TlsError = rustls::Error;

/// Shorter than servers usually keep a connection that isn't used.
const IDLE: Duration = Duration::from_secs(30);

/// A client in the making that follows no redirect, knows no proxy, tells nobody where it comes from,
/// and unpacks nothing. Certificates have to be signed by a public authority, or by one that this
/// machine trusts, such as a company's own. It has a time limit for connecting and none beside.
///
/// # Errors
/// [`TlsError`].
pub fn client(connect_timeout: Duration) -> Result<ClientBuilder, TlsError> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls()?)
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .no_gzip()
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("altus4/", env!("CARGO_PKG_VERSION")));
    Ok(builder)
}

fn tls() -> Result<ClientConfig, TlsError> {
    let mut trusted = RootCertStore::empty();
    trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // What can't be read among them is trusted by nobody.
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(trusted).with_no_client_auth())
}
