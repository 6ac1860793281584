//! What an account searched for: sums refer to it.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, create_index, create_unique_index, id, long_text, moment, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut queries = table(manager.get_database_backend(), "search_queries");
        queries
            .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
            .col(id("account_id"))
            .col(text("folded", 512))
            // As it was last typed,
            .col(long_text("query"))
            // and when.
            .col(moment("last_at"))
            .foreign_key(&mut belongs_to(
                "search_queries_of_account",
                ("search_queries", "account_id"),
                "accounts",
            ));
        manager.create_table(queries).await?;
        let columns = ["account_id", "folded"];
        create_unique_index(manager, "search_queries_folded", "search_queries", &columns).await?;
        create_index(manager, "search_queries_last_at", "search_queries", &["last_at"]).await
    }
}
