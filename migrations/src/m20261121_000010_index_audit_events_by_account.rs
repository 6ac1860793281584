//! Finds the newest events of an account.

use sea_orm_migration::prelude::*;

use crate::schema::create_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, "audit_events_account_id", "audit_events", &["account_id", "id"]).await
    }
}
