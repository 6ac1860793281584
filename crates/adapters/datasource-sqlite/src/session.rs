//! An open file, and reading rows from it within bounds of time and memory.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::Value;
use futures::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Decode, Row, Sqlite, SqliteConnection, TypeInfo, ValueRef,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow, SqliteValueRef},
};
use tokio::time::timeout_at;

use crate::{connect::Brake, error::Fault, sql::Statement};

/// The most bytes of one answer. Rows beyond are left out.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// An open file. Dropping it stops its statement and closes it.
pub(crate) struct Session {
    connection: SqliteConnection,
    brake: BrakeOnDrop,
    until: Instant,
    opened_at: Instant,
    idle_since: Instant,
    /// Whether a statement was left before its end, so that its thread may still be busy with it.
    unfinished: bool,
}

impl Session {
    pub(crate) fn new(connection: SqliteConnection, brake: Arc<Brake>, until: Instant) -> Self {
        let now = Instant::now();
        let brake = BrakeOnDrop(brake);
        Self { connection, brake, until, opened_at: now, idle_since: now, unfinished: false }
    }

    /// Makes ready for statements that end at `until`.
    pub(crate) fn begin(&mut self, until: Instant) {
        self.until = until;
        self.brake.0.release(until);
    }

    /// Notes that nobody uses it now.
    pub(crate) fn rest(&mut self) {
        self.brake.0.stop();
        self.idle_since = Instant::now();
    }

    pub(crate) fn is_idle_for(&self, span: Duration) -> bool {
        self.idle_since.elapsed() >= span
    }

    pub(crate) fn is_reusable(&self, max_age: Duration) -> bool {
        !self.unfinished && self.opened_at.elapsed() < max_age
    }

    /// The statement's rows; an error where they are more than 16 MiB.
    pub(crate) async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Vec<Value>>, Fault> {
        let rows = self.fetch(statement).await?;
        if self.unfinished { Err(Fault::TooLarge) } else { Ok(rows) }
    }

    /// The statement's rows: 16 MiB of them at the most.
    ///
    /// The statement's results are expressions under plain names, never bare columns of the file: the
    /// driver can't read names or types that are not UTF-8.
    pub(crate) async fn fetch(&mut self, statement: Statement) -> Result<Vec<Vec<Value>>, Fault> {
        let mut query = sqlx::query(AssertSqlSafe(statement.text));
        for value in statement.binds {
            query = bind(query, value);
        }
        self.unfinished = true;
        let connection = &mut self.connection;
        let read = async {
            let mut rows = query.fetch(connection);
            let mut found = Vec::new();
            let mut bytes = 0;
            while let Some(row) = rows.try_next().await? {
                let row = read_row(&row)?;
                bytes += row.iter().map(size).sum::<usize>();
                if bytes > MAX_BYTES {
                    tracing::warn!(rows = found.len(), "sqlite.answer.cut");
                    return Ok((found, true));
                }
                found.push(row);
            }
            Ok::<_, sqlx::Error>((found, false))
        };
        match timeout_at(self.until.into(), read).await {
            Ok(Ok((rows, cut))) => {
                self.unfinished = cut;
                Ok(rows)
            }
            Ok(Err(error)) => {
                let fault = Fault::from(error);
                // A statement that SQLite refused is over.
                self.unfinished = !fault.is_of_statement();
                Err(fault)
            }
            Err(_) => {
                self.brake.0.stop();
                Err(Fault::Late)
            }
        }
    }
}

struct BrakeOnDrop(Arc<Brake>);

impl Drop for BrakeOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

fn bind(query: Bound<'_>, value: Value) -> Bound<'_> {
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Bool(value) => query.bind(i64::from(value)),
        Value::Int(value) => query.bind(value),
        // No integer of SQLite is that large, so none is equal to it.
        Value::UInt(value) => query.bind(i64::try_from(value).ok()),
        Value::Float(value) => query.bind(value),
        Value::Text(value) | Value::Json(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    }
}

fn read_row(row: &SqliteRow) -> Result<Vec<Value>, sqlx::Error> {
    (0..row.len()).map(|at| read_value(row.try_get_raw(at)?)).collect()
}

/// A value by its storage class, which is all that SQLite knows of it.
fn read_value(raw: SqliteValueRef<'_>) -> Result<Value, sqlx::Error> {
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let class = raw.type_info().into_owned();
    let value = match class.name() {
        "INTEGER" => Decode::<Sqlite>::decode(raw).map(Value::Int),
        "REAL" => {
            let number: Result<f64, _> = Decode::<Sqlite>::decode(raw);
            number.map(|number| if number.is_finite() { Value::Float(number) } else { Value::Null })
        }
        // Text need not be UTF-8: nobody checked when it was written.
        "TEXT" => <&[u8] as Decode<Sqlite>>::decode(raw)
            .map(|bytes| Value::Text(String::from_utf8_lossy(bytes).into_owned())),
        _ => Decode::<Sqlite>::decode(raw).map(Value::Bytes),
    };
    value.map_err(sqlx::Error::Decode)
}

fn size(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Text(text) | Value::Json(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
}
