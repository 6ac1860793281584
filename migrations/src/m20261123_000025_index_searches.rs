//! Finds an account's searches by time, those of a day, and the oldest of all, to remove them.

use sea_orm_migration::prelude::*;

use crate::schema::create_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, "searches_account_at", "searches", &["account_id", "at", "id"]).await?;
        create_index(manager, "searches_account_day", "searches", &["account_id", "day"]).await?;
        create_index(manager, "searches_day", "searches", &["day"]).await
    }
}
