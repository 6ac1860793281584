//! The guard's input and output: carries bytes between a server and the driver as the police lets
//! them through, keeps the time, and closes both ends when it is over.

use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::{
    ending::Ending,
    police::{MAX_WHOLE, Police},
};

/// What is held of an answer; more than the police wants to see at once.
const ANSWER_BUFFER: usize = 32 * 1024;
const _: () = assert!(ANSWER_BUFFER > 2 * MAX_WHOLE);
/// What is held of a command.
const COMMAND_BUFFER: usize = 8 * 1024;

/// How long a session may be kept waiting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// From a command to the end of its answer. There is no shorter one for silence: a server that
    /// has to look for a long time may send half of a row and then nothing for as long.
    pub(crate) answer: Duration,
    /// From an answer to the next command.
    pub(crate) command: Duration,
}

/// A session under guard.
pub(super) struct Pump<S, D> {
    server: S,
    driver: D,
    police: Police,
    commands: Lane,
    answers: Lane,
    /// Told before the driver sees its socket closed.
    ending: Arc<OnceLock<Ending>>,
    patience: Patience,
    due: Instant,
    /// Rings when it may be due, or earlier; so it need not be set for each statement.
    alarm: Pin<Box<Sleep>>,
    /// The command and the state that `due` is for.
    timed: (u64, bool),
}

impl<S, D> Pump<S, D>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: AsyncRead + AsyncWrite + Unpin,
{
    pub(super) fn new(server: S, driver: D, police: Police, patience: Patience) -> Self {
        let due = Instant::now() + patience.command;
        Self {
            server,
            driver,
            police,
            commands: Lane::new(COMMAND_BUFFER),
            answers: Lane::new(ANSWER_BUFFER),
            ending: Arc::default(),
            patience,
            due,
            alarm: Box::pin(sleep_until(due)),
            timed: (0, false),
        }
    }

    /// Where it is told why nothing goes through any more.
    pub(super) fn ending(&self) -> Arc<OnceLock<Ending>> {
        Arc::clone(&self.ending)
    }

    /// Carries bytes until the session is over, and closes both ends.
    pub(super) async fn run(mut self) {
        let ending = std::future::poll_fn(|cx| self.poll(cx)).await;
        tracing::debug!(%ending, "datasource.mysql.guard_ended");
        let _ = self.ending.set(ending);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            match self.carry(cx) {
                Err(ending) => return Poll::Ready(ending),
                Ok(true) => {}
                Ok(false) => break,
            }
        }
        self.watch_the_time(cx)
    }

    /// Carries what can be carried now, in both directions; gives whether that was anything.
    fn carry(&mut self, cx: &mut Context<'_>) -> Result<bool, Ending> {
        let Self { server, driver, police, commands, answers, .. } = self;
        let is_asking = commands.carry(cx, driver, server, |bytes| police.admit_command(bytes))?;
        // What has been let through still goes to whom it was meant for.
        if commands.is_done() {
            return Err(Ending::Closed);
        }
        let is_answering = answers.carry(cx, server, driver, |bytes| police.admit_answer(bytes))?;
        if answers.is_done() {
            return Err(Ending::Closed);
        }
        Ok(is_asking || is_answering)
    }

    fn watch_the_time(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        let timed = (self.police.commands(), self.police.is_busy());
        if self.timed != timed {
            let (_, is_busy) = timed;
            self.timed = timed;
            self.due = Instant::now() + if is_busy { self.patience.answer } else { self.patience.command };
            if self.alarm.deadline() > self.due {
                self.alarm.as_mut().reset(self.due);
            }
        }
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            if Instant::now() >= self.due {
                return Poll::Ready(if self.police.is_busy() { Ending::Overdue } else { Ending::Closed });
            }
            self.alarm.as_mut().reset(self.due);
        }
    }
}

/// Also when its runtime goes down and it is dropped where it stands.
impl<S, D> Drop for Pump<S, D> {
    fn drop(&mut self) {
        let _ = self.ending.set(Ending::Closed);
    }
}

/// One direction: bytes that have come, of which some may go on and some have gone.
struct Lane {
    bytes: Box<[u8]>,
    gone: usize,
    admitted: usize,
    filled: usize,
    is_flushed: bool,
    is_closed: bool,
}

impl Lane {
    fn new(size: usize) -> Self {
        let bytes = vec![0; size].into_boxed_slice();
        Self { bytes, gone: 0, admitted: 0, filled: 0, is_flushed: true, is_closed: false }
    }

    /// Whether nothing more will come, and all that may go on has gone.
    fn is_done(&self) -> bool {
        self.is_closed && self.is_flushed && self.gone == self.admitted
    }

    fn carry<F: AsyncRead + Unpin, T: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut F,
        to: &mut T,
        admit: impl FnOnce(&[u8]) -> Result<usize, Ending>,
    ) -> Result<bool, Ending> {
        let has_written = self.write(cx, to)?;
        // Until all has gone on, nothing more is read: a side that doesn't read is sent no more.
        if self.is_closed || self.gone < self.admitted {
            return Ok(has_written);
        }
        self.bytes.copy_within(self.gone..self.filled, 0);
        (self.filled, self.admitted, self.gone) = (self.filled - self.gone, 0, 0);
        let mut room = ReadBuf::new(&mut self.bytes[self.filled..]);
        match Pin::new(from).poll_read(cx, &mut room) {
            Poll::Pending => return Ok(has_written),
            Poll::Ready(Ok(())) if !room.filled().is_empty() => self.filled += room.filled().len(),
            Poll::Ready(_) => self.is_closed = true,
        }
        if !self.is_closed {
            self.admitted = admit(&self.bytes[..self.filled])?;
        }
        Ok(true)
    }

    fn write<T: AsyncWrite + Unpin>(&mut self, cx: &mut Context<'_>, to: &mut T) -> Result<bool, Ending> {
        let mut has_written = false;
        while self.gone < self.admitted {
            match Pin::new(&mut *to).poll_write(cx, &self.bytes[self.gone..self.admitted]) {
                Poll::Pending => break,
                Poll::Ready(written) => {
                    self.gone += some(written)?;
                    self.is_flushed = false;
                    has_written = true;
                }
            }
        }
        if !self.is_flushed {
            match Pin::new(to).poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(flushed) => {
                    flushed.map_err(|_| Ending::Closed)?;
                    self.is_flushed = true;
                }
            }
        }
        Ok(has_written)
    }
}

/// How many bytes were written; an end that takes none is closed.
fn some(written: io::Result<usize>) -> Result<usize, Ending> {
    written.ok().filter(|count| *count > 0).ok_or(Ending::Closed)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::timeout,
    };

    use super::*;

    const PING: &[u8] = &[1, 0, 0, 0, 0x0E];
    const QUERY: &[u8] = &[2, 0, 0, 0, 0x03, b'a'];
    const QUIT: &[u8] = &[1, 0, 0, 0, 0x01];
    const OK: &[u8] = &[7, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0];
    const ERROR: &[u8] = b"\x0F\0\0\x01\xFF\x99\x07#70100Killed";
    /// What the sockets hold besides.
    const SOCKET: usize = 4 * 1024;

    /// The server's and the driver's ends of a pump, and how it ended.
    fn start(patience: Duration) -> (DuplexStream, DuplexStream, Arc<OnceLock<Ending>>) {
        let (server, far_server) = duplex(SOCKET);
        let (driver, far_driver) = duplex(SOCKET);
        let police = Police::new(false, usize::MAX, usize::MAX);
        let pump =
            Pump::new(far_server, far_driver, police, Patience { answer: patience, command: patience });
        let ending = pump.ending();
        tokio::spawn(pump.run());
        (server, driver, ending)
    }

    async fn read(stream: &mut DuplexStream, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).await.expect("as many bytes");
        bytes
    }

    #[tokio::test]
    async fn the_last_word_of_a_server_arrives_before_the_end() {
        let (mut server, mut driver, ending) = start(Duration::from_secs(5));
        driver.write_all(PING).await.expect("sent");
        assert_eq!(read(&mut server, PING.len()).await, PING);
        server.write_all(ERROR).await.expect("sent");
        drop(server);
        let mut rest = Vec::new();
        driver.read_to_end(&mut rest).await.expect("the end");
        assert_eq!(rest, ERROR);
        assert_eq!(ending.get(), Some(&Ending::Closed));
    }

    #[tokio::test]
    async fn a_farewell_reaches_the_server_after_the_driver_has_gone() {
        let (mut server, mut driver, _ending) = start(Duration::from_secs(5));
        driver.write_all(QUIT).await.expect("sent");
        drop(driver);
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await.expect("the end");
        assert_eq!(rest, QUIT);
    }

    #[tokio::test]
    async fn nothing_of_what_breaks_the_law_arrives_and_the_cause_is_known_before_the_end() {
        let (mut server, mut driver, ending) = start(Duration::from_secs(5));
        driver.write_all(PING).await.expect("sent");
        server.write_all(&[OK, OK].concat()).await.expect("sent");
        let mut rest = Vec::new();
        driver.read_to_end(&mut rest).await.expect("the end");
        assert_eq!((rest.as_slice(), ending.get()), (&[][..], Some(&Ending::Unasked)));
    }

    #[tokio::test]
    async fn a_driver_that_does_not_read_makes_the_server_wait() {
        let (mut server, mut driver, _ending) = start(Duration::from_secs(5));
        driver.write_all(QUERY).await.expect("sent");
        let head = b"\x01\0\0\x01\x01\x17\0\0\x02\x03def\0\0\0\x01a\0\x0C\x2D\0\xFF\0\0\0\xFD\0\0\0\0\0";
        server.write_all(head).await.expect("sent");
        server.write_all(&[0, 0, 0x40, 3, 0xFD]).await.expect("sent");
        let mut taken = 0;
        while let Ok(written) = timeout(Duration::from_millis(100), server.write(&[b'a'; 1_024])).await {
            taken += written.expect("still open");
        }
        assert!(taken <= ANSWER_BUFFER + 2 * SOCKET, "{taken} bytes");
    }

    #[tokio::test]
    async fn patience_ends() {
        for (asked, expected) in [(PING, Ending::Overdue), (&[][..], Ending::Closed)] {
            let (_server, mut driver, ending) = start(Duration::from_millis(50));
            driver.write_all(asked).await.expect("sent");
            let mut rest = Vec::new();
            let end = timeout(Duration::from_secs(2), driver.read_to_end(&mut rest)).await;
            assert!(end.is_ok() && rest.is_empty());
            assert_eq!(ending.get(), Some(&expected));
        }
    }

    #[tokio::test]
    async fn each_statement_has_the_whole_time() {
        let (mut server, mut driver, ending) = start(Duration::from_millis(1_500));
        for _statement in 0..2 {
            driver.write_all(PING).await.expect("sent");
            assert_eq!(read(&mut server, PING.len()).await, PING);
            tokio::time::sleep(Duration::from_millis(800)).await;
            server.write_all(OK).await.expect("sent");
            assert_eq!(read(&mut driver, OK.len()).await, OK);
        }
        assert_eq!(ending.get(), None);
    }
}
