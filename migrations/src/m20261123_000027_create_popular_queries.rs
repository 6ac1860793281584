//! How often each query of an account found something.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::schema::{belongs_to, count, id, long_text, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let mut queries = table(backend, "popular_queries");
        queries
            .col(id("account_id"))
            .col(text("folded", 512))
            // As it was last typed.
            .col(long_text("query"))
            .col(count("searches"))
            // The last day on which it found something, in whole days since 1970.
            .col(count("last_day"))
            .primary_key(Index::create().col("account_id").col("folded"))
            .foreign_key(&mut belongs_to(
                "popular_queries_of_account",
                ("popular_queries", "account_id"),
                "accounts",
            ));
        if backend == DbBackend::Sqlite {
            // Rows lie in the order of what they are found by: their beginning.
            queries.extra("WITHOUT ROWID");
        }
        manager.create_table(queries).await?;
        crate::schema::create_index(manager, "popular_queries_last_day", "popular_queries", &["last_day"])
            .await
    }
}
