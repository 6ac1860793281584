//! Which row is which, from one search to the next.

use altus4_connections::Value;
use altus4_kernel::ConnectionId;
use uuid::Uuid;

/// A row's id: a `UUIDv5` (RFC 9562) of table and key in the namespace of its connection.
pub(crate) fn row_id(connection: ConnectionId, table: &str, key: &[Value]) -> Uuid {
    let mut name = table.as_bytes().to_vec();
    name.push(0);
    name.extend(key_bytes(key));
    Uuid::new_v5(&connection.as_uuid(), &name)
}

/// A key as bytes that differ wherever the keys do.
pub(crate) fn key_bytes(key: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.len() * 12);
    for value in key {
        let (kind, content): (u8, &[u8]) = match value {
            Value::Null => (0, &[]),
            Value::Bool(value) => (1, &[u8::from(*value)]),
            Value::Int(value) => (2, &value.to_be_bytes()),
            Value::UInt(value) => (3, &value.to_be_bytes()),
            Value::Float(value) => (4, &value.to_bits().to_be_bytes()),
            Value::Text(text) => (5, text.as_bytes()),
            Value::Json(text) => (6, text.as_bytes()),
            Value::Bytes(content) => (7, content),
        };
        bytes.push(kind);
        bytes.extend((content.len() as u64).to_be_bytes());
        bytes.extend(content);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_differ_have_bytes_that_differ() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_ne!(key_bytes(&[text("a"), text("bc")]), key_bytes(&[text("ab"), text("c")]));
        assert_ne!(key_bytes(&[text("1")]), key_bytes(&[Value::Int(1)]));
    }

    #[test]
    fn one_row_has_one_id_and_another_connection_another() {
        let connection = |n| ConnectionId::from_uuid(Uuid::from_u128(n));
        let id = |c, table: &str, key| row_id(connection(c), table, &[Value::Int(key)]);
        assert_eq!(id(1, "articles", 7), id(1, "articles", 7));
        assert_ne!(id(1, "articles", 7), id(2, "articles", 7));
        assert_ne!(id(1, "articles", 7), id(1, "tickets", 7));
    }
}
