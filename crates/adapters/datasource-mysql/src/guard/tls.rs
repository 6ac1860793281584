//! TLS to a server: verified by name as the connection says, or none. There is no way back from it
//! to plain text.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::refusal::Refusal;

/// How many sessions with one server are remembered, to agree faster on the next.
const RESUMED: usize = 8;

/// How TLS is agreed on with a server.
#[derive(Clone)]
pub(crate) struct TlsPlan {
    connector: TlsConnector,
    name: ServerName<'static>,
    is_verified: bool,
}

impl fmt::Debug for TlsPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connector: _, name, is_verified } = self;
        f.debug_struct("TlsPlan")
            .field("name", name)
            .field("is_verified", is_verified)
            .finish_non_exhaustive()
    }
}

impl TlsPlan {
    /// With a server whose certificate must be valid for `name` and signed by one of `roots` (PEM),
    /// or else by a public authority. Without `verify` any certificate will do.
    pub(crate) fn new(name: &str, verify: bool, roots: Option<&str>) -> Result<Self, Refusal> {
        let name = ServerName::try_from(name).map_err(|_| Refusal::Name)?.to_owned();
        let trusted = trusted(roots)?;
        let provider = Arc::new(ring::default_provider());
        let algorithms = provider.signature_verification_algorithms;
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = if verify {
            builder.with_root_certificates(trusted).with_no_client_auth()
        } else {
            let anybody = Arc::new(Anybody(algorithms));
            builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth()
        };
        config.resumption = Resumption::in_memory_sessions(RESUMED);
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name, is_verified: verify })
    }

    pub(super) fn is_verified(&self) -> bool {
        self.is_verified
    }

    pub(super) async fn connect(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Refusal> {
        Ok(self.connector.connect(self.name.clone(), stream).await?)
    }
}

fn trusted(roots: Option<&str>) -> Result<RootCertStore, Refusal> {
    let mut trusted = RootCertStore::empty();
    match roots {
        None => trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|_| Refusal::Roots)?;
                trusted.add(certificate).map_err(|_| Refusal::Roots)?;
            }
        }
    }
    if trusted.is_empty() { Err(Refusal::Roots) } else { Ok(trusted) }
}

/// Takes any certificate, if the server has its key. It keeps eavesdroppers out and nobody else.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
