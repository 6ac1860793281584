//! What is sealed opens in one place under one key, and every other text is refused.

use std::{collections::HashSet, error::Error};

use super::*;
use crate::{
    SystemRandomSource,
    key_ring::tests::{key, key_of},
    random_source::tests::{Counting, Exhausted},
};

const BINDING: &str = "altus4|connection|a|b|password";

fn cipher(keys: Vec<NamedKey>) -> AesGcmSecretCipher {
    AesGcmSecretCipher::new(keys, Arc::new(SystemRandomSource)).expect("keys")
}

fn seal(cipher: &AesGcmSecretCipher, secret: &str) -> String {
    cipher.seal(&secret.into(), BINDING).expect("seal").0
}

fn open(cipher: &AesGcmSecretCipher, sealed: &str) -> PortResult<SecretString> {
    cipher.open(&SealedSecret(sealed.to_owned()), BINDING)
}

#[track_caller]
fn refuse(cipher: &AesGcmSecretCipher, sealed: &str) {
    let error = open(cipher, sealed).expect_err("it must not open");
    assert_eq!(error.kind, PortErrorKind::Corrupt, "{sealed}");
}

#[test]
fn another_implementation_of_aes_gcm_agrees() {
    // Computed with Python's cryptography package: key 01 02 … 20, nonce 00 01 … 0b.
    const SEALED: &str = "v1.k1.AAECAwQFBgcICQoLAgNi5a2pQXvMj8EyE_eF6SkdqlFJdezbPCurnTP7ve4";
    let cipher = AesGcmSecretCipher::new(vec![key("k1", 1)], Arc::new(Counting)).expect("keys");
    assert_eq!(seal(&cipher, "s3cret pässword"), SEALED);
    assert_eq!(open(&cipher, SEALED).expect("open").expose_secret(), "s3cret pässword");
}

#[test]
fn every_flipped_bit_of_the_text_is_noticed() {
    let cipher = cipher(vec![key("a", 1), key("b", 2)]);
    let sealed = seal(&cipher, "secret");
    for place in 0..sealed.len() {
        for bit in 0..7 {
            let mut changed = sealed.clone().into_bytes();
            changed[place] ^= 1 << bit;
            refuse(&cipher, &String::from_utf8(changed).expect("ASCII"));
        }
    }
}

#[test]
fn every_flipped_bit_of_nonce_ciphertext_and_tag_is_noticed() {
    let cipher = cipher(vec![key("a", 1)]);
    let sealed = seal(&cipher, "secret");
    let bytes = URL_SAFE_NO_PAD.decode(&sealed["v1.a.".len()..]).expect("base64url");
    assert_eq!(bytes.len(), 12 + "secret".len() + 16);
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        refuse(&cipher, &format!("v1.a.{}", URL_SAFE_NO_PAD.encode(changed)));
    }
    for length in 0..bytes.len() {
        refuse(&cipher, &format!("v1.a.{}", URL_SAFE_NO_PAD.encode(&bytes[..length])));
    }
}

#[test]
fn the_secrets_of_two_rows_cannot_be_swapped() {
    let cipher = cipher(vec![key("a", 1)]);
    let rows = ["altus4|connection|a|1|password", "altus4|connection|a|2|password"];
    let sealed = rows.map(|row| cipher.seal(&row.into(), row).expect("seal"));
    for (row, other) in [(0, 1), (1, 0)] {
        assert!(cipher.open(&sealed[row], rows[row]).is_ok());
        let error = cipher.open(&sealed[other], rows[row]).expect_err("the other row's");
        assert_eq!(error.kind, PortErrorKind::Corrupt);
    }
}

#[test]
fn another_key_of_the_same_id_opens_nothing() {
    let sealed = seal(&cipher(vec![key("a", 1)]), "secret");
    refuse(&cipher(vec![key("a", 2)]), &sealed);
}

#[test]
fn a_key_that_is_not_known_opens_nothing() {
    let sealed = seal(&cipher(vec![key("a", 1)]), "secret");
    refuse(&cipher(vec![key("b", 1)]), &sealed);
}

#[test]
fn the_newest_key_seals_and_all_known_ones_open() {
    let old = cipher(vec![key("old", 1)]);
    let rotated = cipher(vec![key("new", 2), key("old", 1)]);
    assert_eq!(open(&rotated, &seal(&old, "secret")).expect("open").expose_secret(), "secret");
    let sealed = seal(&rotated, "secret");
    assert!(sealed.starts_with("v1.new."), "{sealed}");
    refuse(&old, &sealed);
}

#[test]
fn the_key_of_a_text_is_told_without_opening_it() {
    let sealed = seal(&cipher(vec![key("old", 1)]), "secret");
    let told = |keys: Vec<NamedKey>, text: &str| cipher(keys).sealed_under(&SealedSecret(text.to_owned()));
    let old = |standing| Some(MasterKey { standing, id: "old".to_owned() });
    assert_eq!(told(vec![key("old", 1), key("new", 2)], &sealed), old(KeyStanding::Newest));
    assert_eq!(told(vec![key("new", 2), key("old", 1)], &sealed), old(KeyStanding::Older));
    assert_eq!(told(vec![key("new", 2), key("newer", 3)], &sealed), old(KeyStanding::Unknown));
    assert_eq!(told(vec![key("old", 9)], "v1.old.spoilt"), old(KeyStanding::Newest));
    for other in [&sealed.replace("v1.", "v2."), &sealed["v1.".len()..], "old"] {
        assert_eq!(told(vec![key("old", 1)], other), None, "{other}");
    }
}

#[test]
fn a_seal_under_one_known_key_cannot_claim_another() {
    let cipher = cipher(vec![key("new", 2), key("old", 1)]);
    refuse(&cipher, &seal(&cipher, "secret").replace("v1.new.", "v1.old."));
}

#[test]
fn other_versions_and_forms_are_refused() {
    let cipher = cipher(vec![key("a", 1)]);
    let sealed = seal(&cipher, "secret");
    let body = &sealed["v1.a.".len()..];
    for form in [
        format!("v0.a.{body}"),
        format!("v2.a.{body}"),
        format!("V1.a.{body}"),
        format!(".a.{body}"),
        format!("a.{body}"),
        format!("v1..{body}"),
        format!("v1.a:{body}"),
        format!("v1.a.{body}="),
        format!("v1.a.{body}."),
        format!(" v1.a.{body}"),
        format!("v1.a.{body}\n"),
        format!("v1.a..{body}"),
        "v1.a.".to_owned(),
        body.to_owned(),
    ] {
        refuse(&cipher, &form);
    }
}

#[test]
fn no_nonce_comes_twice() {
    let cipher = cipher(vec![key("a", 1)]);
    let nonces: HashSet<String> = (0..2000).map(|_| seal(&cipher, "secret")[5..5 + 16].to_owned()).collect();
    assert_eq!(nonces.len(), 2000);
}

#[test]
fn sealed_bytes_that_are_no_text_are_refused() {
    let NamedKey { bytes, .. } = key("a", 1);
    let raw = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes.expose_secret()).expect("a key"));
    let mut sealed = vec![0xff, 0xfe];
    raw.seal_in_place_append_tag(Nonce::assume_unique_for_key([0; 12]), Aad::from(BINDING), &mut sealed)
        .expect("seal");
    sealed.splice(0..0, [0; 12]);
    refuse(&cipher(vec![key("a", 1)]), &format!("v1.a.{}", URL_SAFE_NO_PAD.encode(sealed)));
}

#[test]
fn without_randomness_nothing_is_sealed() {
    let cipher = AesGcmSecretCipher::new(vec![key("a", 1)], Arc::new(Exhausted)).expect("keys");
    let error = cipher.seal(&"secret".into(), BINDING).expect_err("no nonce");
    assert_eq!(error.kind, PortErrorKind::Unavailable);
}

#[test]
fn only_keys_of_256_bits_are_taken() {
    for length in [16, 31, 33, 64] {
        let fault = AesGcmSecretCipher::new(vec![key_of("a", 1, length)], Arc::new(Counting)).err();
        assert!(matches!(fault, Some(KeyFault::WrongLength { wanted: 32, .. })), "{fault:?}");
    }
}

#[test]
fn neither_debug_nor_an_error_shows_key_secret_or_sealed_text() {
    let cipher = cipher(vec![key("visible", 1)]);
    let shown = format!("{cipher:?}");
    assert!(shown.contains("visible") && !shown.contains("1, 2, 3"), "{shown}");
    let sealed = seal(&cipher, "hunter2");
    let error = cipher.open(&SealedSecret(sealed.clone()), "elsewhere").expect_err("another place");
    let shown = format!("{error} {error:?} {}", error.source().expect("a reason"));
    assert!(!shown.contains("hunter2") && !shown.contains(&sealed[12..]), "{shown}");
}
