//! Entities of somebody else, for tests that ask who is let in.

use std::sync::Arc;

use altus4_connections::{ByEngine, ConnectionService};
use altus4_entities::{
    EntityPorts, EntityRepository, EntityService, MockRecords,
    testkit::{InMemoryEntities, sample_entity},
};
use altus4_kernel::{
    AccountId, Clock, ConnectionId,
    testkit::{FakeSecretCipher, SequentialIds, block_on},
    uuid::Uuid,
};

use crate::routes;

/// The name of an entity that somebody else has.
pub(super) const ENTITY: &str = "things";

/// Entities of somebody else: of the callers of tests nobody has one.
pub(super) fn entities_of(
    connections: &ConnectionService,
    cipher: Arc<FakeSecretCipher>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<SequentialIds>,
) -> EntityService {
    let entities = InMemoryEntities::default();
    let (owner, connection) = (AccountId::from_uuid(Uuid::max()), ConnectionId::from_uuid(Uuid::max()));
    entities.add_connection(owner, connection);
    let entity = sample_entity(1, owner, connection, ENTITY);
    block_on(entities.insert(&[entity], 1, &[])).expect("an entity");
    let ports = EntityPorts {
        entities: Arc::new(entities),
        records: ByEngine::new(Some(Arc::new(MockRecords::new()) as _), None),
        connections: connections.clone(),
        cipher,
        clock: Arc::clone(clock),
        ids: ids.clone(),
    };
    EntityService::new(ports, routes::reserved_names())
}
