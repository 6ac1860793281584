//! Expressions read naively: every text is cut into its words, and every word is looked at. On
//! purpose it shares nothing with what searches use, so that both can't be wrong alike.

use altus4_connections::{ColumnRef, Value};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{Expr, TermText};

/// Whether a row matches. `scope` are the columns in which terms count that name none, and `value`
/// tells the row's value of a column.
pub fn reads<'a>(expr: &Expr, scope: &[&ColumnRef], value: &dyn Fn(&ColumnRef) -> &'a Value) -> bool {
    match expr {
        Expr::All(exprs) => exprs.iter().all(|expr| reads(expr, scope, value)),
        Expr::Any(exprs) => exprs.iter().any(|expr| reads(expr, scope, value)),
        Expr::AtLeast(least, exprs) => {
            exprs.iter().filter(|expr| reads(expr, scope, value)).count() >= *least
        }
        Expr::Not(expr) => !reads(expr, scope, value),
        Expr::Term(term) => {
            let named: Vec<&ColumnRef> = term.columns.iter().collect();
            let columns = if named.is_empty() { scope } else { &named };
            columns.iter().any(|column| occurrences(&term.text, value(column)) > 0)
        }
    }
}

/// How often a value's text holds a term.
pub(super) fn occurrences(term: &TermText, value: &Value) -> usize {
    let found = cut(value.as_text().unwrap_or_default());
    let (wanted, is_prefix) = match term {
        TermText::Word(word) => (cut(word), false),
        TermText::Prefix(word) => (cut(word), true),
        TermText::Phrase(words) => (cut(&words.join(" ")), false),
    };
    let begins_at = |start: &usize| {
        wanted.iter().enumerate().all(|(at, (word, after))| {
            let Some((found, found_after)) = found.get(start + at) else { return false };
            let is_last = at + 1 == wanted.len();
            let is_word = if is_last && is_prefix { found.starts_with(word) } else { found == word };
            // Where the term has an apostrophe, the text has one too; elsewhere it may.
            let is_joined = at == 0 || after != "'" || found_after == "'";
            is_word && is_joined
        })
    };
    if wanted.is_empty() { 0 } else { (0..found.len()).filter(begins_at).count() }
}

/// The runs of letters, digits and `_`, without case and accents, each with what stands between it
/// and the one before.
fn cut(text: &str) -> Vec<(String, String)> {
    let mut words: Vec<(String, String)> = Vec::new();
    let mut gap = String::new();
    let mut is_within = false;
    for c in text.chars().map(|c| if c == '’' { '\'' } else { c }) {
        let is_part = c.is_alphanumeric() || c == '_' || is_combining_mark(c);
        match words.last_mut().filter(|_| is_within) {
            Some((word, _)) if is_part => word.push(c),
            _ if is_part => words.push((c.to_string(), std::mem::take(&mut gap))),
            _ => gap.push(c),
        }
        is_within = is_part;
    }
    let folded = |word: &str| -> String {
        word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
    };
    words.into_iter().map(|(word, gap)| (folded(&word), gap)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_counted_where_it_stands() {
        let word = |word: &str| TermText::Word(word.into());
        let phrase = |words: &[&str]| TermText::Phrase(words.iter().map(|word| (*word).into()).collect());
        for (text, term, count) in [
            ("A b a-A", word("a"), 3),
            ("Café cafe\u{301} cafés", word("cafe"), 2),
            ("don’t don t dont", word("don't"), 1),
            ("don't don t dont", word("don"), 2),
            ("snake_case snake case", phrase(&["snake", "case"]), 1),
            ("a a a", phrase(&["a", "a"]), 2),
            ("routers, router; rout", TermText::Prefix("router".into()), 2),
            ("", word("a"), 0),
            ("a", word(""), 0),
        ] {
            assert_eq!(occurrences(&term, &Value::Text(text.into())), count, "{term:?} in {text}");
        }
    }
}
