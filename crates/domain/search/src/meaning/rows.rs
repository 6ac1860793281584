//! Rows among vectors: which text of a row is embedded, and how its key is written down.

use std::sync::Arc;

use altus4_connections::Value;

use super::RowKey;
use crate::identity::key_bytes;

/// How much of each column is read to be embedded.
pub const EMBEDDED_CHARS: u32 = 4_096;

/// The text of a row that is embedded: that of each column on a line of its own, in the order given, up
/// to `max_chars`. What has no text is left out; empty where nothing has any.
///
/// The same values of the same columns, each read up to [`EMBEDDED_CHARS`], give the same text, so that
/// its [`ContentHash`](super::ContentHash) tells whether a row still says what its vector was made of.
pub fn embedded_text<'a>(max_chars: usize, values: impl Iterator<Item = &'a Value>) -> String {
    let mut text = String::new();
    for part in values.filter_map(Value::as_text).map(str::trim).filter(|part| !part.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(part);
    }
    if let Some((end, _)) = text.char_indices().nth(max_chars) {
        text.truncate(end);
    }
    text
}

impl RowKey {
    /// A primary key, written down: keys that differ differ here too.
    #[must_use]
    pub fn of(key: &[Value]) -> Self {
        Self(Arc::from(key_bytes(key)))
    }

    /// The primary key that was written down; `None` where these bytes are none.
    #[must_use]
    pub fn values(&self) -> Option<Vec<Value>> {
        let mut rest = &*self.0;
        let mut values = Vec::new();
        while !rest.is_empty() {
            let (kind, after) = rest.split_first()?;
            let (length, after) = after.split_first_chunk::<8>()?;
            let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
            let (content, after) = after.split_at_checked(length)?;
            values.push(value(*kind, content)?);
            rest = after;
        }
        Some(values)
    }
}

fn value(kind: u8, content: &[u8]) -> Option<Value> {
    let text = || String::from_utf8(content.to_vec()).ok();
    let number = || content.try_into().ok();
    Some(match kind {
        0 => Value::Null,
        1 => Value::Bool(content == [1]),
        2 => Value::Int(i64::from_be_bytes(number()?)),
        3 => Value::UInt(u64::from_be_bytes(number()?)),
        4 => Value::Float(f64::from_bits(u64::from_be_bytes(number()?))),
        5 => Value::Text(text()?),
        6 => Value::Json(text()?),
        7 => Value::Bytes(content.to_vec()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn the_columns_that_have_text_are_embedded_line_by_line() {
        let values = [text(" A title "), Value::Null, Value::Int(3), text("\n"), text("And more.")];
        assert_eq!(embedded_text(100, values.iter()), "A title\nAnd more.");
        assert_eq!(embedded_text(3, [text("éèàù")].iter()), "éèà");
        assert_eq!(embedded_text(100, [Value::Null].iter()), "");
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let key = [
            Value::Null,
            Value::Bool(true),
            Value::Int(-7),
            Value::UInt(u64::MAX),
            Value::Float(0.5),
            text("é"),
            Value::Json("{}".to_owned()),
            Value::Bytes(vec![0, 255]),
        ];
        assert_eq!(RowKey::of(&key).values().as_deref(), Some(&key[..]));
        assert_eq!(RowKey::of(&[]).values(), Some(vec![]));
    }

    #[test]
    fn what_is_no_key_is_none() {
        for bytes in [&[9][..], &[2, 0, 0, 0, 0, 0, 0, 0, 1, 0], &[5, 255, 255, 255, 255, 255, 255, 255, 255]]
        {
            assert_eq!(RowKey(Arc::from(bytes)).values(), None);
        }
    }
}
