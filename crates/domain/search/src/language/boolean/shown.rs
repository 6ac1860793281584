//! A query as it was read, with every bracket that matters.

use std::fmt;

use super::{BooleanQuery, Clause, Mark};
use crate::TermText;

/// Reads as the same query again.
impl fmt::Display for BooleanQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.show(f, false)
    }
}

impl Clause {
    fn show(&self, f: &mut fmt::Formatter<'_>, inside: bool) -> fmt::Result {
        let (clauses, operator) = match self {
            Self::All(clauses) => (clauses, " AND "),
            Self::Any(clauses) => (clauses, " OR "),
            Self::Not(clause) => {
                f.write_str("NOT ")?;
                return clause.show(f, true);
            }
            Self::Marked(mark, clause) => {
                f.write_str(match mark {
                    Mark::Raised => ">",
                    Mark::Lowered => "<",
                    Mark::Against => "~",
                })?;
                return clause.show(f, true);
            }
            Self::Term(text, column) => {
                if let Some(column) = column {
                    write!(f, "{column}:")?;
                }
                return f.write_str(&shown(text));
            }
        };
        if inside {
            f.write_str("(")?;
        }
        for (at, clause) in clauses.iter().enumerate() {
            if at > 0 {
                f.write_str(operator)?;
            }
            clause.show(f, true)?;
        }
        if inside { f.write_str(")") } else { Ok(()) }
    }
}

/// A term as it is typed.
pub(crate) fn shown(text: &TermText) -> String {
    match text {
        TermText::Word(word) => word.clone(),
        TermText::Prefix(word) => format!("{word}*"),
        TermText::Phrase(words) => format!("\"{}\"", words.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_was_read() {
        for (typed, shown) in [
            ("router reset", "router AND reset"),
            ("router OR reset -wireless", "router OR (reset AND NOT wireless)"),
            ("title:router AND (\"hard reboot\" OR cabl*)", "title:router AND (\"hard reboot\" OR cabl*)"),
            ("a OR NOT (b c)", "a OR NOT (b AND c)"),
            (">router <reset ~old", ">router AND <reset AND ~old"),
        ] {
            let query = BooleanQuery::parse(typed).unwrap();
            assert_eq!(query.to_string(), shown);
            assert_eq!(BooleanQuery::parse(shown).unwrap(), query, "{shown}");
        }
    }
}
