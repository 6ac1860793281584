//! The sums of each key by the hour and by the day, with a sketch of the response times.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, count, sums_table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut hours = sums_table(manager.get_database_backend(), "usage_hours");
        hours
            .col(count("requests"))
            .col(count("failed"))
            .col(count("counted"))
            .col(count("response_time_us"))
            .col(count("spent_microcents"))
            // How many took about how long: a DDSketch.
            .col(ColumnDef::new("latencies").blob().not_null())
            .primary_key(Index::create().col("key_id").col("span").col("hour"))
            .foreign_key(&mut belongs_to("usage_hours_of_key", ("usage_hours", "key_id"), "api_keys"));
        manager.create_table(hours).await
    }
}
