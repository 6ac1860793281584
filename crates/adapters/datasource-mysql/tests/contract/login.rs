//! Logging in the way MySQL 8 does (`caching_sha2_password`), which MariaDB doesn't know: a proof
//! where the server remembers the password, and the password itself where it doesn't.

use std::{
    io::{self, Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use altus4_connections::{ConnectionProbe, Target, Tls};
use altus4_datasource_mysql::MySqlConfig;
use altus4_kernel::{PortErrorKind, PortResult};
use altus4_test_support::{
    MariaDb,
    rogue::{OK, Wire, greeting},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::fixture::{at, source, target};

/// That the password "secret" is known, for the nonce of [`greeting`].
const PROOF: [u8; 32] = [
    0xC7, 0x6E, 0x28, 0x98, 0x61, 0x2A, 0x4C, 0xF0, 0x42, 0xC7, 0x7F, 0xA8, 0xC4, 0x70, 0x2C, 0x4C, 0x64,
    0xC0, 0xC2, 0xC5, 0x57, 0xC5, 0x3C, 0x4D, 0x75, 0x59, 0x5A, 0xAA, 0x6A, 0xBA, 0xE8, 0x09,
];
const PASSWORD: &[u8] = b"secret\0";

#[derive(Clone)]
struct MySql8 {
    remembers: bool,
    switches: bool,
    tls: Option<Arc<ServerConfig>>,
    /// All that it was told before it let anyone in.
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl MySql8 {
    fn new(remembers: bool, switches: bool, tls: Option<Arc<ServerConfig>>) -> Self {
        Self { remembers, switches, tls, heard: Arc::default() }
    }

    fn serve(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let port = listener.local_addr().expect("its address").port();
        let server = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                thread::spawn(move || server.greet(Wire::of(stream, false)));
            }
        });
        port
    }

    fn greet(&self, mut wire: Wire) -> io::Result<()> {
        let plugin = if self.switches { "mysql_native_password" } else { "caching_sha2_password" };
        let mut greeting = greeting(false, plugin);
        let Some(tls) = &self.tls else {
            wire.send(&greeting)?;
            return self.let_in(wire);
        };
        // The second byte of the flags, after version, session, and the first part of the nonce.
        greeting[21] |= 0x08;
        wire.send(&greeting)?;
        wire.receive()?;
        let connection = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
        let mut secure = Wire::of(StreamOwned::new(connection, wire.stream), false);
        secure.sequence = wire.sequence;
        self.let_in(secure)
    }

    fn let_in<S: Read + Write>(&self, mut wire: Wire<S>) -> io::Result<()> {
        let mut proof = self.listen(&mut wire)?;
        if self.switches {
            wire.send(b"\xFEcaching_sha2_password\0abcdefghijklmnopqrst\0")?;
            proof = self.listen(&mut wire)?;
        }
        let is_known = proof.windows(PROOF.len()).any(|part| part == PROOF);
        if !is_known {
            return wire.send(b"\xFF\x15\x04#28000Access denied");
        }
        wire.send(if self.remembers { &[1, 3] } else { &[1, 4] })?;
        if !self.remembers {
            self.listen(&mut wire)?;
        }
        wire.send(OK)?;
        loop {
            wire.receive()?;
            wire.send(OK)?;
        }
    }

    fn listen<S: Read + Write>(&self, wire: &mut Wire<S>) -> io::Result<Vec<u8>> {
        let word = wire.receive()?;
        self.heard.lock().expect("the list").push(word.clone());
        Ok(word)
    }

    fn has_heard_the_password(&self) -> bool {
        self.heard.lock().expect("the list").iter().any(|word| word == PASSWORD)
    }
}

/// TLS for `localhost`, and the authority to trust.
fn tls() -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::new(vec![]).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|parameters| parameters.signed_by(&key, &authority))
        .expect("a certificate");
    let chain = vec![CertificateDer::from_pem_slice(certificate.pem().as_bytes()).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .expect("a server's TLS");
    (Arc::new(config), authority.pem())
}

async fn log_in(server: &MySql8, tls: Tls) -> PortResult<()> {
    let target: Target = at(&target(MariaDb::shared(), "mysql"), "localhost", server.serve(), tls);
    source(MySqlConfig::default()).probe(&target, Duration::from_secs(5)).await.map(drop)
}

fn required(verify: bool, ca: &str) -> Tls {
    Tls::Required { verify, ca: Some(ca.to_owned()), server_name: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_the_server_remembers_is_proved_not_sent() {
    let (config, ca) = tls();
    for (server, tls) in [
        (MySql8::new(true, false, None), Tls::Disabled),
        (MySql8::new(true, true, None), Tls::Disabled),
        (MySql8::new(true, false, Some(config)), required(true, &ca)),
    ] {
        log_in(&server, tls).await.expect("it is let in");
        assert!(!server.has_heard_the_password());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_itself_goes_over_verified_tls_alone() {
    let (config, ca) = tls();
    let server = MySql8::new(false, false, Some(Arc::clone(&config)));
    log_in(&server, required(true, &ca)).await.expect("it is let in");
    assert!(server.has_heard_the_password());
    for (server, tls) in [
        (MySql8::new(false, false, None), Tls::Disabled),
        (MySql8::new(false, true, None), Tls::Disabled),
        (MySql8::new(false, false, Some(config)), required(false, &ca)),
    ] {
        let error = log_in(&server, tls).await.expect_err("it would be told the password");
        assert_eq!(error.kind, PortErrorKind::NotPermitted);
        let message = error.detail.expect("a detail").message;
        assert!(message.contains("TLS with a verified certificate"), "{message}");
        assert!(!server.has_heard_the_password());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_offer_of_tls_was_taken_out_on_the_way_is_told_nothing() {
    let server = MySql8::new(true, false, None);
    let error = log_in(&server, required(true, &tls().1)).await.expect_err("no TLS");
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert!(server.heard.lock().expect("the list").is_empty());
}
