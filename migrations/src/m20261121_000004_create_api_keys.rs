//! API keys, found by the digest of their secret.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, digest, id, moment, optional, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut keys = table(manager.get_database_backend(), "api_keys");
        keys.col(id("id").primary_key())
            .col(id("account_id"))
            .col(text("name", 255))
            .col(text("prefix", 64))
            .col(text("environment", 16))
            .col(text("permissions", 255))
            .col(text("tier", 16))
            .col(optional(moment("expires_at")))
            .col(optional(moment("revoked_at")))
            .col(moment("created_at"))
            .col(moment("updated_at"))
            .col(digest("digest"))
            .col(text("digest_secret_id", 255))
            .index(Index::create().name("api_keys_digest").unique().col("digest"))
            .foreign_key(&mut belongs_to("api_keys_of_account", ("api_keys", "account_id"), "accounts"));
        manager.create_table(keys).await
    }
}
