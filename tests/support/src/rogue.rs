//! A server that begins like any other and then does as a test wants. Plain threads and sockets, so
//! that nothing it does depends on what is tested. What hostile ones do is in [`attacks`].

pub mod attacks;

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// An acknowledgement.
pub const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
/// The end of columns or rows, where these have packets of their own.
pub const EOF: &[u8] = &[0xFE, 0, 0, 2, 0];
/// A column of text without a table.
pub const COLUMN: &[u8] = b"\x03def\0\0\0\x01a\0\x0C\x2D\0\xFF\0\0\0\xFD\0\0\0\0\0";

/// What it does at some point, until it goes on like any other.
pub type Act = Arc<dyn Fn(&mut Wire) -> io::Result<()> + Send + Sync>;

/// Where it begins to misbehave.
#[derive(Clone)]
pub enum Rogue {
    /// Before a word is said.
    Greeting(Act),
    /// After it was told who calls.
    Login(Act),
    /// When a statement is prepared.
    Prepare(Act),
    /// When a statement is run, prepared or not.
    Answer(Act),
}

/// A conversation with one client.
#[derive(Debug)]
pub struct Wire<S = TcpStream> {
    /// The way to it.
    pub stream: S,
    /// The number of the next packet.
    pub sequence: u8,
    /// Whether columns and rows end with packets of their own.
    pub has_eof: bool,
    /// Whether the statement under way was prepared.
    pub is_binary: bool,
}

impl<S: Read + Write> Wire<S> {
    /// One that begins now.
    #[must_use]
    pub fn of(stream: S, has_eof: bool) -> Self {
        Self { stream, sequence: 0, has_eof, is_binary: false }
    }

    /// Sends a packet.
    ///
    /// # Errors
    /// When the other side is gone.
    ///
    /// # Panics
    /// When the packet is longer than packets can be.
    pub fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).expect("a short packet").to_le_bytes();
        let head = [length[0], length[1], length[2], self.sequence];
        self.sequence = self.sequence.wrapping_add(1);
        self.stream.write_all(&[&head, payload].concat())
    }

    /// Waits for a packet.
    ///
    /// # Errors
    /// When the other side is gone.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head)?;
        self.sequence = head[3].wrapping_add(1);
        let mut payload = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
        self.stream.read_exact(&mut payload)?;
        Ok(payload)
    }

    /// Says who it claims to be.
    ///
    /// # Errors
    /// When the other side is gone.
    pub fn greet(&mut self) -> io::Result<()> {
        self.send(&greeting(self.has_eof, "mysql_native_password"))
    }

    /// The head of a result with one column of text.
    ///
    /// # Errors
    /// When the other side is gone.
    pub fn send_head(&mut self) -> io::Result<()> {
        self.send(&[1])?;
        self.send(COLUMN)?;
        self.end_columns()
    }

    /// The end of columns, where they have one.
    ///
    /// # Errors
    /// When the other side is gone.
    pub fn end_columns(&mut self) -> io::Result<()> {
        if self.has_eof { self.send(EOF) } else { Ok(()) }
    }

    /// A row of one text, in the form of the statement under way.
    ///
    /// # Errors
    /// When the other side is gone.
    ///
    /// # Panics
    /// When the text is longer than 64 KiB.
    pub fn send_row(&mut self, text: &[u8]) -> io::Result<()> {
        let length = u16::try_from(text.len()).expect("a short text").to_le_bytes();
        let head: &[u8] = if self.is_binary { &[0, 0] } else { &[] };
        self.send(&[head, &[0xFC], &length, text].concat())
    }

    fn prepare(&mut self) -> io::Result<()> {
        self.send(&[0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0])?;
        for _parameter_and_column in 0..2 {
            self.send(COLUMN)?;
            self.end_columns()?;
        }
        Ok(())
    }
}

/// The payload of a greeting: protocol 4.1, a database, this way of logging in.
#[must_use]
pub fn greeting(has_eof: bool, plugin: &str) -> Vec<u8> {
    let high = u8::from(!has_eof);
    let flags: &[u8] = &[0x08, 0x82, 45, 2, 0, 0x08, high, 21];
    let parts: [&[u8]; 6] =
        [b"\x0A8.4.0\0\x07\0\0\0abcdefgh\0", flags, &[0; 10], b"ijklmnopqrst\0", plugin.as_bytes(), b"\0"];
    parts.concat()
}

/// Serves whoever comes until the test process ends, and gives the port.
///
/// # Panics
/// When no port is free.
#[must_use]
pub fn serve(rogue: Rogue, has_eof: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let rogue = rogue.clone();
            thread::spawn(move || talk(Wire::of(stream, has_eof), &rogue));
        }
    });
    port
}

fn talk(mut wire: Wire, rogue: &Rogue) -> io::Result<()> {
    if let Rogue::Greeting(act) = rogue {
        return act(&mut wire);
    }
    wire.greet()?;
    wire.receive()?;
    if let Rogue::Login(act) = rogue {
        return act(&mut wire);
    }
    wire.send(OK)?;
    loop {
        let command = wire.receive()?;
        match (command.split_first(), rogue) {
            (Some((0x16, _)), Rogue::Prepare(act)) => act(&mut wire)?,
            (Some((0x16, _)), _) => wire.prepare()?,
            (Some((0x03, statement)), _) if is_set_up(statement) => wire.send(OK)?,
            (Some((kind @ (0x03 | 0x17), _)), Rogue::Answer(act)) => {
                wire.is_binary = *kind == 0x17;
                act(&mut wire)?;
            }
            (Some((0x03 | 0x17, _)), _) => wire.send(OK)?,
            _ => return Err(ErrorKind::ConnectionAborted.into()),
        }
    }
}

fn is_set_up(statement: &[u8]) -> bool {
    statement.starts_with(b"SET ") || statement.starts_with(b"KILL ")
}
