//! Finds the requests of a key in an hour, in their order; with what they are filtered by, so that
//! those that aren't wanted are passed over without a look at their rows.

use sea_orm_migration::prelude::*;

use crate::schema::create_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = ["key_id", "hour", "at", "id", "status", "tier", "endpoint"];
        create_index(manager, "usage_requests_key_id", "usage_requests", &columns).await
    }
}
