//! The sums of searches by the hour and by the day, with a sketch of their times.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::schema::{belongs_to, count, create_index, moment, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let mut sums = table(backend, "search_sums");
        sums.col(count("scope_id"))
            // How many hours: 1, or 24 for a day of UTC.
            .col(ColumnDef::new("span").small_integer().not_null())
            // The first of them, in whole hours since 1970.
            .col(count("hour"))
            .col(count("searches"))
            .col(count("failed"))
            .col(count("partial"))
            .col(count("misses"))
            .col(count("cached"))
            .col(count("results"))
            .col(count("took_us"))
            .col(count("longest_us"))
            .col(count("clicked"))
            .col(moment("last_at"))
            // How many took about how long: a DDSketch.
            .col(ColumnDef::new("times").blob().not_null())
            .primary_key(Index::create().col("scope_id").col("span").col("hour"))
            .foreign_key(&mut belongs_to(
                "search_sums_of_scope",
                ("search_sums", "scope_id"),
                "search_scopes",
            ));
        if backend == DbBackend::Sqlite {
            sums.extra("WITHOUT ROWID");
        }
        manager.create_table(sums).await?;
        // Days of all accounts are read from it alone, and the oldest sums are found by it.
        let columns = ["span", "hour", "scope_id", "searches", "took_us", "last_at"];
        create_index(manager, "search_sums_hour", "search_sums", &columns).await
    }
}
