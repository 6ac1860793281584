//! Which words a server's full-text indexes hold, as it is set up.
//!
//! An index follows the settings of the moment when it was built; what is read here are those of
//! now. Who changes them has to rebuild the indexes anyway, as the server's manuals say.

use std::{collections::HashSet, sync::Arc};

use altus4_connections::IndexRules;
use mysql_async::Row;

use crate::{dialect, statement::Query, value};

/// The words that InnoDB leaves out unless it was told otherwise
/// (`information_schema.INNODB_FT_DEFAULT_STOPWORD`, the same in all versions).
const INNODB_STOP_WORDS: &str = "a about an are as at be by com de en for from how i in is it la of on or \
                                 that the this to was what when where who will with und www";
/// The words that MyISAM and Aria leave out unless they were told otherwise, as a server was found
/// to do; those with an apostrophe on their list never come up, since a text is cut there.
const MYISAM_STOP_WORDS: &str = include_str!("index_rules/myisam_stop_words.txt");
/// More words than anybody leaves out.
const MAX_STOP_WORDS: usize = 10_000;
/// What a server says of its full-text indexes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FullTextSettings {
    innodb: Arc<IndexRules>,
    myisam: Arc<IndexRules>,
    stop_table: Option<(String, String)>,
    /// How long the pieces are that MySQL's `ngram` parser cuts; only MySQL has one.
    ngram: Option<u32>,
}

/// What servers do that were never told anything.
impl Default for FullTextSettings {
    fn default() -> Self {
        Self {
            innodb: rules(3, 84, words(INNODB_STOP_WORDS)),
            myisam: rules(4, 83, words(MYISAM_STOP_WORDS)),
            stop_table: None,
            ngram: None,
        }
    }
}

impl FullTextSettings {
    /// From the text of [`dialect::TABLES_AND_SETTINGS`]. What isn't said is as by default.
    pub(crate) fn parse(text: &str) -> Self {
        let mut settings = text.split('\n');
        let mut next = || settings.next().unwrap_or_default();
        let mut number = |usual: u32| next().parse().unwrap_or(usual);
        let (innodb_min, innodb_max) = (number(3), number(84));
        // MyISAM and Aria hold words shorter than their longest one, not words of that length.
        let (myisam_min, myisam_max) = (number(4), number(84).saturating_sub(1));
        let has_stop_words = !matches!(next(), "0" | "OFF");
        let stop_table = [next(), next()].into_iter().find(|name| !name.is_empty());
        // A file of the operator's can't be read from here; the built-in list is the best guess.
        let stop_file = next();
        Self {
            innodb: rules(
                innodb_min,
                innodb_max,
                if has_stop_words { words(INNODB_STOP_WORDS) } else { HashSet::new() },
            ),
            myisam: rules(
                myisam_min,
                myisam_max,
                if stop_file.is_empty() { HashSet::new() } else { words(MYISAM_STOP_WORDS) },
            ),
            stop_table: stop_table
                .filter(|_| has_stop_words)
                .and_then(|name| name.split_once('/'))
                .map(|(schema, table)| (schema.to_owned(), table.to_owned())),
            ngram: next().parse().ok(),
        }
    }

    /// Whether its full-text indexes may have parsers of their own.
    pub(crate) fn has_parsers(&self) -> bool {
        self.ngram.is_some()
    }

    /// The rules of an index that has this parser, where they are known.
    pub(crate) fn of_parser(&self, parser: &str) -> Option<Arc<IndexRules>> {
        let ngram = self.ngram.filter(|_| parser.eq_ignore_ascii_case("ngram"))?;
        let stop_words = Arc::clone(&self.innodb.stop_words);
        Some(Arc::new(IndexRules { min_chars: ngram, max_chars: u32::MAX, stop_words, ngram: Some(ngram) }))
    }

    /// What to ask for the operator's own list of stop words, where there is one.
    pub(crate) fn stop_words_query(&self) -> Option<Query> {
        let (schema, table) = self.stop_table.as_ref()?;
        Some(Query {
            sql: dialect::stop_words(schema, table, MAX_STOP_WORDS),
            values: Vec::new(),
            max_rows: MAX_STOP_WORDS,
        })
    }

    /// Takes the operator's own list instead of the usual one.
    pub(crate) fn set_stop_words(&mut self, rows: Vec<Row>) {
        let words = rows.into_iter().filter_map(|row| match row.unwrap_raw().into_iter().next()?? {
            mysql_async::Value::Bytes(bytes) => Some(value::text(bytes).to_lowercase()),
            _ => None,
        });
        self.innodb = rules(self.innodb.min_chars, self.innodb.max_chars, words.collect());
    }

    /// The rules of the indexes of a table that this engine stores.
    pub(crate) fn of(&self, engine: &str) -> Arc<IndexRules> {
        if engine.eq_ignore_ascii_case("MyISAM") || engine.eq_ignore_ascii_case("Aria") {
            Arc::clone(&self.myisam)
        } else if engine.eq_ignore_ascii_case("Mroonga") {
            Arc::default()
        } else {
            Arc::clone(&self.innodb)
        }
    }
}

fn rules(min_chars: u32, max_chars: u32, stop_words: HashSet<String>) -> Arc<IndexRules> {
    Arc::new(IndexRules { min_chars, max_chars, stop_words: Arc::new(stop_words), ngram: None })
}

fn words(list: &str) -> HashSet<String> {
    list.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_what_servers_do_by_default() {
        let silent = FullTextSettings::parse("\n\n\n\n\n\n\n(built-in)");
        assert_eq!(silent, FullTextSettings::default());
        assert_eq!((silent.innodb.stop_words.len(), silent.myisam.stop_words.len()), (35, 496));
    }

    #[test]
    fn settings_decide_which_words_are_held() {
        let settings = FullTextSettings::parse("2\n20\n5\n10\n1\n\nshop/my`words\n");
        let (innodb, myisam) = (settings.of("InnoDB"), settings.of("Aria"));
        assert_eq!((innodb.min_chars, innodb.max_chars), (2, 20));
        assert_eq!((myisam.min_chars, myisam.max_chars, myisam.stop_words.len()), (5, 9, 0));
        let query = settings.stop_words_query().expect("a list");
        assert!(query.sql.contains("`shop`.`my``words`"), "{}", query.sql);
    }

    #[test]
    fn pieces_of_words_are_held_by_a_parser_that_only_mysql_has() {
        let mysql = FullTextSettings::parse("3\n84\n4\n84\n1\n\n\n(built-in)\n2");
        let rules = mysql.of_parser("ngram").expect("rules");
        assert_eq!((rules.ngram, rules.holds("東"), rules.holds("東京")), (Some(2), false, true));
        assert!(mysql.has_parsers() && mysql.of_parser("mecab").is_none());
        assert!(!FullTextSettings::default().has_parsers());
    }

    #[test]
    fn without_stop_words_nobody_asks_for_them() {
        let settings = FullTextSettings::parse("3\n84\n4\n84\n0\n\nshop/words\n(built-in)");
        assert!(settings.of("InnoDB").stop_words.is_empty());
        assert!(settings.stop_words_query().is_none());
    }
}
