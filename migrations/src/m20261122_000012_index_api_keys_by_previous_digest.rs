//! Finds a key by the secret that was replaced.

use sea_orm_migration::prelude::*;

use crate::schema::create_unique_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_unique_index(manager, "api_keys_previous_digest", "api_keys", &["previous_digest"]).await
    }
}
