//! The stream to a server, plain or encrypted, and whole packets over it while logging in.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use altus4_kernel::secrecy::zeroize::Zeroizing;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::{
    bytes::{HEAD, Head},
    refusal::Refusal,
};

/// The way to a server.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Gives a packet's payload, if it stands where it should and has at most `longest` bytes. Reads no
/// byte beyond it, so that nothing said before TLS is taken for something said in it.
pub(super) async fn receive<S: AsyncRead + Unpin>(
    stream: &mut S,
    sequence: u8,
    longest: usize,
) -> Result<Vec<u8>, Refusal> {
    let mut head = [0; HEAD];
    stream.read_exact(&mut head).await?;
    let head =
        Head::read(&head).filter(|head| head.sequence == sequence && (1..=longest).contains(&head.length));
    let mut payload = vec![0; head.ok_or(Refusal::Login("a packet out of its order or bounds"))?.length];
    stream.read_exact(&mut payload).await?;
    Ok(payload)
}

/// Sends a packet.
pub(super) async fn send<S: AsyncWrite + Unpin>(
    stream: &mut S,
    sequence: u8,
    payload: &[u8],
) -> Result<(), Refusal> {
    // It may be a password.
    let packet = Zeroizing::new(Head::packet(sequence, payload));
    stream.write_all(&packet).await?;
    Ok(stream.flush().await?)
}

macro_rules! either {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Stream::Tls($stream) => {
                let $stream = Pin::new($stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(cx, into))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }
}
