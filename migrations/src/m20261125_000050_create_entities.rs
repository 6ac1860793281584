//! Tables of registered databases that have generated endpoints. Statements that each look first whether
//! they were done.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, count, create_index, id, long_text, moment, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut entities = table(manager.get_database_backend(), "entities");
        entities
            .col(id("id").primary_key())
            .col(id("account_id"))
            .col(text("name", 64))
            .col(id("connection_id"))
            // Bytes: as text, MySQL would take blanks at the end for nothing.
            .col(ColumnDef::new("table_name").var_binary(256).not_null())
            // JSON: what is said of its columns, relations and operations.
            .col(long_text("settings"))
            .col(count("revision"))
            .col(moment("created_at"))
            .col(moment("updated_at"))
            .index(Index::create().name("entities_name").unique().col("account_id").col("name"))
            .foreign_key(&mut belongs_to("entities_of_account", ("entities", "account_id"), "accounts"))
            .foreign_key(&mut belongs_to(
                "entities_of_connection",
                ("entities", "connection_id"),
                "connections",
            ));
        manager.create_table(entities).await?;
        create_index(manager, "entities_by_name", "entities", &["name"]).await?;
        create_index(manager, "entities_connection_id", "entities", &["connection_id"]).await?;
        // Whether a path is some account's entity.
        create_index(manager, "entities_by_name", "entities", &["name"]).await
    }
}
