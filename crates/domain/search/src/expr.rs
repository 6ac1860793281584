//! What a row has to hold to match: a tree that says exactly which rows are meant, whatever the
//! server's own full-text index can and can't do.

use altus4_connections::{ColumnRef, FullTextKey};

/// Which rows match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Rows that hold a term.
    Term(Term),
    /// Rows that match every one; all rows when there is none.
    All(Vec<Expr>),
    /// Rows that match at least one; no row when there is none.
    Any(Vec<Expr>),
    /// Rows that match at least so many of them.
    AtLeast(usize, Vec<Expr>),
    /// Rows that don't match it.
    Not(Box<Expr>),
}

/// Something that a text holds or not. Words are compared without case and accents, whole, as they
/// are written: a stem is the business of whoever asks for its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What is looked for.
    pub text: TermText,
    /// The columns that count; empty: all of the [`Scope`]. Each is one of the scope's.
    pub columns: Vec<ColumnRef>,
}

/// What is looked for. Every word consists of letters and digits (and what Unicode counts as part of
/// a word, such as an inner apostrophe) only, in lower case; none is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermText {
    /// A word.
    Word(String),
    /// Words that begin so.
    Prefix(String),
    /// These words, one right after the other in one column. At least two.
    Phrase(Vec<String>),
}

impl Expr {
    /// Rows that hold this word in any column.
    #[must_use]
    pub fn word(word: impl Into<String>) -> Self {
        Self::Term(Term { text: TermText::Word(word.into()), columns: Vec::new() })
    }

    /// Rows that hold any of these words in any column.
    #[must_use]
    pub fn any_word<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self::Any(words.into_iter().map(Self::word).collect())
    }
}

/// Where terms are looked for in a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Full-text indexes: a term counts in any column of any of them.
    pub indexes: Vec<FullTextKey>,
    /// Columns beside, that no index covers. With one of these the table is read whole, so that this
    /// is for small tables.
    pub unindexed: Vec<ColumnRef>,
}

impl Scope {
    /// One index.
    #[must_use]
    pub fn index(index: FullTextKey) -> Self {
        Self { indexes: vec![index], unindexed: Vec::new() }
    }

    /// No index: these columns are read whole.
    #[must_use]
    pub fn scan(columns: Vec<ColumnRef>) -> Self {
        Self { indexes: Vec::new(), unindexed: columns }
    }

    /// The columns in which terms count, each once.
    #[must_use]
    pub fn columns(&self) -> Vec<&ColumnRef> {
        let mut columns: Vec<&ColumnRef> = Vec::new();
        let all = self.indexes.iter().flat_map(|index| &index.columns).chain(&self.unindexed);
        for column in all {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }
}
