//! A schema while it is being put together.

use std::{collections::HashMap, sync::Arc};

use altus4_connections::{ColumnKind, DiscoveredColumn, DiscoveredIndex, DiscoveredTable, IndexRules};

use crate::definition::{Content, FtsDefinition};

/// The names under which SQLite knows a row's number, unless a column has taken them.
const ROWID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// How a table is stored.
pub(super) enum Storage {
    /// By the number of its rows.
    Rowid,
    /// By its primary key.
    WithoutRowid,
    /// Not at all.
    View,
    /// As an FTS5 table.
    Fts,
}

/// A table and what is known of how it is stored.
pub(super) struct Draft {
    pub(super) table: DiscoveredTable,
    pub(super) storage: Storage,
    /// The columns of the declared primary key by their place in it.
    key: Vec<(i64, String)>,
    /// Whether the key has a column that can't be named.
    key_is_lost: bool,
}

impl Draft {
    pub(super) fn new(table: DiscoveredTable, storage: Storage) -> Self {
        Self { table, storage, key: Vec::new(), key_is_lost: false }
    }

    /// Adds a column, or notes that one can't be named. `key_part` is its place in the primary key,
    /// from 1; 0 if it is not in it.
    pub(super) fn add_column(&mut self, column: Option<DiscoveredColumn>, key_part: i64) {
        let Some(column) = column else {
            self.key_is_lost |= key_part > 0;
            return;
        };
        if key_part > 0 {
            self.key.push((key_part, column.name.clone()));
        }
        self.table.columns.push(column);
    }

    /// The name of the row's number, if the table has one and a name is left for it.
    pub(super) fn rowid_name(&self) -> Option<&'static str> {
        let free = |name: &&&str| !self.table.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
        match self.storage {
            Storage::Rowid | Storage::Fts => ROWID_NAMES.iter().find(free).copied(),
            Storage::WithoutRowid | Storage::View => None,
        }
    }

    /// Notes that an index begins with this column.
    pub(super) fn note_index(&mut self, column: &str, unique: bool) {
        if let Some(column) = self.table.columns.iter_mut().find(|c| c.name == column) {
            match column.key.as_deref() {
                Some("PRI" | "UNI") => {}
                _ => column.key = Some(if unique { "UNI" } else { "MUL" }.to_owned()),
            }
        }
    }

    fn finish_key(&mut self) {
        let mut key = std::mem::take(&mut self.key);
        key.sort_unstable();
        let mut key: Vec<_> = key.into_iter().map(|(_, name)| name).collect();
        if self.key_is_lost {
            key.clear();
        }
        if key.is_empty()
            && let Some(rowid) = self.rowid_name()
        {
            let column = DiscoveredColumn {
                name: rowid.to_owned(),
                declared_type: "INTEGER".to_owned(),
                kind: ColumnKind::Integer,
                is_numbered: true,
                ..DiscoveredColumn::default()
            };
            self.table.columns.insert(0, column);
            key.push(rowid.to_owned());
        }
        let alone = key.len() == 1;
        let without_rowid = matches!(self.storage, Storage::WithoutRowid);
        for column in self.table.columns.iter_mut().filter(|column| key.contains(&column.name)) {
            column.key = Some("PRI".to_owned());
            // Elsewhere SQLite lets a primary key be NULL, for the sake of files from long ago.
            let is_rowid = alone && column.declared_type == "INTEGER";
            column.nullable &= !(without_rowid || is_rowid);
            column.is_numbered |= is_rowid && !without_rowid;
        }
        self.table.primary_key = key;
    }

    /// The column of this name as the table spells it; SQLite compares names without case.
    fn spelled(&self, name: &str) -> Option<String> {
        let mut columns = self.table.columns.iter();
        columns.find(|column| column.name.eq_ignore_ascii_case(name)).map(|column| column.name.clone())
    }

    /// Adds the index, if the table has what it is made of.
    fn attach(&mut self, name: &str, definition: &FtsDefinition, rowid: &str) {
        let has_number = matches!(self.storage, Storage::Rowid | Storage::Fts);
        let known = self.spelled(rowid).is_some() || (has_number && is_rowid_name(rowid));
        let columns: Option<Vec<_>> = definition.indexed.iter().map(|name| self.spelled(name)).collect();
        let (true, Some(columns)) = (known, columns) else { return };
        // What is in a full-text index is text, though nobody declared it.
        for column in self.table.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
            if column.kind == ColumnKind::Other {
                column.kind = ColumnKind::Text { max_chars: None };
            }
        }
        let parser = definition.tokenizer.clone();
        let rules = Arc::new(rules(parser.as_deref()));
        let index = DiscoveredIndex { name: name.to_owned(), columns, parser, rules };
        self.table.full_text_indexes.push(index);
    }
}

/// FTS5 holds every word, but for a tokenizer that cuts text into pieces of three characters, through
/// which nothing shorter is found.
fn rules(tokenizer: Option<&str>) -> IndexRules {
    const TRIGRAM: u32 = 3;
    let name = tokenizer.and_then(|tokenizer| tokenizer.split_whitespace().next()).unwrap_or_default();
    if name.trim_matches(['\'', '"']).eq_ignore_ascii_case("trigram") {
        IndexRules { min_chars: TRIGRAM, ngram: Some(TRIGRAM), ..IndexRules::default() }
    } else {
        IndexRules::default()
    }
}

/// FTS5 has no types: all it keeps is text.
fn fts_column(name: String) -> DiscoveredColumn {
    DiscoveredColumn {
        name,
        declared_type: "TEXT".to_owned(),
        kind: ColumnKind::Text { max_chars: None },
        nullable: true,
        ..DiscoveredColumn::default()
    }
}

/// Whether this is a name of the row's number.
pub(crate) fn is_rowid_name(name: &str) -> bool {
    ROWID_NAMES.iter().any(|rowid| rowid.eq_ignore_ascii_case(name))
}

/// Every table that was found, and the full-text indexes over them.
#[derive(Default)]
pub(super) struct Drafts {
    tables: Vec<Draft>,
    /// By their names in lower case: SQLite tells no two apart by case.
    by_name: HashMap<String, usize>,
    indexes: Vec<(String, FtsDefinition)>,
}

impl Drafts {
    pub(super) fn add(&mut self, draft: Draft) {
        self.by_name.insert(draft.table.name.to_ascii_lowercase(), self.tables.len());
        self.tables.push(draft);
    }

    /// Adds an FTS5 table: an index, and a table too if its text is its own.
    pub(super) fn add_fts(&mut self, name: String, definition: FtsDefinition) {
        if definition.content == Content::Own {
            let columns = definition.columns.iter().cloned().map(fts_column).collect();
            let table = DiscoveredTable { name: name.clone(), columns, ..DiscoveredTable::default() };
            self.add(Draft::new(table, Storage::Fts));
        }
        self.indexes.push((name, definition));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Draft> {
        self.tables.iter()
    }

    pub(super) fn at_mut(&mut self, at: usize) -> Option<&mut Draft> {
        self.tables.get_mut(at)
    }

    /// The table of this name, whatever its case.
    pub(super) fn find(&self, name: &str) -> Option<&Draft> {
        self.by_name.get(&name.to_ascii_lowercase()).and_then(|at| self.tables.get(*at))
    }

    /// The table of this name, whatever its case.
    pub(super) fn find_mut(&mut self, name: &str) -> Option<&mut Draft> {
        self.by_name.get(&name.to_ascii_lowercase()).and_then(|at| self.tables.get_mut(*at))
    }

    /// The names of the views.
    pub(super) fn views(&self) -> impl Iterator<Item = &str> {
        let views = self.tables.iter().filter(|draft| matches!(draft.storage, Storage::View));
        views.map(|draft| draft.table.name.as_str())
    }

    pub(super) fn finish_keys(&mut self) {
        self.tables.iter_mut().for_each(Draft::finish_key);
    }

    /// Gives every full-text index to its table; those without one are left out.
    pub(super) fn attach_indexes(&mut self) {
        for (name, definition) in std::mem::take(&mut self.indexes) {
            let (base, rowid) = match &definition.content {
                Content::Own => (&name, "rowid"),
                Content::Table { name, rowid } => (name, rowid.as_str()),
                Content::Nothing => continue,
            };
            if let Some(base) = self.find_mut(base) {
                base.attach(&name, &definition, rowid);
            }
        }
    }

    /// The tables that have columns.
    pub(super) fn into_tables(self) -> Vec<DiscoveredTable> {
        let shown = |draft: &Draft| !draft.table.columns.is_empty();
        self.tables.into_iter().filter(shown).map(|draft| draft.table).collect()
    }
}
