//! What searches are summed up for: an account or one of its databases, and everybody, in each environment.

use sea_orm_migration::prelude::*;

use crate::schema::{belongs_to, create_unique_index, id, optional, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut scopes = table(manager.get_database_backend(), "search_scopes");
        scopes
            .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
            // None: everybody's, or those of an account that is gone, until they are removed.
            .col(optional(id("account_id")))
            .col(text("environment", 8))
            // Empty: all databases.
            .col(text("database_id", 36))
            .foreign_key(&mut belongs_to(
                "search_scopes_of_account",
                ("search_scopes", "account_id"),
                "accounts",
            ));
        manager.create_table(scopes).await?;
        let columns = ["account_id", "environment", "database_id"];
        create_unique_index(manager, "search_scopes_place", "search_scopes", &columns).await?;
        // Everybody's.
        let everybody = Query::insert()
            .into_table("search_scopes")
            .columns(["id", "environment", "database_id"])
            .values_panic([1.into(), "live".into(), "".into()])
            .values_panic([2.into(), "test".into(), "".into()])
            .on_conflict(OnConflict::column("id").do_nothing_on(["id"]).to_owned())
            .to_owned();
        manager.execute(everybody).await
    }
}
