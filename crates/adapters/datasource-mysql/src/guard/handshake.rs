//! Logging in at a server: greeting, TLS, password. What the server says is read one bounded packet
//! at a time, and nothing is said before it has greeted like a server.

use altus4_kernel::secrecy::ExposeSecret;
use tokio::net::TcpStream;

use super::{
    Entry,
    greeting::Greeting,
    login::{Login, Step},
    refusal::Refusal,
    stream::{Stream, receive, send},
};

/// Longer than any greeting.
const MAX_GREETING: usize = 1_024;
/// Longer than any word of a login, errors with their texts included.
const MAX_WORD: usize = 4_096;

/// Logs in over a fresh connection. The caller keeps the time.
pub(super) async fn log_in(
    mut plain: TcpStream,
    entry: &Entry,
    max_packet: usize,
) -> Result<(Stream, Greeting), Refusal> {
    let first = receive(&mut plain, 0, MAX_GREETING).await.map_err(|refusal| match refusal {
        Refusal::Login(what) => Refusal::Greeting(what),
        other => other,
    })?;
    let greeting = Greeting::read(&first)?;
    let max_packet = u32::try_from(max_packet).unwrap_or(u32::MAX);
    let mut sequence = 1;
    let mut stream = match &entry.tls {
        None => Stream::Plain(plain),
        Some(_) if !greeting.offers_tls() => return Err(Refusal::NoTls),
        Some(tls) => {
            send(&mut plain, sequence, &greeting.tls_request(max_packet)).await?;
            sequence = 2;
            Stream::Tls(Box::new(tls.connect(plain).await?))
        }
    };
    let password = entry.password.expose_secret().as_bytes();
    let is_verified = entry.tls.as_ref().is_some_and(super::TlsPlan::is_verified);
    let proof = greeting.plugin.proof(password, &greeting.nonce);
    let response = greeting.response(entry.tls.is_some(), max_packet, &entry.user, &entry.database, &proof);
    send(&mut stream, sequence, &response).await?;
    let mut login = Login::new(greeting.plugin, password, is_verified);
    loop {
        sequence += 1;
        let word = receive(&mut stream, sequence, MAX_WORD).await?;
        match login.next(&word)? {
            Step::Wait => {}
            Step::Send(payload) => {
                sequence += 1;
                send(&mut stream, sequence, &payload).await?;
            }
            Step::Done => return Ok((stream, greeting)),
        }
    }
}
