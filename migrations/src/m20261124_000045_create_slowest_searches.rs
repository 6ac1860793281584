//! The slowest searches of each day.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, count, create_index, id, long_text, moment, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut slowest = table(manager.get_database_backend(), "slowest_searches");
        slowest
            .col(count("scope_id"))
            // In whole days since 1970.
            .col(count("day"))
            .col(id("search_id"))
            .col(id("account_id"))
            .col(long_text("query"))
            .col(count("took_us"))
            .col(count("results"))
            .col(moment("at"))
            .primary_key(Index::create().col("scope_id").col("day").col("search_id"))
            .foreign_key(&mut belongs_to(
                "slowest_searches_of_scope",
                ("slowest_searches", "scope_id"),
                "search_scopes",
            ))
            .foreign_key(&mut belongs_to(
                "slowest_searches_of_account",
                ("slowest_searches", "account_id"),
                "accounts",
            ));
        manager.create_table(slowest).await?;
        create_index(manager, "slowest_searches_day", "slowest_searches", &["day"]).await?;
        create_index(manager, "slowest_searches_account", "slowest_searches", &["account_id"]).await
    }
}
