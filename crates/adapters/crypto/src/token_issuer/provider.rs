//! HS256 by ring for jsonwebtoken, which is built without any cryptography of its own.

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
    signature::{Error as SignatureError, Signer, Verifier},
};
use ring::hmac;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // For JWKs, which this crate never reads.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes ring what jsonwebtoken computes with, in this whole process.
pub(super) fn install() {
    // An error says that there is a provider already: this one, or another of a program that embeds
    // this crate. Either can do HS256.
    let _ = PROVIDER.install_default();
}

struct Hs256(hmac::Key);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that jsonwebtoken calls")]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Ok(Box::new(Hs256::new(*algorithm, key.family(), key.as_bytes())?))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that jsonwebtoken calls")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    Ok(Box::new(Hs256::new(*algorithm, key.family(), key.try_get_as_bytes()?)?))
}

impl Hs256 {
    fn new(algorithm: Algorithm, family: AlgorithmFamily, key: &[u8]) -> Result<Self> {
        if algorithm == Algorithm::HS256 && family == AlgorithmFamily::Hmac {
            Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key)))
        } else {
            Err(ErrorKind::InvalidAlgorithm.into())
        }
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, SignatureError> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    /// Compares in constant time, as [`hmac::verify`] does.
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), SignatureError> {
        hmac::verify(&self.0, message, signature).map_err(|_| SignatureError::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
