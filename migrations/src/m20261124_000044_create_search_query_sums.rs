//! The sums of queries by the day and by the month, with lists of the most frequent.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::schema::{belongs_to, count, create_index, moment, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let mut sums = table(backend, "search_query_sums");
        sums.col(count("scope_id"))
            // 0: all searches; 1: those that found nothing.
            .col(ColumnDef::new("list").small_integer().not_null())
            .col(count("query_id"))
            // 1: a day; 31: a month of the calendar.
            .col(ColumnDef::new("span").small_integer().not_null())
            // Its first day, in whole days since 1970.
            .col(count("day"))
            .col(count("searches"))
            .col(count("took_us"))
            .col(count("results"))
            .col(count("clicked"))
            .col(moment("last_at"))
            .primary_key(Index::create().col("scope_id").col("list").col("query_id").col("span").col("day"))
            .foreign_key(&mut belongs_to(
                "search_query_sums_of_scope",
                ("search_query_sums", "scope_id"),
                "search_scopes",
            ));
        if backend == DbBackend::Sqlite {
            sums.extra("WITHOUT ROWID");
        }
        manager.create_table(sums).await?;
        // Read backwards, the most frequent come first.
        let columns = ["scope_id", "list", "span", "day", "searches", "query_id"];
        create_index(manager, "search_query_sums_rank", "search_query_sums", &columns).await?;
        create_index(manager, "search_query_sums_day", "search_query_sums", &["day"]).await
    }
}
