//! Advice on full-text indexes: what a database's schema, its server's settings and what was
//! searched in it say should be changed. Pure: facts in, advice out; one file for each family of
//! rules.

mod collation;
mod cost;
mod missing;
mod redundant;
mod storage;
pub(crate) mod unfit;
mod words;

use altus4_kernel::Timestamp;

use std::time::Duration;

use crate::{
    Access, Column, ColumnRef, IndexPlan, SchemaSnapshot, ServerFacts, Table, TableKind, TableRef, Tally,
};

/// The most columns that a full-text index may have (MySQL and MariaDB).
pub(crate) const MAX_INDEX_COLUMNS: usize = 16;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdviceKind {
    /// Text that no full-text index covers.
    MissingIndex,
    /// Columns that are searched together, and lie in several indexes.
    CombinedIndex,
    /// Columns that are searched through an index that covers others too.
    ExactIndex,
    /// Two indexes over the same columns.
    DuplicateIndex,
    /// An index that no search went through, whose columns another index covers.
    UnusedIndex,
    /// Settings of the server that keep words out of its indexes.
    LostWords,
    /// A storage engine whose full-text search is poor.
    StorageEngine,
    /// A collation that tells apart what readers don't.
    Collation,
    /// Text that is searched and that no index can cover as it is.
    NotIndexable,
}

impl AdviceKind {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingIndex => "missing_index",
            Self::CombinedIndex => "combined_index",
            Self::ExactIndex => "exact_index",
            Self::DuplicateIndex => "duplicate_index",
            Self::UnusedIndex => "unused_index",
            Self::LostWords => "lost_words",
            Self::StorageEngine => "storage_engine",
            Self::Collation => "collation",
            Self::NotIndexable => "not_indexable",
        }
    }
}

/// How much following an advice would change. The greatest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// Searches miss rows, or take long.
    High,
    /// Searches take longer than they need to, or find less.
    Medium,
    /// Little, or nothing yet.
    Low,
}

impl Impact {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// What would mend it.
#[derive(Debug, Clone, PartialEq)]
pub enum Remedy {
    /// A full-text index more.
    AddIndex(IndexPlan),
    /// An index less.
    DropIndex {
        /// The table.
        table: TableRef,
        /// The index.
        index: TableRef,
    },
    /// The table stored by `InnoDB`.
    ConvertEngine {
        /// The table.
        table: TableRef,
    },
    /// These columns under another collation, all at once: an index can't be over columns of several.
    ConvertColumns {
        /// The table.
        table: TableRef,
        /// The columns as they are.
        columns: Vec<ConvertedColumn>,
        /// Their collation to be, of the character set `utf8mb4`.
        collation: String,
    },
    /// Another value of a setting of the server.
    Setting {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: &'static str,
        /// Whether the server reads it only when it starts.
        at_start: bool,
    },
}

/// A column that is to get another collation: the rest of its definition has to be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvertedColumn {
    /// The column.
    pub column: ColumnRef,
    /// Its type as declared.
    pub declared_type: String,
    /// Whether it may be `NULL`.
    pub nullable: bool,
    /// Whether it has a default or a comment, which the statement would have to repeat too.
    pub has_more: bool,
}

impl From<&Column> for ConvertedColumn {
    fn from(column: &Column) -> Self {
        let found = &column.found;
        Self {
            column: column.column.clone(),
            declared_type: found.declared_type.clone(),
            nullable: found.nullable,
            has_more: found.default.is_some() || found.comment.is_some(),
        }
    }
}

/// What nobody can do in a table while a statement works on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locks {
    /// Everything goes on.
    Nothing,
    /// Writing; reading goes on.
    Writes,
    /// Reading and writing.
    All,
}

impl Locks {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Writes => "writes",
            Self::All => "reads_and_writes",
        }
    }
}

/// What a remedy costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// What waits meanwhile.
    pub locks: Locks,
    /// Whether every row is written anew.
    pub rebuilds_table: bool,
    /// About how many rows are gone through.
    pub rows: Option<u64>,
    /// About how long it takes; in whole seconds, at least one.
    pub duration: Option<Duration>,
}

/// What searches an advice rests upon, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// How many searches there were.
    pub searches: u64,
    /// How many of them read the table whole.
    pub scanned: u64,
    /// How many of them left it out, as it was too large to be read.
    pub left_out: u64,
    /// How long the database took for all of them.
    pub took: Duration,
    /// When the last one was.
    pub last_seen: Option<Timestamp>,
}

impl Seen {
    fn add(&mut self, tally: &Tally) {
        self.searches += tally.searches;
        match tally.access {
            Access::Indexed => {}
            Access::Scanned => self.scanned += tally.searches,
            Access::LeftOut => self.left_out += tally.searches,
        }
        self.took = self.took.saturating_add(tally.took);
        self.last_seen = self.last_seen.max(Some(tally.last_seen));
    }

    fn of<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Self {
        let mut seen = Self::default();
        tallies.into_iter().for_each(|tally| seen.add(tally));
        seen
    }

    /// How long the database took for one of those that it was asked.
    #[must_use]
    pub fn average(self) -> Duration {
        let asked = self.searches.saturating_sub(self.left_out);
        u32::try_from(asked).ok().and_then(|asked| self.took.checked_div(asked)).unwrap_or_default()
    }
}

/// Something that should be changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// What is wrong.
    pub kind: AdviceKind,
    /// Where; `None` where it is the whole server.
    pub table: Option<TableRef>,
    /// In which columns.
    pub columns: Vec<ColumnRef>,
    /// What is wrong, in a sentence or two.
    pub reason: String,
    /// How much it matters.
    pub impact: Impact,
    /// What would mend it, where one statement can.
    pub remedy: Option<Remedy>,
    /// What that costs.
    pub effect: Option<Effect>,
    /// The searches it rests upon.
    pub seen: Seen,
}

/// What is known of a database.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Its schema.
    pub snapshot: &'a SchemaSnapshot,
    /// Its server.
    pub facts: &'a ServerFacts,
    /// What was searched in it.
    pub tallies: &'a [Tally],
}

/// What should be changed: what matters most first, then by table.
#[must_use]
pub fn advise(known: Known<'_>) -> Vec<Advice> {
    let mut advice = words::advise(known);
    for table in known.snapshot.tables() {
        let place = Place { table, facts: known.facts, tallies: known.of(table) };
        advice.extend(unfit::advise(&place));
        advice.extend(missing::advise(&place));
        advice.extend(redundant::advise(&place));
        advice.extend(storage::advise(&place));
        advice.extend(collation::advise(&place));
    }
    advice.sort_by(|one, other| {
        let key = |advice: &Advice| (advice.impact, advice.table.clone(), advice.kind);
        key(one).cmp(&key(other))
    });
    advice
}

impl<'a> Known<'a> {
    fn of(&self, table: &Table) -> Vec<&'a Tally> {
        self.tallies.iter().filter(|tally| tally.table == table.table.name()).collect()
    }
}

/// A table with what is known of it.
struct Place<'a> {
    table: &'a Table,
    facts: &'a ServerFacts,
    tallies: Vec<&'a Tally>,
}

impl Place<'_> {
    fn advice(&self, kind: AdviceKind, impact: Impact, reason: String) -> Advice {
        Advice {
            kind,
            table: Some(self.table.table.clone()),
            columns: Vec::new(),
            reason,
            impact,
            remedy: None,
            effect: None,
            seen: Seen::default(),
        }
    }

    /// The columns of a tally that are there and hold text.
    fn wanted(&self, tally: &Tally) -> Vec<&Column> {
        let found = tally.columns.iter().filter_map(|name| self.table.column(name));
        found.filter(|column| column.is_text()).collect()
    }

    /// The same that no index covers.
    fn uncovered(&self, tally: &Tally) -> Vec<&Column> {
        let mut wanted = self.wanted(tally);
        wanted.retain(|column| !self.table.is_full_text_indexed(&column.column));
        wanted
    }

    /// Whether anybody searched the column, or an index says that somebody means to.
    fn is_searched(&self, column: &Column) -> bool {
        let names = |tally: &&Tally| tally.columns.iter().any(|name| name == column.column.name());
        self.table.is_full_text_indexed(&column.column) || self.tallies.iter().any(names)
    }

    fn is_searched_at_all(&self) -> bool {
        !self.table.full_text.is_empty() || !self.tallies.is_empty()
    }

    /// Why no full-text index can cover anything of this table.
    fn unfit_table(&self) -> Option<&'static str> {
        unfit::table(self.table, self.facts)
    }

    fn is_view(&self) -> bool {
        self.table.kind == TableKind::View
    }
}

fn refs(columns: &[&Column]) -> Vec<ColumnRef> {
    columns.iter().map(|column| column.column.clone()).collect()
}

fn listed(columns: &[&Column]) -> String {
    columns.iter().map(|column| column.column.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
