//! The languages that queries are written in: what a person types, and words with operators.

mod boolean;
mod natural;

pub(crate) use self::boolean::shown::shown;
pub use self::{
    boolean::{BooleanQuery, QueryFault, WeightedTerm},
    natural::NaturalQuery,
};

/// What opens and closes a phrase: also what telephones make of `"`.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '‟' | '＂')
}

/// The words of a text, in lower case.
fn lower_words(text: &str) -> impl Iterator<Item = String> + '_ {
    crate::text::words(text).map(|span| text[span.start..span.end].to_lowercase())
}
