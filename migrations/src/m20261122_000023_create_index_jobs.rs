//! What searches found of indexes, and the making of indexes in registered databases. Statements that
//! each look first whether they were done.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, create_index, id, long_text, moment, optional, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let mut evidence = table(backend, "search_evidence");
        evidence
            .col(id("connection_id"))
            // Bytes: as text, MySQL would take blanks at the end for nothing.
            .col(ColumnDef::new("table_name").var_binary(256).not_null())
            .col(long_text("tallies"))
            .primary_key(Index::create().col("connection_id").col("table_name"))
            .foreign_key(&mut belongs_to(
                "search_evidence_of_connection",
                ("search_evidence", "connection_id"),
                "connections",
            ));
        manager.create_table(evidence).await?;

        let mut jobs = table(backend, "index_jobs");
        jobs.col(id("id").primary_key())
            .col(id("connection_id"))
            .col(ColumnDef::new("table_name").var_binary(256).not_null())
            .col(long_text("columns"))
            .col(text("index_name", 64))
            .col(long_text("statement"))
            .col(text("state", 16))
            .col(optional(long_text("phase")))
            .col(ColumnDef::new("progress").double())
            .col(moment("created_at"))
            .col(optional(moment("started_at")))
            .col(optional(moment("finished_at")))
            .col(moment("heartbeat_at"))
            .col(optional(long_text("failure")))
            .foreign_key(&mut belongs_to(
                "index_jobs_of_connection",
                ("index_jobs", "connection_id"),
                "connections",
            ));
        manager.create_table(jobs).await?;
        create_index(manager, "index_jobs_connection_id", "index_jobs", &["connection_id"]).await
    }
}
