//! What the full-text indexes of a table say of a term: exactly which rows hold it, or rows that
//! all of them are among.

use altus4_connections::{ColumnRef, FullTextKey, IndexRules, Table};
use altus4_search::{Matching, Scope, Term, TermText};
use mysql_async::Value as Wire;

use super::{
    names,
    pattern::{folded, is_accent},
    sql::{Sql, text},
};

/// The indexes of a table, and the columns that a search looks at.
pub(super) struct Indexes<'a> {
    pub(super) table: &'a Table,
    scope: &'a Scope,
}

impl<'a> Indexes<'a> {
    pub(super) fn of(matching: &'a Matching) -> Self {
        Self { table: &matching.table, scope: &matching.scope }
    }

    /// The indexes that may be asked for exactly the rows with this term in a condition beside the one
    /// that rows are taken by. MariaDB (10.11) crashes when a partitioned table is asked so.
    pub(super) fn beside(&self, term: &Term) -> Option<Vec<&'a FullTextKey>> {
        self.exact(term).filter(|_| !self.table.is_partitioned)
    }

    /// The columns in which the term counts.
    pub(super) fn columns<'t>(&self, term: &'t Term) -> Vec<&'t ColumnRef>
    where
        'a: 't,
    {
        if term.columns.is_empty() { self.scope.columns() } else { term.columns.iter().collect() }
    }

    /// Those of the search first, for they are the ones that it was planned over; the others help with
    /// terms of single columns. None where the search wants none.
    pub(super) fn all(&self) -> Vec<&'a FullTextKey> {
        let mut all: Vec<_> = self.scope.indexes.iter().collect();
        if all.is_empty() {
            return all;
        }
        for index in &self.table.full_text {
            if !all.contains(&index) {
                all.push(index);
            }
        }
        all
    }

    /// The indexes that together find exactly the rows with this term.
    pub(super) fn exact(&self, term: &Term) -> Option<Vec<&'a FullTextKey>> {
        let columns = self.columns(term);
        let fits = |index: &&FullTextKey| {
            index.rules.ngram.is_none()
                && index.columns.iter().all(|column| columns.contains(&column))
                && is_held(&index.rules, &term.text)
        };
        cover(&columns, self.all().into_iter().filter(fits).collect())
    }

    /// The indexes that together find every row with this term, and maybe others.
    pub(super) fn beyond(&self, term: &Term) -> Option<Vec<&'a FullTextKey>> {
        let fits = |index: &&FullTextKey| is_held(&index.rules, &term.text);
        let fitting = || self.all().into_iter().filter(fits).collect();
        self.exact(term).or_else(|| cover(&self.columns(term), fitting()))
    }

    /// Whether this index alone finds exactly the rows with this term.
    pub(super) fn says(&self, index: &FullTextKey, term: &Term) -> bool {
        self.exact(term).is_some_and(|exact| exact == [index])
    }

    /// Whether this index alone finds every row with this term, and maybe others.
    pub(super) fn includes(&self, index: &FullTextKey, term: &Term) -> bool {
        is_held(&index.rules, &term.text)
            && self.columns(term).iter().all(|column| index.columns.contains(column))
    }
}

/// One index with all of the columns, the smallest, or several that have them together.
fn cover<'a>(columns: &[&ColumnRef], mut indexes: Vec<&'a FullTextKey>) -> Option<Vec<&'a FullTextKey>> {
    let has_all = |index: &&&FullTextKey| columns.iter().all(|column| index.columns.contains(column));
    if let Some(one) = indexes.iter().filter(has_all).min_by_key(|index| index.columns.len()) {
        return (!columns.is_empty()).then(|| vec![*one]);
    }
    indexes.sort_by_key(|index| std::cmp::Reverse(index.columns.len()));
    let mut missing = columns.to_vec();
    indexes.retain(|index| {
        let before = missing.len();
        missing.retain(|column| !index.columns.contains(column));
        missing.len() < before
    });
    missing.is_empty().then_some(indexes).filter(|_| !columns.is_empty())
}

/// What an index is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// In the language of the mode.
    text: String,
    is_boolean: bool,
}

impl Question {
    /// Rows that hold a term of each clause, and none of `without`.
    pub(super) fn new(index: &FullTextKey, clauses: &[Vec<&Term>], without: &[&Term]) -> Self {
        let words = |terms: &[&Term]| terms.iter().map(|term| word(&term.text)).collect::<Vec<_>>();
        match clauses {
            [terms] if without.is_empty() => {
                let is_plain = |term: &&Term| matches!(term.text, TermText::Word(_));
                // In natural mode an ngram index finds whatever shares a piece.
                let is_boolean = index.rules.ngram.is_some() || !terms.iter().all(is_plain);
                Self { text: words(terms).join(" "), is_boolean }
            }
            _ => {
                let with = clauses.iter().map(|terms| match terms.as_slice() {
                    [term] => format!("+{}", word(&term.text)),
                    terms => format!("+({})", words(terms).join(" ")),
                });
                let without = without.iter().map(|term| format!("-{}", word(&term.text)));
                Self { text: with.chain(without).collect::<Vec<_>>().join(" "), is_boolean: true }
            }
        }
    }

    /// The condition that a row of the index answers it.
    pub(super) fn condition(&self, index: &FullTextKey, has_threshold: bool) -> Sql {
        matching(index, &self.text, self.is_boolean || has_threshold)
    }

    /// How well a row answers it. An index that leaves out words of half the rows and more in natural
    /// mode only counts words in boolean mode.
    pub(super) fn score(&self, index: &FullTextKey, has_threshold: bool) -> Sql {
        matching(index, &self.text, self.is_boolean && !has_threshold)
    }
}

fn matching(index: &FullTextKey, question: &str, is_boolean: bool) -> Sql {
    let mode = if is_boolean { "BOOLEAN" } else { "NATURAL LANGUAGE" };
    let value: Wire = text(question);
    Sql::with(format!("MATCH ({}) AGAINST (? IN {mode} MODE)", names(&index.columns)), value)
}

/// Whether the table's engine leaves out words that are in half of the rows.
pub(super) fn has_threshold(table: &Table) -> bool {
    matches!(table.engine.as_deref(), Some("MyISAM" | "Aria"))
}

fn word(text: &TermText) -> String {
    match text {
        TermText::Word(word) => word.clone(),
        TermText::Prefix(word) => format!("{word}*"),
        TermText::Phrase(words) => words.join(" "),
    }
}

/// Whether the rows with this term can be found through an index with these rules. A prefix can't if
/// a word that begins so is left out.
fn is_held(rules: &IndexRules, term: &TermText) -> bool {
    let (text, is_prefix) = match term {
        TermText::Word(text) => (text, false),
        TermText::Prefix(text) => (text, true),
        TermText::Phrase(_) => return false,
    };
    if text.is_empty() || !text.chars().all(is_of_words) {
        return false;
    }
    let folded = folded(text);
    if let Some(piece) = rules.ngram {
        // A piece with a stop word in it is left out.
        return text.chars().count() >= usize::try_from(piece).unwrap_or(usize::MAX)
            && !rules.stop_words.iter().any(|stop| folded.contains(stop.as_str()));
    }
    let begins_a_stop_word = || rules.stop_words.iter().any(|stop| stop.starts_with(folded.as_str()));
    rules.holds(text) && rules.holds(&folded) && !(is_prefix && begins_a_stop_word())
}

/// Whether every server takes the character as part of a word, wherever it stands, and none as an
/// operator. InnoDB cuts at apostrophes, and at what is beyond the basic plane.
fn is_of_words(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    c <= '\u{FFFF}' && c != '’' && !is_accent(c) && !c.is_whitespace() && !c.is_control()
}

/// The words that an index keeps of a word: those between its apostrophes. The short ones are passed
/// over, as they find much and are often left out.
pub(super) fn pieces(term: &TermText) -> Vec<TermText> {
    const SHORT: usize = 2;
    let (TermText::Word(text) | TermText::Prefix(text)) = term else { return vec![term.clone()] };
    if !text.contains(APOSTROPHES) {
        return vec![term.clone()];
    }
    let is_long = |piece: &&str| piece.chars().count() > SHORT;
    match text.rsplit_once(APOSTROPHES).filter(|_| matches!(term, TermText::Prefix(_))) {
        Some((before, last)) => {
            let whole =
                before.split(APOSTROPHES).filter(is_long).map(|piece| TermText::Word(piece.to_owned()));
            let last = Some(last).filter(is_long).map(|piece| TermText::Prefix(piece.to_owned()));
            whole.chain(last).collect()
        }
        None => {
            text.split(APOSTROPHES).filter(is_long).map(|piece| TermText::Word(piece.to_owned())).collect()
        }
    }
}

const APOSTROPHES: [char; 2] = ['\'', '’'];
