//! Finds the sessions of an account, to end them all.

use sea_orm_migration::prelude::*;

use crate::schema::create_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, "sessions_account_id", "sessions", &["account_id"]).await
    }
}
