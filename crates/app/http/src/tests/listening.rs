//! The server on a real socket: slow clients, and stopping.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::{JoinHandle, spawn_local},
};

use super::world::{Mood, World};
use crate::{BindFault, HttpConfig, HttpServer};

fn config() -> HttpConfig {
    HttpConfig {
        port: 0,
        workers: Some(2),
        body_timeout: Duration::from_millis(300),
        head_timeout: Duration::from_millis(300),
        ..HttpConfig::default()
    }
}

/// A server that runs, and the way to stop it.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<io::Result<()>>,
}

fn start(world: &World, config: HttpConfig) -> Running {
    let server = HttpServer::bind(config, world.services.clone()).expect("a free port");
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel();
    let ended = spawn_local(server.run(async {
        let _ = stopped.await;
    }));
    Running { address, stop, ended }
}

async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("written");
}

/// One answer: its head in lower case, and its body. `None` when the connection ended before it.
async fn answer(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            let length: usize = length.trim().parse().ok()?;
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes[end + 4..end + 4 + length].to_vec()));
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";

#[actix_web::test]
async fn a_body_that_drips_is_answered_408_and_hung_up_on() {
    let world = World::new();
    let running = start(&world, config());
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    send(&mut stream, &format!("{head}content-length: 100\r\n\r\n{{\"email\"")).await;
    let started = Instant::now();
    let (head, body) = answer(&mut stream).await.expect("an answer");
    assert!(head.starts_with("http/1.1 408") && head.contains("connection: close"), "{head}");
    assert!(started.elapsed() >= Duration::from_millis(250) && started.elapsed() < Duration::from_secs(5));
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["success"], &body["error"]["code"]), (&json!(false), &json!("REQUEST_TIMEOUT")));
    assert!(answer(&mut stream).await.is_none(), "hung up");
}

#[actix_web::test]
async fn who_sends_too_much_gets_to_read_so() {
    let world = World::new();
    let running = start(&world, config());
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    send(&mut stream, &format!("{head}content-length: 8388608\r\n\r\n")).await;
    stream.write_all(&vec![b' '; 8 * 1024 * 1024]).await.expect("taken in");
    let (head, _) = answer(&mut stream).await.expect("an answer");
    assert!(head.starts_with("http/1.1 413") && head.contains("connection: close"), "{head}");
}

#[actix_web::test]
async fn a_head_that_drips_is_hung_up_on() {
    let world = World::new();
    let running = start(&world, config());
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    send(&mut stream, "GET /health/live HT").await;
    let started = Instant::now();
    let _ = answer(&mut stream).await;
    assert!(answer(&mut stream).await.is_none());
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[actix_web::test]
async fn a_running_request_finishes_after_the_stop() {
    let world = World::new();
    let token = world.register("ada").await;
    world.database(&token, "one").await;
    world.index.become_(Mood::Slow(Duration::from_millis(600)));
    let running = start(&world, config());
    let mut searching = TcpStream::connect(running.address).await.unwrap();
    let search =
        format!("GET /api/v1/search?q=parcel HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    send(&mut searching, &search).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    send(&mut idle, LIVE).await;
    assert!(answer(&mut idle).await.is_some());
    running.stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    assert!(TcpStream::connect(running.address).await.is_err(), "no new connections");
    send(&mut idle, "GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let (head, _) = answer(&mut idle).await.expect("a request on its way is answered");
    assert!(head.starts_with("http/1.1 503") && head.contains("connection: close"), "{head}");
    let (head, body) = answer(&mut searching).await.expect("the running request is answered");
    assert!(head.starts_with("http/1.1 200") && head.contains("connection: close"), "{head}");
    assert!(String::from_utf8_lossy(&body).contains("Parcel number 1"));
    running.ended.await.unwrap().unwrap();
}

#[actix_web::test]
async fn an_idle_connection_does_not_hold_up_the_stop() {
    let world = World::new();
    let running = start(&world, config());
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    send(&mut idle, LIVE).await;
    assert!(answer(&mut idle).await.is_some());
    let _silent = TcpStream::connect(running.address).await.unwrap();
    let started = Instant::now();
    running.stop.send(()).unwrap();
    running.ended.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[actix_web::test]
async fn a_request_that_never_ends_is_cut_at_the_deadline() {
    let world = World::new();
    let token = world.register("ada").await;
    world.database(&token, "one").await;
    world.index.become_(Mood::Slow(Duration::from_mins(1)));
    let running = start(&world, HttpConfig { drain_timeout: Duration::from_millis(300), ..config() });
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let search =
        format!("GET /api/v1/search?q=parcel HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    send(&mut stream, &search).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.send(()).unwrap();
    let started = Instant::now();
    running.ended.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// Sends requests one after the other until no connection can be made. Gives how many were
/// answered, and how many were sent and never were.
async fn load(address: SocketAddr, keep_alive: bool, answered: Arc<AtomicU32>) -> u32 {
    let mut cut = 0;
    while let Ok(mut stream) = TcpStream::connect(address).await {
        loop {
            if stream.write_all(LIVE.as_bytes()).await.is_err() {
                cut += 1;
                break;
            }
            let Some((head, _)) = answer(&mut stream).await else {
                cut += 1;
                break;
            };
            answered.fetch_add(1, Ordering::Relaxed);
            if head.contains("connection: close") || !keep_alive {
                break;
            }
        }
    }
    cut
}

#[actix_web::test]
async fn a_stop_under_load_cuts_no_request() {
    for keep_alive in [true, false] {
        let world = World::new();
        let running = start(&world, config());
        let answered = Arc::new(AtomicU32::new(0));
        let clients: Vec<_> =
            (0..32).map(|_| spawn_local(load(running.address, keep_alive, Arc::clone(&answered)))).collect();
        while answered.load(Ordering::Relaxed) < 500 {
            tokio::task::yield_now().await;
        }
        running.stop.send(()).unwrap();
        let cut: u32 = join_all(clients).await.into_iter().map(|client| client.unwrap()).sum();
        running.ended.await.unwrap().unwrap();
        assert_eq!(cut, 0, "keep-alive {keep_alive}");
    }
}

#[actix_web::test]
async fn connections_that_wait_when_the_stop_begins_are_answered() {
    let world = World::new();
    let server = HttpServer::bind(config(), world.services.clone()).unwrap();
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
        send(&mut stream, LIVE).await;
        waiting.push(stream);
    }
    let ended = spawn_local(server.run(std::future::ready(())));
    for mut stream in waiting {
        let (head, _) = answer(&mut stream).await.expect("an answer");
        assert!(head.starts_with("http/1.1 200") && head.contains("connection: close"), "{head}");
    }
    ended.await.unwrap().unwrap();
}

#[actix_web::test]
async fn what_cannot_be_bound_is_named() {
    let world = World::new();
    let first = HttpServer::bind(config(), world.services.clone()).unwrap();
    let taken = HttpConfig { port: first.local_addr().port(), ..config() };
    let fault = HttpServer::bind(taken, world.services.clone()).err().unwrap();
    assert!(matches!(fault, BindFault::Address { .. }));
    assert!(fault.to_string().starts_with(&format!("cannot listen on {}", first.local_addr())), "{fault}");
    for origin in ["*", "app.example.com", "https://", "https://a.example/path", "ftp://a.example"] {
        let odd = HttpConfig { cors_origins: vec![origin.to_owned()], ..config() };
        let fault = HttpServer::bind(odd, world.services.clone()).err().unwrap();
        assert!(matches!(fault, BindFault::Origin(_)), "{origin}");
    }
}
