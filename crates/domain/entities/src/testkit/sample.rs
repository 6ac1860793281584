//! Entities for tests.

use altus4_kernel::{AccountId, Clock, ConnectionId, EntityId, testkit::FixedClock, uuid::Uuid};

use crate::{Entity, EntityName, EntitySettings};

/// An entity of this name over the table of the same name, registered when
/// [`FixedClock`] begins. `number` makes its id.
///
/// # Panics
/// When `name` can't be an entity's name.
#[must_use]
pub fn sample_entity(number: u128, account_id: AccountId, connection_id: ConnectionId, name: &str) -> Entity {
    let now = FixedClock::default().now();
    Entity {
        id: EntityId::from_uuid(Uuid::from_u128(number)),
        account_id,
        name: EntityName::parse(name).expect("a name"),
        connection_id,
        table: name.to_owned(),
        settings: EntitySettings::default(),
        revision: 1,
        created_at: now,
        updated_at: now,
    }
}
