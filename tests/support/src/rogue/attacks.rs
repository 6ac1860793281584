//! What hostile servers do: the catalogue, from the first byte to the last row, and the kind of error
//! that each has to come to.

use std::{
    io::{self, Read, Write},
    net::Shutdown,
    sync::Arc,
    thread,
    time::Duration,
};

use self::Meaning::{Gone, Late, Refused, TooMuch};
use super::{Act, COLUMN, EOF, OK, Rogue, Wire, greeting};

/// What a caller has to be told in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The server lets nobody in, or wants a password in a way that is never used.
    Refused,
    /// The answer is larger than is taken.
    TooMuch,
    /// It did not come in time.
    Late,
    /// There is no server there, or it doesn't keep to the protocol, or it went away.
    Gone,
}

/// Something that a hostile server does.
#[derive(Clone)]
pub struct Attack {
    /// What it is called.
    pub name: String,
    /// The server.
    pub rogue: Rogue,
    /// What its caller has to be told.
    pub answer: Meaning,
}

fn attack(
    name: impl Into<String>,
    answer: Meaning,
    stage: fn(Act) -> Rogue,
    act: impl Fn(&mut Wire) -> io::Result<()> + Send + Sync + 'static,
) -> Attack {
    Attack { name: name.into(), rogue: stage(Arc::new(act)), answer }
}

/// Says nothing and listens to nothing, until the other side has long given up.
///
/// # Errors
/// Always, in the end.
pub fn be_silent(_: &mut Wire) -> io::Result<()> {
    thread::sleep(Duration::from_secs(5));
    Err(io::ErrorKind::TimedOut.into())
}

/// Says this and waits for the other side to hang up.
fn say(wire: &mut Wire, bytes: &[u8]) -> io::Result<()> {
    wire.stream.write_all(bytes)?;
    let _ = wire.stream.read(&mut [0; 64])?;
    be_silent(wire)
}

fn packet(wire: &mut Wire, payload: &[u8]) -> io::Result<()> {
    wire.send(payload)?;
    let _ = wire.stream.read(&mut [0; 64])?;
    be_silent(wire)
}

fn drip(wire: &mut Wire, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes.iter().cycle() {
        wire.stream.write_all(&[*byte])?;
        thread::sleep(Duration::from_millis(40));
    }
    Ok(())
}

/// Before anybody logged in.
#[must_use]
pub fn at_the_greeting() -> Vec<Attack> {
    let raw = |name: &str, bytes: Vec<u8>| attack(name, Gone, Rogue::Greeting, move |wire| say(wire, &bytes));
    let greeted = |name: &str, payload: Vec<u8>| {
        attack(name, Gone, Rogue::Greeting, move |wire| packet(wire, &payload))
    };
    let valid = greeting(false, "mysql_native_password");
    let mut version_9 = valid.clone();
    version_9[0] = 9;
    let mut flags_of_old = valid.clone();
    flags_of_old[21] = 0x80;
    vec![
        attack("silence", Gone, Rogue::Greeting, be_silent),
        attack("a closed connection", Gone, Rogue::Greeting, |wire| wire.stream.shutdown(Shutdown::Both)),
        raw(
            "noise",
            (0..=u8::MAX).map(|byte| byte.wrapping_mul(167).wrapping_add(91)).cycle().take(4_096).collect(),
        ),
        raw("HTTP", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec()),
        raw("SSH", b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
        raw("the head of 16 MiB", vec![0xFF, 0xFF, 0xFF, 0]),
        raw("an empty packet", vec![0, 0, 0, 0]),
        raw("half a head", vec![74, 0]),
        raw("a greeting out of its order", [&[74, 0, 0, 7], &valid[..]].concat()),
        greeted("a greeting that stops in the version", b"\x0A8.0".to_vec()),
        greeted("a greeting that stops in the nonce", valid[..20].to_vec()),
        greeted("a huge greeting", [b"\x0A", &vec![b'8'; 60_000][..], b"\0"].concat()),
        greeted("protocol 9", version_9),
        greeted("flags of long ago", flags_of_old),
        greeted("an error without a number", vec![0xFF]),
        attack("an error", Refused, Rogue::Greeting, |wire| packet(wire, b"\xFF\x6A\x04No, you are not")),
        attack("a greeting in drops", Gone, Rogue::Greeting, |wire| drip(wire, &[1, 0, 0, 0])),
    ]
}

/// When it was told who calls.
#[must_use]
pub fn at_the_login() -> Vec<Attack> {
    let word = |name: &str, answer, payload: Vec<u8>| {
        attack(name, answer, Rogue::Login, move |wire| packet(wire, &payload))
    };
    let switch = |plugin: &str| [b"\xFE", plugin.as_bytes(), b"\0abcdefghijklmnopqrst\0"].concat();
    let twice = switch("caching_sha2_password");
    let sha2 = twice.clone();
    let mut attacks = vec![
        attack("silence after the password", Gone, Rogue::Login, be_silent),
        attack("closed after the password", Gone, Rogue::Login, |wire| wire.stream.shutdown(Shutdown::Both)),
        word("more data that was not asked for", Gone, vec![1, 3]),
        word("one byte", Gone, vec![1]),
        word("an unknown word", Gone, vec![0x42; 20]),
        word("half an OK", Gone, vec![0, 0]),
        word("half an error", Gone, vec![0xFF, 1]),
        word("the password of MySQL 4", Refused, vec![0xFE]),
        word("a switch without a name", Gone, b"\xFEabc".to_vec()),
        word("a switch without a nonce", Gone, b"\xFEcaching_sha2_password\0abc".to_vec()),
        word("a word of 60,000 bytes", Gone, vec![0; 60_000]),
        attack("a second switch", Gone, Rogue::Login, move |wire| {
            wire.send(&twice)?;
            wire.receive()?;
            packet(wire, &twice)
        }),
        attack("a key to send the password with", Refused, Rogue::Login, move |wire| {
            wire.send(&sha2)?;
            wire.receive()?;
            packet(wire, &[1, 4])
        }),
        attack("a word out of its order", Gone, Rogue::Login, |wire| {
            wire.sequence = 9;
            packet(wire, OK)
        }),
        attack("words in drops", Gone, Rogue::Login, |wire| drip(wire, &[1, 0, 0, 2])),
    ];
    for plugin in ["mysql_clear_password", "mysql_old_password", "sha256_password", "dialog"] {
        attacks.push(word(plugin, Refused, switch(plugin)));
    }
    attacks
}

/// When a statement is prepared.
#[must_use]
pub fn at_the_preparation() -> Vec<Attack> {
    let head =
        |name: &str, payload: Vec<u8>| attack(name, Gone, Rogue::Prepare, move |wire| packet(wire, &payload));
    vec![
        head("half of a prepared statement", vec![0, 1, 0, 0, 0, 1]),
        head("more parameters than there are", vec![0, 1, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0]),
        head("65,535 columns", vec![0, 1, 0, 0, 0, 0xFF, 0xFF, 1, 0, 0, 0, 0]),
        head("rows for a preparation", vec![1]),
        head("no parameter after all", vec![0, 1, 0, 0, 0, 1, 0, 1, 0, 9, 0, 0]),
        attack("silence in a preparation", Late, Rogue::Prepare, |wire| {
            wire.send(&[0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0])?;
            be_silent(wire)
        }),
        attack("OK instead of a parameter", Gone, Rogue::Prepare, |wire| {
            wire.send(&[0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0])?;
            packet(wire, OK)
        }),
    ]
}

/// In answer to a statement, in both forms.
#[must_use]
pub fn at_the_answer() -> Vec<Attack> {
    [at_its_head(), at_its_columns(), at_its_rows()].into_iter().flatten().collect()
}

fn at_its_head() -> Vec<Attack> {
    let head =
        |name: &str, payload: Vec<u8>| attack(name, Gone, Rogue::Answer, move |wire| packet(wire, &payload));
    let mut attacks = vec![
        attack("silence", Late, Rogue::Answer, be_silent),
        attack("a closed connection", Gone, Rogue::Answer, |wire| wire.stream.shutdown(Shutdown::Both)),
        head("something after the number of columns", vec![1, 0]),
        head("4,097 columns", vec![0xFC, 1, 16]),
        head("no columns", vec![0xFC, 0, 0]),
        head("half a number of columns", vec![0xFE, 1]),
        head("an end before the beginning", EOF.to_vec()),
        head("half an error", vec![0xFF, 1, 2]),
        head("half an OK", vec![0, 0]),
        head("OK, and more to come", vec![0, 0, 0, 0x0A, 0, 0, 0]),
        head("a request for a file", b"\xFB/etc/passwd".to_vec()),
        head("OK with a long story", [OK, &[b'a'; 9_000]].concat()),
        attack("an empty answer", Gone, Rogue::Answer, |wire| say(wire, &[0, 0, 0, 1])),
        attack("the head of 16 MiB", TooMuch, Rogue::Answer, |wire| say(wire, &[0xFF, 0xFF, 0xFF, 1])),
        attack("an answer out of its order", Gone, Rogue::Answer, |wire| {
            wire.sequence = 200;
            packet(wire, OK)
        }),
        attack("an answer in drops", Late, Rogue::Answer, |wire| drip(wire, &[250, 0, 0, 1])),
    ];
    for bits in [16, 24, 30, 36, 40, 50, 60] {
        let count = [&[0xFE][..], &(1_u64 << bits).to_le_bytes()].concat();
        attacks.push(head(&format!("2^{bits} columns"), count));
    }
    attacks
}

fn at_its_columns() -> Vec<Attack> {
    let columns = |name: &str, payload: Vec<u8>| {
        attack(name, Gone, Rogue::Answer, move |wire| {
            wire.send(&[1])?;
            packet(wire, &payload)
        })
    };
    let odd_type: Vec<u8> = [&COLUMN[..17], &[18], &COLUMN[18..]].concat();
    let long_column = [b"\x03def\0\0\0\xFC\x00\x30", &[b'a'; 0x3000][..], &COLUMN[9..]].concat();
    let long_names = [b"\x03def\0\0\0\xFC\xE8\x03", &[b'a'; 1_000][..], &COLUMN[9..]].concat();
    vec![
        attack("4,096 columns with long names", TooMuch, Rogue::Answer, move |wire| {
            wire.send(&[0xFC, 0, 16])?;
            (0..4_096).try_for_each(|_| wire.send(&long_names))?;
            be_silent(wire)
        }),
        columns("an empty column", vec![]),
        columns("half a column", COLUMN[..15].to_vec()),
        columns("a column of an unknown type", odd_type),
        columns("a column of 12 KiB", long_column),
        columns("OK instead of a column", OK.to_vec()),
        columns("the end instead of a column", EOF.to_vec()),
    ]
}

fn at_its_rows() -> Vec<Attack> {
    let row = |name: &str, answer, act: fn(&mut Wire) -> io::Result<()>| {
        attack(name, answer, Rogue::Answer, move |wire| {
            wire.send_head()?;
            act(wire)
        })
    };
    vec![
        row("an empty row", Gone, |wire| packet(wire, &[])),
        row("half an end", Gone, |wire| packet(wire, &[0xFE, 0, 0])),
        row("a row that claims 2^60 bytes", Gone, |wire| {
            packet(wire, &[&[0xFE][..], &((1_u64 << 60) + 0xFF).to_le_bytes(), &[b'B'; 100]].concat())
        }),
        row("a row that ends in the midst of a value", Gone, |wire| {
            let head: &[u8] = if wire.is_binary { &[0, 0, 0xFC] } else { &[0xFC] };
            packet(wire, &[head, &[0xFF, 0xFF, b'a']].concat())
        }),
        row("a row out of its order", Gone, |wire| {
            wire.sequence ^= 0x80;
            packet(wire, b"\0\0")
        }),
        row("silence between rows", Late, |wire| {
            wire.send_row(b"abc")?;
            be_silent(wire)
        }),
        row("half a row, and silence", Late, |wire| {
            let head = [200, 0, 0, wire.sequence, 0];
            wire.stream.write_all(&head)?;
            be_silent(wire)
        }),
        row("half a row, and gone", Gone, |wire| {
            let head = [200, 0, 0, wire.sequence, 0];
            wire.stream.write_all(&head)?;
            wire.stream.shutdown(Shutdown::Both)
        }),
        row("rows in drops", Late, |wire| {
            let head = [0xFF, 0xFF, 0x0F, wire.sequence, 0];
            wire.stream.write_all(&head)?;
            drip(wire, b"a")
        }),
        row("rows without end", TooMuch, |wire| {
            loop {
                wire.send_row(&[b'a'; 1_000])?;
            }
        }),
        row("small rows without end", TooMuch, |wire| {
            loop {
                wire.send_row(b"a")?;
            }
        }),
        row("a row of 3 MiB, again and again", TooMuch, |wire| {
            const PARTS: u8 = 48;
            let part = vec![b'a'; 65_536];
            let form: &[u8] = if wire.is_binary { &[0, 0] } else { &[] };
            loop {
                let extra = u8::try_from(form.len() + 4).expect("a few");
                wire.stream.write_all(&[extra, 0, PARTS, wire.sequence])?;
                wire.stream.write_all(&[form, &[0xFD, 0, 0, PARTS]].concat())?;
                (0..PARTS).try_for_each(|_| wire.stream.write_all(&part))?;
                wire.sequence += 1;
            }
        }),
        row("a row of endless packets", TooMuch, |wire| {
            wire.stream.write_all(&[0xFF, 0xFF, 0xFF, wire.sequence, 0])?;
            loop {
                wire.stream.write_all(&vec![b'B'; 65_536])?;
            }
        }),
        row("a second result", Gone, |wire| {
            let end: &[u8] = if wire.has_eof { &[0xFE, 0, 0, 8, 0] } else { &[0xFE, 0, 0, 8, 0, 0, 0] };
            packet(wire, end)
        }),
    ]
}
