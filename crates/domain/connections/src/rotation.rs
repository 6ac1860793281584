//! Passwords under another master key.

use std::sync::Arc;

use altus4_kernel::{Rotation, SealedSecrets, SecretCipher};

use crate::connection::password_binding;

/// Seals the passwords of connections anew.
#[must_use]
pub fn password_rotation(passwords: Arc<dyn SealedSecrets>, cipher: Arc<dyn SecretCipher>) -> Rotation {
    Rotation::new(passwords, cipher, |place| password_binding(place.account_id, &place.id))
}

#[cfg(test)]
mod tests {
    use altus4_kernel::{
        AccountId, Plan,
        secrecy::ExposeSecret,
        testkit::{FakeSecretCipher, block_on, sample_event},
        uuid::Uuid,
    };

    use super::*;
    use crate::{
        ConnectionRepository, StoredConnection,
        testkit::{InMemoryConnections, sample_connection},
    };

    #[test]
    fn passwords_come_under_the_newest_key_and_connections_stay_as_they_are() {
        let connections = InMemoryConnections::default();
        let account_id = AccountId::from_uuid(Uuid::from_u128(1));
        connections.add_account(account_id, Plan::Pro);
        let old = FakeSecretCipher::with_keys(&["old"]);
        for number in 1..=5 {
            let sample = sample_connection(number, account_id, &format!("connection {number}")).connection;
            let password = format!("password {number}").into();
            let password = old.seal(&password, &sample.password_binding()).expect("seal");
            let stored = StoredConnection { connection: sample, password };
            let event = sample_event(number, account_id);
            block_on(connections.insert(&stored, None, &event)).expect("insert");
        }
        let before = block_on(connections.list(account_id)).expect("list");

        let cipher = Arc::new(FakeSecretCipher::with_keys(&["new", "old"]));
        let rotation = password_rotation(Arc::new(connections.clone()), cipher);
        assert_eq!(block_on(rotation.reseal(None, 10)).expect("reseal").resealed, 5);

        let after = block_on(connections.list(account_id)).expect("list");
        let new = FakeSecretCipher::with_keys(&["new"]);
        for (number, (after, before)) in (1..).zip(after.into_iter().zip(before)) {
            let opened = new.open(&after.password, &after.connection.password_binding()).expect("open");
            assert_eq!(opened.expose_secret(), format!("password {number}"));
            assert_eq!(StoredConnection { password: before.password.clone(), ..after }, before);
        }
    }
}
