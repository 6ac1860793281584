//! Registered databases, with their sealed passwords.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, id, long_text, moment, optional, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut connections = table(manager.get_database_backend(), "connections");
        connections
            .col(id("id").primary_key())
            .col(id("account_id"))
            .col(text("name", 100))
            // The name without case.
            .col(text("name_key", 255))
            .col(text("engine", 16))
            .col(optional(text("host", 255)))
            .col(ColumnDef::new("port").integer())
            .col(optional(text("username", 128)))
            // JSON; nothing where the connection is not encrypted.
            .col(optional(long_text("tls")))
            .col(text("database_name", 255))
            .col(long_text("options"))
            .col(long_text("search"))
            .col(ColumnDef::new("is_active").boolean().not_null())
            .col(text("status", 16))
            .col(optional(moment("last_connected")))
            .col(ColumnDef::new("generation").big_integer().not_null())
            .col(long_text("password_sealed"))
            .col(moment("created_at"))
            .col(moment("updated_at"))
            .index(Index::create().name("connections_name").unique().col("account_id").col("name_key"))
            .foreign_key(&mut belongs_to(
                "connections_of_account",
                ("connections", "account_id"),
                "accounts",
            ));
        manager.create_table(connections).await
    }
}
