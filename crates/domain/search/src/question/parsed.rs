//! How a query was read, for those who want to know; and how it was probably meant.

use super::{Asked, Question};
use crate::{
    Expr, ParsedQuery, ParsedWord, SearchMode, Suggestion, SuggestionKind, TermText, candidates,
    language::shown,
    terms::Term,
    text::words,
    vocabulary::{Near, Vocabulary},
};

impl Question {
    /// How the query `text` was read, given what is known of the words of the tables it goes to.
    pub(crate) fn parsed(&self, mode: SearchMode, text: &str, known: &[&Vocabulary]) -> ParsedQuery {
        let phrases = match &self.asked {
            Asked::Natural { phrases, .. } => phrases.clone(),
            Asked::Boolean(_) => Vec::new(),
        };
        let left_out = match &self.asked {
            Asked::Natural { .. } => self.terms.left_out(text),
            Asked::Boolean(_) => Vec::new(),
        };
        let words = self.terms.iter().map(|term| self.parsed_word(term, known)).collect();
        ParsedQuery { mode, tree: self.tree(), words, phrases, left_out }
    }

    fn parsed_word(&self, term: &Term, known: &[&Vocabulary]) -> ParsedWord {
        let mut forms: Vec<String> = term.words().to_vec();
        if let Asked::Natural { .. } = self.asked {
            for known in known {
                let Expr::Any(asked) = candidates::any_form(term, Some(known)) else { continue };
                for form in asked.iter().filter_map(form) {
                    if !forms.contains(&form) {
                        forms.push(form);
                    }
                }
            }
        }
        let all: u64 = known.iter().map(|known| known.rows()).sum();
        let holding: f64 = known.iter().map(|known| term.rows(known)).sum();
        ParsedWord {
            typed: term.words().first().cloned().unwrap_or_default(),
            forms,
            meant: term.meant().map(str::to_owned).collect(),
            rows: (!known.is_empty()).then(|| (whole(holding), all)),
        }
    }

    /// Which rows match, as text.
    fn tree(&self) -> String {
        let (phrases, outside, matching) = match &self.asked {
            Asked::Boolean(query) => return query.to_string(),
            Asked::Natural { phrases, outside, matching, .. } => (phrases, outside, *matching),
        };
        let terms: Vec<String> = self.terms.iter().filter_map(|term| term.words().first().cloned()).collect();
        if self.any_word_will_do() {
            return terms.join(" OR ");
        }
        let mut parts: Vec<String> =
            phrases.iter().map(|words| shown(&TermText::Phrase(words.clone()))).collect();
        if matching != crate::WordMatching::Any {
            let words: Vec<String> = outside.iter().filter_map(|at| terms.get(*at).cloned()).collect();
            let least = matching.least(words.len());
            if least >= words.len() {
                parts.extend(words);
            } else {
                parts.push(format!("AT LEAST {least} OF ({})", words.join(", ")));
            }
        }
        parts.join(" AND ")
    }

    /// The whole query as it was probably meant, likeliest first: where it was searched so, and where
    /// nothing was found. `text` is what was typed.
    pub(crate) fn suggestions(
        &self,
        text: &str,
        known: &[&Vocabulary],
        found_nothing: bool,
    ) -> Vec<Suggestion> {
        let is_corrected = self.terms.iter().any(|term| term.meant().next().is_some());
        if !is_corrected && !found_nothing {
            return Vec::new();
        }
        let meant = self.terms.meant(known);
        let most = meant.iter().map(Vec::len).max().unwrap_or_default();
        let mut suggestions: Vec<Suggestion> = Vec::new();
        for place in 0..most {
            let chosen: Vec<Option<&Near>> =
                meant.iter().map(|near| near.get(place).or(near.last())).collect();
            let text = self.respelt(text, &chosen);
            let edits: usize = chosen.iter().flatten().map(|near| near.edits).sum();
            // As likely as among suggestions while typing.
            let score = 0.5_f64.powi(i32::try_from(edits).unwrap_or(i32::MAX).saturating_sub(1)) * 0.9
                / (1.0 + 0.1 * place as f64);
            if suggestions.iter().all(|other| other.text != text) {
                suggestions.push(Suggestion { text, score, kind: SuggestionKind::Spelling });
            }
        }
        suggestions
    }

    /// What was typed, with other words in the place of some terms.
    fn respelt(&self, text: &str, chosen: &[Option<&Near>]) -> String {
        let mut respelt = String::with_capacity(text.len());
        let mut end = 0;
        for span in words(text) {
            let typed = text[span.start..span.end].to_lowercase();
            let of = |(term, near): (&Term, Option<&Near>)| {
                let is_it = term.words().first() == Some(&typed);
                near.filter(|_| is_it).map(|near| near.word.clone())
            };
            if let Some(word) = self.terms.iter().zip(chosen.iter().copied()).find_map(of) {
                respelt.push_str(&text[end..span.start]);
                respelt.push_str(&word);
                end = span.end;
            }
        }
        respelt.push_str(&text[end..]);
        respelt
    }
}

fn form(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Term(term) => Some(shown(&term.text)),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts from floats saturate")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}
