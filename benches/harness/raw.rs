//! A client that costs next to nothing: one connection that is kept, requests and answers as bytes.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

/// The longest head of an answer.
const MAX_HEAD: usize = 16 * 1024;
/// A connection that lay idle for longer is opened anew: the program hangs up on those.
const IDLE: Duration = Duration::from_secs(2);

/// A connection to the API, with the credential that each request has.
pub(crate) struct RawClient {
    authority: String,
    stream: TcpStream,
    used: Instant,
    credential: String,
    bytes: Vec<u8>,
}

impl RawClient {
    /// To the API at this URL, `http://host:port/api/v1`.
    pub(crate) fn connect(api: &str, credential: &str) -> io::Result<Self> {
        let authority = api.trim_start_matches("http://").split('/').next().unwrap_or_default();
        Ok(Self {
            authority: authority.to_owned(),
            stream: open(authority)?,
            used: Instant::now(),
            credential: credential.to_owned(),
            bytes: Vec::with_capacity(MAX_HEAD),
        })
    }

    /// Posts a body of JSON; the answer waits to be received.
    pub(crate) fn send(&mut self, path: &str, body: &str) -> io::Result<()> {
        let request = format!(
            "POST /api/v1/{path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.credential,
            body.len()
        );
        if self.used.elapsed() > IDLE {
            self.stream = open(&self.authority)?;
        }
        self.used = Instant::now();
        self.stream.write_all(request.as_bytes())
    }

    /// The body of the answer that has to be 200 and say how long it is.
    pub(crate) fn receive(&mut self) -> io::Result<&[u8]> {
        self.bytes.clear();
        let begin = loop {
            self.read()?;
            if let Some(end) = self.bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                break end + 4;
            }
            if self.bytes.len() > MAX_HEAD {
                return Err(io::Error::other("an answer without an end of its head"));
            }
        };
        let head = String::from_utf8_lossy(&self.bytes[..begin]).to_ascii_lowercase();
        if !head.starts_with("http/1.1 200") {
            return Err(io::Error::other(head));
        }
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let length = length.ok_or_else(|| io::Error::other("an answer that doesn't say how long it is"))?;
        while self.bytes.len() < begin + length {
            self.read()?;
        }
        Ok(&self.bytes[begin..])
    }

    /// Both.
    pub(crate) fn post(&mut self, path: &str, body: &str) -> io::Result<&[u8]> {
        self.send(path, body)?;
        self.receive()
    }

    fn read(&mut self) -> io::Result<()> {
        let mut some = [0; 16 * 1024];
        let count = self.stream.read(&mut some)?;
        if count == 0 {
            return Err(io::Error::other("the program hung up"));
        }
        self.bytes.extend_from_slice(&some[..count]);
        Ok(())
    }
}

fn open(authority: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(authority)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
