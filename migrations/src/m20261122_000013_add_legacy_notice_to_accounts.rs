//! When an account was told of its keys under an older server secret.

use sea_orm_migration::prelude::*;

use crate::schema::{add_columns, moment, optional};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(manager, "accounts", vec![optional(moment("legacy_notice_at"))]).await
    }
}
