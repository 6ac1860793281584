//! Rows, read and written: what every adapter of the port must do, and what is MySQL's own.

use altus4_connections::{SchemaSnapshot, Target};
use altus4_entities::{Records, testkit::RecordsSubject};
use async_trait::async_trait;

use crate::fixture::World;

#[async_trait]
impl RecordsSubject for World {
    fn records(&self) -> &dyn Records {
        &self.source
    }

    async fn run(&self, script: &str) {
        let script = script
            .replace("NUMBERED", "INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY")
            .replace("EXACT", "COLLATE utf8mb4_bin");
        self.server.execute(&self.database, &script);
    }

    async fn look(&self) -> (Target, SchemaSnapshot) {
        (self.target.clone(), self.snapshot().await)
    }
}

altus4_entities::records_contract!(tokio::test, World::new("SELECT 1"));
