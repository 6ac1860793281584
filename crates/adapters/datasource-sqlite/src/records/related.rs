//! Rows that belong to other rows: those of many in one statement, and of each the first few.

use altus4_connections::Value;
use altus4_entities::{Related, RelatedRequest};

use super::{
    read::{order, selected},
    values::{Read, bound},
};
use crate::{
    error::Fault,
    index::filter::{Rows, from},
    sql::{Statement, quoted},
};

/// The most parameters that parents take up; SQLite has 32,766.
const MAX_BINDS: usize = 30_000;

/// The statement for some of the parents.
pub(super) struct RelatedStatement {
    text: String,
    binds: Vec<Value>,
    read: Read,
}

impl RelatedStatement {
    /// One, unless there are more parents than one can name.
    pub(super) fn all(request: &RelatedRequest) -> Result<Vec<Self>, Fault> {
        if request.per_parent == 0 || request.link.on.is_empty() {
            return Ok(Vec::new());
        }
        let parents: Vec<_> = request.parents.iter().enumerate().collect();
        let width = request.link.on.len() + 1;
        parents.chunks((MAX_BINDS / width).max(1)).map(|parents| Self::of(request, parents)).collect()
    }

    fn of(request: &RelatedRequest, parents: &[(usize, &Vec<Value>)]) -> Result<Self, Fault> {
        const NO_COLUMN: Fault = Fault::Request("a link over a column of another table");
        let link = &request.link;
        let far = Rows::called(&link.to, "b");
        let (near, near_name) = match &link.through {
            Some(junction) => (&junction.table, "middle"),
            None => (&link.to, "b"),
        };
        let mut binds = Vec::new();
        let mut rows = Vec::with_capacity(parents.len());
        for (place, values) in parents {
            let mut cells = vec!["?".to_owned()];
            binds.push(Value::Int(i64::try_from(*place).unwrap_or(i64::MAX)));
            for ((_, there), value) in link.on.iter().zip(values.iter()) {
                let found = near.columns.iter().find(|column| column.column == *there).ok_or(NO_COLUMN)?;
                cells.push("?".to_owned());
                binds.push(bound(found, value)?);
            }
            rows.push(format!("({})", cells.join(", ")));
        }
        let names: Vec<_> = (0..link.on.len()).map(|at| format!("value{at}")).collect();
        // The column stands first: its collation and its affinity say what is equal.
        let on = link.on.iter().zip(&names);
        let on =
            on.map(|((_, there), name)| format!("{near_name}.{} = parents.{name}", quoted(there.name())));
        let mut conditions: Vec<_> = on.collect();
        if let Some(filter) = &request.filter {
            conditions.push(far.pass(filter, &mut binds));
        }
        let order = order(&far, &request.order, None)?;
        let columns =
            (0..request.read.len().max(1)).map(|at| format!("r.c{at}")).collect::<Vec<_>>().join(", ");
        let text = format!(
            "WITH parents(place, {}) AS (VALUES {}) \
             SELECT r.place AS place, {columns} FROM (SELECT parents.place AS place, {}, \
             row_number() OVER (PARTITION BY parents.place{order}) AS number \
             FROM parents CROSS JOIN {} WHERE {}) AS r WHERE r.number <= ? ORDER BY r.number",
            names.join(", "),
            rows.join(", "),
            selected(&far, &request.read)?,
            from(link, "b", "middle"),
            conditions.join(" AND "),
        );
        binds.push(Value::Int(request.per_parent.into()));
        Ok(Self { text, binds, read: Read::new(&link.to, &request.read) })
    }

    pub(super) fn statement(&self) -> Statement {
        Statement { text: self.text.clone(), binds: self.binds.clone() }
    }

    /// A row of the answer.
    pub(super) fn related(&self, mut row: Vec<Value>) -> Option<Related> {
        let values = row.split_off(1.min(row.len()));
        let Some(Value::Int(place)) = row.pop() else { return None };
        Some(Related { parent: usize::try_from(place).ok()?, values: self.read.values(values) })
    }
}
