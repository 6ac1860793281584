//! What is asked of a list, as it was written: names are names still.

use altus4_connections::{DateRange, FilterFault, FilterQuery};
use altus4_kernel::PageRequest;

/// A field to sort by, or `_score`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortField {
    /// Its name.
    pub name: String,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// How a list is gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// Page by page.
    Page(PageRequest),
    /// From a cursor on, or from the beginning where it is empty.
    Cursor {
        /// The cursor.
        cursor: String,
        /// How many records at the most.
        limit: u32,
    },
}

impl Paging {
    /// How many records at the most.
    #[must_use]
    pub fn limit(&self) -> u32 {
        match self {
            Self::Page(page) => page.limit(),
            Self::Cursor { limit, .. } => *limit,
        }
    }
}

/// Whether the records of the whole list are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// One by one.
    Exact,
    /// As the server estimates it.
    Estimated,
    /// Not at all.
    None,
}

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    /// Which part.
    pub paging: Paging,
    /// The order.
    pub sort: Vec<SortField>,
    /// The fields to show; all that can be read where it is empty.
    pub fields: Vec<String>,
    /// The relations to include, nested ones with a `.`.
    pub include: Vec<String>,
    /// Words to look for.
    pub search: Option<String>,
    /// What has to hold.
    pub filter: Option<FilterQuery>,
    /// When the records came to be.
    pub dates: Option<DateRange>,
    /// Whether they are counted.
    pub count: Count,
}

impl ListQuery {
    /// How deep includes go.
    pub const MAX_INCLUDE_DEPTH: usize = 2;
    /// The most relations in one answer.
    pub const MAX_INCLUDES: usize = 10;
    /// The most fields of an order.
    pub const MAX_SORTS: usize = 8;
    /// The most characters to look for.
    pub const MAX_SEARCH_CHARS: usize = 500;
}

/// What of one record is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadQuery {
    /// The fields to show; all that can be read where it is empty.
    pub fields: Vec<String>,
    /// The relations to include, nested ones with a `.`.
    pub include: Vec<String>,
}

/// Something of a request that an entity can't take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// Which part of the request.
    pub field: String,
    /// What it has to be, to be read after its name. Never shows a value.
    pub reason: String,
}

impl FieldFault {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// Everything that an entity can't take of what was asked. One of the three isn't empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueryFaults {
    /// Parameters, and names in them.
    pub fields: Vec<FieldFault>,
    /// Parts of the filter.
    pub filter: Vec<FilterFault>,
    /// Parts of the order.
    pub sort: Vec<FieldFault>,
}

impl QueryFaults {
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.filter.is_empty() && self.sort.is_empty()
    }
}
