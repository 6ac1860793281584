//! The first words between a server and a client: what a server says of itself, and what is
//! answered. Pure: bytes in, bytes out.

use altus4_kernel::secrecy::zeroize::Zeroizing;

use super::{
    bytes::Bytes,
    login::{NONCE, Plugin},
    refusal::Refusal,
};

/// What can be agreed on with a server. Compression, local files, several statements or results at
/// once and everything younger are never asked for.
pub(super) mod flag {
    pub(in super::super) const LONG_PASSWORD: u32 = 1;
    pub(in super::super) const CONNECT_WITH_DB: u32 = 1 << 3;
    pub(in super::super) const PROTOCOL_41: u32 = 1 << 9;
    pub(in super::super) const SSL: u32 = 1 << 11;
    pub(in super::super) const TRANSACTIONS: u32 = 1 << 13;
    pub(in super::super) const SECURE_CONNECTION: u32 = 1 << 15;
    pub(in super::super) const PLUGIN_AUTH: u32 = 1 << 19;
    pub(in super::super) const CONNECT_ATTRIBUTES: u32 = 1 << 20;
    pub(in super::super) const DEPRECATE_EOF: u32 = 1 << 24;
}

/// The number of `utf8mb4_general_ci`.
pub(super) const CHARACTER_SET: u8 = 45;

/// What the service is called in the server's list of sessions.
const ATTRIBUTES: [&[u8]; 2] = [b"program_name", b"altus4"];

/// What a server said of itself, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Greeting {
    /// Its number for this session.
    pub(super) thread: u32,
    /// How its default way of logging in is answered.
    pub(super) plugin: Plugin,
    pub(super) nonce: [u8; NONCE],
    flags: u32,
}

impl Greeting {
    /// Reads the payload of the first packet of a server.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Refusal> {
        if payload.first() == Some(&0xFF) {
            return Err(refused(payload).ok_or(Refusal::Greeting("an error without a number"))?);
        }
        let mut rest = Bytes(payload);
        let mut read = || {
            let version = rest.u8().filter(|version| *version == 10)?;
            rest.text()?;
            let thread = rest.u32()?;
            let first: [u8; 8] = rest.array()?;
            rest.take(1)?;
            let low = rest.u16()?;
            // Character set and status.
            rest.take(3)?;
            let high = rest.u16()?;
            let nonce_length = usize::from(rest.u8()?);
            rest.take(10)?;
            let second = rest.take(nonce_length.saturating_sub(8).max(13))?;
            let flags = u32::from(high) << 16 | u32::from(low);
            let mut nonce = [0; NONCE];
            nonce[..8].copy_from_slice(&first);
            nonce[8..].copy_from_slice(second.first_chunk::<12>()?);
            // Some servers leave out the zero byte at the end.
            let name = rest.0.strip_suffix(&[0]).unwrap_or(rest.0);
            let is_usable = version == 10 && flags & NEEDED == NEEDED;
            // To any other the server is asked to switch, as other clients do.
            let plugin = Plugin::named(name).unwrap_or(Plugin::Native);
            is_usable.then_some(Self { thread, plugin, nonce, flags })
        };
        read().ok_or(Refusal::Greeting("something else than protocol 4.1"))
    }

    /// Whether columns and rows end with packets of their own.
    pub(super) fn has_eof(&self) -> bool {
        self.flags & flag::DEPRECATE_EOF == 0
    }

    pub(super) fn offers_tls(&self) -> bool {
        self.flags & flag::SSL != 0
    }

    /// What is agreed on. The first flag is always set: without it, MariaDB would speak a dialect of
    /// its own.
    fn agreed(&self, is_tls: bool) -> u32 {
        let tls = if is_tls { flag::SSL } else { 0 };
        let optional = flag::PLUGIN_AUTH | flag::CONNECT_ATTRIBUTES | flag::DEPRECATE_EOF;
        NEEDED
            | flag::LONG_PASSWORD
            | flag::TRANSACTIONS
            | flag::CONNECT_WITH_DB
            | tls
            | (self.flags & optional)
    }

    /// The payload that asks the server to go on with TLS.
    pub(super) fn tls_request(&self, max_packet: u32) -> Vec<u8> {
        let mut payload = Vec::with_capacity(32);
        payload.extend_from_slice(&self.agreed(true).to_le_bytes());
        payload.extend_from_slice(&max_packet.to_le_bytes());
        payload.push(CHARACTER_SET);
        payload.extend_from_slice(&[0; 23]);
        payload
    }

    /// The payload that logs in. Neither name has a zero byte in it.
    pub(super) fn response(
        &self,
        is_tls: bool,
        max_packet: u32,
        user: &str,
        database: &str,
        proof: &[u8],
    ) -> Zeroizing<Vec<u8>> {
        let flags = self.agreed(is_tls);
        let mut payload = self.tls_request(max_packet);
        payload[..4].copy_from_slice(&flags.to_le_bytes());
        payload.extend_from_slice(user.as_bytes());
        payload.push(0);
        // A proof has at most 32 bytes.
        payload.push(u8::try_from(proof.len()).unwrap_or(0));
        payload.extend_from_slice(proof);
        payload.extend_from_slice(database.as_bytes());
        payload.push(0);
        if flags & flag::PLUGIN_AUTH != 0 {
            payload.extend_from_slice(self.plugin.name());
            payload.push(0);
        }
        if flags & flag::CONNECT_ATTRIBUTES != 0 {
            let mut attributes = Vec::new();
            for text in ATTRIBUTES {
                attributes.push(u8::try_from(text.len()).unwrap_or(0));
                attributes.extend_from_slice(text);
            }
            payload.push(u8::try_from(attributes.len()).unwrap_or(0));
            payload.extend_from_slice(&attributes);
        }
        Zeroizing::new(payload)
    }
}

const NEEDED: u32 = flag::PROTOCOL_41 | flag::SECURE_CONNECTION;

/// The error in a packet, as the server's own words; `None` if it isn't whole. Before the login is
/// over, a server may leave its state out.
pub(super) fn refused(payload: &[u8]) -> Option<Refusal> {
    let mut rest = Bytes(payload);
    rest.u8().filter(|first| *first == 0xFF)?;
    let code = rest.u16()?;
    let state = match rest.0.split_first() {
        Some((b'#', after)) => {
            rest = Bytes(after);
            String::from_utf8_lossy(rest.take(5)?).into_owned()
        }
        _ => "HY000".to_owned(),
    };
    let message = String::from_utf8_lossy(rest.0).into_owned();
    Some(Refusal::Server(mysql_async::ServerError { code, message, state }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting() -> Vec<u8> {
        let parts: [&[u8]; 5] = [
            b"\x0A8.4.0\0\x07\0\0\0abcdefgh\0",
            &[0x08, 0x8A, 45, 2, 0, 0x18, 0x01, 21],
            &[0; 10],
            b"ijklmnopqrst\0",
            b"caching_sha2_password\0",
        ];
        parts.concat()
    }

    #[test]
    fn a_greeting_is_read() {
        let read = Greeting::read(&greeting()).unwrap();
        assert_eq!((read.thread, read.plugin), (7, Plugin::CachingSha2));
        assert_eq!(&read.nonce, b"abcdefghijklmnopqrst");
        assert!(read.offers_tls() && !read.has_eof());
    }

    #[test]
    fn every_part_of_a_greeting_is_needed() {
        let whole = greeting();
        for end in 0..whole.len() - b"caching_sha2_password\0".len() {
            assert!(matches!(Greeting::read(&whole[..end]), Err(Refusal::Greeting(_))), "{end}");
        }
        for other in [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"SSH-2.0-OpenSSH_9.6\r\n", &[9; 64], &[0xFF, 1]]
        {
            assert!(matches!(Greeting::read(other), Err(Refusal::Greeting(_))), "{other:?}");
        }
    }

    #[test]
    fn a_server_may_refuse_at_once() {
        let Err(Refusal::Server(error)) = Greeting::read(b"\xFF\x6A\x04Host is not allowed") else {
            panic!("a refusal")
        };
        assert_eq!((error.code, error.state.as_str()), (1_130, "HY000"));
        let Err(Refusal::Server(error)) = Greeting::read(b"\xFF\x10\x04#08004Too many connections") else {
            panic!("a refusal")
        };
        assert_eq!((error.code, error.state.as_str()), (1_040, "08004"));
    }

    #[test]
    fn nothing_dangerous_is_agreed_on_whatever_the_server_offers() {
        let all = Greeting { flags: u32::MAX, ..Greeting::read(&greeting()).unwrap() };
        // Compression, local files, several statements, several results, session tracking, metadata
        // that may be left out, query attributes, MariaDB's own.
        for bit in [5, 7, 16, 17, 18, 23, 25, 26, 27, 29] {
            assert_eq!(all.agreed(true) & (1 << bit), 0, "bit {bit}");
        }
        assert_eq!(all.agreed(true) & 1, 1);
    }
}
