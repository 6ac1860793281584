//! What was done, by whom and from where. No foreign keys: the log outlives what it is about.

use sea_orm_migration::prelude::*;

use crate::schema::{id, moment, optional, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut events = table(manager.get_database_backend(), "audit_events");
        events
            .col(id("id").primary_key())
            .col(moment("at"))
            .col(optional(id("account_id")))
            .col(text("actor", 16))
            .col(optional(id("actor_account_id")))
            .col(optional(id("actor_key_id")))
            .col(text("action", 64))
            .col(optional(text("target", 64)))
            .col(text("request_id", 128))
            .col(optional(text("client_address", 255)))
            .col(optional(text("user_agent", 255)))
            .col(text("outcome", 16));
        manager.create_table(events).await
    }
}
