//! Requests as nobody should send them: slow, split, smuggled, or not HTTP at all.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::app::{Kind, TestApp};

/// Sends bytes as they are, in parts with pauses, and reads what comes back.
fn raw(app: &TestApp, parts: &[&[u8]], pause: Duration, limit: Duration) -> (Duration, String) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", app.port())).expect("the service listens");
    let mut reader = stream.try_clone().expect("a socket has two ends");
    reader.set_read_timeout(Some(limit)).expect("a time limit");
    let answer = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4_096];
        loop {
            match reader.read(&mut buffer) {
                Ok(read @ 1..) => bytes.extend_from_slice(&buffer[..read]),
                // So it may be after the process was stopped and went on.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Any other error is the end as well: the service may close the connection on the sender.
                Ok(_) | Err(_) => break,
            }
        }
        (began.elapsed(), String::from_utf8_lossy(&bytes).into_owned())
    });
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            std::thread::sleep(pause);
        }
        if answer.is_finished() || stream.write_all(part).is_err() {
            break;
        }
    }
    answer.join().expect("the reader ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_is_given_up() {
    let app = TestApp::shared(Kind::Sqlite);
    let head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n";
    let mut parts: Vec<&[u8]> = vec![head];
    parts.extend([&b" "[..]; 30]);
    let (took, answer) = raw(app, &parts, Duration::from_millis(500), Duration::from_secs(14));
    assert!(answer.starts_with("HTTP/1.1 408"), "after {took:?}: {answer}");
    assert!(took < Duration::from_secs(12), "{took:?}");
    let body = answer.split("\r\n\r\n").nth(1).expect("an answer has a body");
    let body: Value = serde_json::from_str(body.trim()).expect("the body is the envelope");
    assert_eq!(body["success"], false);
    assert!(body["meta"]["requestId"].is_string(), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_drip_are_given_up() {
    let app = TestApp::shared(Kind::Sqlite);
    let mut parts: Vec<&[u8]> = vec![b"GET /health HTTP/1.1\r\n"];
    parts.extend([&b"X-A: b\r\n"[..]; 30]);
    let (took, answer) = raw(app, &parts, Duration::from_millis(500), Duration::from_secs(14));
    assert!(took < Duration::from_secs(12), "{took:?}: {answer}");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_and_harms_nobody() {
    let app = TestApp::shared(Kind::Sqlite);
    let big_header = format!("GET /health HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", "a".repeat(200_000));
    let many = "X-A: b\r\n".repeat(2_000);
    let many_headers = format!("GET /health HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000));
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"POST /api/v1/search HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
        b"POST /api/v1/search HTTP/1.1\r\nHost: x\r\nContent-Length: -4\r\n\r\n",
        b"POST /api/v1/search HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST /api/v1/search HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
        big_header.as_bytes(),
        many_headers.as_bytes(),
        long_path.as_bytes(),
    ] {
        let (_, answer) = raw(app, &[bytes], Duration::ZERO, Duration::from_secs(1));
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(refused, "{:?}: {answer}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)]));
    }
    app.anonymous().get("/health").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_paths_are_not_found_in_the_envelope() {
    let app = TestApp::shared(Kind::Sqlite);
    for path in [
        "/api/v1/../v1/nothing",
        "/api/v1/%2e%2e/x",
        "//api//v1//nothing",
        "/api/v1/databases%2fx",
        "/api/v2/databases",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/v1/databases",
        "/api/api/v1/databases",
        "/api/v1/%F0%9F%A6%80",
        "/api/v1/%ff%fe",
        "/.env",
        "/data/altus4.db",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let (_, answer) = raw(app, &[request.as_bytes()], Duration::ZERO, Duration::from_secs(2));
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(answer.contains("NOT_FOUND") && answer.contains("requestId"), "{path}: {answer}");
    }
}
