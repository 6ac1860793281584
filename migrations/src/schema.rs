//! What all tables have in common.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{DbBackend, DbErr},
    sea_query::{
        ColumnDef, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, IndexCreateStatement,
        Table, TableCreateStatement,
    },
};

/// An empty table that isn't made twice. On MySQL its text compares byte by byte, whatever the
/// database's own collation is: the domains say what equals what.
pub(crate) fn table(backend: DbBackend, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name).if_not_exists();
    if backend == DbBackend::MySql {
        table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

/// A UUID in its readable form.
pub(crate) fn id(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).char_len(36).not_null().take()
}

/// Text of at most this many characters.
pub(crate) fn text(name: &'static str, chars: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(chars).not_null().take()
}

/// Text of any length, such as a JSON document (`TEXT` ends at 64 KiB on MySQL).
pub(crate) fn long_text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).custom("MEDIUMTEXT").not_null().take()
}

/// A moment in UTC. The plain types keep whole seconds on MySQL; SQLite keeps this one as text.
pub(crate) fn moment(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).custom("DATETIME(6)").not_null().take()
}

/// A whole number that may grow large.
pub(crate) fn count(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// Yes or no; no where nothing is said.
pub(crate) fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().default(false).take()
}

/// A SHA-256 or HMAC-SHA-256.
pub(crate) fn digest(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).binary_len(32).not_null().take()
}

/// The same column, which may be `NULL`.
pub(crate) fn optional(mut column: ColumnDef) -> ColumnDef {
    column.null().take()
}

/// A reference to a row of `to` (by its `id`) that takes the referring row along when it goes.
pub(crate) fn belongs_to(
    name: &'static str,
    (table, column): (&'static str, &'static str),
    to: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(table, column)
        .to(to, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

/// A table of sums of a key: those of `span` hours (1, or 24 for a day of UTC) from `hour` on, in whole
/// hours since 1970. Rows lie in the order of the primary key, which begins with these three columns.
pub(crate) fn sums_table(backend: DbBackend, name: &'static str) -> TableCreateStatement {
    let mut table = table(backend, name);
    table.col(id("key_id")).col(ColumnDef::new("span").small_integer().not_null()).col(count("hour"));
    if backend == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

/// Adds those of these columns that aren't there yet. One statement each: SQLite adds no two at once,
/// and MySQL has no `IF NOT EXISTS` for them.
pub(crate) async fn add_columns(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: Vec<ColumnDef>,
) -> Result<(), DbErr> {
    for mut column in columns {
        if !manager.has_column(table, column.get_column_name()).await? {
            manager.alter_table(Table::alter().table(table).add_column(&mut column).take()).await?;
        }
    }
    Ok(())
}

/// Makes an index that isn't there yet (MySQL has no `IF NOT EXISTS` for them).
pub(crate) async fn create_index(
    manager: &SchemaManager<'_>,
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    create_missing(manager, Index::create(), name, table, columns).await
}

/// The same for one that allows nothing twice.
pub(crate) async fn create_unique_index(
    manager: &SchemaManager<'_>,
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    create_missing(manager, Index::create().unique().take(), name, table, columns).await
}

async fn create_missing(
    manager: &SchemaManager<'_>,
    mut index: IndexCreateStatement,
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? {
        return Ok(());
    }
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}
