//! Finds the oldest requests, to remove them.

use sea_orm_migration::prelude::*;

use crate::schema::create_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, "usage_requests_hour", "usage_requests", &["hour"]).await
    }
}
