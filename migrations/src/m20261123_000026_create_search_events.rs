//! What was done with the results of searches.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, id, moment, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut events = table(manager.get_database_backend(), "search_events");
        events
            .col(id("search_id"))
            .col(id("result_id"))
            .col(text("kind", 16))
            .col(ColumnDef::new("position").big_integer())
            .col(moment("at"))
            .primary_key(Index::create().col("search_id").col("result_id").col("kind"))
            .foreign_key(&mut belongs_to(
                "search_events_of_search",
                ("search_events", "search_id"),
                "searches",
            ));
        manager.create_table(events).await
    }
}
