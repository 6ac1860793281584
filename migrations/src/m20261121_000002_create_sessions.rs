//! Sessions, each with the digest of its present refresh token.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, digest, id, moment, optional, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut sessions = table(manager.get_database_backend(), "sessions");
        sessions
            .col(id("id").primary_key())
            .col(id("account_id"))
            .col(digest("refresh_digest"))
            .col(optional(text("client_address", 255)))
            .col(optional(text("user_agent", 255)))
            .col(moment("created_at"))
            .col(moment("last_used"))
            .col(moment("expires_at"))
            .col(optional(moment("ended_at")))
            .index(Index::create().name("sessions_refresh_digest").unique().col("refresh_digest"))
            .foreign_key(&mut belongs_to("sessions_of_account", ("sessions", "account_id"), "accounts"));
        manager.create_table(sessions).await
    }
}
