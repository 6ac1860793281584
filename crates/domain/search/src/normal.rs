//! An expression in normal form, and what every row that it means has to hold in the least: where
//! an adapter begins, before it looks at the rest.

use crate::{Expr, Term, TermText};

impl Expr {
    /// The same rows in few forms: groups of one kind are not nested in one another and have no
    /// member twice, `NOT` stands before terms alone, and `AtLeast` asks for more than one and for
    /// fewer than all. What all rows match is `All` of nothing, what none does `Any` of nothing, and
    /// neither is left within a group.
    #[must_use]
    pub fn normal(&self) -> Self {
        normal(self, false)
    }

    /// The same with each phrase taken apart into its words, and so with more rows: for where words
    /// alone can be looked for. `split` gives the words that a word is made of to whoever looks.
    #[must_use]
    pub fn of_words(&self, split: &dyn Fn(&TermText) -> Vec<TermText>) -> Self {
        let each = |all: &[Self]| all.iter().map(|one| one.of_words(split)).collect();
        match self {
            Self::Term(term) => {
                let texts = match &term.text {
                    TermText::Phrase(words) => {
                        words.iter().flat_map(|word| split(&TermText::Word(word.clone()))).collect()
                    }
                    text => split(text),
                };
                let term = |text| Self::Term(Term { text, columns: term.columns.clone() });
                Self::All(texts.into_iter().map(term).collect())
            }
            Self::All(all) => Self::All(each(all)),
            Self::Any(all) => Self::Any(each(all)),
            Self::AtLeast(count, all) => Self::AtLeast(*count, each(all)),
            // Fewer rows would be left than are meant.
            Self::Not(_) => Self::All(Vec::new()),
        }
    }

    /// Clauses of an expression in normal form: a row that matches it holds at least one term of
    /// every clause. Of terms that are not `usable` nothing follows; where nothing follows at all,
    /// there is no clause.
    #[must_use]
    pub fn clauses(&self, usable: &dyn Fn(&Term) -> bool) -> Vec<Vec<&Term>> {
        match self {
            Self::Term(term) if usable(term) => vec![vec![term]],
            Self::Term(_) | Self::Not(_) => Vec::new(),
            Self::All(all) => {
                let mut clauses: Vec<_> = all.iter().flat_map(|one| one.clauses(usable)).collect();
                let mut seen = Vec::new();
                clauses.retain(|clause| {
                    let is_new = !seen.contains(clause);
                    seen.push(clause.clone());
                    is_new
                });
                clauses
            }
            Self::Any(all) => one_of(all, all.len(), usable),
            // Of any so many of them at least one matches.
            Self::AtLeast(count, all) => one_of(all, (all.len() + 1).saturating_sub(*count), usable),
        }
    }
}

/// The clause that holds where one of `needed` expressions does; none if that many have no clause.
fn one_of<'a>(all: &'a [Expr], needed: usize, usable: &dyn Fn(&Term) -> bool) -> Vec<Vec<&'a Term>> {
    let mut best: Vec<_> = all.iter().filter_map(|one| narrowest(one.clauses(usable))).collect();
    if needed == 0 || best.len() < needed {
        return Vec::new();
    }
    best.sort_by_key(Vec::len);
    best.truncate(needed);
    let mut clause = Vec::new();
    for term in best.into_iter().flatten() {
        if !clause.contains(&term) {
            clause.push(term);
        }
    }
    vec![clause]
}

/// The clause with the fewest terms, and of those the one with the longest words, which tend to be
/// the rarest.
pub(crate) fn narrowest(clauses: Vec<Vec<&Term>>) -> Option<Vec<&Term>> {
    let shortest = |clause: &Vec<&Term>| clause.iter().map(|term| length(&term.text)).min();
    clauses.into_iter().min_by_key(|clause| (clause.len(), std::cmp::Reverse(shortest(clause))))
}

fn length(text: &TermText) -> usize {
    match text {
        TermText::Word(word) | TermText::Prefix(word) => word.len(),
        TermText::Phrase(words) => words.iter().map(String::len).sum(),
    }
}

fn normal(expr: &Expr, negated: bool) -> Expr {
    let each = |all: &[Expr]| all.iter().map(|one| normal(one, negated)).collect::<Vec<_>>();
    match expr {
        Expr::Term(_) if negated => Expr::Not(Box::new(expr.clone())),
        Expr::Term(_) => expr.clone(),
        Expr::Not(inner) => normal(inner, !negated),
        Expr::All(all) if negated => any(each(all)),
        Expr::All(all) => all_of(each(all)),
        Expr::Any(all) if negated => all_of(each(all)),
        Expr::Any(all) => any(each(all)),
        // Not so many match: of the others there is at least one more than may be left.
        Expr::AtLeast(count, all) if negated => at_least((all.len() + 1).saturating_sub(*count), each(all)),
        Expr::AtLeast(count, all) => at_least(*count, each(all)),
    }
}

fn is_everything(expr: &Expr) -> bool {
    matches!(expr, Expr::All(all) if all.is_empty())
}

fn is_nothing(expr: &Expr) -> bool {
    matches!(expr, Expr::Any(all) if all.is_empty())
}

fn all_of(all: Vec<Expr>) -> Expr {
    let mut members = Vec::new();
    for one in all {
        match one {
            nothing if is_nothing(&nothing) => return nothing,
            Expr::All(inner) => inner.into_iter().for_each(|one| add(&mut members, one)),
            one => add(&mut members, one),
        }
    }
    alone(members).unwrap_or_else(Expr::All)
}

fn any(all: Vec<Expr>) -> Expr {
    let mut members = Vec::new();
    for one in all {
        match one {
            everything if is_everything(&everything) => return everything,
            Expr::Any(inner) => inner.into_iter().for_each(|one| add(&mut members, one)),
            one => add(&mut members, one),
        }
    }
    alone(members).unwrap_or_else(Expr::Any)
}

/// A member that is there twice counts twice here.
fn at_least(count: usize, mut all: Vec<Expr>) -> Expr {
    let before = all.len();
    all.retain(|one| !is_everything(one));
    let count = count.saturating_sub(before - all.len());
    all.retain(|one| !is_nothing(one));
    match count {
        0 => Expr::All(Vec::new()),
        1 => any(all),
        count if count > all.len() => Expr::Any(Vec::new()),
        count if count == all.len() => all_of(all),
        count => Expr::AtLeast(count, all),
    }
}

fn add(members: &mut Vec<Expr>, one: Expr) {
    if !members.contains(&one) {
        members.push(one);
    }
}

/// A group of one is that one.
fn alone(mut members: Vec<Expr>) -> Result<Expr, Vec<Expr>> {
    match members.pop() {
        Some(one) if members.is_empty() => Ok(one),
        Some(last) => {
            members.push(last);
            Err(members)
        }
        None => Err(members),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(words: &str) -> Vec<Expr> {
        words.split(' ').map(Expr::word).collect()
    }

    fn not(expr: Expr) -> Expr {
        Expr::Not(Box::new(expr))
    }

    #[test]
    fn groups_are_flat_and_not_stands_before_terms() {
        let expr = Expr::All(vec![
            Expr::All(words("a b")),
            not(Expr::Any(vec![Expr::word("c"), not(Expr::word("b")), Expr::Any(vec![])])),
            Expr::All(vec![]),
        ]);
        let expected = [words("a b"), vec![not(Expr::word("c"))]].concat();
        assert_eq!(expr.normal(), Expr::All(expected));
        assert_eq!(Expr::AtLeast(2, words("a b")).normal(), Expr::All(words("a b")));
        assert_eq!(not(Expr::AtLeast(0, vec![])).normal(), Expr::Any(vec![]));
        assert_eq!(Expr::Any(vec![not(not(Expr::word("a")))]).normal(), Expr::word("a"));
    }

    #[test]
    fn a_clause_is_what_every_row_holds_one_of() {
        let clauses = |expr: Expr| -> Vec<String> {
            let normal = expr.normal();
            let text = |term: &&Term| match &term.text {
                TermText::Word(word) => word.clone(),
                other => format!("{other:?}"),
            };
            let usable = |term: &Term| !matches!(&term.text, TermText::Word(word) if word == "the");
            let clauses = normal.clauses(&usable);
            clauses.iter().map(|clause| clause.iter().map(text).collect::<Vec<_>>().join("|")).collect()
        };
        assert_eq!(clauses(Expr::All(words("a the b"))), ["a", "b"]);
        assert_eq!(clauses(Expr::Any(words("a b"))), ["a|b"]);
        assert_eq!(clauses(Expr::Any(words("a the"))), [""; 0]);
        assert_eq!(clauses(Expr::AtLeast(2, words("a b the"))), ["a|b"]);
        assert_eq!(clauses(Expr::AtLeast(2, words("a b c d"))), ["a|b|c"]);
        let nested = Expr::Any(vec![Expr::All(words("a bcd the")), Expr::word("e")]);
        assert_eq!(clauses(nested), ["bcd|e"]);
        assert_eq!(clauses(not(Expr::word("a"))), [""; 0]);
    }

    fn tree() -> impl Strategy<Value = Expr> {
        let leaf = (0_u8..5).prop_map(|n| Expr::word(n.to_string()));
        leaf.prop_recursive(4, 24, 4, |inner| {
            let some = || proptest::collection::vec(inner.clone(), 0..4);
            prop_oneof![
                some().prop_map(Expr::All),
                some().prop_map(Expr::Any),
                (0_usize..4, some()).prop_map(|(count, all)| Expr::AtLeast(count, all)),
                inner.clone().prop_map(|one| Expr::Not(Box::new(one))),
            ]
        })
    }

    /// Whether a row matches that holds the words whose bits are set.
    fn matches(expr: &Expr, row: u8) -> bool {
        match expr {
            Expr::Term(term) => holds(term, row),
            Expr::All(all) => all.iter().all(|one| matches(one, row)),
            Expr::Any(all) => all.iter().any(|one| matches(one, row)),
            Expr::AtLeast(count, all) => all.iter().filter(|one| matches(one, row)).count() >= *count,
            Expr::Not(one) => !matches(one, row),
        }
    }

    fn holds(term: &Term, row: u8) -> bool {
        matches!(&term.text, TermText::Word(word) if word.parse::<u8>().is_ok_and(|bit| row >> bit & 1 == 1))
    }

    proptest! {
        #[test]
        fn the_normal_form_means_the_same_rows_and_no_clause_loses_one(expr in tree()) {
            let normal = expr.normal();
            let clauses = normal.clauses(&|_| true);
            for row in 0..32 {
                prop_assert_eq!(matches(&expr, row), matches(&normal, row), "{:?} {}", normal, row);
                let fits = clauses.iter().all(|clause| clause.iter().any(|term| holds(term, row)));
                prop_assert!(fits || !matches(&expr, row), "{:?} {}", clauses, row);
            }
            prop_assert_eq!(normal.normal(), normal);
        }
    }
}
