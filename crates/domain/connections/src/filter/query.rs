//! A filter as it was asked for: fields by name, values as they were written.

use serde_json::Number;

/// Conditions on rows, as asked for; of any table until [`resolve`](Self::resolve) holds it against
/// one. One that exists is within [`MAX_DEPTH`](Self::MAX_DEPTH) and
/// [`MAX_CONDITIONS`](Self::MAX_CONDITIONS).
#[derive(Debug, Clone, PartialEq)]
pub struct FilterQuery {
    pub(super) root: Clause,
}

impl FilterQuery {
    /// How deep objects may be nested, the outermost counted.
    pub const MAX_DEPTH: usize = 5;
    /// The most conditions; each operator is one.
    pub const MAX_CONDITIONS: usize = 50;
    /// The most values of one `in` or `nin`.
    pub const MAX_VALUES: usize = 500;

    /// Whether it asks for nothing, so that every row will do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.root == Clause::All(Vec::new())
    }

    /// The names of its fields, each once, in their order. Those of relations have a `.` in them.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.root.note_fields(&mut names);
        names
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Clause {
    All(Vec<Clause>),
    Any(Vec<Clause>),
    Not(Box<Clause>),
    Is(Condition),
}

impl Clause {
    fn note_fields<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::All(clauses) | Self::Any(clauses) => {
                for clause in clauses {
                    clause.note_fields(names);
                }
            }
            Self::Not(clause) => clause.note_fields(names),
            Self::Is(condition) if !names.contains(&condition.field.as_str()) => names.push(&condition.field),
            Self::Is(_) => {}
        }
    }
}

/// One operator on one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub(super) field: String,
    /// Where it stands in what was asked.
    pub(super) place: String,
    pub(super) asked: Asked,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked {
    Compare(Comparison, Scalar),
    In(Vec<Scalar>),
    IsNull,
    /// Of a related record: that there is one with a value, which isn't that there is none without.
    IsNotNull,
    Text(TextTest, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Eq,
    Gt,
    Gte,
    Lt,
    Lte,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    Like,
    Ilike,
    StartsWith,
    EndsWith,
    Contains,
}

/// A value as it was written; never `null`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Bool(bool),
    Number(Number),
    Text(String),
    /// Text from a query string, where a number or a truth value can't be told from text.
    Untyped(String),
}

/// What is wrong with a part of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterFault {
    /// Where: `status`, `or[0].dueDate.gte`; empty for the filter as a whole.
    pub place: String,
    /// What it has to be, to be read after the place. Never shows a value.
    pub reason: String,
    /// In which way.
    pub kind: FilterFaultKind,
}

/// In which way a part of a filter is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterFaultKind {
    /// The table has no such field.
    UnknownField,
    /// There is no such operator, or not for this field.
    UnknownOperator,
    /// The value is not of the field's kind.
    WrongKind,
    /// Nested deeper than [`FilterQuery::MAX_DEPTH`].
    TooDeep,
    /// More than [`FilterQuery::MAX_CONDITIONS`], or [`FilterQuery::MAX_VALUES`].
    TooMany,
}

impl FilterFault {
    pub(super) fn new(place: &str, kind: FilterFaultKind, reason: impl Into<String>) -> Self {
        Self { place: place.to_owned(), reason: reason.into(), kind }
    }
}
