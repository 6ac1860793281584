//! Finds the spent tokens of a session, which go with it.

use sea_orm_migration::prelude::*;

use crate::schema::create_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, "spent_refresh_tokens_session_id", "spent_refresh_tokens", &["session_id"])
            .await
    }
}
