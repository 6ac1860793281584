//! The two JSON objects of an access token.

use altus4_kernel::{AccountId, SessionId, uuid::Uuid};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The header as this service writes it. Anything more or less is not one of ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlainHeader {
    pub(super) alg: String,
    pub(super) typ: String,
    pub(super) kid: String,
}

impl PlainHeader {
    /// The header of a text of three parts. Nothing about it is to be believed yet.
    pub(super) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (header, _, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
            return None;
        };
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
    }
}

/// The claims, each of them required. The times are integers: serde takes neither text nor
/// fractions nor anything below zero for a `u64`.
#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    #[serde(serialize_with = "write_id", deserialize_with = "read_account")]
    pub(super) sub: AccountId,
    #[serde(serialize_with = "write_id", deserialize_with = "read_session")]
    pub(super) sid: SessionId,
    pub(super) iat: u64,
    pub(super) nbf: u64,
    pub(super) exp: u64,
    pub(super) jti: String,
}

fn write_id<S: Serializer>(id: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&id.to_string())
}

fn read_account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccountId, D::Error> {
    Uuid::deserialize(deserializer).map(AccountId::from_uuid)
}

fn read_session<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SessionId, D::Error> {
    Uuid::deserialize(deserializer).map(SessionId::from_uuid)
}
