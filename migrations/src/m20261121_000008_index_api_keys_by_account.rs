//! Finds the keys of an account.

use sea_orm_migration::prelude::*;

use crate::schema::create_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, "api_keys_account_id", "api_keys", &["account_id"]).await
    }
}
