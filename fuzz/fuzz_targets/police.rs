//! The guard's law against a fuzzer: `cargo +nightly fuzz run police`. The files are those of the
//! guard itself; they need nothing around them.

#![no_main]
#![expect(dead_code, reason = "the guard uses more of these files than the law does")]

#[path = "../../crates/adapters/datasource-mysql/src/guard/answer.rs"]
mod answer;
#[path = "../../crates/adapters/datasource-mysql/src/guard/bytes.rs"]
mod bytes;
#[path = "../../crates/adapters/datasource-mysql/src/guard/ending.rs"]
mod ending;
#[path = "../../crates/adapters/datasource-mysql/src/guard/packets.rs"]
mod packets;
#[path = "../../crates/adapters/datasource-mysql/src/guard/police.rs"]
mod police;

use crate::{
    bytes::{HEAD, Head},
    ending::Ending,
    police::{MAX_WHOLE, Police},
};

const MAX_PACKET: usize = 32 * 1024;
const MAX_ANSWER: usize = 64 * 1024;

const COLUMN: &[u8] = b"\x03def\0\0\0\x01a\0\x0C\x2D\0\xFF\0\0\0\xFD\0\0\0\0\0";
const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
const EOF: &[u8] = &[0xFE, 0, 0, 2, 0];
const END: &[u8] = &[0xFE, 0, 0, 2, 0, 0, 0];

/// What came from one side and has not gone on.
#[derive(Default)]
struct Side {
    held: Vec<u8>,
}

impl Side {
    /// Gives what may go on now.
    fn pass(
        &mut self,
        bytes: &[u8],
        held_at_most: usize,
        admit: impl FnOnce(&[u8]) -> Result<usize, Ending>,
    ) -> Result<Vec<u8>, Ending> {
        self.held.extend_from_slice(bytes);
        let admitted = admit(&self.held)?;
        assert!(admitted <= self.held.len(), "more than there was");
        let rest = self.held.split_off(admitted);
        assert!(rest.len() <= held_at_most, "{} bytes are held back", rest.len());
        Ok(std::mem::replace(&mut self.held, rest))
    }
}

fn talk(mut script: &[u8]) -> Result<(), Ending> {
    let Some((first, rest)) = script.split_first() else { return Ok(()) };
    script = rest;
    let mut police = Police::new(first & 1 != 0, MAX_PACKET, MAX_ANSWER);
    let (mut driver, mut server) = (Side::default(), Side::default());
    let (mut next, mut forwarded) = (1_u8, 0);
    while let [act, length, rest @ ..] = script {
        let (body, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        script = rest;
        // What a fuzzer finds hard to guess it is given: numbers in their order, whole packets.
        let (is_command, bytes) = match act % 8 {
            0 => (true, body.to_vec()),
            1 => (false, body.to_vec()),
            2 => (true, Head::packet(0, body)),
            3 => (false, Head::packet(next, body)),
            4 => (false, Head::packet(next, COLUMN)),
            5 => (false, Head::packet(next, OK)),
            6 => (false, Head::packet(next, EOF)),
            _ => (false, Head::packet(next, END)),
        };
        let commands = police.commands();
        if is_command {
            driver.pass(&bytes, HEAD, |bytes| police.admit_command(bytes))?;
        } else {
            forwarded += server.pass(&bytes, HEAD + MAX_WHOLE, |bytes| police.admit_answer(bytes))?.len();
            next = if act % 8 == 1 { next } else { next.wrapping_add(1) };
        }
        if police.commands() != commands {
            (next, forwarded) = (1, 0);
        }
        assert!(forwarded <= MAX_ANSWER, "{forwarded} bytes in answer to one command");
    }
    Ok(())
}

libfuzzer_sys::fuzz_target!(|script: &[u8]| {
    let _ = talk(script);
});
