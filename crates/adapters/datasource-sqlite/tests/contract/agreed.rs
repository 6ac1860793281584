//! What every adapter of the port must do.

use std::{fmt::Write, sync::Arc};

use altus4_connections::{ColumnKind, DiscoveredTable, Table, Target, Value};
use altus4_search::{
    FullTextIndex,
    testkit::{FullTextSubject, TableSpec},
};
use async_trait::async_trait;

use crate::{Lab, main_db};

/// Indexes made with these options of FTS5.
struct Subject(Lab, &'static str);

#[async_trait]
impl FullTextSubject for Subject {
    fn index(&self) -> &dyn FullTextIndex {
        &self.0.source
    }

    async fn load(&self, spec: TableSpec) -> (Target, Arc<Table>) {
        self.0.build("main.db", &script(&spec, self.1)).await;
        let target = main_db();
        let table = self.0.table(&target, &spec.table.name).await;
        (target, table)
    }
}

fn script(spec: &TableSpec, options: &str) -> String {
    let DiscoveredTable { name, columns, primary_key, full_text_indexes, .. } = &spec.table;
    let is_number = primary_key.len() == 1
        && columns.iter().any(|c| primary_key[0] == c.name && c.kind == ColumnKind::Integer);
    let column = |column: &altus4_connections::DiscoveredColumn| {
        let is_rowid = is_number && primary_key.contains(&column.name);
        let declared = if is_rowid { "INTEGER PRIMARY KEY" } else { &column.declared_type };
        format!("\"{}\" {declared} COLLATE NOCASE", column.name)
    };
    let mut columns: Vec<_> = columns.iter().map(column).collect();
    if !is_number && !primary_key.is_empty() {
        columns.push(format!("PRIMARY KEY ({})", primary_key.join(", ")));
    }
    let row = |row: &Vec<Value>| format!("({})", row.iter().map(literal).collect::<Vec<_>>().join(", "));
    let rows: Vec<_> = spec.rows.iter().map(row).collect();
    let mut script = format!(
        "CREATE TABLE \"{name}\" ({}); INSERT INTO \"{name}\" VALUES {};",
        columns.join(", "),
        rows.join(", ")
    );
    for index in full_text_indexes {
        let (fts, columns) = (&index.name, index.columns.join(", "));
        let _ = write!(
            script,
            "CREATE VIRTUAL TABLE \"{fts}\" USING fts5({columns}, content = '{name}'{options});
             INSERT INTO \"{fts}\"(\"{fts}\") VALUES('rebuild');"
        );
    }
    script
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Text(text) | Value::Json(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Bytes(bytes) => {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            format!("X'{hex}'")
        }
    }
}

altus4_search::full_text_contract!(tokio::test, Subject(Lab::new(), ""));

mod with_stems {
    use super::{Lab, Subject};

    altus4_search::full_text_contract!(tokio::test, Subject(Lab::new(), ", tokenize = 'porter'"));
}
