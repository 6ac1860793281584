//! Access tokens (JWT, RFC 9068) and refresh tokens.

mod claims;
mod provider;

use std::{fmt, sync::Arc, time::Duration};

use altus4_kernel::{
    PortErrorKind, PortResult, RandomSource, Timestamp,
    secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing},
};
use altus4_users::{AccessClaims, RefreshToken, RefreshTokenDigest, TokenFault, TokenIssuer};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use self::claims::{Claims, PlainHeader};
use crate::{
    JwtConfig, KeyFault,
    error::crypto,
    key_ring::{KeyLength, KeyRing},
};

const TYPE: &str = "at+jwt";
const ALGORITHM: &str = "HS256";
/// An HMAC key shorter than its hash is the weakest part (RFC 7518 §3.2).
const KEY_LENGTH: KeyLength = KeyLength::AtLeast(32);
/// Our tokens have about 450 characters; nothing longer is even decoded.
const MAX_TOKEN_CHARS: usize = 4096;
/// How far the clock of another node may be ahead.
const NOT_BEFORE_LEEWAY: Duration = Duration::from_secs(30);
const ISSUED_AT_LEEWAY: Duration = Duration::from_mins(1);
const TOKEN_ID_BYTES: usize = 16;
const REFRESH_PREFIX: &str = "altus4_rt_";
const REFRESH_BYTES: usize = 32;
const REFRESH_CHARS: usize = REFRESH_PREFIX.len() + (REFRESH_BYTES * 4).div_ceil(3);

/// Signs and checks access tokens with HMAC-SHA-256, and makes refresh tokens.
///
/// A token is accepted as [`TokenIssuer`] says, and only with a header of exactly `alg`, `typ` and
/// `kid`: there is nothing else that this service writes, so `crit`, `jku`, `jwk` and whatever comes
/// next have no meaning to get wrong. Times in tokens are whole seconds.
pub struct JwtTokenIssuer {
    keys: KeyRing<SigningKey>,
    issuer: String,
    audience: String,
    validation: Validation,
    random: Arc<dyn RandomSource>,
}

struct SigningKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl JwtTokenIssuer {
    /// An issuer with these keys.
    ///
    /// # Errors
    /// [`KeyFault`], a sentence without any part of a key.
    pub fn new(config: JwtConfig, random: Arc<dyn RandomSource>) -> Result<Self, KeyFault> {
        provider::install();
        let JwtConfig { keys, issuer, audience } = config;
        let keys = KeyRing::new(keys, KEY_LENGTH, |bytes| {
            Some(SigningKey {
                encoding: EncodingKey::from_secret(bytes),
                decoding: DecodingKey::from_secret(bytes),
            })
        })?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&audience]);
        // The crate would ask the wall clock; `verify` is told the time.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self { keys, issuer, audience, validation, random })
    }

    /// What a token says, if it is genuine. Whether its time is over isn't asked.
    fn read(&self, token: &str, now: Timestamp) -> Option<AccessClaims> {
        if token.len() > MAX_TOKEN_CHARS {
            return None;
        }
        let header = PlainHeader::of(token)?;
        if header.alg != ALGORITHM || header.typ != TYPE {
            return None;
        }
        let key = self.keys.find(&header.kid)?;
        let claims: Claims = jsonwebtoken::decode(token, &key.decoding, &self.validation).ok()?.claims;
        let (issued_at, not_before) = (moment(claims.iat)?, moment(claims.nbf)?);
        if issued_at > now + ISSUED_AT_LEEWAY || not_before > now + NOT_BEFORE_LEEWAY {
            return None;
        }
        Some(AccessClaims {
            account_id: claims.sub,
            session_id: claims.sid,
            issued_at,
            expires_at: moment(claims.exp)?,
        })
    }
}

impl TokenIssuer for JwtTokenIssuer {
    fn issue(&self, claims: &AccessClaims) -> PortResult<SecretString> {
        const OPERATION: &str = "token_issuer.issue";
        let mut token_id = [0; TOKEN_ID_BYTES];
        self.random.fill(&mut token_id)?;
        let (key_id, key) = self.keys.newest();
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(key_id.to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        let unexpected = || crypto(PortErrorKind::Unexpected, OPERATION);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.account_id,
            sid: claims.session_id,
            iat: seconds(claims.issued_at).ok_or_else(unexpected)?,
            nbf: seconds(claims.issued_at).ok_or_else(unexpected)?,
            exp: seconds(claims.expires_at).ok_or_else(unexpected)?,
            jti: URL_SAFE_NO_PAD.encode(token_id),
        };
        jsonwebtoken::encode(&header, &claims, &key.encoding)
            .map(SecretString::from)
            .map_err(|error| unexpected().with_source(error))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenFault> {
        let claims = self.read(token, now).ok_or(TokenFault::Invalid)?;
        if now < claims.expires_at { Ok(claims) } else { Err(TokenFault::Expired) }
    }

    fn refresh_token(&self) -> PortResult<RefreshToken> {
        let mut bytes = Zeroizing::new([0; REFRESH_BYTES]);
        self.random.fill(bytes.as_mut())?;
        let mut text = String::with_capacity(REFRESH_CHARS);
        text.push_str(REFRESH_PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        let secret = SecretString::from(text);
        Ok(RefreshToken { digest: self.refresh_digest(&secret), secret })
    }

    fn refresh_digest(&self, token: &SecretString) -> RefreshTokenDigest {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(digest(&SHA256, token.expose_secret().as_bytes()).as_ref());
        RefreshTokenDigest(bytes)
    }
}

/// The keys' ids, and who speaks to whom.
impl fmt::Debug for JwtTokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtTokenIssuer")
            .field("keys", &self.keys)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

fn moment(seconds: u64) -> Option<Timestamp> {
    Timestamp::from_unix_seconds(i64::try_from(seconds).ok()?)
}

fn seconds(moment: Timestamp) -> Option<u64> {
    u64::try_from(moment.unix_seconds()).ok()
}

#[cfg(test)]
mod tests;
