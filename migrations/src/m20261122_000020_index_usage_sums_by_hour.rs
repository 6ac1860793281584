//! Finds the oldest sums, to remove them.

use sea_orm_migration::prelude::*;

use crate::schema::create_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, "usage_hours_hour", "usage_hours", &["hour"]).await?;
        create_index(manager, "usage_calls_hour", "usage_calls", &["hour"]).await?;
        create_index(manager, "usage_errors_hour", "usage_errors", &["hour"]).await
    }
}
