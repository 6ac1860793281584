//! Vectors of tables in registered databases, and who works on them. Statements that each look first
//! whether they were done.

use sea_orm_migration::prelude::*;

use crate::schema::{count, create_index, flag, id, long_text, moment, optional, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut vectors = table(manager.get_database_backend(), "vector_indexes");
        vectors
            .col(id("id").primary_key())
            .col(id("account_id"))
            // No foreign key: what is left of a connection that is gone tells which vectors to drop.
            .col(id("connection_id"))
            // Bytes: as text, MySQL would take blanks at the end for nothing.
            .col(ColumnDef::new("table_name").var_binary(256).not_null())
            .col(long_text("columns"))
            .col(long_text("key_columns"))
            .col(optional(long_text("updated_column")))
            // Which index of vectors has them: not every node may reach it.
            .col(optional(id("place")))
            .col(text("state", 16))
            .col(optional(long_text("embedded_by")))
            .col(count("rows_done"))
            .col(optional(count("rows_estimated")))
            .col(ColumnDef::new("rows_per_second").double())
            .col(count("tokens_used"))
            .col(optional(long_text("error")))
            .col(moment("created_at"))
            .col(optional(moment("built_at")))
            .col(optional(moment("last_followed_at")))
            // Keys of rows, written down.
            .col(ColumnDef::new("walked_to").blob())
            .col(ColumnDef::new("seen_until").blob())
            .col(ColumnDef::new("fresh_until").blob())
            .col(count("passes"))
            .col(count("failures"))
            .col(flag("is_removed"))
            .col(moment("due_at"))
            .col(optional(id("claimed_by")))
            .col(optional(moment("heartbeat_at")));
        manager.create_table(vectors).await?;
        create_index(manager, "vector_indexes_connection_id", "vector_indexes", &["connection_id"]).await?;
        create_index(manager, "vector_indexes_due_at", "vector_indexes", &["due_at"]).await
    }
}
