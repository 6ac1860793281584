//! A server that answers as Qdrant does, or as a test wants. Plain threads and sockets, so that nothing
//! it does depends on what is tested.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use super::points::Collections;

/// A stand-in on a free port of this machine. It ends when it is dropped.
pub(crate) struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    collections: Mutex<Collections>,
    /// What is answered first, one for each request, whatever it asks.
    next: Mutex<VecDeque<Reply>>,
    received: Mutex<Vec<Request>>,
    ends: AtomicBool,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without its parameters.
    pub(crate) path: String,
    pub(crate) parameters: String,
    pub(crate) api_key: Option<String>,
    pub(crate) body: Value,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Whether it comes at all.
    pub(crate) comes: bool,
}

impl Reply {
    pub(crate) fn result(result: &Value) -> Self {
        Self::json(200, &json!({ "result": result, "status": "ok", "time": 0.000_1 }))
    }

    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "status": { "error": message }, "time": 0.000_1 }))
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, body: body.to_string().into_bytes(), comes: true }
    }

    pub(crate) fn raw(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), comes: true }
    }

    /// None, and the connection stays open.
    pub(crate) fn never() -> Self {
        Self { status: 0, body: Vec::new(), comes: false }
    }
}

impl StandIn {
    /// The key that it asks for.
    pub(crate) const KEY: &str = "hunter2";

    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::<Shared>::default();
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if served.ends.load(Ordering::Relaxed) {
                    break;
                }
                let served = Arc::clone(&served);
                // A client that goes away ends its thread.
                thread::spawn(move || served.serve(&stream));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers the next request like this.
    pub(crate) fn answer_next(&self, reply: Reply) {
        lock(&self.shared.next).push_back(reply);
    }

    pub(crate) fn received(&self) -> Vec<Request> {
        lock(&self.shared.received).clone()
    }

    /// Forgets everything, as if somebody had dropped it all.
    pub(crate) fn forget(&self) {
        *lock(&self.shared.collections) = Collections::default();
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut input = BufReader::new(stream);
        while let Some(request) = read(&mut input)? {
            lock(&self.received).push(request.clone());
            let scripted = lock(&self.next).pop_front();
            let reply = scripted.unwrap_or_else(|| {
                if request.api_key.as_deref() == Some(StandIn::KEY) {
                    lock(&self.collections).answer(&request)
                } else {
                    Reply::raw(401, "Must provide an API key or an Authorization bearer token")
                }
            });
            if !reply.comes {
                // Until the client has had enough.
                io::copy(&mut input, &mut io::sink())?;
                return Ok(());
            }
            let head = format!(
                "HTTP/1.1 {} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                reply.status,
                reply.body.len()
            );
            (&*stream).write_all(&[head.as_bytes(), &reply.body].concat())?;
        }
        Ok(())
    }
}

/// The next request; `None` where the client went away.
fn read(input: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, parameters) = target.split_once('?').unwrap_or((target, ""));
    let (path, parameters) = (path.to_owned(), parameters.to_owned());
    let (mut length, mut api_key) = (0, None);
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or_default(),
            "api-key" => api_key = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Some(Request { method, path, parameters, api_key, body }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
