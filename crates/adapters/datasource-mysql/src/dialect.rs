//! SQL as both MySQL (5.7.20 and later) and MariaDB (10.6 and later) understand it, and the places
//! where they differ.
//!
//! Where they differ the statement says so itself: `/*M! … */` is a comment to MySQL and SQL to
//! MariaDB; `/*!50720 … */` is SQL to MySQL from 5.7.20 on and a comment to MariaDB, which skips
//! the versions 50700 to 99999. So one text serves both, and nobody has to know beforehand who is
//! at the other end, be it a proxy or a fork.

use std::{fmt::Write, time::Duration};

use altus4_connections::Generated;

macro_rules! tables {
    () => {
        "\
SELECT TABLE_NAME AS table_name, TABLE_TYPE AS table_type, TABLE_ROWS AS table_rows, \
TABLE_COMMENT AS table_comment, ENGINE AS engine, CREATE_OPTIONS AS create_options \
FROM information_schema.TABLES \
WHERE TABLE_SCHEMA = ? \
AND TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
    };
}

/// An identifier, quoted: the one way for a name to get into a statement. Backticks quote under
/// every `sql_mode`.
pub(crate) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The first `chars` characters of a text, or bytes of a binary string.
pub(crate) fn cut(column: &str, chars: u64) -> String {
    format!("LEFT({column}, {chars})")
}

/// A geometry as text.
pub(crate) fn as_well_known_text(column: &str) -> String {
    format!("ST_AsText({column})")
}

/// A text of any character set in lower case, to be compared with another one character by character.
pub(crate) fn lower_case(text: &str) -> String {
    format!("LOWER(CONVERT({text} USING utf8mb4)) COLLATE utf8mb4_bin")
}

/// Before a statement: how it would be run, as JSON, without running it.
pub(crate) const EXPLAIN_ONLY: &str = "EXPLAIN FORMAT=JSON ";
/// Before a statement: how it would be run, as JSON. MariaDB runs it and adds what it measured.
pub(crate) const EXPLAIN: &str = "/*M! ANALYZE *//*!50720 EXPLAIN */ FORMAT=JSON ";
/// Before a statement: runs it and tells how, on MySQL from 8.0.18 on.
pub(crate) const EXPLAIN_ANALYZE: &str = "EXPLAIN ANALYZE ";

/// The order of matches, best first. Where the index gives them so by itself, MariaDB is not told,
/// for it would sort them all once more, which takes up to ten times as long as finding them; MySQL
/// takes the hint and reads no more of the index than it needs.
pub(crate) fn best_first(score: &str, is_given_so: bool) -> String {
    if is_given_so { format!("/*!50700 ORDER BY {score} DESC */") } else { format!("ORDER BY {score} DESC") }
}

/// Whether full-text indexes of a table of this engine and with these options give their matches
/// best first where no other order is asked for: those of a partitioned table do so for each
/// partition alone.
pub(crate) fn gives_best_first(engine: &str, options: &str) -> bool {
    matches!(engine, "InnoDB" | "MyISAM" | "Aria") && !is_partitioned(options)
}

/// Whether a table with these options is stored in partitions.
pub(crate) fn is_partitioned(options: &str) -> bool {
    options.contains("partitioned")
}

/// Whether the server numbers rows by a column, by what it says of it beside its type.
pub(crate) fn is_numbered(extra: &str) -> bool {
    extra.to_ascii_uppercase().contains("AUTO_INCREMENT")
}

/// How a column is computed, by what the server says of it beside its type.
pub(crate) fn generated(extra: &str) -> Option<Generated> {
    let extra = extra.to_ascii_uppercase();
    if extra.contains("VIRTUAL GENERATED") {
        Some(Generated::Virtual)
    } else if extra.contains("STORED GENERATED") {
        Some(Generated::Stored)
    } else {
        None
    }
}

/// Prepares a session, in one statement: it reads only, each of its statements ends after `limit`,
/// and no global setting of the server decides what a statement means or when it sees new rows.
pub(crate) fn session_set_up(limit: Duration, idle: Duration) -> String {
    let mut statement = format!("SET {ALWAYS}, SESSION wait_timeout = {}", idle.as_secs().max(1));
    for setting in by_server(limit) {
        let _ = write!(statement, " {setting}");
    }
    statement
}

/// The same for a server that doesn't know all of these settings: the statements that it has to
/// take, then those that it may refuse.
pub(crate) fn session_set_up_in_steps(limit: Duration) -> ([String; 2], Vec<String>) {
    let required = ["SET SESSION TRANSACTION READ ONLY".to_owned(), format!("SET {ALWAYS}")];
    let optional = by_server(limit).map(|setting| format!("SET {ALWAYS} {setting}"));
    (required, optional.to_vec())
}

/// `autocommit` so that each statement sees the rows of its own moment; `sql_mode` so that nothing
/// global changes how a statement is read, and so that what a column can't hold is refused rather than
/// cut, while dates that are none and numbers that are 0 may be written as they were read.
const ALWAYS: &str = "NAMES utf8mb4, SESSION autocommit = 1, \
    SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO', SESSION time_zone = '+00:00'";

fn by_server(limit: Duration) -> [String; 4] {
    let milliseconds = limit.as_millis().max(1);
    let seconds = limit.as_secs_f64().max(0.001);
    let whole_seconds = limit.as_secs().max(1);
    [
        format!(
            "/*!50720 , SESSION transaction_read_only = 1, SESSION max_execution_time = {milliseconds} */"
        ),
        // Otherwise row counts can be a day old.
        "/*!80000 , SESSION information_schema_stats_expiry = 0 */".to_owned(),
        format!("/*M! , SESSION tx_read_only = 1, SESSION max_statement_time = {seconds:.3} */"),
        // A year, and on MySQL not bounded by the limit of statements, as that is one of SELECTs alone. The
        // columns that a refusal is about are found in its words.
        format!(
            ", SESSION lock_wait_timeout = {whole_seconds}, SESSION innodb_lock_wait_timeout = {whole_seconds}, \
             SESSION lc_messages = 'en_US'"
        ),
    ]
}

/// Begins a transaction that writes, in a session that otherwise only reads.
pub(crate) const BEGIN: &str = "START TRANSACTION READ WRITE";
/// Makes the changes of a transaction last.
pub(crate) const COMMIT: &str = "COMMIT";
/// Takes the changes of a transaction back.
pub(crate) const ROLL_BACK: &str = "ROLLBACK";

/// Ends the statement that a session is running.
pub(crate) fn kill_statement(thread: u32) -> String {
    format!("KILL QUERY {thread}")
}

/// The tables and views of a schema; `?` is its name. Columns: name, type, rows, comment, engine,
/// options.
pub(crate) const TABLES: &str = tables!();

/// The same, and a row of the type [`SETTINGS`] whose comment says which words full-text indexes
/// hold, a setting a line. In one statement, so that a schema takes no more of them; some proxies and
/// forks know not all of these settings and refuse it.
pub(crate) const TABLES_AND_SETTINGS: &str = concat!(
    tables!(),
    " UNION ALL SELECT '', 'SETTINGS', NULL, CONCAT_WS('\n', \
     @@GLOBAL.innodb_ft_min_token_size, @@GLOBAL.innodb_ft_max_token_size, \
     @@GLOBAL.ft_min_word_len, @@GLOBAL.ft_max_word_len, @@GLOBAL.innodb_ft_enable_stopword, \
     IFNULL(@@GLOBAL.innodb_ft_user_stopword_table, ''), \
     IFNULL(@@GLOBAL.innodb_ft_server_stopword_table, ''), \
     IFNULL(@@GLOBAL.ft_stopword_file, '') /*!50706 , @@GLOBAL.ngram_token_size */), NULL, NULL",
);

/// The type of the row that is no table.
pub(crate) const SETTINGS: &str = "SETTINGS";

/// The operator's own list of words that InnoDB leaves out. The server wants its column named so.
pub(crate) fn stop_words(schema: &str, table: &str, limit: usize) -> String {
    format!("SELECT value FROM {}.{} LIMIT {limit}", quote(schema), quote(table))
}

/// The statement that would make a table: the only place where MySQL tells the parsers of its
/// full-text indexes. Columns: table, statement.
pub(crate) fn show_create_table(table: &str) -> String {
    format!("SHOW CREATE TABLE {}", quote(table))
}

/// The full-text indexes that have a parser of their own in the statement that makes their table, and
/// that parser.
pub(crate) fn parsers(statement: &str) -> impl Iterator<Item = (String, String)> {
    statement.lines().filter_map(|line| {
        let (index, rest) = quoted(line.trim_start().strip_prefix("FULLTEXT KEY ")?)?;
        let (parser, _) = quoted(rest.split_once("WITH PARSER ")?.1)?;
        Some((index, parser))
    })
}

/// The name in backticks that a text begins with, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('`')?;
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('`')?;
        name.push_str(part);
        match after.strip_prefix('`') {
            Some(more) => {
                name.push('`');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

/// The columns of a schema. Columns: table, name, type, nullable, key, default, comment, what else,
/// collation. MariaDB writes the default `NULL` where MySQL gives none.
pub(crate) const COLUMNS: &str = "\
SELECT TABLE_NAME AS table_name, COLUMN_NAME AS column_name, COLUMN_TYPE AS column_type, \
IS_NULLABLE AS is_nullable, COLUMN_KEY AS column_key, \
/*M! NULLIF( */ COLUMN_DEFAULT /*M! , 'NULL') */ AS column_default, \
COLUMN_COMMENT AS column_comment, EXTRA AS extra, COLLATION_NAME AS collation_name \
FROM information_schema.COLUMNS \
WHERE TABLE_SCHEMA = ? \
ORDER BY TABLE_NAME, ORDINAL_POSITION";

/// The primary keys and full-text indexes of a schema, but for indexes that are switched off, which
/// `MATCH` can't use. Columns: table, index, column.
pub(crate) const INDEXES: &str = "\
SELECT TABLE_NAME AS table_name, INDEX_NAME AS index_name, COLUMN_NAME AS column_name \
FROM information_schema.STATISTICS \
WHERE TABLE_SCHEMA = ? AND (INDEX_NAME = 'PRIMARY' OR INDEX_TYPE = 'FULLTEXT') \
/*!80000 AND IS_VISIBLE = 'YES' */ /*M! AND IGNORED = 'NO' */ \
ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX";

/// The name that both give to the index of the primary key.
pub(crate) const PRIMARY: &str = "PRIMARY";

/// The foreign keys of a schema that stay within it; and of MariaDB, which keeps JSON as text, the rules
/// that tell which columns hold it. Columns: table, column or rule, table and column referred to (`NULL`
/// for a rule), the key's name.
pub(crate) const RELATIONS: &str = "\
SELECT TABLE_NAME AS table_name, COLUMN_NAME AS column_name, \
REFERENCED_TABLE_NAME AS referenced_table_name, REFERENCED_COLUMN_NAME AS referenced_column_name, \
CONSTRAINT_NAME AS constraint_name, ORDINAL_POSITION AS ordinal_position \
FROM information_schema.KEY_COLUMN_USAGE \
WHERE TABLE_SCHEMA = ? AND REFERENCED_TABLE_SCHEMA = TABLE_SCHEMA \
/*M! UNION ALL SELECT TABLE_NAME, CHECK_CLAUSE, NULL, NULL, CONSTRAINT_NAME, 0 \
FROM information_schema.CHECK_CONSTRAINTS \
WHERE CONSTRAINT_SCHEMA = DATABASE() AND CHECK_CLAUSE LIKE 'json!_valid(`%`)' ESCAPE '!' */ \
ORDER BY table_name, constraint_name, ordinal_position";

/// The column that a rule says to hold JSON.
pub(crate) fn json_column(rule: &str) -> Option<String> {
    let name = rule.strip_prefix("json_valid(`")?.strip_suffix("`)")?;
    Some(name.replace("``", "`"))
}

/// The server's version and the settings that decide which words its indexes hold. Columns: name,
/// value.
pub(crate) const VARIABLES: &str = "\
SHOW GLOBAL VARIABLES \
WHERE Variable_name IN ('version', 'innodb_ft_min_token_size', 'ft_min_word_len')";

/// What the session's user may do, a grant a row.
pub(crate) const GRANTS: &str = "SHOW GRANTS";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_name_cannot_end_its_quotes() {
        assert_eq!(quote("plain"), "`plain`");
        assert_eq!(quote("a`; DROP TABLE x -- "), "`a``; DROP TABLE x -- `");
        assert_eq!(quote("``"), "``````");
    }

    #[test]
    fn parsers_are_read_from_the_statement_that_makes_a_table() {
        let statement = "CREATE TABLE `t` (\n  `a` text COMMENT 'FULLTEXT KEY `x` WITH PARSER `y`',\n  \
                         FULLTEXT KEY `plain` (`a`),\n  \
                         FULLTEXT KEY `o``dd` (`a`,`b`) /*!50100 WITH PARSER `ngram` */ \n) ENGINE=InnoDB";
        let found: Vec<_> = parsers(statement).collect();
        assert_eq!(found, [("o`dd".to_owned(), "ngram".to_owned())]);
    }

    #[test]
    fn a_session_is_set_up_in_one_statement_that_reads_well_to_either_server() {
        let statement = session_set_up(Duration::from_millis(1_500), Duration::from_mins(2));
        assert_eq!(
            statement,
            "SET NAMES utf8mb4, SESSION autocommit = 1, \
             SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO', SESSION time_zone = '+00:00', \
             SESSION wait_timeout = 120 \
             /*!50720 , SESSION transaction_read_only = 1, SESSION max_execution_time = 1500 */ \
             /*!80000 , SESSION information_schema_stats_expiry = 0 */ \
             /*M! , SESSION tx_read_only = 1, SESSION max_statement_time = 1.500 */ \
             , SESSION lock_wait_timeout = 1, SESSION innodb_lock_wait_timeout = 1, \
             SESSION lc_messages = 'en_US'"
        );
    }
}
