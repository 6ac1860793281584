//! First answers to requests with an `Idempotency-Key`, and claims that have none yet.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, digest, id, long_text, moment, optional, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut answers = table(manager.get_database_backend(), "kept_answers");
        answers
            .col(id("account_id"))
            // Bytes: as text, MySQL would take blanks at the end for nothing.
            .col(ColumnDef::new("name").var_binary(255).not_null())
            .col(digest("fingerprint"))
            .col(moment("claimed_at"))
            .col(ColumnDef::new("status").integer())
            .col(optional(long_text("body_sealed")))
            .primary_key(Index::create().col("account_id").col("name"))
            .foreign_key(&mut belongs_to(
                "kept_answers_of_account",
                ("kept_answers", "account_id"),
                "accounts",
            ));
        manager.create_table(answers).await
    }
}
