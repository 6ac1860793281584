//! Where a list goes on: sealed, so that it shows nothing and can't be made up, and bound to the list
//! that it came of.

use altus4_connections::Value;
use altus4_kernel::{
    PortResult, SealedSecret, SecretCipher,
    secrecy::{ExposeSecret, SecretString},
    uuid::Uuid,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value as Json, json};

use crate::EntityView;

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cursor {
    /// After the row that has these values in the columns of the order, and is the so-manieth.
    After(Vec<Value>, u64),
    /// After so many rows: where nothing tells rows apart, or their values are too long for a cursor.
    Offset(u64),
}

impl Cursor {
    /// The longest values in a cursor, which has to fit into a URL, together and as JSON.
    const MAX_BYTES: usize = 1_500;

    /// What a cursor is bound to: of which entity, and what was asked of the list.
    pub(crate) fn binding(view: &EntityView, asked: &str) -> String {
        let entity = &view.entity;
        let list = Uuid::new_v5(&entity.id.as_uuid(), asked.as_bytes());
        format!("altus4|cursor|{}|{}|{list}", entity.account_id, entity.id)
    }

    /// The cursor as callers see it.
    pub(crate) fn seal(&self, cipher: &dyn SecretCipher, binding: &str) -> PortResult<String> {
        let json = match self {
            Self::After(values, passed) => {
                json!({ "after": values.iter().map(write).collect::<Vec<_>>(), "offset": passed })
            }
            Self::Offset(offset) => json!({ "offset": offset }),
        };
        let text = json.to_string();
        match self {
            Self::After(_, passed) if text.len() > Self::MAX_BYTES => {
                Self::Offset(*passed).seal(cipher, binding)
            }
            _ => Ok(cipher.seal(&SecretString::from(text), binding)?.0),
        }
    }

    /// The cursor in what a caller shows; `None` where it is none of this list.
    pub(crate) fn open(text: &str, cipher: &dyn SecretCipher, binding: &str) -> Option<Self> {
        let opened = cipher.open(&SealedSecret(text.to_owned()), binding).ok()?;
        let json: Json = serde_json::from_str(opened.expose_secret()).ok()?;
        let offset = json.get("offset")?.as_u64()?;
        match json.get("after") {
            None => Some(Self::Offset(offset)),
            Some(values) => {
                let values = values.as_array()?.iter().map(read).collect::<Option<_>>()?;
                Some(Self::After(values, offset))
            }
        }
    }
}

/// A value with its kind, so that it comes back as it was.
pub(crate) fn write(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(["i", number]),
        Value::UInt(number) => json!(["u", number]),
        Value::Float(number) => json!(["f", number]),
        Value::Text(text) => json!(["t", text]),
        Value::Json(text) => json!(["j", text]),
        Value::Bytes(bytes) => json!(["b", STANDARD.encode(bytes)]),
    }
}

fn read(json: &Json) -> Option<Value> {
    match json {
        Json::Null => Some(Value::Null),
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Array(parts) => {
            let [kind, value] = parts.as_slice() else { return None };
            Some(match kind.as_str()? {
                "i" => Value::Int(value.as_i64()?),
                "u" => Value::UInt(value.as_u64()?),
                "f" => Value::Float(value.as_f64()?),
                "t" => Value::Text(value.as_str()?.to_owned()),
                "j" => Value::Json(value.as_str()?.to_owned()),
                "b" => Value::Bytes(STANDARD.decode(value.as_str()?).ok()?),
                _ => return None,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were() {
        for value in [
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::UInt(u64::MAX),
            Value::Float(0.1),
            Value::Text("0000-00-00".into()),
            Value::Json("{}".into()),
            Value::Bytes(vec![0, 255]),
        ] {
            assert_eq!(read(&write(&value)), Some(value));
        }
    }
}
