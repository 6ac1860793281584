//! A token issuer that remembers what it issued.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use altus4_kernel::{
    PortResult, Timestamp,
    secrecy::{ExposeSecret, SecretString},
};

use crate::{AccessClaims, RefreshToken, RefreshTokenDigest, TokenFault, TokenIssuer};

/// Issues `access-1`, `access-2` … and `refresh-1` …; what it did not issue is no token.
#[derive(Debug, Default)]
pub struct FakeTokenIssuer {
    issued: Mutex<HashMap<String, AccessClaims>>,
    counter: AtomicU64,
}

impl FakeTokenIssuer {
    fn next(&self, kind: &str) -> String {
        format!("{kind}-{}", self.counter.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl TokenIssuer for FakeTokenIssuer {
    fn issue(&self, claims: &AccessClaims) -> PortResult<SecretString> {
        let token = self.next("access");
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), *claims);
        Ok(token.into())
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenFault> {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = issued.get(token).copied().ok_or(TokenFault::Invalid)?;
        if now >= claims.expires_at {
            Err(TokenFault::Expired)
        } else if now < claims.issued_at {
            Err(TokenFault::Invalid)
        } else {
            Ok(claims)
        }
    }

    fn refresh_token(&self) -> PortResult<RefreshToken> {
        let secret = SecretString::from(self.next("refresh"));
        Ok(RefreshToken { digest: self.refresh_digest(&secret), secret })
    }

    fn refresh_digest(&self, token: &SecretString) -> RefreshTokenDigest {
        let mut digest = [0; 32];
        for (part, bytes) in digest.chunks_exact_mut(8).enumerate() {
            let mut hasher = DefaultHasher::new();
            (part, token.expose_secret()).hash(&mut hasher);
            bytes.copy_from_slice(&hasher.finish().to_be_bytes());
        }
        RefreshTokenDigest(digest)
    }
}
