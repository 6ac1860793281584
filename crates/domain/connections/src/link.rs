//! How rows of one table belong to rows of another.

use std::sync::Arc;

use crate::{ColumnRef, Table};

/// A column on the near side and the one on the far side that has to be equal to it.
pub type ColumnPair = (ColumnRef, ColumnRef);

/// A table between two others, each of whose rows joins one row of either.
#[derive(Debug, Clone)]
pub struct Junction {
    /// The table.
    pub table: Arc<Table>,
    /// What joins it to the table on the far side: a column of it, and one of the far table.
    pub far: Vec<ColumnPair>,
}

/// The way from the rows of one table to those of another that belong to them. A row with a `NULL`
/// in one of the columns has none.
#[derive(Debug, Clone)]
pub struct Link {
    /// The table it begins at.
    pub from: Arc<Table>,
    /// The table it leads to; it may be the same one.
    pub to: Arc<Table>,
    /// What has to be equal: a column of `from`, and one of `to`, or of the junction where there is
    /// one. Never empty.
    pub on: Vec<ColumnPair>,
    /// The table between the two, where rows belong to each other many to many.
    pub through: Option<Junction>,
}

/// Links that lead the same way.
impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        let through = |link: &Self| {
            link.through.as_ref().map(|junction| (junction.table.table.clone(), junction.far.clone()))
        };
        (&self.from.table, &self.to.table, &self.on, through(self))
            == (&other.from.table, &other.to.table, &other.on, through(other))
    }
}
