//! The sample that a demo searches: a help centre's articles, products and tickets in one SQLite
//! file with full-text indexes.

use std::path::Path;

use anyhow::{Context, Result};
use sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tempfile::NamedTempFile;

/// The name of the file.
pub(crate) const FILE_NAME: &str = "hearthline.db";
/// What the help centre is called.
pub(crate) const TITLE: &str = "Hearthline help centre";

const ARTICLES: &str = include_str!("../../demo/articles.jsonl");
const PRODUCTS: &str = include_str!("../../demo/products.jsonl");
const TICKETS: &str = include_str!("../../demo/tickets.jsonl");

const SCHEMA: &str = include_str!("../../demo/schema.sql");
const INDEX: &str = include_str!("../../demo/index.sql");

/// For each table its rows, a JSON object a line, and the statement that takes them as one array.
const FILL: [(&str, &str); 3] = [
    (
        ARTICLES,
        "INSERT INTO articles (id, title, category, product, body, updated_at) \
         SELECT value ->> 'id', value ->> 'title', value ->> 'category', value ->> 'product', \
         value ->> 'body', value ->> 'updated_at' FROM json_each(?1)",
    ),
    (
        PRODUCTS,
        "INSERT INTO products (id, sku, name, category, description, price, in_stock, released_on) \
         SELECT value ->> 'id', value ->> 'sku', value ->> 'name', value ->> 'category', \
         value ->> 'description', value ->> 'price', value ->> 'in_stock', value ->> 'released_on' \
         FROM json_each(?1)",
    ),
    (
        TICKETS,
        "INSERT INTO tickets (id, subject, body, status, priority, product, customer, resolution, created_at) \
         SELECT value ->> 'id', value ->> 'subject', value ->> 'body', value ->> 'status', \
         value ->> 'priority', value ->> 'product', value ->> 'customer', value ->> 'resolution', \
         value ->> 'created_at' FROM json_each(?1)",
    ),
];

/// How many articles, products and tickets there are.
pub(crate) fn counts() -> [usize; 3] {
    [ARTICLES, PRODUCTS, TICKETS].map(|rows| rows.lines().count())
}

/// Builds the sample, whole or not at all, unless the file exists.
///
/// # Errors
/// The file can't be written.
pub(crate) async fn build_once(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let dir = path.parent().unwrap_or(path);
    let file = NamedTempFile::new_in(dir).context("can't make the sample database")?;
    fill(file.path()).await.context("can't fill the sample database")?;
    file.persist(path).context("can't keep the sample database")?;
    Ok(())
}

async fn fill(path: &Path) -> Result<(), sqlx::Error> {
    // Until it has its name the file may be lost, so nothing needs to wait for the disk.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off);
    let mut database = options.connect().await?;
    let mut all = database.begin().await?;
    sqlx::raw_sql(SCHEMA).execute(&mut *all).await?;
    for (rows, insert) in FILL {
        let array = format!("[{}]", rows.lines().collect::<Vec<_>>().join(","));
        sqlx::query(insert).bind(array).execute(&mut *all).await?;
    }
    sqlx::raw_sql(INDEX).execute(&mut *all).await?;
    all.commit().await?;
    database.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn number(path: &Path, sql: &'static str) -> i64 {
        let mut database = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut database).await.unwrap()
    }

    #[tokio::test]
    async fn every_row_is_there_and_found_by_its_words() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        build_once(&path).await.unwrap();
        assert_eq!(number(&path, "SELECT count(*) FROM articles").await, 186);
        assert_eq!(number(&path, "SELECT count(*) FROM products").await, 64);
        assert_eq!(number(&path, "SELECT count(*) FROM tickets").await, 240);
        assert_eq!(counts(), [186, 64, 240]);
        let whole = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'thermostats'";
        assert!(number(&path, whole).await > 3, "stemmed");
        assert_eq!(
            number(
                &path,
                "SELECT count(*) FROM products WHERE typeof(price) <> 'real' AND \
            typeof(price) <> 'integer'"
            )
            .await,
            0
        );
        assert_eq!(number(&path, "SELECT count(*) FROM articles WHERE product = ''").await, 0);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing beside the sample");
    }

    #[tokio::test]
    async fn a_sample_that_exists_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        std::fs::write(&path, "mine").unwrap();
        build_once(&path).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
