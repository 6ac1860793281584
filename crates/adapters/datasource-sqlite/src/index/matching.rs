//! Which rows match: FTS5 gives a first choice, where it has an index that all of them are found by,
//! and each text is then read for what FTS5 doesn't know (`_` inside words, stems, other columns).

use std::slice;

use altus4_connections::{ColumnRef, FullTextKey, Value};
use altus4_search::{Expr, Matching, Term, TermText};

use super::filter;
use crate::{
    holds,
    sql::{Statement, all_of, any_of, column, quoted},
};

/// An index to take rows from, and what it is asked for in FTS5's language.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source<'a> {
    pub(super) index: &'a FullTextKey,
    pub(super) query: String,
}

/// Where rows are taken from: one index, or several together; none where the table has to be read.
/// Never all of them but for nothing: `None` where no row can match.
pub(crate) fn sources(matching: &Matching) -> Option<Vec<Source<'_>>> {
    let expr = matching.expr.normal();
    if expr == Expr::Any(Vec::new()) {
        return None;
    }
    let indexes = &matching.scope.indexes;
    let columns = |term: &Term| -> Vec<ColumnRef> {
        if term.columns.is_empty() {
            matching.scope.columns().into_iter().cloned().collect()
        } else {
            term.columns.clone()
        }
    };
    let knows = |index: &FullTextKey, term: &Term| {
        Tokenizer::of(index).finds(&term.text)
            && columns(term).iter().all(|column| index.columns.contains(column))
    };
    let mut best: Option<(&FullTextKey, Vec<Vec<&Term>>)> = None;
    for index in indexes {
        let clauses = expr.clauses(&|term| knows(index, term));
        if clauses.len() > best.as_ref().map_or(0, |(_, clauses)| clauses.len()) {
            best = Some((index, clauses));
        }
    }
    if let Some((index, clauses)) = best {
        let clauses: Vec<_> = clauses.iter().map(|clause| any_term(clause)).collect();
        let query = match clauses.as_slice() {
            [one] => one.clone(),
            several => several.iter().map(|clause| format!("({clause})")).collect::<Vec<_>>().join(" AND "),
        };
        return Some(vec![Source { index, query }]);
    }
    // Each index that has one of the columns, asked for one of the terms of some clause.
    let may_have = |term: &Term| {
        let columns = columns(term);
        let has = |column: &ColumnRef| {
            indexes
                .iter()
                .any(|index| index.columns.contains(column) && Tokenizer::of(index).finds(&term.text))
        };
        columns.iter().all(has)
    };
    let clause = expr.clauses(&may_have).into_iter().min_by_key(Vec::len);
    let sources = clause.iter().flat_map(|clause| {
        indexes.iter().filter_map(move |index| {
            let terms: Vec<_> =
                clause.iter().copied().filter(|term| Tokenizer::of(index).finds(&term.text)).collect();
            (!terms.is_empty()).then(|| Source { index, query: any_term(&terms) })
        })
    });
    Some(sources.collect())
}

/// How an index cuts texts into words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tokenizer {
    /// At whatever is no letter or digit.
    Words,
    /// So too, and keeps stems alone.
    Stems,
    /// Into pieces of three characters.
    Trigrams,
    /// In a way that isn't known here.
    Other,
}

impl Tokenizer {
    fn of(index: &FullTextKey) -> Self {
        let Some(parser) = &index.parser else { return Self::Words };
        let lower = parser.to_ascii_lowercase();
        // These change what a word is.
        if ["tokenchars", "separators", "categories"].iter().any(|option| lower.contains(option)) {
            return Self::Other;
        }
        let mut names = lower.split_whitespace().map(|name| name.trim_matches(['\'', '"']));
        match (names.next(), names.next()) {
            (Some("unicode61" | "ascii"), _) => Self::Words,
            (Some("porter"), None | Some("unicode61" | "ascii")) => Self::Stems,
            (Some("trigram"), _) => Self::Trigrams,
            _ => Self::Other,
        }
    }

    /// Whether every row with this term is among those that the index finds for it.
    fn finds(self, term: &TermText) -> bool {
        let has_letters = |word: &String| word.chars().any(char::is_alphanumeric);
        let has_piece = |word: &String| word.chars().filter(|c| c.is_alphanumeric()).count() >= 3;
        match (self, term) {
            (Self::Words, TermText::Word(word) | TermText::Prefix(word))
            | (Self::Stems, TermText::Word(word)) => has_letters(word) && !word.contains('\0'),
            (Self::Words | Self::Stems, TermText::Phrase(words)) => {
                words.iter().all(|word| has_letters(word) && !word.contains('\0'))
            }
            (Self::Trigrams, TermText::Word(word) | TermText::Prefix(word)) => {
                has_piece(word) && word.chars().all(char::is_alphanumeric)
            }
            // The stem of a beginning may begin otherwise.
            (Self::Stems, TermText::Prefix(_)) | (Self::Trigrams, TermText::Phrase(_)) | (Self::Other, _) => {
                false
            }
        }
    }
}

/// An FTS5 query for any of the terms. Each is a string to FTS5, so nothing in it is an operator.
fn any_term(terms: &[&Term]) -> String {
    let string = |word: &str| format!("\"{}\"", word.replace('"', "\"\"").replace(['\0', '’'], " "));
    let one = |term: &&Term| match &term.text {
        TermText::Word(word) => string(word),
        TermText::Prefix(word) => format!("{} *", string(word)),
        TermText::Phrase(words) => string(&words.join(" ")),
    };
    terms.iter().map(one).collect::<Vec<_>>().join(" OR ")
}

/// The condition that a row matches: its texts are read for every term, and the filter holds.
pub(super) fn condition(matching: &Matching) -> Statement {
    let mut binds = Vec::new();
    let mut pieces = vec![expression(matching, &matching.expr.normal(), &mut binds)];
    if let Some(filter) = &matching.filter {
        pieces.push(filter::condition(&matching.table, filter, &mut binds));
    }
    Statement { text: all_of(&pieces), binds }
}

/// Never `NULL`. Values are appended in the order of their places.
fn expression(matching: &Matching, expr: &Expr, binds: &mut Vec<Value>) -> String {
    let mut each = |all: &[Expr]| all.iter().map(|one| expression(matching, one, binds)).collect::<Vec<_>>();
    match expr {
        Expr::Term(term) => holds_one(matching, slice::from_ref(&term), binds),
        Expr::Not(inner) => format!("NOT {}", expression(matching, inner, binds)),
        Expr::All(all) => all_of(&each(all)),
        Expr::AtLeast(count, all) => {
            let each: Vec<_> = each(all).into_iter().map(|one| format!("({one})")).collect();
            format!("({} >= {count})", each.join(" + "))
        }
        Expr::Any(any) => {
            // Terms of the same columns are looked for at once.
            let mut groups: Vec<(Vec<ColumnRef>, Vec<&Term>)> = Vec::new();
            let mut pieces = Vec::new();
            for one in any {
                match one {
                    Expr::Term(term) => match groups.iter_mut().find(|(columns, _)| *columns == term.columns)
                    {
                        Some((_, terms)) => terms.push(term),
                        None => groups.push((term.columns.clone(), vec![term])),
                    },
                    other => pieces.push(expression(matching, other, binds)),
                }
            }
            pieces.extend(groups.iter().map(|(_, terms)| holds_one(matching, terms, binds)));
            any_of(&pieces)
        }
    }
}

/// Whether one of the columns in which these terms count (the same for all) holds one of them.
fn holds_one(matching: &Matching, terms: &[&Term], binds: &mut Vec<Value>) -> String {
    let named = terms.first().map_or(&[][..], |term| &term.columns);
    let columns: Vec<&ColumnRef> =
        if named.is_empty() { matching.scope.columns() } else { named.iter().collect() };
    let texts: Vec<_> = terms.iter().map(|term| &term.text).collect();
    let description = holds::description(&texts);
    let each: Vec<_> = columns
        .into_iter()
        .map(|name| {
            binds.push(description.clone());
            format!("(CAST({} AS TEXT) COLLATE {} IS ?)", column(name.name()), quoted(holds::COLLATION))
        })
        .collect();
    any_of(&each)
}
