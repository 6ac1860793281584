//! What a user's database looks like, and the only place where SQL identifiers come from.

use std::{collections::HashMap, sync::Arc};

use altus4_kernel::Timestamp;

use crate::IndexRules;

/// A table's name as its server spells it. Only a [`SchemaSnapshot`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableRef(Arc<str>);

impl TableRef {
    /// The name, unquoted.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// A column's name as its server spells it. Only a [`SchemaSnapshot`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnRef(Arc<str>);

impl ColumnRef {
    /// The name, unquoted.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// Whether rows are stored or computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TableKind {
    /// Rows are stored.
    #[default]
    Table,
    /// A view.
    View,
}

/// What a column holds, as far as searching and showing it is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColumnKind {
    /// Text of at most this many characters, where the declaration says.
    Text {
        /// The declared length.
        max_chars: Option<u64>,
    },
    /// A whole number.
    Integer,
    /// An exact decimal number.
    Decimal,
    /// A floating-point number.
    Float,
    /// A `BIT(1)` or `TINYINT(1)`.
    Boolean,
    /// A date, a time, or both, or a year.
    Temporal,
    /// A JSON document.
    Json,
    /// Bytes.
    Binary,
    /// Anything else, such as geometry.
    #[default]
    Other,
}

/// How a column is computed from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// When it is read. No full-text index can cover it.
    Virtual,
    /// When its row is written.
    Stored,
}

/// A column as an inspector found it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiscoveredColumn {
    /// Its name.
    pub name: String,
    /// Its type as declared, in upper case: `VARCHAR(255)`.
    pub declared_type: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether it may be `NULL`.
    pub nullable: bool,
    /// `PRI`, `UNI` or `MUL`, as MySQL has it.
    pub key: Option<String>,
    /// Its default as the server writes it.
    pub default: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// How it is computed, if it is.
    pub generated: Option<Generated>,
    /// How its text compares and sorts.
    pub collation: Option<String>,
    /// Whether the server numbers rows by it where none is given: `AUTO_INCREMENT`, or SQLite's
    /// `INTEGER PRIMARY KEY`.
    pub is_numbered: bool,
}

/// A full-text index as an inspector found it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiscoveredIndex {
    /// Its name; for SQLite the FTS5 table's.
    pub name: String,
    /// The columns it covers, in its order.
    pub columns: Vec<String>,
    /// Its parser or tokenizer, where it isn't the default.
    pub parser: Option<String>,
    /// Which words it holds.
    pub rules: Arc<IndexRules>,
}

/// A column of a foreign key as an inspector found it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Relation {
    /// The column that refers.
    pub column: String,
    /// The table referred to.
    pub references_table: String,
    /// The column referred to.
    pub references_column: String,
    /// The foreign key's name or number. Columns of one table that have the same are one key, in the
    /// key's order.
    pub constraint: String,
}

/// A table or view as an inspector found it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiscoveredTable {
    /// Its name.
    pub name: String,
    /// Its comment.
    pub comment: Option<String>,
    /// Table or view.
    pub kind: TableKind,
    /// Its columns, in their order.
    pub columns: Vec<DiscoveredColumn>,
    /// The columns of its primary key, in the key's order; empty when it has none.
    pub primary_key: Vec<String>,
    /// Its full-text indexes.
    pub full_text_indexes: Vec<DiscoveredIndex>,
    /// Its foreign keys.
    pub relations: Vec<Relation>,
    /// About how many rows it has.
    pub estimated_rows: Option<u64>,
    /// When its statistics were last brought up to date.
    pub last_analyzed: Option<Timestamp>,
    /// What stores it, as its server calls it: `InnoDB`, `MyISAM`.
    pub engine: Option<String>,
    /// Whether it is stored in partitions.
    pub is_partitioned: bool,
}

/// A column of a snapshot.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its identifier.
    pub column: ColumnRef,
    /// What was found.
    pub found: DiscoveredColumn,
}

impl Column {
    /// Whether words can be looked for in it.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.found.kind, ColumnKind::Text { .. })
    }
}

/// A full-text index of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTextKey {
    /// Its identifier; for SQLite the FTS5 table's.
    pub index: TableRef,
    /// The columns that a `MATCH` has to name, all of them.
    pub columns: Vec<ColumnRef>,
    /// Its parser or tokenizer, where it isn't the default.
    pub parser: Option<String>,
    /// Which words it holds.
    pub rules: Arc<IndexRules>,
}

/// A table of a snapshot.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its identifier.
    pub table: TableRef,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// Its primary key; empty when it has none.
    pub primary_key: Vec<ColumnRef>,
    /// Its full-text indexes.
    pub full_text: Vec<FullTextKey>,
    /// Table or view.
    pub kind: TableKind,
    /// Its comment.
    pub comment: Option<String>,
    /// Its foreign keys.
    pub relations: Vec<Relation>,
    /// About how many rows it has.
    pub estimated_rows: Option<u64>,
    /// When its statistics were last brought up to date.
    pub last_analyzed: Option<Timestamp>,
    /// What stores it, as its server calls it: `InnoDB`, `MyISAM`.
    pub engine: Option<String>,
    /// Whether it is stored in partitions.
    pub is_partitioned: bool,
}

impl Table {
    /// The column of this name; without case, as MySQL compares column names.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        let exact = self.columns.iter().find(|column| column.column.name() == name);
        exact.or_else(|| self.columns.iter().find(|column| column.column.name().eq_ignore_ascii_case(name)))
    }

    /// Whether some full-text index covers the column.
    #[must_use]
    pub fn is_full_text_indexed(&self, column: &ColumnRef) -> bool {
        self.full_text.iter().any(|index| index.columns.contains(column))
    }
}

/// A user's database as it was found at one moment.
#[derive(Debug, Clone)]
pub struct SchemaSnapshot {
    tables: Vec<Arc<Table>>,
    by_name: HashMap<String, usize>,
}

impl SchemaSnapshot {
    /// The snapshot of what an inspector found. Keys and indexes over columns that were not found
    /// are left out, since no statement could name them.
    #[must_use]
    pub fn new(discovered: Vec<DiscoveredTable>) -> Self {
        let tables: Vec<_> = discovered.into_iter().map(|table| Arc::new(snapshot_table(table))).collect();
        let by_name = tables.iter().enumerate().map(|(at, t)| (t.table.name().to_owned(), at)).collect();
        Self { tables, by_name }
    }

    /// Every table and view, in the order they were found.
    #[must_use]
    pub fn tables(&self) -> &[Arc<Table>] {
        &self.tables
    }

    /// The table of this name. Case counts unless only one table is meant without it.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Arc<Table>> {
        if let Some(at) = self.by_name.get(name) {
            return self.tables.get(*at);
        }
        let mut alike = self.tables.iter().filter(|table| table.table.name().eq_ignore_ascii_case(name));
        alike.next().filter(|_| alike.next().is_none())
    }
}

fn snapshot_table(found: DiscoveredTable) -> Table {
    let columns: Vec<Column> = found
        .columns
        .into_iter()
        .map(|column| Column { column: ColumnRef(column.name.as_str().into()), found: column })
        .collect();
    let find = |name: &String| {
        columns.iter().find(|column| column.column.name() == name).map(|column| column.column.clone())
    };
    let find_all = |names: &[String]| names.iter().map(find).collect::<Option<Vec<_>>>();
    let full_text = found
        .full_text_indexes
        .into_iter()
        .filter_map(|index| {
            let columns = find_all(&index.columns).filter(|columns| !columns.is_empty())?;
            Some(FullTextKey {
                index: TableRef(index.name.into()),
                columns,
                parser: index.parser,
                rules: index.rules,
            })
        })
        .collect();
    Table {
        primary_key: find_all(&found.primary_key).unwrap_or_default(),
        full_text,
        table: TableRef(found.name.into()),
        columns,
        kind: found.kind,
        comment: found.comment,
        relations: found.relations,
        estimated_rows: found.estimated_rows,
        last_analyzed: found.last_analyzed,
        engine: found.engine,
        is_partitioned: found.is_partitioned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> DiscoveredTable {
        let column = |name: &str| DiscoveredColumn { name: name.into(), ..DiscoveredColumn::default() };
        DiscoveredTable {
            name: name.into(),
            columns: vec![column("id"), column("Title")],
            primary_key: vec!["id".into()],
            full_text_indexes: vec![
                DiscoveredIndex { name: "ft".into(), columns: vec!["Title".into()], ..Default::default() },
                DiscoveredIndex { name: "broken".into(), columns: vec!["gone".into()], ..Default::default() },
            ],
            ..DiscoveredTable::default()
        }
    }

    #[test]
    fn names_come_back_as_the_server_spells_them() {
        let snapshot = SchemaSnapshot::new(vec![table("Articles")]);
        let found = snapshot.table("articles").expect("found without case");
        assert_eq!(found.table.name(), "Articles");
        assert_eq!(found.column("TITLE").map(|c| c.column.name()), Some("Title"));
        assert!(found.column("title`; DROP TABLE x").is_none());
    }

    #[test]
    fn two_tables_that_differ_in_case_are_told_apart() {
        let snapshot = SchemaSnapshot::new(vec![table("log"), table("LOG")]);
        assert_eq!(snapshot.table("LOG").map(|t| t.table.name()), Some("LOG"));
        assert!(snapshot.table("Log").is_none());
    }

    #[test]
    fn an_index_over_an_unknown_column_is_left_out() {
        let snapshot = SchemaSnapshot::new(vec![table("t")]);
        assert_eq!(snapshot.tables()[0].full_text.len(), 1);
    }
}
