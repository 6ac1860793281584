//! What a search asks of a table's rows: which have to be found, and which words speak for them.

mod parsed;

use altus4_connections::{ColumnRef, SearchLanguage, Table, Target};

use crate::{
    BooleanQuery, Expr, NaturalQuery, SearchError, SearchMode, SearchQuery, Term, TermText, WordMatching,
    candidates,
    plan::TablePlan,
    rank::RowWords,
    terms::{self, Terms},
    vocabulary::Vocabulary,
};

/// A query, read once for all databases.
pub(crate) struct Question {
    asked: Asked,
    /// What is ranked by, and marked in rows.
    terms: Terms,
    /// How much each term counts; below 0 against a row.
    weights: Vec<f64>,
    /// For each term, the names of the columns in which alone it counts; empty: all.
    columns: Vec<Vec<String>>,
}

enum Asked {
    Natural {
        phrases: Vec<Vec<String>>,
        /// The terms that stand outside of phrases.
        outside: Vec<usize>,
        matching: WordMatching,
        /// Whether words may be misspelt.
        may_correct: bool,
    },
    Boolean(BooleanQuery),
}

impl Question {
    /// # Errors
    /// A boolean query that can't be read.
    pub(crate) fn of(query: &SearchQuery) -> Result<Self, SearchError> {
        Self::in_languages(query, &[])
    }

    /// The same question to these databases, in their languages.
    ///
    /// # Errors
    /// None, where there was a question before.
    pub(crate) fn to(self, query: &SearchQuery, targets: &[Target]) -> Result<Self, SearchError> {
        let mut languages: Vec<_> = targets.iter().map(|target| target.connection.search.language).collect();
        languages.sort_unstable();
        languages.dedup();
        match *languages {
            [] | [SearchLanguage::English] => Ok(self),
            _ => Self::in_languages(query, &languages),
        }
    }

    fn in_languages(query: &SearchQuery, languages: &[SearchLanguage]) -> Result<Self, SearchError> {
        let text = query.text.as_str();
        if query.mode == SearchMode::Boolean {
            return Ok(Self::boolean(BooleanQuery::parse(text)?, languages));
        }
        let terms = Terms::of(text, languages);
        let natural = NaturalQuery::parse(text);
        let (weights, columns) = (vec![1.0; terms.len()], vec![Vec::new(); terms.len()]);
        let asked = Asked::Natural {
            outside: terms.of_part(&natural.words.join(" ")),
            phrases: natural.phrases,
            matching: query.matching,
            may_correct: query.typo_tolerance,
        };
        Ok(Self { asked, terms, weights, columns })
    }

    fn boolean(query: BooleanQuery, languages: &[SearchLanguage]) -> Self {
        let mut words: Vec<(String, bool)> = Vec::new();
        let (mut weights, mut columns): (Vec<f64>, Vec<Vec<String>>) = (Vec::new(), Vec::new());
        for term in query.terms() {
            let column: Vec<String> = term.column.into_iter().collect();
            let (parts, is_prefix) = match term.text {
                TermText::Word(word) => (vec![word], false),
                TermText::Prefix(word) => (vec![word], true),
                TermText::Phrase(parts) => (parts, false),
            };
            for part in parts.into_iter().map(|part| (part, is_prefix)) {
                if let Some(at) = words.iter().position(|known| *known == part) {
                    // Asked for twice: what asks for more holds.
                    weights[at] = weights[at].max(term.weight);
                    if columns[at].is_empty() || column.is_empty() {
                        columns[at].clear();
                    } else {
                        columns[at].extend(column.clone());
                    }
                } else {
                    words.push(part);
                    weights.push(term.weight);
                    columns.push(column.clone());
                }
            }
        }
        let terms = Terms::exact(words, languages);
        Self { asked: Asked::Boolean(query), terms, weights, columns }
    }

    /// The words that speak for a row.
    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// How much each of them counts.
    pub(crate) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Whether no row of any database could match.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.asked, Asked::Natural { .. }) && self.terms.len() == 0
    }

    /// The names of the columns that it asks for.
    pub(crate) fn columns(&self) -> Vec<&str> {
        match &self.asked {
            Asked::Natural { .. } => Vec::new(),
            Asked::Boolean(query) => query.columns(),
        }
    }

    /// Whether it asks for this column of the table by name.
    pub(crate) fn names(&self, table: &Table, column: &ColumnRef) -> bool {
        self.columns().iter().any(|name| table.column(name).is_some_and(|known| known.column == *column))
    }

    /// Looks also for other spellings of its words that some table has.
    pub(crate) fn join(&mut self, known: &[&Vocabulary]) {
        if matches!(self.asked, Asked::Natural { .. }) {
            self.terms.join(known);
            self.weights.resize(self.terms.len(), 1.0);
            self.columns.resize(self.terms.len(), Vec::new());
        }
    }

    /// Takes each word that no table has for a misspelt one; whether it is in none, `is_missing`
    /// decides where that isn't known. Answers whether anything was corrected.
    pub(crate) fn correct(&mut self, known: &[&Vocabulary], is_missing: impl Fn(usize) -> bool) -> bool {
        let may = matches!(self.asked, Asked::Natural { may_correct: true, .. });
        may && self.terms.correct(known, is_missing)
    }

    /// Which rows of a planned table match.
    pub(crate) fn every(&self, plan: &TablePlan, known: Option<&Vocabulary>) -> Expr {
        let expr = match &self.asked {
            Asked::Natural { .. } if self.any_word_will_do() => {
                candidates::every(&self.terms, known, plan.rules())
            }
            Asked::Natural { phrases, outside, matching, .. } => {
                self.natural(phrases, outside, *matching, known)
            }
            Asked::Boolean(query) => query.lower(&|name| {
                let column = &plan.table.column(name)?.column;
                plan.is_searched(column).then(|| column.clone())
            }),
        };
        Self::within(expr, plan)
    }

    /// Which of them the best are among.
    pub(crate) fn best(&self, plan: &TablePlan, known: Option<&Vocabulary>) -> Expr {
        // How many rows a filter leaves of a word's isn't known.
        if self.any_word_will_do() && plan.filter.is_none() {
            return Self::within(candidates::head(&self.terms, known, plan.rules()), plan);
        }
        self.every(plan, known)
    }

    fn any_word_will_do(&self) -> bool {
        match &self.asked {
            Asked::Natural { phrases, matching, .. } => phrases.is_empty() && *matching == WordMatching::Any,
            Asked::Boolean(_) => false,
        }
    }

    /// Where indexes cover more columns than are searched, the words count in these alone.
    fn within(mut expr: Expr, plan: &TablePlan) -> Expr {
        if plan.scope.columns().iter().any(|column| !plan.is_searched(column)) {
            let searched: Vec<ColumnRef> = plan.searched.iter().map(|(column, _)| column.clone()).collect();
            restrict(&mut expr, &searched);
        }
        expr
    }

    /// Every phrase, and as many of the words as have to be there; where phrases say enough, words
    /// only help in the ranking.
    fn natural(
        &self,
        phrases: &[Vec<String>],
        outside: &[usize],
        matching: WordMatching,
        known: Option<&Vocabulary>,
    ) -> Expr {
        let mut all: Vec<Expr> = phrases.iter().map(|words| phrase(words)).collect();
        if matching != WordMatching::Any {
            let terms: Vec<&terms::Term> = self.terms.iter().collect();
            let words: Vec<Expr> =
                outside.iter().map(|term| candidates::any_form(terms[*term], known)).collect();
            let least = matching.least(words.len());
            if least >= words.len() {
                all.extend(words);
            } else {
                all.push(Expr::AtLeast(least, words));
            }
        }
        if all.len() == 1 { all.remove(0) } else { Expr::All(all) }
    }

    /// Forgets the words of a row that stand where they don't count. `fields` are the columns that
    /// were counted.
    pub(crate) fn sift<'a>(&self, counted: &mut RowWords, fields: impl Iterator<Item = &'a ColumnRef>) {
        if self.columns.iter().all(Vec::is_empty) {
            return;
        }
        let fields: Vec<&ColumnRef> = fields.collect();
        counted.keep(|field, term| {
            let columns = &self.columns[term];
            let name = fields[field].name();
            columns.is_empty() || columns.iter().any(|column| column.eq_ignore_ascii_case(name))
        });
    }
}

fn phrase(words: &[String]) -> Expr {
    let text = match words {
        [word] => TermText::Word(word.clone()),
        words => TermText::Phrase(words.to_vec()),
    };
    Expr::Term(Term { text, columns: Vec::new() })
}

/// Terms that would count in every column of the scope count in these alone.
fn restrict(expr: &mut Expr, columns: &[ColumnRef]) {
    match expr {
        Expr::Term(term) if term.columns.is_empty() => term.columns = columns.to_vec(),
        Expr::Term(_) => {}
        Expr::All(exprs) | Expr::Any(exprs) | Expr::AtLeast(_, exprs) => {
            for expr in exprs {
                restrict(expr, columns);
            }
        }
        Expr::Not(expr) => restrict(expr, columns),
    }
}
