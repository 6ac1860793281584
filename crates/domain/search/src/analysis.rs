//! What an analysis tells of how a query was read.

use crate::SearchMode;

/// How a query was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedQuery {
    /// In which mode.
    pub mode: SearchMode,
    /// Which rows match, as text: words, `"phrases"`, `AND`, `OR`, `NOT` and brackets; empty where
    /// nothing is looked for.
    pub tree: String,
    /// The words that rows are ranked by.
    pub words: Vec<ParsedWord>,
    /// What every row has to hold as it stands.
    pub phrases: Vec<Vec<String>>,
    /// Words that are not looked for, since they say next to nothing beside the others.
    pub left_out: Vec<String>,
}

/// A word of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedWord {
    /// As it was typed.
    pub typed: String,
    /// The forms that some table is asked for; phrases of two words in quotes, beginnings with `*`.
    pub forms: Vec<String>,
    /// What it is held to mean, where it is in no table.
    pub meant: Vec<String>,
    /// About how many rows hold it, and how many rows there are; `None` where nothing is known yet.
    pub rows: Option<(u64, u64)>,
}
