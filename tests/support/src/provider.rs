//! An AI provider that does as a test wants, and keeps what it was sent. Plain threads and sockets, so
//! that nothing it does depends on what is tested.
//!
//! ```
//! use altus4_test_support::provider::{Provider, Reply};
//! let provider = Provider::start();
//! provider.behave(|_| Reply::status(503));
//! assert!(provider.received().is_empty());
//! ```

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// How many numbers its embeddings have.
const DIMENSIONS: usize = 64;
/// What it writes to whoever asks for a text.
const TEXT: &str = "A text that was made to order.";

/// What it does with a request.
type Manner = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// A provider on a free port of this machine. It ends when it is dropped.
pub struct Provider {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    received: Mutex<Vec<Received>>,
    manner: Mutex<Manner>,
    /// What comes before its manner, one for each request.
    next: Mutex<VecDeque<Reply>>,
    ends: AtomicBool,
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// `POST`.
    pub method: String,
    /// Where to, such as `/v1/embeddings`.
    pub path: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body; `Null` where it is no JSON.
    pub body: Value,
}

impl Received {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The texts to embed.
    #[must_use]
    pub fn inputs(&self) -> Vec<&str> {
        self.body["input"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// How fast an answer goes out, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    AtOnce,
    /// So long after the request.
    After(Duration),
    /// A byte at a time, so far apart.
    Dripping(Duration),
    /// This much of the body, and then the connection is closed.
    CutAfter(usize),
    /// Never, until the client goes away.
    Never,
}

/// What it answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    pace: Pace,
    says_length: bool,
}

impl Reply {
    /// 200 with this JSON.
    #[must_use]
    pub fn json(body: &Value) -> Self {
        Self::text(body.to_string()).with_header("Content-Type", "application/json")
    }

    /// 200 with this body, whatever it is.
    #[must_use]
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), pace: Pace::AtOnce, says_length: true }
    }

    /// This status, with an error as OpenAI words it.
    #[must_use]
    pub fn status(status: u16) -> Self {
        let error = json!({ "error": { "message": "no", "type": "server_error", "code": "no_luck" } });
        Self { status, ..Self::json(&error) }
    }

    /// No answer at all.
    #[must_use]
    pub fn never() -> Self {
        Self { pace: Pace::Never, ..Self::text("") }
    }

    /// What it says to whoever asks for a text, with the usage of every text it makes.
    #[must_use]
    pub fn chat(content: &str) -> Self {
        Self::json(&json!({
            "object": "chat.completion",
            "model": "a-name-of-its-own",
            "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": content } }],
            "usage": { "prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150 },
        }))
    }

    /// The embeddings of these texts, three tokens each.
    #[must_use]
    pub fn embeddings(texts: &[&str]) -> Self {
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| {
                json!({ "object": "embedding", "index": index, "embedding": Provider::vector_of(text) })
            })
            .collect();
        let tokens = 3 * texts.len();
        Self::json(&json!({
            "object": "list", "model": "a-name-of-its-own", "data": data,
            "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
        }))
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same without saying how long it is.
    #[must_use]
    pub fn without_length(self) -> Self {
        Self { says_length: false, ..self }
    }

    /// The same with a header more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, so long after the request.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { pace: Pace::After(wait), ..self }
    }

    /// The same, a byte at a time.
    #[must_use]
    pub fn dripping(self, pause: Duration) -> Self {
        Self { pace: Pace::Dripping(pause), ..self }
    }

    /// The same, broken off after so many bytes of the body.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        Self { pace: Pace::CutAfter(bytes), ..self }
    }
}

impl Provider {
    /// One that behaves well: embeddings of texts that share words are near each other, and whoever
    /// asks for a text gets one.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            manner: Mutex::new(Arc::new(well_behaved)),
            next: Mutex::default(),
            ends: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.ends.load(Ordering::Acquire) {
                    return;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&of_thread)) else { continue };
                // A client that goes away is none of its trouble.
                thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });
        Self { address, shared }
    }

    /// What `OPENAI_BASE_URL` is to be.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// From now on it does this.
    pub fn behave(&self, manner: impl Fn(&Received) -> Reply + Send + Sync + 'static) {
        *lock(&self.shared.manner) = Arc::new(manner);
    }

    /// From now on it behaves well.
    pub fn behave_well(&self) {
        self.behave(well_behaved);
    }

    /// Answers the next requests with these, one each, before it goes on as it was.
    pub fn answer_next(&self, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.shared.next).extend(replies);
    }

    /// Everything that it was sent.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// Forgets what it was sent.
    pub fn forget(&self) {
        lock(&self.shared.received).clear();
    }

    /// What its embedding of a text is: each word of it counts in one of the dimensions, by its first
    /// five letters, and short words hardly.
    #[must_use]
    pub fn vector_of(text: &str) -> Vec<f32> {
        let mut vector = vec![0.0; DIMENSIONS];
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let stem: String = word.to_lowercase().chars().take(5).collect();
            // FNV-1a.
            let hash = stem
                .bytes()
                .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
            vector[hash as usize % DIMENSIONS] += if stem.chars().count() > 3 { 1.0 } else { 0.1 };
        }
        // Texts without words point somewhere too.
        vector[0] += 0.01;
        vector
    }
}

/// Wakes the thread that listens, so that it ends.
impl Drop for Provider {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Release);
        drop(TcpStream::connect(self.address));
    }
}

fn well_behaved(request: &Received) -> Reply {
    match request.path.as_str() {
        "/v1/embeddings" => Reply::embeddings(&request.inputs()),
        "/v1/chat/completions" => Reply::chat(TEXT),
        "/v1/models" => Reply::json(&json!({ "object": "list", "data": [] })),
        _ => Reply::status(404),
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let request = read(&mut reader)?;
    lock(&shared.received).push(request.clone());
    let scripted = lock(&shared.next).pop_front();
    let manner = Arc::clone(&lock(&shared.manner));
    let reply = scripted.unwrap_or_else(|| manner(&request));
    answer(stream, &mut reader, &reply)
}

fn read(reader: &mut impl BufRead) -> io::Result<Received> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(ToOwned::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Received { method, path, headers, body })
}

fn answer(mut stream: &TcpStream, reader: &mut impl Read, reply: &Reply) -> io::Result<()> {
    let Reply { status, headers, body, pace, says_length } = reply;
    let mut head = vec![format!("HTTP/1.1 {status} Scripted")];
    head.extend(says_length.then(|| format!("Content-Length: {}", body.len())));
    head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    head.push("Connection: close\r\n\r\n".to_owned());
    let head = head.join("\r\n");
    match pace {
        Pace::AtOnce => {}
        Pace::After(wait) => thread::sleep(*wait),
        Pace::Dripping(pause) => {
            stream.write_all(head.as_bytes())?;
            for byte in body {
                thread::sleep(*pause);
                stream.write_all(&[*byte])?;
            }
            return Ok(());
        }
        Pace::CutAfter(bytes) => {
            stream.write_all(head.as_bytes())?;
            return stream.write_all(&body[..*bytes]);
        }
        Pace::Never => return reader.read_exact(&mut [0]),
    }
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
