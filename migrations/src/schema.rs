//! What all tables have in common.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{DbBackend, DbErr},
    sea_query::{
        ColumnDef, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, Table,
        TableCreateStatement,
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

/// Makes an index that isn't there yet (MySQL has no `IF NOT EXISTS` for them).
pub(crate) async fn create_index(
    manager: &SchemaManager<'_>,
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? {
        return Ok(());
    }
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}
