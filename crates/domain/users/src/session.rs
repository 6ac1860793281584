//! Sessions and their tokens.

use std::fmt;

use altus4_kernel::{AccountId, Origin, SessionId, Timestamp, secrecy::SecretString};

/// A login that may still be used. Its refresh tokens are one family: each replaces the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id: the `sid` of its access tokens.
    pub id: SessionId,
    /// Whose it is.
    pub account_id: AccountId,
    /// The digest of the refresh token that is good now.
    pub refresh_digest: RefreshTokenDigest,
    /// Where and with what it was begun.
    pub client: ClientInfo,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When a token of it was last refreshed.
    pub last_used: Timestamp,
    /// When the present refresh token is over.
    pub expires_at: Timestamp,
}

/// What is known of the program at the other end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientInfo {
    /// Its address.
    pub address: Option<String>,
    /// What it calls itself, cut to 255 characters.
    pub user_agent: Option<String>,
}

impl From<&Origin> for ClientInfo {
    fn from(origin: &Origin) -> Self {
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        Self { address: owned(origin.address()), user_agent: owned(origin.user_agent()) }
    }
}

/// The SHA-256 of a refresh token. The token has 256 random bits, so no slow hash is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefreshTokenDigest(pub [u8; 32]);

impl fmt::Debug for RefreshTokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshTokenDigest(…)")
    }
}

/// A fresh refresh token and what is stored of it.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    /// What the client gets.
    pub secret: SecretString,
    /// What the store gets.
    pub digest: RefreshTokenDigest,
}

/// What an access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessClaims {
    /// Whose it is (`sub`).
    pub account_id: AccountId,
    /// The session it came from (`sid`).
    pub session_id: SessionId,
    /// When it was issued (`iat`).
    pub issued_at: Timestamp,
    /// When it is over (`exp`).
    pub expires_at: Timestamp,
}

/// The two tokens that a login or a refresh hands out.
#[derive(Debug, Clone)]
pub struct TokenPair {
    /// A JWT for the `Authorization` header.
    pub access_token: SecretString,
    /// Good for one refresh.
    pub refresh_token: SecretString,
    /// How many seconds the access token is good for.
    pub expires_in: u64,
    /// How many seconds the refresh token is good for.
    pub refresh_expires_in: u64,
}

/// A further access token of a session whose refresh token stays as it is.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// A JWT for the `Authorization` header.
    pub token: SecretString,
    /// How many seconds it is good for.
    pub expires_in: u64,
}
