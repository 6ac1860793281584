//! The login, from the server's first word on it to its last. Pure: packets in, packets out.
//!
//! Two ways of logging in are spoken, both of which prove that the password is known without saying
//! it. The password itself goes to a server whose certificate was verified and to no other: whoever
//! is on the way could ask for it, or hand out a key to encrypt it with.

use altus4_kernel::secrecy::zeroize::Zeroizing;
use ring::digest::{self, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use super::{bytes::Bytes, greeting::refused, packets, refusal::Refusal};

/// The length of what a server gives to be mixed with the password.
pub(super) const NONCE: usize = 20;

/// A way of logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plugin {
    /// `mysql_native_password`: MariaDB, and MySQL before 8.
    Native,
    /// `caching_sha2_password`: MySQL since 8.
    CachingSha2,
}

impl Plugin {
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        [Self::Native, Self::CachingSha2].into_iter().find(|plugin| plugin.name() == name)
    }

    pub(super) fn name(self) -> &'static [u8] {
        match self {
            Self::Native => b"mysql_native_password",
            Self::CachingSha2 => b"caching_sha2_password",
        }
    }

    /// That the password is known; nothing for an empty one.
    pub(super) fn proof(self, password: &[u8], nonce: &[u8; NONCE]) -> Vec<u8> {
        let (algorithm, is_nonce_first) = match self {
            Self::Native => (&SHA1_FOR_LEGACY_USE_ONLY, true),
            Self::CachingSha2 => (&SHA256, false),
        };
        if password.is_empty() {
            return Vec::new();
        }
        // H(password) XOR H(nonce, H(H(password))), or with H(H(password)) first
        // (dev.mysql.com/doc/dev/mysql-server/latest, "Authentication Methods").
        let once = digest::digest(algorithm, password);
        let twice = digest::digest(algorithm, once.as_ref());
        let mut mixed = Context::new(algorithm);
        let parts = if is_nonce_first { [&nonce[..], twice.as_ref()] } else { [twice.as_ref(), &nonce[..]] };
        for part in parts {
            mixed.update(part);
        }
        once.as_ref().iter().zip(mixed.finish().as_ref()).map(|(a, b)| a ^ b).collect()
    }
}

/// A login under way.
pub(super) struct Login<'a> {
    password: &'a [u8],
    plugin: Plugin,
    /// Whether the server is known to be who it should be, and nobody listens.
    is_verified: bool,
    is_switched: bool,
    /// Whether the server has said what it makes of the proof.
    is_judged: bool,
}

/// What to do after a packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send this and read on.
    Send(Zeroizing<Vec<u8>>),
    /// Read on.
    Wait,
    /// The session is open.
    Done,
}

impl<'a> Login<'a> {
    pub(super) fn new(plugin: Plugin, password: &'a [u8], is_verified: bool) -> Self {
        Self { password, plugin, is_verified, is_switched: false, is_judged: false }
    }

    /// Takes the next payload of the server. There are three of them at the most.
    pub(super) fn next(&mut self, payload: &[u8]) -> Result<Step, Refusal> {
        match payload {
            [0x00, ..] => {
                packets::acknowledgement(payload).map_err(|_| Refusal::Login("a broken OK packet"))?;
                Ok(Step::Done)
            }
            [0xFF, ..] => Err(refused(payload).unwrap_or(Refusal::Login("an error without a number"))),
            // How servers of MySQL 4 ask for the old kind of proof.
            [0xFE] => Err(Refusal::Method),
            [0xFE, switch @ ..] if !self.is_switched && !self.is_judged => {
                self.is_switched = true;
                let nonce = self.switch(switch)?;
                Ok(Step::Send(Zeroizing::new(self.plugin.proof(self.password, &nonce))))
            }
            [0x01, 0x03] if self.can_be_judged() => {
                self.is_judged = true;
                Ok(Step::Wait)
            }
            [0x01, 0x04] if self.can_be_judged() => {
                self.is_judged = true;
                if !self.is_verified {
                    return Err(Refusal::Unverified);
                }
                let mut password = Zeroizing::new(Vec::with_capacity(self.password.len() + 1));
                password.extend_from_slice(self.password);
                password.push(0);
                Ok(Step::Send(password))
            }
            _ => Err(Refusal::Login("a packet that is no part of it")),
        }
    }

    fn can_be_judged(&self) -> bool {
        self.plugin == Plugin::CachingSha2 && !self.is_judged
    }

    fn switch(&mut self, switch: &[u8]) -> Result<[u8; NONCE], Refusal> {
        let mut rest = Bytes(switch);
        let name = rest.text().ok_or(Refusal::Login("a switch without a name"))?;
        self.plugin = Plugin::named(name).ok_or(Refusal::Method)?;
        let nonce = rest.0.strip_suffix(&[0]).filter(|nonce| nonce.len() == NONCE).unwrap_or(rest.0);
        nonce.try_into().map_err(|_| Refusal::Login("a switch without a nonce"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::guard::greeting::Greeting;

    const NONCE_HERE: &[u8; NONCE] = b"abcdefghijklmnopqrst";
    const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];

    fn switch(name: &str) -> Vec<u8> {
        [b"\xFE", name.as_bytes(), b"\0", NONCE_HERE, b"\0"].concat()
    }

    fn hexadecimal(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    #[test]
    fn a_proof_is_what_servers_compute() {
        // Computed with Python's hashlib, by the formulas of the manual.
        assert_eq!(
            hexadecimal(&Plugin::Native.proof(b"secret", NONCE_HERE)),
            "8817c50fa779daef010ee7577825b0847df9842e"
        );
        assert_eq!(
            hexadecimal(&Plugin::CachingSha2.proof(b"secret", NONCE_HERE)),
            "c76e2898612a4cf042c77fa8c4702c4c64c0c2c557c53c4d75595aaa6abae809"
        );
        assert_eq!(Plugin::Native.proof(b"", NONCE_HERE), b"");
    }

    #[test]
    fn a_login_ends_with_ok_or_the_server_s_own_error() {
        let mut login = Login::new(Plugin::Native, b"secret", false);
        assert_eq!(login.next(OK).unwrap(), Step::Done);
        let Err(Refusal::Server(error)) = login.next(b"\xFF\x15\x04#28000Access denied") else {
            panic!("a refusal")
        };
        assert_eq!((error.code, error.state.as_str()), (1_045, "28000"));
    }

    #[test]
    fn the_password_itself_goes_to_verified_servers_alone() {
        for (is_verified, sent) in [(false, None), (true, Some(b"secret\0"))] {
            let mut login = Login::new(Plugin::CachingSha2, b"secret", is_verified);
            match (login.next(&[1, 4]), sent) {
                (Ok(Step::Send(password)), Some(sent)) => assert_eq!(*password, sent),
                (Err(Refusal::Unverified), None) => {}
                (other, _) => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn only_the_two_known_ways_are_switched_to_and_only_once() {
        for refused in
            ["mysql_clear_password", "mysql_old_password", "sha256_password", "client_ed25519", "dialog", ""]
        {
            let mut login = Login::new(Plugin::Native, b"secret", true);
            assert!(matches!(login.next(&switch(refused)), Err(Refusal::Method)), "{refused}");
        }
        let mut login = Login::new(Plugin::Native, b"secret", true);
        assert!(matches!(login.next(&[0xFE]), Err(Refusal::Method)));
        let step = login.next(&switch("caching_sha2_password")).unwrap();
        assert_eq!(step, Step::Send(Zeroizing::new(Plugin::CachingSha2.proof(b"secret", NONCE_HERE))));
        assert!(matches!(login.next(&switch("mysql_native_password")), Err(Refusal::Login(_))));
    }

    #[test]
    fn packets_that_make_no_sense_end_the_login() {
        for payload in [
            &[][..],
            &[1],
            &[1, 3],
            &[1, 4],
            &[2, 0],
            &[0],
            &[0xFF],
            b"\xFEx",
            b"\xFEcaching_sha2_password\0a",
        ] {
            let mut login = Login::new(Plugin::Native, b"secret", true);
            assert!(login.next(payload).is_err(), "{payload:?}");
        }
        let mut login = Login::new(Plugin::CachingSha2, b"secret", true);
        assert_eq!(login.next(&[1, 3]).unwrap(), Step::Wait);
        assert!(login.next(&[1, 4]).is_err());
        assert!(login.next(&switch("mysql_native_password")).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_login_ends_soon_and_tells_the_password_to_nobody_unverified(words in vec(word(), 0..12)) {
            let mut login = Login::new(Plugin::CachingSha2, b"secret", false);
            let mut heard = 0;
            for word in words {
                heard += 1;
                match login.next(&word) {
                    Ok(Step::Send(sent)) => prop_assert!(!sent.starts_with(b"secret")),
                    Ok(Step::Wait) => {}
                    Ok(Step::Done) | Err(_) => break,
                }
            }
            prop_assert!(heard <= 3);
        }

        #[test]
        fn no_greeting_is_too_odd_to_be_read(mut bytes in vec(any::<u8>(), 0..200), is_close: bool) {
            if is_close && bytes.len() > 4 {
                bytes[..4].copy_from_slice(b"\x0A8.4");
            }
            let _ = Greeting::read(&bytes);
        }
    }

    /// Noise, or what a server may say at some point of a login.
    fn word() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            vec(any::<u8>(), 0..60),
            Just(vec![1, 3]),
            Just(vec![1, 4]),
            Just(OK.to_vec()),
            Just(switch("caching_sha2_password")),
            Just(switch("mysql_native_password")),
        ]
    }
}
