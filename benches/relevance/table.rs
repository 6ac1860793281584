//! A set, or a part of it, as a table with the index that everybody would make.

use altus4_test_support::MariaDb;
use mysql_async::{Conn, Opts, Params, Value, prelude::Queryable};

use crate::{sets::Set, times::Outcome};

const TABLE: &str = "CREATE TABLE documents (
    id INT PRIMARY KEY, title TEXT, text MEDIUMTEXT, FULLTEXT ft_title_text (title, text)
) ENGINE = InnoDB";
const ROWS_AT_ONCE: usize = 500;

/// A table `documents` in a database of its own.
pub(crate) struct Loaded {
    pub(crate) database: String,
}

impl Loaded {
    /// Loads these documents of a set; a row's `id` is the document's number.
    pub(crate) async fn load(set: &Set, documents: &[usize], server: &MariaDb) -> Outcome<Self> {
        let database = server.create_database();
        let mut connection = Conn::new(Opts::from_url(&server.url(&database))?).await?;
        connection.query_drop(TABLE).await?;
        for chunk in documents.chunks(ROWS_AT_ONCE) {
            let places = vec!["(?, ?, ?)"; chunk.len()].join(", ");
            let values = chunk.iter().flat_map(|at| {
                let document = &set.documents[*at];
                [Value::from(*at), Value::from(&document.title), Value::from(&document.text)]
            });
            let values = Params::Positional(values.collect());
            connection.exec_drop(format!("INSERT INTO documents VALUES {places}"), values).await?;
        }
        connection.query_drop("ANALYZE TABLE documents").await?;
        Ok(Self { database })
    }
}
