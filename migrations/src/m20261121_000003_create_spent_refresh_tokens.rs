//! Refresh tokens that were replaced: whoever shows one again has a copy.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, digest, id, moment, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut tokens = table(manager.get_database_backend(), "spent_refresh_tokens");
        tokens.col(digest("digest").primary_key()).col(id("session_id")).col(moment("spent_at")).foreign_key(
            &mut belongs_to(
                "spent_refresh_tokens_of_session",
                ("spent_refresh_tokens", "session_id"),
                "sessions",
            ),
        );
        manager.create_table(tokens).await
    }
}
