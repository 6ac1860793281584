//! Searches that were made.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, count, id, long_text, moment, optional, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut searches = table(manager.get_database_backend(), "searches");
        searches
            .col(id("id").primary_key())
            .col(id("account_id"))
            // Keys are not referred to: a search stays when its key goes.
            .col(optional(id("api_key_id")))
            .col(text("environment", 8))
            .col(long_text("query"))
            // The query without case and white space to spare.
            .col(text("folded", 512))
            .col(text("mode", 16))
            // The ids of the connections, divided by commas.
            .col(long_text("databases"))
            .col(count("results"))
            .col(count("took_us"))
            .col(ColumnDef::new("cached").boolean().not_null())
            .col(text("status", 16))
            .col(moment("at"))
            // The day of `at`, in whole days since 1970.
            .col(count("day"))
            .foreign_key(&mut belongs_to("searches_of_account", ("searches", "account_id"), "accounts"));
        manager.create_table(searches).await
    }
}
