//! SQL as both MySQL (5.7.20 and later) and MariaDB (10.6 and later) understand it, and the places
//! where they differ.
//!
//! Where they differ the statement says so itself: `/*M! … */` is a comment to MySQL and SQL to
//! MariaDB; `/*!50720 … */` is SQL to MySQL from 5.7.20 on and a comment to MariaDB, which skips
//! the versions 50700 to 99999. So one text serves both, and nobody has to know beforehand who is
//! at the other end, be it a proxy or a fork.

use std::{fmt::Write, time::Duration};

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

/// Whether a column of any character set contains the pattern, without regard to case.
pub(crate) fn is_like(column: &str) -> String {
    format!("CONVERT({column} USING utf8mb4) COLLATE utf8mb4_general_ci LIKE ? ESCAPE '!'")
}

/// The pattern of [`is_like`] that finds `word` anywhere, whatever characters it has.
pub(crate) fn containing(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 2);
    pattern.push('%');
    for character in word.chars() {
        if matches!(character, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

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
    matches!(engine, "InnoDB" | "MyISAM" | "Aria") && !options.contains("partitioned")
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
/// global changes how a statement is read.
const ALWAYS: &str =
    "NAMES utf8mb4, SESSION autocommit = 1, SESSION sql_mode = '', SESSION time_zone = '+00:00'";

fn by_server(limit: Duration) -> [String; 3] {
    let milliseconds = limit.as_millis().max(1);
    let seconds = limit.as_secs_f64().max(0.001);
    [
        format!(
            "/*!50720 , SESSION transaction_read_only = 1, SESSION max_execution_time = {milliseconds} */"
        ),
        // Otherwise row counts can be a day old.
        "/*!80000 , SESSION information_schema_stats_expiry = 0 */".to_owned(),
        format!("/*M! , SESSION tx_read_only = 1, SESSION max_statement_time = {seconds:.3} */"),
    ]
}

/// Ends the statement that a session is running.
pub(crate) fn kill_statement(thread: u32) -> String {
    format!("KILL QUERY {thread}")
}

/// The tables and views of a schema; `?` is its name. Columns: name, type, rows, comment, engine,
/// options.
pub(crate) const TABLES: &str = "\
SELECT TABLE_NAME AS table_name, TABLE_TYPE AS table_type, TABLE_ROWS AS table_rows, \
TABLE_COMMENT AS table_comment, ENGINE AS engine, CREATE_OPTIONS AS create_options \
FROM information_schema.TABLES \
WHERE TABLE_SCHEMA = ? \
AND TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')";

/// The columns of a schema. Columns: table, name, type, nullable, key, default. MariaDB writes the
/// default `NULL` where MySQL gives none.
pub(crate) const COLUMNS: &str = "\
SELECT TABLE_NAME AS table_name, COLUMN_NAME AS column_name, COLUMN_TYPE AS column_type, \
IS_NULLABLE AS is_nullable, COLUMN_KEY AS column_key, \
/*M! NULLIF( */ COLUMN_DEFAULT /*M! , 'NULL') */ AS column_default \
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

/// The foreign keys of a schema that stay within it. Columns: table, column, table and column
/// referred to.
pub(crate) const RELATIONS: &str = "\
SELECT TABLE_NAME AS table_name, COLUMN_NAME AS column_name, \
REFERENCED_TABLE_NAME AS referenced_table_name, REFERENCED_COLUMN_NAME AS referenced_column_name \
FROM information_schema.KEY_COLUMN_USAGE \
WHERE TABLE_SCHEMA = ? AND REFERENCED_TABLE_SCHEMA = TABLE_SCHEMA \
ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";

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
    fn a_pattern_takes_wildcards_literally() {
        assert_eq!(containing("100%_!\\"), "%100!%!_!!\\%");
    }

    #[test]
    fn a_session_is_set_up_in_one_statement_that_reads_well_to_either_server() {
        let statement = session_set_up(Duration::from_millis(1_500), Duration::from_mins(2));
        assert_eq!(
            statement,
            "SET NAMES utf8mb4, SESSION autocommit = 1, SESSION sql_mode = '', SESSION time_zone = '+00:00', \
             SESSION wait_timeout = 120 \
             /*!50720 , SESSION transaction_read_only = 1, SESSION max_execution_time = 1500 */ \
             /*!80000 , SESSION information_schema_stats_expiry = 0 */ \
             /*M! , SESSION tx_read_only = 1, SESSION max_statement_time = 1.500 */"
        );
    }
}
