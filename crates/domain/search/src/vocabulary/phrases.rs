//! Titles of the data, for those who type: found by their words, from memory.

use altus4_kernel::ConnectionId;

use super::Vocabularies;
use crate::{
    Phrase, Phrases,
    text::{fold, words},
};

/// The longest title that completes a query.
const MAX_CHARS: usize = 100;
/// How many of a table are kept.
const MAX_TITLES: usize = 2_000;
/// What a title takes beside its text, about.
const TITLE_BYTES: usize = 64;

/// Titles of the rows that were read of a table, as they came.
#[derive(Debug, Default)]
pub(super) struct Titles {
    all: Vec<Title>,
    bytes: usize,
}

#[derive(Debug)]
struct Title {
    text: Box<str>,
    /// Its words, without case and accents, a blank before each.
    folded: Box<str>,
}

impl Titles {
    /// Keeps a title, if it is one and there is room.
    pub(super) fn add(&mut self, text: &str) {
        let text = text.trim();
        let is_title = !text.is_empty()
            && text.chars().count() <= MAX_CHARS
            && !text.chars().any(char::is_control)
            && self.all.len() < MAX_TITLES;
        if !is_title {
            return;
        }
        let folded = spaced(text);
        if folded.is_empty() || self.all.iter().rev().take(16).any(|known| *known.folded == folded) {
            return;
        }
        self.bytes += text.len() + folded.len() + TITLE_BYTES;
        self.all.push(Title { text: text.into(), folded: folded.into() });
    }

    /// About how many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How well each title goes with what was typed: one that begins so better than one in which it
    /// stands, and that better than one that has its words; the last word may be the beginning of one.
    fn near(&self, typed: &str, found: &mut Vec<(f64, Box<str>)>) {
        let typed = spaced(typed);
        let parts: Vec<&str> = typed.split_whitespace().collect();
        let Some((last, whole)) = parts.split_last() else { return };
        let last = format!(" {last}");
        let whole: Vec<String> = whole.iter().map(|word| format!(" {word} ")).collect();
        for title in &self.all {
            let share = typed.len() as f64 / title.folded.len().max(1) as f64;
            let score = if title.folded.starts_with(&*typed) {
                0.6 + 0.3 * share
            } else if title.folded.contains(&*typed) {
                0.5 + 0.2 * share
            } else if title.folded.contains(&last)
                && whole
                    .iter()
                    .all(|word| title.folded.contains(&**word) || title.folded.ends_with(word.trim_end()))
            {
                0.4 + 0.2 * share
            } else {
                continue;
            };
            found.push((score.min(0.9), title.text.clone()));
        }
    }
}

fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + 1);
    for span in words(text) {
        spaced.push(' ');
        spaced.push_str(&fold(&text[span.start..span.end]));
    }
    spaced
}

/// Looks at what was read already: what was never searched is not read for this.
impl Phrases for Vocabularies {
    fn completions(
        &self,
        databases: &[ConnectionId],
        tables: &[String],
        typed: &str,
        limit: usize,
    ) -> Vec<Phrase> {
        let mut found = Vec::new();
        for vocabulary in self.of_tables(databases, tables) {
            vocabulary.titles.near(typed, &mut found);
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        found.dedup_by(|a, b| a.1 == b.1);
        let phrase = |(score, text): (f64, Box<str>)| Phrase { text: text.into_string(), score };
        found.into_iter().take(limit).map(phrase).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(titles: &[&str], typed: &str) -> Vec<String> {
        let mut all = Titles::default();
        for title in titles {
            all.add(title);
        }
        let mut found = Vec::new();
        all.near(typed, &mut found);
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.into_iter().map(|(_, text)| text.into()).collect()
    }

    #[test]
    fn a_title_that_begins_so_comes_before_one_that_has_the_words() {
        let titles =
            ["Resetting a router", "The router: a manual", "Router manual", "Lamps", "Manual of a ROUTER"];
        assert_eq!(
            near(&titles, "router m"),
            ["Router manual", "Manual of a ROUTER", "The router: a manual"]
        );
        assert_eq!(near(&titles, "lam"), ["Lamps"]);
        assert!(near(&titles, "outer").is_empty(), "words begin with what is typed");
        assert!(near(&titles, " ").is_empty());
    }

    #[test]
    fn what_is_no_title_is_not_kept() {
        let long = "x ".repeat(101);
        assert!(near(&[&long, "x\ny", "", "…"], "x").is_empty());
        assert_eq!(near(&["x", "x", "X"], "x"), ["x"]);
    }
}
