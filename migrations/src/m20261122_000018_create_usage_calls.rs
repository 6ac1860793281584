//! The sums of each key by the hour and by the day, for each endpoint and tier.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, count, sums_table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut calls = sums_table(manager.get_database_backend(), "usage_calls");
        calls
            .col(text("endpoint", 255))
            .col(text("tier", 16))
            .col(count("requests"))
            .col(count("failed"))
            .col(count("response_time_us"))
            .col(count("spent_microcents"))
            .primary_key(Index::create().col("key_id").col("span").col("hour").col("endpoint").col("tier"))
            .foreign_key(&mut belongs_to("usage_calls_of_key", ("usage_calls", "key_id"), "api_keys"));
        manager.create_table(calls).await
    }
}
