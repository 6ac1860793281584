//! Each request that was made with a key.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, count, flag, id, moment, optional, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut requests = table(manager.get_database_backend(), "usage_requests");
        requests
            .col(id("id").primary_key())
            .col(id("key_id"))
            // Whole hours since 1970.
            .col(count("hour"))
            .col(moment("at"))
            .col(text("request_id", 128))
            .col(text("method", 16))
            .col(text("endpoint", 255))
            .col(ColumnDef::new("status").integer().not_null())
            .col(optional(text("error_code", 64)))
            .col(count("response_time_us"))
            .col(text("tier", 16))
            .col(optional(text("ip", 64)))
            .col(count("spent_microcents"))
            .col(flag("counted"))
            .foreign_key(&mut belongs_to("usage_requests_of_key", ("usage_requests", "key_id"), "api_keys"));
        manager.create_table(requests).await
    }
}
