//! Conditions on the rows of a table: one grammar for searches and for entity endpoints.

mod date_range;
mod moment;
mod operand;
mod pairs;
mod pattern;
mod query;
mod read;
mod resolve;

pub use self::{
    date_range::DateRange,
    moment::{as_date, as_time},
    pattern::{PATTERN_ESCAPE, escaped_pattern, literal_pattern},
    query::{FilterFault, FilterFaultKind, FilterQuery},
    resolve::FilterField,
};
use std::sync::Arc;

use crate::{ColumnRef, Link, Value};

/// A condition on a row whose columns are known. Two-valued: a comparison with `NULL` is false, and
/// [`Filter::Not`] turns that into true.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every one holds; so it does when there is none.
    All(Vec<Filter>),
    /// At least one holds; none does when there is none.
    Any(Vec<Filter>),
    /// It doesn't hold.
    Not(Box<Filter>),
    /// A column passes a test.
    Is(ColumnRef, Test),
    /// There is a row at the other end of the link for which the filter, on that table, holds. No
    /// search has such.
    Related(Arc<Link>, Box<Filter>),
}

/// What a value is held against. Text compares as the column's collation says; numbers and times
/// compare as such, whatever they are written as here: a value for a [`Decimal`] column is the number
/// in digits (`-12.50`), one for a [`Temporal`] column is `2026-01-31`, `2026-01-31 09:30:00` with up
/// to six digits more, or `09:30:00`, in UTC where the column keeps moments.
///
/// [`Decimal`]: crate::ColumnKind::Decimal
/// [`Temporal`]: crate::ColumnKind::Temporal
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Equal; never to `Null`.
    Eq(Value),
    /// Greater.
    Gt(Value),
    /// Greater or equal.
    Gte(Value),
    /// Less.
    Lt(Value),
    /// Less or equal.
    Lte(Value),
    /// One of these; never when there is none.
    In(Vec<Value>),
    /// `NULL`.
    IsNull,
    /// Matches a pattern in which `%` stands for any text and `_` for one character; `\` takes the
    /// next one literally. With case exactly as the collation of the column has it.
    Like(String),
    /// The same without case, whatever the collation.
    Ilike(String),
    /// Begins with this text.
    StartsWith(String),
    /// Ends with this text.
    EndsWith(String),
    /// Has this text in it.
    Contains(String),
}

#[cfg(test)]
mod tests;
