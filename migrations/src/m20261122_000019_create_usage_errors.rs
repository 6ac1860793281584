//! The failures of each key by the hour and by the day, for each code and status.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, count, moment, sums_table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut errors = sums_table(manager.get_database_backend(), "usage_errors");
        errors
            .col(text("code", 64))
            .col(ColumnDef::new("status").integer().not_null())
            .col(count("count"))
            .col(moment("last_seen"))
            .col(text("sample_request_id", 128))
            .primary_key(Index::create().col("key_id").col("span").col("hour").col("code").col("status"))
            .foreign_key(&mut belongs_to("usage_errors_of_key", ("usage_errors", "key_id"), "api_keys"));
        manager.create_table(errors).await
    }
}
