//! The driver's end: a socket between the guard and the driver, over which the guard plays a server
//! that lets everyone in.
//!
//! The driver can be given a path and nothing else. The socket lies in a folder of its own that only
//! this process's user may enter, and both are gone before the first statement.

use std::{
    fs::Permissions,
    io::{self, ErrorKind},
    os::unix::fs::PermissionsExt,
    process,
};

use mysql_async::{Conn, OptsBuilder};
use tokio::{
    net::{UnixListener, UnixStream},
    try_join,
};

use super::{
    bytes::Bytes,
    greeting::{CHARACTER_SET, Greeting, flag},
    refusal::Refusal,
    stream::{receive, send},
};

/// Longer than what the driver answers.
const MAX_ANSWER: usize = 4_096;

/// An OK packet of a session that commits by itself.
const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];

/// Connects the driver to the guard. The driver is told of the server what the guard agreed on with
/// it and the number of its session; no text of the server's reaches it.
pub(super) async fn attach(driver: OptsBuilder, greeting: &Greeting) -> Result<(Conn, UnixStream), Refusal> {
    let folder = tempfile::Builder::new()
        .prefix("altus4-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .map_err(Refusal::Socket)?;
    let path = folder.path().join("guard");
    let listener = UnixListener::bind(&path).map_err(Refusal::Socket)?;
    let name = path.to_str().ok_or_else(|| Refusal::Socket(ErrorKind::InvalidFilename.into()))?;
    let connecting = async { Ok(Conn::new(driver.socket(Some(name))).await?) };
    let (conn, stream) = try_join!(connecting, welcome(listener, greeting))?;
    Ok((conn, stream))
}

async fn welcome(listener: UnixListener, greeting: &Greeting) -> Result<UnixStream, Refusal> {
    let (mut stream, _) = listener.accept().await.map_err(Refusal::Socket)?;
    if !is_ours(&stream).map_err(Refusal::Socket)? {
        return Err(Refusal::Socket(ErrorKind::PermissionDenied.into()));
    }
    send(&mut stream, 0, &hello(greeting)).await?;
    let answer = receive(&mut stream, 1, MAX_ANSWER).await?;
    let flags = Bytes(&answer).u32().unwrap_or_default();
    if flags & flag::DEPRECATE_EOF != offered(greeting) & flag::DEPRECATE_EOF {
        return Err(Refusal::Socket(ErrorKind::Unsupported.into()));
    }
    send(&mut stream, 2, OK).await?;
    Ok(stream)
}

/// Whether the other end is this very process.
fn is_ours(stream: &UnixStream) -> io::Result<bool> {
    let other = stream.peer_cred()?;
    Ok(other.pid().is_none_or(|pid| u32::try_from(pid) == Ok(process::id())))
}

/// What the driver may use: it uses all that it knows of what it is offered.
fn offered(greeting: &Greeting) -> u32 {
    let rows = if greeting.has_eof() { 0 } else { flag::DEPRECATE_EOF };
    let session = flag::LONG_PASSWORD | flag::PROTOCOL_41 | flag::TRANSACTIONS;
    session | flag::SECURE_CONNECTION | flag::PLUGIN_AUTH | rows
}

fn hello(greeting: &Greeting) -> Vec<u8> {
    let flags = offered(greeting).to_le_bytes();
    let parts: [&[u8]; 9] = [
        b"\x0A8.0.0-altus4\0",
        &greeting.thread.to_le_bytes(),
        b"no nonce\0",
        &flags[..2],
        &[CHARACTER_SET, 2, 0],
        &flags[2..],
        &[21],
        &[0; 10],
        b"needed here.\0mysql_native_password\0",
    ];
    parts.concat()
}

#[cfg(test)]
mod tests {
    use mysql_async::prelude::Queryable;

    use super::*;

    /// Of a server that offers all there is, with or without EOF packets.
    fn greeting(has_eof: bool) -> Greeting {
        let high = if has_eof { 0xFE } else { 0xFF };
        let flags = [0xFF, 0xFF, 45, 2, 0, 0xFF, high, 21];
        let parts: [&[u8]; 4] =
            [b"\x0A8.4.0\0\x07\0\0\0abcdefgh\0", &flags, &[0; 10], b"ijklmnopqrst\0mysql_native_password\0"];
        Greeting::read(&parts.concat()).expect("a greeting")
    }

    #[tokio::test]
    async fn the_driver_is_let_in_and_told_the_session_s_number_alone() {
        for has_eof in [false, true] {
            let driver = OptsBuilder::default().max_allowed_packet(Some(1 << 20)).wait_timeout(Some(60));
            let (mut conn, mut stream) = attach(driver, &greeting(has_eof)).await.expect("a session");
            assert_eq!((conn.id(), conn.server_version()), (7, (8, 0, 0)));
            let asking = tokio::spawn(async move { conn.ping().await.is_ok() });
            assert_eq!(receive(&mut stream, 0, 64).await.expect("a command"), [0x0E]);
            send(&mut stream, 1, OK).await.expect("sent");
            assert!(asking.await.expect("it ran"));
        }
    }

    #[test]
    fn the_driver_is_offered_nothing_dangerous() {
        // Compression, local files, several statements, several results.
        for bit in [5, 7, 16, 17, 18] {
            assert_eq!(offered(&greeting(false)) & (1 << bit), 0, "bit {bit}");
        }
    }
}
