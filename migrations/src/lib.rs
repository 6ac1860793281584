//! The tables of the store, step by step: one set of migrations for SQLite, MariaDB and MySQL.
//!
//! Rules for every migration, held by review:
//! - One statement each, or several that each look first whether they were done; safe to repeat: MySQL
//!   commits each statement of DDL by itself, so a process that dies half way leaves nothing that the
//!   next run stumbles over.
//! - Expand, then contract: a node of the version before must be able to work on the new tables, so
//!   what it uses is dropped one version later.
//! - Its name is its file's, and never changes.
#![expect(elided_lifetimes_in_paths, reason = "async_trait wants `up` exactly as its trait spells it")]

mod m20261121_000001_create_accounts;
mod m20261121_000002_create_sessions;
mod m20261121_000003_create_spent_refresh_tokens;
mod m20261121_000004_create_api_keys;
mod m20261121_000005_create_connections;
mod m20261121_000006_index_sessions_by_account;
mod m20261121_000007_index_spent_refresh_tokens_by_session;
mod m20261121_000008_index_api_keys_by_account;
mod m20261121_000009_create_audit_events;
mod m20261121_000010_index_audit_events_by_account;
mod m20261122_000011_extend_api_keys;
mod m20261122_000012_index_api_keys_by_previous_digest;
mod m20261122_000013_add_legacy_notice_to_accounts;
mod m20261122_000014_create_usage_requests;
mod m20261122_000015_index_usage_requests_by_key;
mod m20261122_000016_index_usage_requests_by_hour;
mod m20261122_000017_create_usage_hours;
mod m20261122_000018_create_usage_calls;
mod m20261122_000019_create_usage_errors;
mod m20261122_000020_index_usage_sums_by_hour;
mod m20261122_000021_create_kept_answers;
mod m20261122_000022_index_kept_answers_by_claim;
mod m20261122_000023_create_index_jobs;
mod m20261123_000024_create_searches;
mod m20261123_000025_index_searches;
mod m20261123_000026_create_search_events;
mod m20261123_000027_create_popular_queries;
mod m20261123_000028_create_saved_searches;
mod m20261124_000029_create_vector_indexes;
mod m20261124_000040_create_search_scopes;
mod m20261124_000041_create_search_sums;
mod m20261124_000042_create_search_label_sums;
mod m20261124_000043_create_search_queries;
mod m20261124_000044_create_search_query_sums;
mod m20261124_000045_create_slowest_searches;
mod m20261124_000046_index_accounts_by_creation;
mod m20261125_000050_create_entities;
mod schema;

use async_trait::async_trait;
use sea_orm_migration::{
    IntoSchemaManagerConnection, MigrationTrait, SchemaManager,
    sea_orm::{ConnectionTrait, DbErr, DynIden, EntityTrait, QueryOrder},
    sea_query::{ColumnDef, IntoIden},
    seaql_migrations,
};

pub use sea_orm_migration::MigratorTrait;

/// The name of the table that remembers what was applied.
const MIGRATION_TABLE: &str = "seaql_migrations";

/// Every migration, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

#[async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_create_accounts::Migration),
            Box::new(m20261121_000002_create_sessions::Migration),
            Box::new(m20261121_000003_create_spent_refresh_tokens::Migration),
            Box::new(m20261121_000004_create_api_keys::Migration),
            Box::new(m20261121_000005_create_connections::Migration),
            Box::new(m20261121_000006_index_sessions_by_account::Migration),
            Box::new(m20261121_000007_index_spent_refresh_tokens_by_session::Migration),
            Box::new(m20261121_000008_index_api_keys_by_account::Migration),
            Box::new(m20261121_000009_create_audit_events::Migration),
            Box::new(m20261121_000010_index_audit_events_by_account::Migration),
            Box::new(m20261122_000011_extend_api_keys::Migration),
            Box::new(m20261122_000012_index_api_keys_by_previous_digest::Migration),
            Box::new(m20261122_000013_add_legacy_notice_to_accounts::Migration),
            Box::new(m20261122_000014_create_usage_requests::Migration),
            Box::new(m20261122_000015_index_usage_requests_by_key::Migration),
            Box::new(m20261122_000016_index_usage_requests_by_hour::Migration),
            Box::new(m20261122_000017_create_usage_hours::Migration),
            Box::new(m20261122_000018_create_usage_calls::Migration),
            Box::new(m20261122_000019_create_usage_errors::Migration),
            Box::new(m20261122_000020_index_usage_sums_by_hour::Migration),
            Box::new(m20261122_000021_create_kept_answers::Migration),
            Box::new(m20261122_000022_index_kept_answers_by_claim::Migration),
            Box::new(m20261122_000023_create_index_jobs::Migration),
            Box::new(m20261123_000024_create_searches::Migration),
            Box::new(m20261123_000025_index_searches::Migration),
            Box::new(m20261123_000026_create_search_events::Migration),
            Box::new(m20261123_000027_create_popular_queries::Migration),
            Box::new(m20261123_000028_create_saved_searches::Migration),
            Box::new(m20261124_000029_create_vector_indexes::Migration),
            Box::new(m20261124_000040_create_search_scopes::Migration),
            Box::new(m20261124_000041_create_search_sums::Migration),
            Box::new(m20261124_000042_create_search_label_sums::Migration),
            Box::new(m20261124_000043_create_search_queries::Migration),
            Box::new(m20261124_000044_create_search_query_sums::Migration),
            Box::new(m20261124_000045_create_slowest_searches::Migration),
            Box::new(m20261124_000046_index_accounts_by_creation::Migration),
            Box::new(m20261125_000050_create_entities::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        MIGRATION_TABLE.into_iden()
    }

    /// The table as sea-orm has it, in the character set of all others.
    async fn install<C>(db: &C) -> Result<(), DbErr>
    where
        C: ConnectionTrait,
    {
        let mut table = schema::table(db.get_database_backend(), MIGRATION_TABLE);
        table
            .col(ColumnDef::new("version").string_len(255).not_null().primary_key())
            .col(ColumnDef::new("applied_at").big_integer().not_null());
        db.execute(&table).await.map(|_| ())
    }
}

/// The names of all migrations, oldest first.
#[must_use]
pub fn known() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// The names of the migrations that were applied to a store, oldest first. Changes nothing: a store
/// that was never migrated has none.
///
/// # Errors
/// Those of the database.
pub async fn applied<'c, C>(db: &'c C) -> Result<Vec<String>, DbErr>
where
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    if !SchemaManager::new(db).has_table(MIGRATION_TABLE).await? {
        return Ok(Vec::new());
    }
    let rows =
        seaql_migrations::Entity::find().order_by_asc(seaql_migrations::Column::Version).all(db).await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}
