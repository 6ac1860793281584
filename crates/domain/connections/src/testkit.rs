//! Fakes and contracts for tests: connections in memory, servers that answer what they were told, and the suites that adapters of these ports have to pass.

mod contract;
mod indexing;
mod memory;
mod sample;
mod servers;

#[doc(hidden)]
pub use altus4_kernel::contract_tests;

pub use self::{
    contract::{
        ConnectionsSubject, EvidenceSubject, IndexJobsSubject, connections_contract, evidence_contract,
        index_jobs_contract, replacing_contract,
    },
    indexing::{InMemoryEvidence, InMemoryIndexJobs},
    memory::InMemoryConnections,
    sample::sample_connection,
    servers::{FakeProbe, FixedInspector, FixedResolver},
};

#[cfg(test)]
mod tests {
    use altus4_kernel::{
        AccountId, ConnectionId, Plan, SealedPlace, SealedSecret, SealedSecrets,
        testkit::{SealedSecretsSubject, sample_event},
        uuid::Uuid,
    };
    use async_trait::async_trait;

    use super::{InMemoryConnections, sample_connection};
    use crate::{ConnectionRepository, StoredConnection};

    crate::connections_contract!(block_on, InMemoryConnections::default());

    mod evidence {
        crate::evidence_contract!(block_on, crate::testkit::InMemoryEvidence::default());
    }

    mod index_jobs {
        crate::index_jobs_contract!(block_on, crate::testkit::InMemoryIndexJobs::default());
    }

    #[async_trait]
    impl SealedSecretsSubject for InMemoryConnections {
        fn secrets(&self) -> &dyn SealedSecrets {
            self
        }

        async fn add(&self, number: u8, sealed: Option<&SealedSecret>) -> SealedPlace {
            let account_id = AccountId::from_uuid(Uuid::from_u128(1 + u128::from(number % 2)));
            self.add_account(account_id, Plan::Pro);
            let sample = sample_connection(number.into(), account_id, &format!("connection {number}"));
            let place = SealedPlace { account_id, id: sample.connection.id.to_string() };
            if let Some(sealed) = sealed {
                let stored = StoredConnection { password: sealed.clone(), ..sample };
                let event = sample_event(number.into(), account_id);
                self.insert(&stored, None, &event).await.expect("insert");
            }
            place
        }

        async fn remove(&self, place: &SealedPlace) {
            let id: ConnectionId = place.id.parse().expect("an id");
            let event = sample_event(1_000 + id.as_uuid().as_u128(), place.account_id);
            let connections: &dyn ConnectionRepository = self;
            assert!(connections.remove(place.account_id, id, &event).await.expect("remove"));
        }
    }

    altus4_kernel::sealed_secrets_contract!(block_on, InMemoryConnections::default());
}
