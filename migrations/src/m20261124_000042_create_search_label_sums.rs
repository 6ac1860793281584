//! How many searches of a day were read in which mode, and what their results were put in.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::schema::{belongs_to, count, create_index, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let mut sums = table(backend, "search_label_sums");
        sums.col(count("scope_id"))
            // `mode` or `category`.
            .col(text("kind", 16))
            // In whole days since 1970.
            .col(count("day"))
            .col(text("label", 255))
            .col(count("searches"))
            .col(count("took_us"))
            .primary_key(Index::create().col("scope_id").col("kind").col("day").col("label"))
            .foreign_key(&mut belongs_to(
                "search_label_sums_of_scope",
                ("search_label_sums", "scope_id"),
                "search_scopes",
            ));
        if backend == DbBackend::Sqlite {
            sums.extra("WITHOUT ROWID");
        }
        manager.create_table(sums).await?;
        create_index(manager, "search_label_sums_day", "search_label_sums", &["day"]).await
    }
}
