//! The cases of the [`SecretCipher`] contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]
#![cfg_attr(not(test), expect(clippy::unused_async, reason = "cases of all contracts are called alike"))]

use secrecy::{ExposeSecret, SecretString};

use crate::{KeyStanding, PortErrorKind, SealedSecret, SecretCipher};

const BINDING: &str = "altus4|connection|a|b|password";

fn sealed(cipher: &dyn SecretCipher, text: &str) -> SealedSecret {
    cipher.seal(&SecretString::from(text), BINDING).expect("seal")
}

fn refuses(cipher: &dyn SecretCipher, text: &str, binding: &str) {
    let refused = cipher.open(&SealedSecret(text.to_owned()), binding).expect_err("corrupt");
    assert_eq!(refused.kind, PortErrorKind::Corrupt, "{text:.40}");
}

/// A secret comes back, also an empty one and one of any script.
pub async fn what_was_sealed_can_be_opened(cipher: &dyn SecretCipher) {
    let long = "x".repeat(10_000);
    for text in ["", " ", "p@ss.w:ord|", "pässwörd 🦀", "\0", &long] {
        let opened = cipher.open(&sealed(cipher, text), BINDING).expect("open");
        assert_eq!(opened.expose_secret(), text);
    }
}

/// Equal secrets can't be told by their sealed texts.
pub async fn sealing_twice_gives_different_texts(cipher: &dyn SecretCipher) {
    assert_ne!(sealed(cipher, "secret"), sealed(cipher, "secret"));
}

/// The secret doesn't stand in its sealed text.
pub async fn a_sealed_text_hides_its_secret(cipher: &dyn SecretCipher) {
    assert!(!sealed(cipher, "hunter2hunter2").0.contains("hunter2"));
}

/// What was sealed for one row can't be opened for another.
pub async fn a_secret_is_bound_to_its_place(cipher: &dyn SecretCipher) {
    for text in ["", "secret"] {
        let sealed = sealed(cipher, text);
        for binding in ["", "altus4|connection|a|c|password", "altus4|connection|a|b|password "] {
            refuses(cipher, &sealed.0, binding);
        }
    }
}

/// Any character changed, cut or added is noticed; an empty secret never takes the place of one
/// that can't be opened.
pub async fn a_changed_text_is_corrupt(cipher: &dyn SecretCipher) {
    for text in ["", "secret"] {
        let sealed = sealed(cipher, text).0;
        for place in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if changed[place] == b'x' { b'y' } else { b'x' };
            refuses(cipher, &String::from_utf8(changed).expect("ASCII"), BINDING);
            refuses(cipher, &sealed[..place], BINDING);
        }
        refuses(cipher, &format!("{sealed}x"), BINDING);
    }
}

/// Whatever the text is, the answer is `Corrupt`.
pub async fn no_text_makes_it_panic(cipher: &dyn SecretCipher) {
    let long = "é.".repeat(50_000);
    for text in ["", ".", "...", "v1", "v1:k1:", "🦀", "\0", "secret", &long] {
        refuses(cipher, text, BINDING);
    }
}

/// Every time, and without being opened: its place is not asked for.
pub async fn what_was_just_sealed_is_under_the_newest_key(cipher: &dyn SecretCipher) {
    let ids: Vec<String> = ["", "secret", "v1.old.", "p@ss.w:ord|"]
        .into_iter()
        .map(|text| {
            let under = cipher.sealed_under(&sealed(cipher, text)).expect("a key");
            assert_eq!(under.standing, KeyStanding::Newest);
            under.id
        })
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    assert!((1..=32).contains(&ids[0].len()) && ids[0].bytes().all(plain), "{ids:?}");
}

/// Nor does an id come out of it that nobody could have given a key.
pub async fn a_text_of_no_form_is_under_no_key(cipher: &dyn SecretCipher) {
    let long = "é.".repeat(50_000);
    for text in ["", ".", "...", "v1", "v1:k1:", "🦀", "\0", "secret", "v1..x", &long] {
        assert_eq!(cipher.sealed_under(&SealedSecret(text.to_owned())), None, "{text:.40}");
    }
    let sealed = sealed(cipher, "secret").0;
    let id = cipher.sealed_under(&SealedSecret(sealed.clone())).expect("a key").id;
    for name in ["", " ", "\u{1b}[31m", "é", &"x".repeat(33)] {
        let renamed = sealed.replacen(&id, name, 1);
        assert_eq!(cipher.sealed_under(&SealedSecret(renamed)), None, "{name:?}");
    }
}
