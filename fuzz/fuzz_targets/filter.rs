//! The grammar of filters against a fuzzer: `cargo +nightly fuzz run filter`. What is JSON is read as
//! JSON; anything is read as the parameters of a query string.

#![no_main]

use std::sync::{Arc, LazyLock};

use altus4_connections::{
    ColumnKind, DiscoveredColumn, DiscoveredTable, FilterFault, FilterQuery, SchemaSnapshot, Table,
};
use libfuzzer_sys::fuzz_target;

/// A table with a column of each kind: `a` to `i`.
static TABLE: LazyLock<Arc<Table>> = LazyLock::new(|| {
    let kinds = [
        ("TEXT", ColumnKind::Text { max_chars: None }),
        ("BIGINT", ColumnKind::Integer),
        ("DECIMAL(10,2)", ColumnKind::Decimal),
        ("DOUBLE", ColumnKind::Float),
        ("BOOLEAN", ColumnKind::Boolean),
        ("DATETIME", ColumnKind::Temporal),
        ("TIME", ColumnKind::Temporal),
        ("YEAR", ColumnKind::Temporal),
        ("POINT", ColumnKind::Other),
    ];
    let columns = ('a'..).zip(kinds).map(|(name, (declared, kind))| DiscoveredColumn {
        name: name.into(),
        declared_type: declared.into(),
        kind,
        ..DiscoveredColumn::default()
    });
    let columns = columns.collect();
    let schema =
        SchemaSnapshot::new(vec![DiscoveredTable { name: "t".into(), columns, ..Default::default() }]);
    Arc::clone(&schema.tables()[0])
});

fn resolve(filter: Result<FilterQuery, Vec<FilterFault>>) {
    match filter.and_then(|filter| filter.resolve(&TABLE)) {
        Ok(_) => {}
        Err(faults) => assert!(!faults.is_empty()),
    }
}

fuzz_target!(|text: &str| {
    if let Ok(json) = serde_json::from_str(text) {
        resolve(FilterQuery::from_json(&json));
    }
    resolve(FilterQuery::from_pairs(text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")))));
});
