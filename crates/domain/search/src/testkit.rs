//! Fakes and contracts for tests: tables in memory, read naively, a log, saved searches and a cache in
//! memory, and the suites that every adapter of these ports has to pass.

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
        FullTextSubject, SearchLogSubject, TableSpec, answer_cache_contract, full_text_contract,
        saved_searches_contract, search_log_contract,
    },
    index::InMemoryIndex,
    memory::{InMemoryAnswerCache, InMemorySavedSearches, InMemorySearchLog},
    reading::reads,
    sample::{sample_answer, sample_record, sample_saved},
};

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use altus4_connections::{Table, Target, testkit::sample_connection};
    use altus4_kernel::{AccountId, secrecy::SecretString, uuid::Uuid};
    use async_trait::async_trait;

    use super::{FullTextSubject, InMemoryAnswerCache, InMemoryIndex, InMemorySearchLog, TableSpec};
    use crate::FullTextIndex;

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

    crate::full_text_contract!(block_on, InMemoryIndex::default());
    crate::search_log_contract!(block_on, InMemorySearchLog::default());
    crate::saved_searches_contract!(block_on, InMemorySearchLog::default());
    crate::answer_cache_contract!(block_on, InMemoryAnswerCache::default());
}
