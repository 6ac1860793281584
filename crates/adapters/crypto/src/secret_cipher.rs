//! Secrets sealed for the store.

use std::{fmt, sync::Arc};

use altus4_kernel::{
    KeyStanding, MasterKey, PortError, PortErrorKind, PortResult, RandomSource, SealedSecret, SecretCipher,
    secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::{
    KeyFault, NamedKey,
    error::crypto,
    key_ring::{KeyLength, KeyRing, is_id},
};

/// The form `v1.<key id>.<base64url of nonce, ciphertext and tag>`.
const VERSION: &str = "v1";
const KEY_BYTES: usize = 32;
const SEAL: &str = "secret_cipher.seal";
const OPEN: &str = "secret_cipher.open";

/// AES-256-GCM with a random nonce of 96 bits. The binding is authenticated along with the secret,
/// so that a sealed text opens in the place it was sealed for and nowhere else.
///
/// Random nonces allow 2³² seals under one key (NIST SP 800-38D §8.3); a new key begins anew.
pub struct AesGcmSecretCipher {
    keys: KeyRing<LessSafeKey>,
    random: Arc<dyn RandomSource>,
}

impl AesGcmSecretCipher {
    /// A cipher with these master keys, newest first, of exactly 256 bits each.
    ///
    /// # Errors
    /// [`KeyFault`], a sentence without any part of a key.
    pub fn new(keys: Vec<NamedKey>, random: Arc<dyn RandomSource>) -> Result<Self, KeyFault> {
        let make = |bytes: &[u8]| UnboundKey::new(&AES_256_GCM, bytes).ok().map(LessSafeKey::new);
        Ok(Self { keys: KeyRing::new(keys, KeyLength::Exactly(KEY_BYTES), make)?, random })
    }
}

impl SecretCipher for AesGcmSecretCipher {
    fn seal(&self, secret: &SecretString, binding: &str) -> PortResult<SealedSecret> {
        let (key_id, key) = self.keys.newest();
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce)?;
        let secret = secret.expose_secret().as_bytes();
        // Room for everything from the start: growing would leave the secret behind in freed memory.
        let mut sealed = Vec::with_capacity(NONCE_LEN + secret.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(secret);
        let tag = key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(binding),
                &mut sealed[NONCE_LEN..],
            )
            .map_err(|_| crypto(PortErrorKind::Unexpected, SEAL))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(SealedSecret(format!("{VERSION}.{key_id}.{}", URL_SAFE_NO_PAD.encode(sealed))))
    }

    fn open(&self, sealed: &SealedSecret, binding: &str) -> PortResult<SecretString> {
        let (key_id, sealed) = parts(&sealed.0).ok_or_else(|| corrupt("it has another form"))?;
        let key = self.keys.find(key_id).ok_or_else(|| corrupt("its key is not known here"))?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| corrupt("it has another form"))?;
        let mut sealed = Zeroizing::new(sealed);
        let (nonce, ciphertext) =
            sealed.split_first_chunk_mut::<NONCE_LEN>().ok_or_else(|| corrupt("it is too short"))?;
        let secret = key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(binding), ciphertext)
            .map_err(|_| corrupt("it was changed, sealed under another key or for another place"))?;
        let secret = str::from_utf8(secret).map_err(|_| corrupt("it is no text"))?;
        Ok(SecretString::from(secret))
    }

    fn sealed_under(&self, sealed: &SealedSecret) -> Option<MasterKey> {
        let (id, _) = parts(&sealed.0).filter(|(id, _)| is_id(id))?;
        let standing = match self.keys.find(id) {
            Some(_) if id == self.keys.newest().0 => KeyStanding::Newest,
            Some(_) => KeyStanding::Older,
            None => KeyStanding::Unknown,
        };
        Some(MasterKey { standing, id: id.to_owned() })
    }
}

/// The keys' ids.
impl fmt::Debug for AesGcmSecretCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AesGcmSecretCipher").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// The key's id and the rest, of a text of this version.
fn parts(text: &str) -> Option<(&str, &str)> {
    let (version, rest) = text.split_once('.')?;
    if version == VERSION { rest.split_once('.') } else { None }
}

fn corrupt(reason: &'static str) -> PortError {
    crypto(PortErrorKind::Corrupt, OPEN).with_source(format!("the sealed secret can't be opened: {reason}"))
}

#[cfg(test)]
mod tests;
