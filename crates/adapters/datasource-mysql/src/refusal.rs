//! What a server's refusal of a row means, and which columns its words are about. The words stay here;
//! only names that the schema has too are taken from them.

use altus4_entities::{Missing, RefusalKind};
use mysql_async::ServerError;

/// What a server said of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) kind: RefusalKind,
    /// Which row of the statement, from 0.
    pub(crate) row: Option<usize>,
    pub(crate) columns: Vec<String>,
    /// The unique index whose columns aren't told.
    pub(crate) index: Option<String>,
}

/// What the server refused, by the numbers that MySQL and MariaDB share; `None` where it is no refusal
/// of a row.
pub(crate) fn said(error: &ServerError) -> Option<Said> {
    use RefusalKind::{
        Check, NotNull, OutOfRange, StillReferenced, TooLong, Unique, Unreferenced, WrongKind,
    };
    let message = error.message.as_str();
    let kind = match error.code {
        1_022 | 1_062 | 1_169 | 1_586 | 1_761 | 1_762 | 1_859 => Unique,
        1_216 | 1_452 => Unreferenced,
        1_217 | 1_451 => StillReferenced,
        1_048 | 1_263 | 1_364 => NotNull,
        1_369 | 1_644 | 3_819 | 4_025 => Check,
        1_264 | 1_292 | 1_526 | 1_690 | 3_616 | 3_617 => OutOfRange,
        1_406 => TooLong,
        1_265 | 1_366 | 1_416 | 1_906 | 3_037 | 3_105 | 3_140 | 3_141 | 3_643 => WrongKind,
        _ if error.state == "45000" => Check,
        _ => return None,
    };
    let columns = match error.code {
        1_452 => between(message, "FOREIGN KEY (", ")").map(names).unwrap_or_default(),
        1_451 => between(message, "REFERENCES ", "ON ")
            .or_else(|| between(message, "REFERENCES ", ""))
            .and_then(|rest| between(rest, "(", ")"))
            .map(names)
            .unwrap_or_default(),
        // MariaDB calls the rule of a single column by the table and the column.
        4_025 => between(message, "CONSTRAINT `", "` failed")
            .and_then(|name| name.rsplit_once('.'))
            .map(|(_, column)| vec![column.to_owned()])
            .unwrap_or_default(),
        1_062 | 1_586 | 1_022 | 1_169 | 3_819 | 1_644 | 1_526 | 1_690 => Vec::new(),
        _ => column(message).into_iter().collect(),
    };
    let index = (kind == Unique).then(|| index(message)).flatten();
    Some(Said { kind, row: row(message), columns, index })
}

/// What isn't there any more; `None` where the server said something else.
pub(crate) fn missing(error: &ServerError) -> Option<Missing> {
    let message = error.message.as_str();
    let first = || quoted(message, '\'').or_else(|| quoted(message, '`'));
    let last_part = |name: &str| name.rsplit('.').next().unwrap_or(name).trim_matches('`').to_owned();
    Some(match error.code {
        1_146 | 1_356 | 1_932 => first().map_or(Missing::Unnamed, |name| Missing::Table(last_part(name))),
        1_054 => first().map_or(Missing::Unnamed, |name| Missing::Column(last_part(name))),
        1_176 => first().map_or(Missing::Unnamed, |name| Missing::Index(last_part(name))),
        1_191 => Missing::Unnamed,
        _ => return None,
    })
}

/// Whether the user may not do this, or nobody may here.
pub(crate) fn is_forbidden(error: &ServerError) -> bool {
    matches!(
        error.code,
        1_036 | 1_044 | 1_142 | 1_143 | 1_227 | 1_288 | 1_290 | 1_345 | 1_348 | 1_370 | 1_471 | 1_792 | 1_836
    )
}

/// Whether the server took the whole transaction back for the sake of another.
pub(crate) fn is_deadlock(error: &ServerError) -> bool {
    matches!(error.code, 1_020 | 1_213) || error.state == "40001"
}

/// Whether a transaction waited in vain for another.
pub(crate) fn is_lock_wait(error: &ServerError) -> bool {
    error.code == 1_205
}

/// The column that a message names: `column 'a'`, ``column `db`.`t`.`a` ``, `Field 'a'`, `'t.a'`.
fn column(message: &str) -> Option<String> {
    // A value stands in quotes before it, and may say anything; the row comes after it.
    let end = message.rfind(" at row ").unwrap_or(message.len());
    let message = &message[..end];
    let after = |word: &str| message.rfind(word).map(|at| message[at + word.len()..].trim_start());
    let named =
        ["for column", "in value for column", "column", "Column", "Field"].into_iter().find_map(after)?;
    let quote = named.chars().next().filter(|quote| matches!(quote, '\'' | '`'))?;
    let named = if quote == '`' {
        // Each part has its own quotes.
        let last = named.rfind("`.`").map_or(1, |at| at + 3);
        named.get(last..)?.split('`').next()?
    } else {
        let name = named.get(1..)?.split('\'').next()?;
        name.rsplit('.').next()?
    };
    (!named.is_empty()).then(|| named.to_owned())
}

/// The unique index that a message ends with: `for key 't.a'`, which MariaDB writes without the table.
fn index(message: &str) -> Option<String> {
    let named = message.trim_end_matches('\'');
    let at = named.rfind('\'')?;
    let named = &named[at + 1..];
    let named = named.rsplit('.').next().unwrap_or(named);
    (!named.is_empty()).then(|| named.to_owned())
}

/// The number at the end of `at row 3`, from 0.
fn row(message: &str) -> Option<usize> {
    let (_, number) = message.rsplit_once(" at row ")?;
    number.trim_end_matches('.').parse::<usize>().ok()?.checked_sub(1)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.rfind(before)? + before.len()..];
    if after.is_empty() { Some(rest) } else { rest.split_once(after).map(|(found, _)| found) }
}

fn quoted(text: &str, quote: char) -> Option<&str> {
    let (_, rest) = text.split_once(quote)?;
    rest.split_once(quote).map(|(found, _)| found)
}

/// The names of a list in backticks.
fn names(list: &str) -> Vec<String> {
    let names = list.split(", ").map(|name| name.trim_matches('`').replace("``", "`"));
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: u16, message: &str) -> ServerError {
        ServerError { code, message: message.to_owned(), state: "23000".to_owned() }
    }

    #[test]
    fn the_columns_of_a_refusal_are_found_in_either_server_s_words() {
        use RefusalKind::{Check, NotNull, OutOfRange, StillReferenced, TooLong, Unreferenced, WrongKind};
        for (code, message, kind, row, columns) in [
            (1_048, "Column 'title' cannot be null", NotNull, None, vec!["title"]),
            (1_364, "Field 'a' doesn't have a default value", NotNull, None, vec!["a"]),
            (1_406, "Data too long for column 'a' at row 3", TooLong, Some(2), vec!["a"]),
            (1_264, "Out of range value for column 'a' at row 1", OutOfRange, Some(0), vec!["a"]),
            (1_265, "Data truncated for column 'kind' at row 12", WrongKind, Some(11), vec!["kind"]),
            (
                1_366,
                "Incorrect integer value: 'x' for column `db`.`t`.`a` at row 2",
                WrongKind,
                Some(1),
                vec!["a"],
            ),
            (
                1_292,
                "Incorrect date value: 'for column 'x'' for column 'day' at row 1",
                OutOfRange,
                Some(0),
                vec!["day"],
            ),
            (
                3_140,
                "Invalid JSON text: \"Invalid value.\" at position 0 in value for column 't.doc'.",
                WrongKind,
                None,
                vec!["doc"],
            ),
            (4_025, "CONSTRAINT `t.doc` failed for `db`.`t`", Check, None, vec!["doc"]),
            (4_025, "CONSTRAINT `positive` failed for `db`.`t`", Check, None, vec![]),
            (3_819, "Check constraint 'positive' is violated.", Check, None, vec![]),
            (
                1_452,
                "Cannot add or update a child row: a foreign key constraint fails (`db`.`c`, CONSTRAINT \
                 `fk` FOREIGN KEY (`a`, `b`) REFERENCES `p` (`x`, `y`) ON DELETE CASCADE)",
                Unreferenced,
                None,
                vec!["a", "b"],
            ),
            (
                1_451,
                "Cannot delete or update a parent row: a foreign key constraint fails (`db`.`c`, CONSTRAINT \
                 `fk` FOREIGN KEY (`a`) REFERENCES `p` (`id`))",
                StillReferenced,
                None,
                vec!["id"],
            ),
        ] {
            let said = said(&error(code, message)).unwrap_or_else(|| panic!("{message}"));
            assert_eq!(
                (said.kind, said.row, said.columns),
                (kind, row, columns.iter().map(|c| (*c).to_owned()).collect()),
                "{message}"
            );
        }
        assert_eq!(said(&error(1_064, "You have an error in your SQL syntax")), None);
    }

    #[test]
    fn the_index_of_a_duplicate_is_what_the_message_ends_with() {
        for (message, name) in [
            ("Duplicate entry 'x' for key 'PRIMARY'", "PRIMARY"),
            ("Duplicate entry 'for key 'email'' for key 't.name'", "name"),
        ] {
            let said = said(&error(1_062, message)).expect("a refusal");
            assert_eq!((said.kind, said.index.as_deref()), (RefusalKind::Unique, Some(name)));
        }
    }

    #[test]
    fn what_is_gone_is_named() {
        for (code, message, expected) in [
            (1_146, "Table 'db.films' doesn't exist", Missing::Table("films".into())),
            (1_054, "Unknown column 'film.title' in 'field list'", Missing::Column("title".into())),
            (1_054, "Unknown column 'title' in 'SELECT'", Missing::Column("title".into())),
            (1_191, "Can't find FULLTEXT index matching the column list", Missing::Unnamed),
        ] {
            assert_eq!(missing(&error(code, message)), Some(expected), "{message}");
        }
        assert_eq!(missing(&error(1_062, "Duplicate entry 'x' for key 'PRIMARY'")), None);
    }
}
