//! What every adapter of the port must do.

use std::{fmt::Write, sync::Arc};

use altus4_connections::{DiscoveredTable, Table, Target, Value};
use altus4_search::{
    FullTextIndex,
    testkit::{FullTextSubject, TableSpec},
};
use async_trait::async_trait;

use crate::fixture::World;

#[async_trait]
impl FullTextSubject for World {
    fn index(&self) -> &dyn FullTextIndex {
        &self.source
    }

    async fn load(&self, spec: TableSpec) -> (Target, Arc<Table>) {
        self.server.execute(&self.database, &script(&spec));
        (self.target.clone(), self.table(&spec.table.name).await)
    }
}

fn script(spec: &TableSpec) -> String {
    let DiscoveredTable { name, columns, primary_key, full_text_indexes, .. } = &spec.table;
    let mut parts: Vec<_> = columns
        .iter()
        .map(|column| {
            let null = if column.nullable { "NULL" } else { "NOT NULL" };
            format!("`{}` {} {null}", column.name, column.declared_type)
        })
        .collect();
    let names =
        |columns: &[String]| columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if !primary_key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", names(primary_key)));
    }
    parts.extend(
        full_text_indexes
            .iter()
            .map(|index| format!("FULLTEXT `{}` ({})", index.name, names(&index.columns))),
    );
    let row = |row: &Vec<Value>| format!("({})", row.iter().map(literal).collect::<Vec<_>>().join(", "));
    let rows: Vec<_> = spec.rows.iter().map(row).collect();
    let rows = if rows.is_empty() {
        String::new()
    } else {
        format!("INSERT INTO `{name}` VALUES {};", rows.join(", "))
    };
    format!("CREATE TABLE `{name}` ({}); {rows}", parts.join(", "))
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => format!("{number:e}"),
        Value::Text(text) | Value::Json(text) => {
            format!("CONVERT(X'{}' USING utf8mb4)", hex(text.as_bytes()))
        }
        Value::Bytes(bytes) => format!("X'{}'", hex(bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

altus4_search::full_text_contract!(tokio::test, World::new("SELECT 1"));
