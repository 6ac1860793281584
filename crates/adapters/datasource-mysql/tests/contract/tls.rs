//! TLS: on and checked as the connection says, or no connection.

use std::{fs, sync::Arc, time::Duration};

use altus4_connections::{ConnectionProbe, Target, Tls};
use altus4_datasource_mysql::MySqlConfig;
use altus4_kernel::PortErrorKind;
use altus4_search::FullTextIndex;
use altus4_test_support::MariaDb;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::fixture::{World, at, by_index, snapshot, source, target, user_target};

const DEADLINE: Duration = Duration::from_secs(5);

/// A server whose certificate is valid for `localhost` and signed by an authority of its own.
struct SecureServer {
    server: MariaDb,
    ca: String,
    _files: TempDir,
}

impl SecureServer {
    fn start() -> Self {
        let mut authority = CertificateParams::new(vec![]).expect("parameters");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key"))
            .expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])
            .and_then(|parameters| parameters.signed_by(&key, &authority))
            .expect("a certificate");
        let files = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = files.path().join(name);
            fs::write(&path, text).expect("a file");
            path.display().to_string()
        };
        let certificate = format!("--ssl-cert={}", write("certificate.pem", &certificate.pem()));
        let key = format!("--ssl-key={}", write("key.pem", &key.serialize_pem()));
        let server = MariaDb::start_with(&[&certificate, &key]);
        server.execute("", "CREATE DATABASE d");
        Self { server, ca: authority.pem(), _files: files }
    }

    fn target(&self, host: &str, verify: bool, ca: Option<&str>, server_name: Option<&str>) -> Target {
        let (ca, server_name) = (ca.map(Into::into), server_name.map(Into::into));
        at(&target(&self.server, "d"), host, self.server.port(), Tls::Required { verify, ca, server_name })
    }
}

async fn refusal(target: &Target) -> (PortErrorKind, String) {
    let error = source(MySqlConfig::default()).probe(target, DEADLINE).await.expect_err("no connection");
    (error.kind, error.detail.expect("a detail").message)
}

#[tokio::test]
async fn a_certificate_is_good_for_its_name_and_its_authority_alone() {
    let secure = SecureServer::start();
    let ca = Some(secure.ca.as_str());
    let bad_certificate = (
        PortErrorKind::Unavailable,
        "the server's certificate is not valid for its name, or not trusted".to_owned(),
    );
    let source = source(MySqlConfig::default());
    for good in [
        secure.target("localhost", true, ca, None),
        secure.target("127.0.0.1", true, ca, Some("localhost")),
        secure.target("127.0.0.1", false, None, None),
    ] {
        let report = source.probe(&good, DEADLINE).await.expect("a report");
        // Loopback: nobody is on the way.
        assert!(report.warnings.iter().all(|warning| !warning.contains("certificate")));
    }
    let other_name = secure.target("127.0.0.1", true, ca, None);
    let other_authority = secure.target("localhost", true, None, None);
    let wrong_name = secure.target("localhost", true, ca, Some("db.example.com"));
    for bad in [&other_name, &other_authority, &wrong_name] {
        assert_eq!(refusal(bad).await, bad_certificate);
    }
    let no_pem = secure.target("localhost", true, Some("no PEM"), None);
    let (kind, message) = refusal(&no_pem).await;
    assert_eq!((kind, message.starts_with("the certificates to trust")), (PortErrorKind::Rejected, true));
    let no_name = secure.target("localhost", true, ca, Some("no name"));
    assert_eq!(refusal(&no_name).await.0, PortErrorKind::Rejected);
    // And it is encrypted indeed: this user is let in no other way.
    secure.server.execute(
        "",
        "CREATE USER 'safe'@'%' IDENTIFIED BY 'pw' REQUIRE SSL; GRANT SELECT ON d.* TO 'safe'@'%'",
    );
    let plain = user_target(&secure.server, "d", "safe", "pw");
    assert_eq!(refusal(&plain).await.0, PortErrorKind::NotPermitted);
    let tls = Tls::Required { verify: true, ca: Some(secure.ca.clone()), server_name: None };
    let report = source.probe(&at(&plain, "localhost", secure.server.port(), tls), DEADLINE).await;
    assert!(report.expect("a report").read_only);
    // An answer of many records comes through whole.
    secure.server.execute(
        "d",
        "CREATE TABLE t (id INT PRIMARY KEY, body TEXT, FULLTEXT (body));
         INSERT INTO t SELECT seq, CONCAT('needle ', REPEAT('ü', 900)) FROM seq_1_to_200;",
    );
    let target = secure.target("localhost", true, ca, None);
    let table = Arc::clone(snapshot(&source, &target).await.table("t").expect("the table"));
    let request = by_index(&table, &["needle"], &["body"]);
    let found = source.candidates(&target, &request, DEADLINE).await.expect("candidates");
    assert_eq!(found.len(), 200);
    assert!(
        found.iter().all(|found| found.values[0].as_text().is_some_and(|text| text.chars().count() == 907))
    );
}

#[tokio::test]
async fn without_tls_on_the_server_there_is_no_connection_that_asks_for_it() {
    let world = World::new("SELECT 1");
    for verify in [true, false] {
        let tls = Tls::Required { verify, ca: None, server_name: None };
        let target = at(&world.target, "127.0.0.1", world.server.port(), tls);
        let (kind, message) = refusal(&target).await;
        assert_eq!(kind, PortErrorKind::Unavailable);
        assert_eq!(message, "the server offers no TLS, which this connection asks for");
    }
}
