//! Fakes and contracts for tests: tables in memory, read naively, a log, saved searches, vectors, a cache
//! and embeddings in memory, and the suites that every adapter of these ports has to pass.

mod conditions;
mod contract;
mod dice;
mod index;
mod memory;
mod reading;
mod sample;
mod samples;

#[doc(hidden)]
pub use altus4_kernel::contract_tests;

pub use self::{
    conditions::passes,
    contract::{
        FullTextSubject, SearchLogSubject, TableSpec, VectorIndexSubject, VectorRecordsSubject,
        answer_cache_contract, embedder_contract, embedding_cache_contract, full_text_contract,
        saved_searches_contract, search_log_contract, vector_index_contract, vector_records_contract,
    },
    index::InMemoryIndex,
    memory::{
        InMemoryAnswerCache, InMemoryEmbedder, InMemoryEmbeddingCache, InMemorySavedSearches,
        InMemorySearchLog, InMemoryVectorIndex, InMemoryVectorRecords,
    },
    reading::reads,
    sample::{sample_answer, sample_record, sample_saved, sample_vectors},
};

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use altus4_connections::{Table, Target, testkit::sample_connection};
    use altus4_kernel::{AccountId, secrecy::SecretString, uuid::Uuid};
    use async_trait::async_trait;

    use super::{
        FullTextSubject, InMemoryAnswerCache, InMemoryEmbedder, InMemoryEmbeddingCache, InMemoryIndex,
        InMemorySearchLog, InMemoryVectorIndex, InMemoryVectorRecords, TableSpec, VectorIndexSubject,
    };
    use crate::{FullTextIndex, VectorIndex};

    #[async_trait]
    impl FullTextSubject for InMemoryIndex {
        fn index(&self) -> &dyn FullTextIndex {
            self
        }

        async fn load(&self, spec: TableSpec) -> (Target, Arc<Table>) {
            let owner = AccountId::from_uuid(Uuid::from_u128(1));
            let connection = sample_connection(1, owner, "memory").connection;
            let table = self.add(connection.id, spec.table, spec.rows);
            (Target { connection, password: SecretString::from("") }, table)
        }
    }

    #[async_trait]
    impl VectorIndexSubject for InMemoryVectorIndex {
        fn index(&self) -> &dyn VectorIndex {
            self
        }

        async fn after_kill(&self) -> Box<dyn VectorIndex> {
            Box::new(self.clone())
        }
    }

    crate::full_text_contract!(block_on, InMemoryIndex::default());
    crate::search_log_contract!(block_on, InMemorySearchLog::default());
    crate::saved_searches_contract!(block_on, InMemorySearchLog::default());
    crate::answer_cache_contract!(block_on, InMemoryAnswerCache::default());
    crate::embedder_contract!(block_on, InMemoryEmbedder::default());
    crate::embedding_cache_contract!(block_on, InMemoryEmbeddingCache::default());
    crate::vector_index_contract!(block_on, InMemoryVectorIndex::default());
    crate::vector_records_contract!(block_on, InMemoryVectorRecords::default());
}
