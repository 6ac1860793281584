//! A change as text: its kind and its ids. Every version of this program has to read what the others
//! write, and what it can't read may be any change.

use altus4_kernel::Change;

pub(super) fn write(change: Change) -> String {
    match change {
        Change::Account(account) => format!("account {account}"),
        Change::ApiKey(key) => format!("key {key}"),
        Change::Connection(account, connection) => format!("connection {account} {connection}"),
        Change::Entities(account) => format!("entities {account}"),
    }
}

pub(super) fn read(message: &[u8]) -> Option<Change> {
    let parts: Vec<&str> = str::from_utf8(message).ok()?.split(' ').collect();
    match parts[..] {
        ["account", account] => account.parse().ok().map(Change::Account),
        ["key", key] => key.parse().ok().map(Change::ApiKey),
        ["connection", account, connection] => {
            Some(Change::Connection(account.parse().ok()?, connection.parse().ok()?))
        }
        ["entities", account] => account.parse().ok().map(Change::Entities),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use altus4_kernel::{AccountId, ApiKeyId, ConnectionId, uuid::Uuid};

    use super::*;

    #[test]
    fn every_change_is_read_as_it_was_written() {
        let [one, two] = [1, 2].map(Uuid::from_u128);
        for (change, text) in [
            (Change::Account(AccountId::from_uuid(one)), "account 00000000-0000-0000-0000-000000000001"),
            (Change::ApiKey(ApiKeyId::from_uuid(two)), "key 00000000-0000-0000-0000-000000000002"),
            (Change::Entities(AccountId::from_uuid(one)), "entities 00000000-0000-0000-0000-000000000001"),
            (
                Change::Connection(AccountId::from_uuid(one), ConnectionId::from_uuid(two)),
                "connection 00000000-0000-0000-0000-000000000001 00000000-0000-0000-0000-000000000002",
            ),
        ] {
            assert_eq!(write(change), text);
            assert_eq!(read(text.as_bytes()), Some(change));
        }
    }

    #[test]
    fn anything_else_is_no_change() {
        let id = Uuid::from_u128(1);
        let texts = ["", "key", "key ", &format!("key {id} "), &format!("KEY {id}"), &format!("plan {id}")];
        for text in texts {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read(b"key \xff"), None);
    }
}
