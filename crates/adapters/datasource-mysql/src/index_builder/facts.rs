//! What a server says of itself as far as indexes are concerned.

use altus4_connections::{ServerFacts, ServerFamily};
use mysql_async::{Row, Value as Wire};

use super::texts;
use crate::statement::Query;

/// Columns: name, value.
const VARIABLES: &str = "\
SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'version_comment', \
'innodb_ft_min_token_size', 'innodb_ft_enable_stopword', 'ft_min_word_len')";

/// Columns: table, bytes of its rows. `?` is the schema's name.
const SIZES: &str = "\
SELECT TABLE_NAME AS table_name, DATA_LENGTH AS data_length FROM information_schema.TABLES \
WHERE TABLE_SCHEMA = ? AND DATA_LENGTH IS NOT NULL";

pub(super) fn queries(schema: &str) -> [Query; 2] {
    let schema = Wire::Bytes(schema.as_bytes().to_vec());
    [
        Query { sql: VARIABLES.to_owned(), values: Vec::new(), max_rows: 100 },
        Query { sql: SIZES.to_owned(), values: vec![schema], max_rows: usize::MAX },
    ]
}

/// What it didn't tell is as it is by default.
pub(super) fn of([variables, sizes]: [Vec<Row>; 2]) -> ServerFacts {
    let mut facts = ServerFacts {
        family: ServerFamily::MySql,
        innodb_min_chars: 3,
        myisam_min_chars: 4,
        innodb_stop_words: true,
        ..ServerFacts::default()
    };
    for row in variables {
        let mut cells = texts(row);
        let (Some(Some(name)), Some(Some(value))) = (cells.next(), cells.next()) else { continue };
        match name.to_ascii_lowercase().as_str() {
            "version" | "version_comment" if value.to_ascii_lowercase().contains("mariadb") => {
                facts.family = ServerFamily::MariaDb;
            }
            "innodb_ft_min_token_size" => facts.innodb_min_chars = value.parse().unwrap_or(3),
            "ft_min_word_len" => facts.myisam_min_chars = value.parse().unwrap_or(4),
            "innodb_ft_enable_stopword" => facts.innodb_stop_words = value.eq_ignore_ascii_case("ON"),
            _ => {}
        }
    }
    for row in sizes {
        let mut cells = texts(row);
        if let (Some(Some(table)), Some(Some(bytes))) = (cells.next(), cells.next())
            && let Ok(bytes) = bytes.parse()
        {
            facts.data_bytes.insert(table, bytes);
        }
    }
    facts
}
