//! Which vectors are asked for, and whether there can be any.

use std::sync::Arc;

use altus4_connections::{Column, ColumnKind, ColumnRef, SchemaSnapshot, Table, TableKind};

use crate::plan::is_title;

/// The most columns whose text is embedded together.
const MAX_COLUMNS: usize = 16;

/// Vectors that somebody asks for. Nothing is known of its names yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVectorIndex {
    /// The table.
    pub table: String,
    /// The columns whose text is embedded.
    pub columns: Vec<String>,
    /// The column by which rows are found again; where it is left out, the table's primary key.
    pub key_column: Option<String>,
    /// The column that moves whenever a row is changed.
    pub updated_column: Option<String>,
}

/// What is wrong with what is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorFault {
    /// What can't be: `table`, `columns`, `keyColumn` or `updatedColumn`.
    pub field: &'static str,
    /// Why.
    pub reason: String,
}

/// Vectors that there can be: names as the server spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorSpec {
    /// The table.
    pub table: String,
    /// The columns whose text is embedded, titles first; each once.
    pub columns: Vec<String>,
    /// The table's primary key.
    pub key: Vec<String>,
    /// The column that moves whenever a row is changed.
    pub updated_column: Option<String>,
}

impl NewVectorIndex {
    /// The vectors of a table of this database.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn plan(&self, snapshot: &SchemaSnapshot) -> Result<(Arc<Table>, VectorSpec), Vec<VectorFault>> {
        let fault = |field, reason: &str| VectorFault { field, reason: reason.to_owned() };
        let Some(table) = snapshot.table(&self.table) else {
            return Err(vec![fault("table", "names no table of the database")]);
        };
        let mut faults = Vec::new();
        if table.kind == TableKind::View {
            faults.push(fault("table", "is a view; only the rows of tables can be found again"));
        } else if table.primary_key.is_empty() {
            let reason = "has no primary key, by which its rows could be found again; give it one first";
            faults.push(fault("table", reason));
        }
        let columns = self.columns_of(table, &mut faults);
        faults.extend(self.key_column.as_deref().and_then(|name| key_fault(table, name)));
        let updated = self.updated_column.as_deref().map(|name| updated_column(table, name));
        let updated_column = updated.transpose().map_err(|fault| faults.push(fault)).ok().flatten();
        if !faults.is_empty() {
            return Err(faults);
        }
        let spec =
            VectorSpec { table: table.table.name().to_owned(), columns, key: key_of(table), updated_column };
        Ok((Arc::clone(table), spec))
    }

    fn columns_of(&self, table: &Table, faults: &mut Vec<VectorFault>) -> Vec<String> {
        let mut columns: Vec<&Column> = Vec::new();
        for name in &self.columns {
            match embeddable(table, name) {
                Ok(column) if columns.iter().any(|known| known.column == column.column) => {}
                Ok(column) => columns.push(column),
                Err(reason) => faults.push(VectorFault { field: "columns", reason }),
            }
        }
        if faults.is_empty() && !(1..=MAX_COLUMNS).contains(&columns.len()) {
            let reason = format!("must name 1 to {MAX_COLUMNS} columns");
            faults.push(VectorFault { field: "columns", reason });
        }
        // Models give what comes first the greatest weight, and may not read to the end.
        columns.sort_by_key(|column| !is_title(&column.column));
        columns.iter().map(|column| column.column.name().to_owned()).collect()
    }
}

impl VectorSpec {
    /// The columns whose text is embedded and the one that moves, as the table has them now.
    ///
    /// # Errors
    /// Why there can be no vectors of this table any more.
    pub(super) fn columns_in(&self, table: &Table) -> Result<(Vec<ColumnRef>, Option<ColumnRef>), String> {
        let columns = self.columns.iter().map(|name| embeddable(table, name).map(|c| c.column.clone()));
        let columns = columns.collect::<Result<_, _>>()?;
        let updated = self.updated_column.as_deref().map(|name| {
            let found = updated_column(table, name).map_err(|fault| fault.reason)?;
            table.column(&found).map(|column| column.column.clone()).ok_or_else(|| unknown(name))
        });
        Ok((columns, updated.transpose()?))
    }
}

/// The names of the table's primary key.
pub(super) fn key_of(table: &Table) -> Vec<String> {
    table.primary_key.iter().map(|column| column.name().to_owned()).collect()
}

fn unknown(name: &str) -> String {
    format!("names no column of the table: {name}")
}

fn embeddable<'a>(table: &'a Table, name: &str) -> Result<&'a Column, String> {
    let column = table.column(name).ok_or_else(|| unknown(name))?;
    if column.is_text() { Ok(column) } else { Err(format!("must hold text; {name} doesn't")) }
}

fn key_fault(table: &Table, name: &str) -> Option<VectorFault> {
    let reason = match (table.column(name), table.primary_key.as_slice()) {
        (None, _) => unknown(name),
        (Some(column), [key]) if column.column == *key => return None,
        // Told already.
        (Some(_), []) => return None,
        (Some(_), [key]) => format!("must be the table's primary key, which is {}", key.name()),
        (Some(_), _) => {
            format!("must be left out, as the primary key has several columns: {}", key_of(table).join(", "))
        }
    };
    Some(VectorFault { field: "keyColumn", reason })
}

/// Its name as the server spells it.
fn updated_column(table: &Table, name: &str) -> Result<String, VectorFault> {
    let fault = |reason| VectorFault { field: "updatedColumn", reason };
    let column = table.column(name).ok_or_else(|| fault(unknown(name)))?;
    let declared = column.found.declared_type.to_ascii_uppercase();
    let is_time_of_day = declared.starts_with("TIME") && !declared.starts_with("TIMESTAMP");
    let moves = match column.found.kind {
        ColumnKind::Integer => !declared.starts_with("BIT"),
        ColumnKind::Temporal => !is_time_of_day && !declared.starts_with("YEAR"),
        _ => false,
    };
    if moves {
        Ok(column.column.name().to_owned())
    } else {
        Err(fault(format!("must hold a date, a date and time, or a whole number; {name} doesn't")))
    }
}

#[cfg(test)]
mod tests {
    use altus4_connections::{DiscoveredColumn, DiscoveredTable};

    use super::*;

    fn schema() -> SchemaSnapshot {
        let column = |name: &str, kind, declared: &str| DiscoveredColumn {
            name: name.into(),
            kind,
            declared_type: declared.into(),
            ..Default::default()
        };
        let text = ColumnKind::Text { max_chars: None };
        let columns = vec![
            column("id", ColumnKind::Integer, "BIGINT"),
            column("body", text, "TEXT"),
            column("Page_Title", text, "TEXT"),
            column("at", ColumnKind::Temporal, "DATETIME"),
            column("hour", ColumnKind::Temporal, "TIME"),
            column("version", ColumnKind::Integer, "INT"),
            column("data", ColumnKind::Binary, "BLOB"),
        ];
        let table = |name: &str, key: &[&str]| DiscoveredTable {
            name: name.into(),
            columns: columns.clone(),
            primary_key: key.iter().map(|&part| part.to_owned()).collect(),
            ..Default::default()
        };
        let view = DiscoveredTable { kind: TableKind::View, ..table("seen", &[]) };
        SchemaSnapshot::new(vec![
            table("Pages", &["id"]),
            table("both", &["id", "at"]),
            table("bare", &[]),
            view,
        ])
    }

    fn asked(table: &str, columns: &[&str], key: Option<&str>, updated: Option<&str>) -> NewVectorIndex {
        NewVectorIndex {
            table: table.into(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            key_column: key.map(str::to_owned),
            updated_column: updated.map(str::to_owned),
        }
    }

    #[test]
    fn names_become_the_servers_and_titles_come_first() {
        let (table, spec) =
            asked("pages", &["BODY", "page_title", "body"], Some("ID"), Some("AT")).plan(&schema()).unwrap();
        assert_eq!((table.table.name(), spec.table.as_str()), ("Pages", "Pages"));
        assert_eq!(spec.columns, ["Page_Title", "body"]);
        assert_eq!((spec.key, spec.updated_column.as_deref()), (vec!["id".to_owned()], Some("at")));
        let (_, spec) = asked("both", &["body"], None, Some("version")).plan(&schema()).unwrap();
        assert_eq!(spec.key, ["id", "at"]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        for (asked, fields) in [
            (asked("none", &["body"], Some("x"), None), vec!["table"]),
            (
                asked("pages", &["none", "data"], Some("body"), Some("hour")),
                vec!["columns", "columns", "keyColumn", "updatedColumn"],
            ),
            (asked("pages", &[], None, Some("none")), vec!["columns", "updatedColumn"]),
            (asked("both", &["body"], Some("id"), Some("body")), vec!["keyColumn", "updatedColumn"]),
            (asked("bare", &["body"], Some("id"), None), vec!["table"]),
            (asked("seen", &["body"], None, None), vec!["table"]),
        ] {
            let faults = asked.plan(&schema()).expect_err("faults");
            assert_eq!(faults.iter().map(|fault| fault.field).collect::<Vec<_>>(), fields, "{faults:?}");
        }
    }

    #[test]
    fn what_a_table_no_longer_has_is_named() {
        let schema = schema();
        let (table, spec) = asked("pages", &["body"], None, Some("at")).plan(&schema).unwrap();
        let (columns, updated) = spec.columns_in(&table).unwrap();
        assert_eq!((columns[0].name(), updated.unwrap().name()), ("body", "at"));
        let gone = VectorSpec { columns: vec!["lost".into()], ..spec };
        assert_eq!(gone.columns_in(&table).unwrap_err(), "names no column of the table: lost");
    }
}
