//! Words with operators between them: `title:router AND (reset OR "hard reboot") -wireless cabl*`.
//!
//! ```text
//! query   = all { "OR" all }
//! all     = unary { [ "AND" ] unary }            side by side means AND
//! unary   = "NOT" unary | [ "+" | "-" ] [ ">" | "<" | "~" ] primary
//! primary = [ column ":" ] ( word | word "*" | '"' words '"' | "(" query ")" )
//! ```
//!
//! A sign stands right before what it is for. What isn't white space, a bracket, a quote or a sign at
//! the beginning is part of a word; where the servers would cut it in several (`wi-fi`, `3.14`,
//! `a@b.com`), it means these one right after the other.

mod parse;
pub(super) mod shown;
mod token;

use altus4_connections::ColumnRef;

use crate::{Expr, Term, TermText};

/// A query in the boolean language, read. One that exists is within [`MAX_TERMS`](Self::MAX_TERMS)
/// and [`MAX_DEPTH`](Self::MAX_DEPTH).
#[derive(Debug, Clone, PartialEq)]
pub struct BooleanQuery {
    root: Clause,
}

/// Where a query can't be read on, and what would have been right there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at character {position}")]
pub struct QueryFault {
    /// In characters from 0; the length of the query where its end came too soon.
    pub position: usize,
    /// What was expected there.
    pub expected: String,
}

/// Something that a row should hold, for ranking and for showing where it matched.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedTerm {
    /// What.
    pub text: TermText,
    /// The name of the column that it should be in; `None`: any.
    pub column: Option<String>,
    /// How much it counts beside the others: 1, more after `>`, less after `<`, below 0 after `~`.
    pub weight: f64,
}

#[derive(Debug, Clone, PartialEq)]
enum Clause {
    All(Vec<Clause>),
    Any(Vec<Clause>),
    Not(Box<Clause>),
    Marked(Mark, Box<Clause>),
    Term(TermText, Option<String>),
}

/// How much a part counts in the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Raised,
    Lowered,
    Against,
}

impl Mark {
    /// MySQL has the signs but no numbers for them.
    fn weight(self) -> f64 {
        match self {
            Self::Raised => 2.0,
            Self::Lowered => 0.5,
            Self::Against => -0.5,
        }
    }
}

impl BooleanQuery {
    /// The most words and phrases of one query.
    pub const MAX_TERMS: usize = 32;
    /// How deep brackets and `NOT` may be nested.
    pub const MAX_DEPTH: usize = 16;

    /// Reads a query.
    ///
    /// # Errors
    /// The first place where it can't be read.
    pub fn parse(text: &str) -> Result<Self, QueryFault> {
        parse::parse(text).map(|root| Self { root })
    }

    /// Which rows of a table match. `column` tells the table's column of a name, if it has it and it
    /// is searched; of those that it doesn't know, no row holds anything.
    ///
    /// What `~` marks neither requires nor excludes a row; only where nothing else is asked for, it
    /// has to be there.
    #[must_use]
    pub fn lower(&self, column: &dyn Fn(&str) -> Option<ColumnRef>) -> Expr {
        let expr = self.root.lower(column, true).or_else(|| self.root.lower(column, false));
        expr.unwrap_or_else(|| Expr::Any(Vec::new()))
    }

    /// The names of the columns that it asks for, each once.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.root.note_columns(&mut names);
        names
    }

    /// What a row may hold to match, in the query's order; nothing of what a `NOT` excludes.
    #[must_use]
    pub fn terms(&self) -> Vec<WeightedTerm> {
        let mut terms = Vec::new();
        self.root.note_terms(true, 1.0, &mut terms);
        terms
    }
}

impl Clause {
    /// `None` where nothing is required: it is marked `~`, and that is heeded.
    fn lower(&self, column: &dyn Fn(&str) -> Option<ColumnRef>, heed: bool) -> Option<Expr> {
        let each = |clauses: &[Self]| -> Vec<Expr> {
            clauses.iter().filter_map(|clause| clause.lower(column, heed)).collect()
        };
        match self {
            Self::All(clauses) => one_or(each(clauses), Expr::All),
            Self::Any(clauses) => one_or(each(clauses), Expr::Any),
            // What is excluded is excluded, however it would have counted.
            Self::Not(clause) => clause.lower(column, false).map(|expr| Expr::Not(Box::new(expr))),
            Self::Marked(Mark::Against, _) if heed => None,
            Self::Marked(_, clause) => clause.lower(column, heed),
            Self::Term(text, None) => Some(Expr::Term(Term { text: text.clone(), columns: Vec::new() })),
            Self::Term(text, Some(name)) => Some(match column(name) {
                Some(column) => Expr::Term(Term { text: text.clone(), columns: vec![column] }),
                None => Expr::Any(Vec::new()),
            }),
        }
    }

    fn note_columns<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::All(clauses) | Self::Any(clauses) => {
                for clause in clauses {
                    clause.note_columns(names);
                }
            }
            Self::Not(clause) | Self::Marked(_, clause) => clause.note_columns(names),
            Self::Term(_, Some(name)) if !names.contains(&name.as_str()) => names.push(name),
            Self::Term(..) => {}
        }
    }

    fn note_terms(&self, is_wanted: bool, weight: f64, terms: &mut Vec<WeightedTerm>) {
        match self {
            Self::All(clauses) | Self::Any(clauses) => {
                for clause in clauses {
                    clause.note_terms(is_wanted, weight, terms);
                }
            }
            Self::Not(clause) => clause.note_terms(!is_wanted, weight, terms),
            Self::Marked(mark, clause) => clause.note_terms(is_wanted, weight * mark.weight(), terms),
            Self::Term(text, column) if is_wanted => {
                terms.push(WeightedTerm { text: text.clone(), column: column.clone(), weight });
            }
            Self::Term(..) => {}
        }
    }
}

/// One of these is itself; none is nothing.
fn one_or(mut exprs: Vec<Expr>, more: fn(Vec<Expr>) -> Expr) -> Option<Expr> {
    if exprs.len() > 1 { Some(more(exprs)) } else { exprs.pop() }
}

#[cfg(test)]
mod tests;
