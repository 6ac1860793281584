//! Searches that are kept under a name.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, id, long_text, moment, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut searches = table(manager.get_database_backend(), "saved_searches");
        searches
            .col(id("id").primary_key())
            .col(id("account_id"))
            .col(text("name", 100))
            // The name without case.
            .col(text("name_key", 255))
            // JSON, as a search's body.
            .col(long_text("request"))
            // The ids of the connections that it names, divided by commas.
            .col(long_text("databases"))
            .col(moment("created_at"))
            .col(moment("updated_at"))
            .index(Index::create().name("saved_searches_name").unique().col("account_id").col("name_key"))
            .foreign_key(&mut belongs_to(
                "saved_searches_of_account",
                ("saved_searches", "account_id"),
                "accounts",
            ));
        manager.create_table(searches).await
    }
}
