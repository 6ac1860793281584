//! Which rows match: an index to take them from, where one finds all of them, and the conditions
//! that those have to fulfil besides.

use std::slice;

use altus4_connections::{ColumnRef, FullTextKey};
use altus4_search::{Expr, Matching, Term, TermText};

use super::{
    filter,
    indexes::{Indexes, Question, has_threshold, pieces},
    names, pattern,
    sql::{Sql, text},
};
use crate::dialect::quote;

/// Rows of a table: what stands after `FROM` and after `WHERE`.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) from: Sql,
    /// All of them hold.
    pub(super) conditions: Vec<Sql>,
    /// How well a row matches, where somebody knows.
    pub(super) score: Option<Sql>,
    pub(super) origin: Origin,
}

/// Where rows are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// One full-text index.
    Index,
    /// Several of them, put together by the primary key.
    Indexes,
    /// The table itself.
    Table,
}

/// The rows that match; `None` where none can.
pub(super) fn found(matching: &Matching) -> Option<Found> {
    let expr = matching.expr.normal();
    if expr == Expr::Any(Vec::new()) {
        return None;
    }
    let indexes = Indexes::of(matching);
    let words = expr.of_words(&pieces).normal();
    let mut found = by_one(&indexes, &expr, &words)
        .or_else(|| by_several(&indexes, &expr, &words))
        .unwrap_or_else(|| by_reading(&indexes, &expr));
    if let Some(filter) = &matching.filter {
        let condition = filter::condition(&matching.table, filter);
        found.conditions.push(match found.origin {
            Origin::Table => condition,
            // So that no other index seems better: it would give the rows in another order.
            _ => condition.within("(", ") IS TRUE"),
        });
    }
    Some(found)
}

/// Through one index, the one that knows most of what is asked for.
fn by_one(indexes: &Indexes<'_>, expr: &Expr, words: &Expr) -> Option<Found> {
    let mut best: Option<(&FullTextKey, Vec<Vec<&Term>>)> = None;
    for index in indexes.all() {
        let clauses = words.clauses(&|term| indexes.includes(index, term));
        if clauses.len() > best.as_ref().map_or(0, |(_, clauses)| clauses.len()) {
            best = Some((index, clauses));
        }
    }
    let (index, clauses) = best?;
    let mut without = Vec::new();
    let mut conditions = Vec::new();
    for member in members(expr) {
        match not_term(member).filter(|term| indexes.says(index, term)) {
            Some(term) => without.push(term),
            None if is_said(member, &|term| indexes.says(index, term)) => {}
            None => conditions.push(condition(indexes, member)),
        }
    }
    let question = Question::new(index, &clauses, &without);
    let threshold = has_threshold(indexes.table);
    conditions.insert(0, question.condition(index, threshold));
    let score = Some(question.score(index, threshold));
    Some(Found { from: table(indexes), conditions, score, origin: Origin::Index })
}

/// Through several indexes, each with the words of one clause: `OR` between them would read the
/// whole table, so that their rows are put together by the primary key.
fn by_several(indexes: &Indexes<'_>, expr: &Expr, words: &Expr) -> Option<Found> {
    let key = &indexes.table.primary_key;
    let clauses = words.clauses(&|term| indexes.beyond(term).is_some());
    let clause = clauses.into_iter().min_by_key(Vec::len).filter(|_| !key.is_empty())?;
    let mut asked: Vec<(&FullTextKey, Vec<&Term>)> = Vec::new();
    for term in &clause {
        for index in indexes.beyond(term)? {
            match asked.iter_mut().find(|(other, _)| *other == index) {
                Some((_, terms)) => terms.push(term),
                None => asked.push((index, vec![term])),
            }
        }
    }
    let parts = |column: &str| (0..key.len()).map(|at| format!("{column}{at}`")).collect::<Vec<_>>();
    let keys = key.iter().zip(parts(KEY)).map(|(column, name)| format!("{} AS {name}", quote(column.name())));
    let keys = keys.collect::<Vec<_>>().join(", ");
    let threshold = has_threshold(indexes.table);
    let each = asked.into_iter().map(|(index, terms)| {
        let question = Question::new(index, &[terms], &[]);
        Sql::list(
            vec![
                question.score(index, threshold).within(&format!("SELECT {keys}, "), " AS `altus4 part`"),
                question
                    .condition(index, threshold)
                    .within(&format!("FROM {} WHERE ", table(indexes).text), ""),
            ],
            " ",
        )
    });
    let names = parts(KEY).join(", ");
    let joined = key.iter().zip(parts(KEY)).map(|(column, name)| {
        format!("{}.{} = `altus4 found`.{name}", quote(indexes.table.table.name()), quote(column.name()))
    });
    let before = format!("(SELECT {names}, SUM(`altus4 part`) AS `altus4 sum` FROM (");
    let after = format!(
        ") AS `altus4 parts` GROUP BY {names}) AS `altus4 found` STRAIGHT_JOIN {} ON {}",
        table(indexes).text,
        joined.collect::<Vec<_>>().join(" AND ")
    );
    // A member that is this very clause needs no second look.
    let is_of_clause = |term: &Term| clause.contains(&term) && indexes.exact(term).is_some();
    let is_clause = |member: &Expr| is_said(member, &is_of_clause) && terms_of(member).len() == clause.len();
    let rest = members(expr).iter().filter(|member| !is_clause(member));
    Some(Found {
        from: Sql::list(each.collect(), " UNION ALL ").within(&before, &after),
        conditions: rest.map(|member| condition(indexes, member)).collect(),
        score: Some(Sql::plain("`altus4 sum`")),
        origin: Origin::Indexes,
    })
}

/// How the columns of a key are called while rows of several indexes are put together.
const KEY: &str = "`altus4 key ";

/// By reading the table.
fn by_reading(indexes: &Indexes<'_>, expr: &Expr) -> Found {
    let conditions = members(expr).iter().map(|member| condition(indexes, member)).collect();
    Found { from: table(indexes), conditions, score: None, origin: Origin::Table }
}

fn table(indexes: &Indexes<'_>) -> Sql {
    Sql::plain(quote(indexes.table.table.name()))
}

fn members(expr: &Expr) -> &[Expr] {
    match expr {
        Expr::All(all) => all,
        one => slice::from_ref(one),
    }
}

fn not_term(expr: &Expr) -> Option<&Term> {
    match expr {
        Expr::Not(inner) => match &**inner {
            Expr::Term(term) => Some(term),
            _ => None,
        },
        _ => None,
    }
}

/// The terms of which one has to be held, where that is all the expression says.
fn terms_of(expr: &Expr) -> Vec<&Term> {
    match expr {
        Expr::Term(term) => vec![term],
        Expr::Any(any) => {
            let terms: Vec<_> = any.iter().flat_map(terms_of).collect();
            if terms.len() == any.len() { terms } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

/// Whether the expression asks for one of some terms, for each of which this holds.
fn is_said(expr: &Expr, says: &dyn Fn(&Term) -> bool) -> bool {
    let terms = terms_of(expr);
    !terms.is_empty() && terms.into_iter().all(says)
}

/// The condition that a row matches an expression in normal form: never `NULL`.
fn condition(indexes: &Indexes<'_>, expr: &Expr) -> Sql {
    match expr {
        Expr::Term(term) => any_term(indexes, &[term]),
        Expr::Not(inner) => condition(indexes, inner).within("NOT ", ""),
        Expr::Any(any) => {
            let (terms, others): (Vec<_>, Vec<_>) = any.iter().partition(|one| matches!(one, Expr::Term(_)));
            let terms: Vec<_> = terms.into_iter().flat_map(terms_of).collect();
            let mut pieces: Vec<_> = others.into_iter().map(|one| condition(indexes, one)).collect();
            if !terms.is_empty() {
                pieces.insert(0, any_term(indexes, &terms));
            }
            Sql::join(pieces, " OR ", "FALSE")
        }
        Expr::All(all) => all_of(indexes, all),
        Expr::AtLeast(count, all) => {
            let each = all.iter().map(|one| condition(indexes, one).within("((", ") IS TRUE)"));
            Sql::list(each.collect(), " + ").within("(", &format!(" >= {count})"))
        }
    }
}

/// Terms of which an index alone finds exactly the rows are asked of it at once.
fn all_of(indexes: &Indexes<'_>, all: &[Expr]) -> Sql {
    let alone = |expr: &Expr| {
        let terms = not_term(expr).map_or_else(|| terms_of(expr), |term| vec![term]);
        let index = indexes.beside(terms.first()?)?;
        let [index] = index.as_slice() else { return None };
        terms.iter().all(|term| indexes.says(index, term)).then_some(*index)
    };
    let mut pieces = Vec::new();
    let mut asked: Vec<&FullTextKey> = Vec::new();
    for expr in all {
        match alone(expr) {
            Some(index) if asked.contains(&index) => {}
            Some(index) => {
                asked.push(index);
                let of_index = all.iter().filter(|other| alone(other) == Some(index));
                let (without, with): (Vec<_>, Vec<_>) = of_index.partition(|one| not_term(one).is_some());
                let without: Vec<_> = without.into_iter().filter_map(not_term).collect();
                let with: Vec<_> = with.into_iter().map(terms_of).collect();
                let threshold = has_threshold(indexes.table);
                let none = with.is_empty();
                let question = if none {
                    Question::new(index, &[without], &[])
                } else {
                    Question::new(index, &with, &without)
                };
                pieces.push(question.condition(index, threshold).within(if none { "NOT " } else { "" }, ""));
            }
            None => pieces.push(condition(indexes, expr)),
        }
    }
    Sql::join(pieces, " AND ", "TRUE")
}

/// The condition that a row holds one of these terms: asked of indexes where they know, read from
/// the text where not.
fn any_term(indexes: &Indexes<'_>, terms: &[&Term]) -> Sql {
    let mut asked: Vec<(&FullTextKey, Vec<&Term>)> = Vec::new();
    let mut read: Vec<(Vec<&ColumnRef>, Vec<&TermText>)> = Vec::new();
    for term in terms {
        if let Some(exact) = indexes.beside(term) {
            for index in exact {
                match asked.iter_mut().find(|(other, _)| *other == index) {
                    Some((_, terms)) => terms.push(term),
                    None => asked.push((index, vec![term])),
                }
            }
            continue;
        }
        let columns = indexes.columns(term);
        match read.iter_mut().find(|(other, _)| *other == columns) {
            Some((_, texts)) => texts.push(&term.text),
            None => read.push((columns, vec![&term.text])),
        }
    }
    let threshold = has_threshold(indexes.table);
    let asked = asked
        .into_iter()
        .map(|(index, terms)| Question::new(index, &[terms], &[]).condition(index, threshold));
    let read = read.into_iter().map(|(columns, mut texts)| {
        texts.retain(|text| !is_empty(text));
        let expressions = pattern::for_any_of(&texts);
        let each = columns.iter().flat_map(|column| {
            let text_of = format!("CONVERT({} USING utf8mb4) REGEXP ?", names(slice::from_ref(*column)));
            expressions.iter().map(move |expression| Sql::with(text_of.clone(), text(expression)))
        });
        match each.collect::<Vec<_>>() {
            none if none.is_empty() => Sql::plain("FALSE"),
            each => Sql::list(each, " OR ").within("((", ") IS TRUE)"),
        }
    });
    Sql::join(asked.chain(read).collect(), " OR ", "FALSE")
}

fn is_empty(text: &TermText) -> bool {
    match text {
        TermText::Word(text) | TermText::Prefix(text) => text.is_empty(),
        TermText::Phrase(words) => words.iter().any(String::is_empty),
    }
}
