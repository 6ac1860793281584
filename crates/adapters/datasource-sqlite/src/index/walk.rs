//! The next rows by the primary key.

use altus4_connections::Value;
use altus4_search::WalkRequest;

use super::{filter::condition, selected};
use crate::sql::{Statement, column, quoted};

/// Reads the rows; `None` where there can be none: the table has no key, or the one to go on after is
/// none of its.
pub(super) fn walk_statement(request: &WalkRequest) -> Option<Statement> {
    let table = &request.table;
    let names: Vec<_> = table.primary_key.iter().map(|name| column(name.name())).collect();
    let mut conditions: Vec<_> = names.iter().map(|name| format!("{name} IS NOT NULL")).collect();
    let mut binds = Vec::new();
    if let Some(after) = &request.after {
        if after.len() != names.len() || after.contains(&Value::Null) {
            return None;
        }
        conditions.push(match names.as_slice() {
            [name] => format!("{name} > ?"),
            several => format!("({}) > ({})", several.join(", "), vec!["?"; several.len()].join(", ")),
        });
        binds.extend(after.iter().cloned());
    }
    if names.is_empty() || request.limit == 0 {
        return None;
    }
    if let Some(filter) = &request.filter {
        conditions.push(condition(table, filter, &mut binds));
    }
    binds.push(Value::Int(request.limit.into()));
    let text = format!(
        "SELECT 0 AS s{} FROM {} AS b WHERE {} ORDER BY {} LIMIT ?",
        selected(table, &request.read),
        quoted(table.table.name()),
        conditions.join(" AND "),
        names.join(", "),
    );
    Some(Statement { text, binds })
}
