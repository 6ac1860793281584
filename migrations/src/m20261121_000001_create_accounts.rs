//! Accounts: the tenants.

use sea_orm_migration::prelude::*;

use crate::schema::{id, moment, optional, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut accounts = table(manager.get_database_backend(), "accounts");
        accounts
            .col(id("id").primary_key())
            .col(text("email", 254))
            // The address while the account is active, so that it is unique among active accounts
            // and can be registered again after a deactivation.
            .col(optional(text("active_email", 254)))
            .col(text("name", 100))
            .col(text("role", 16))
            .col(text("plan", 16))
            .col(text("password_hash", 255))
            .col(moment("created_at"))
            .col(moment("last_active"))
            .col(optional(moment("deactivated_at")))
            .index(Index::create().name("accounts_active_email").unique().col("active_email"));
        manager.create_table(accounts).await
    }
}
