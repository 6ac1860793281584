//! Values as SQLite keeps them, and as columns mean them.

use altus4_connections::{Column, ColumnKind, ColumnRef, Table, Value};
use altus4_entities::{Refusal, RefusalKind};

use crate::{error::Fault, kind::shaped};

/// The columns that are read of each row.
#[derive(Debug, Clone)]
pub(super) struct Read {
    columns: Vec<(ColumnKind, Option<usize>)>,
}

impl Read {
    pub(super) fn new(table: &Table, columns: &[ColumnRef]) -> Self {
        let found = |name: &ColumnRef| {
            let column = table.columns.iter().find(|column| column.column == *name);
            let kind = column.map_or(ColumnKind::Other, |column| column.found.kind);
            (kind, column.and_then(|column| fraction(&column.found.declared_type)))
        };
        Self { columns: columns.iter().map(found).collect() }
    }

    /// The values of a row as their columns mean them; those after them are left out.
    pub(super) fn values(&self, row: Vec<Value>) -> Vec<Value> {
        let shape = |(value, (kind, fraction)): (Value, &(ColumnKind, Option<usize>))| match kind {
            ColumnKind::Decimal => digits(value, *fraction),
            kind => shaped(value, *kind),
        };
        row.into_iter().zip(&self.columns).map(shape).collect()
    }
}

/// The `s` of `DECIMAL(p, s)`.
fn fraction(declared: &str) -> Option<usize> {
    let (_, scale) = declared.split_once(',')?;
    scale.split(')').next()?.trim().parse().ok().filter(|scale| *scale <= 30)
}

/// A number of a decimal column in digits: as many after the point as were declared, if that is the same
/// number, else as few as make it.
fn digits(value: Value, fraction: Option<usize>) -> Value {
    match (value, fraction) {
        (Value::Int(number), Some(scale)) if scale > 0 => {
            Value::Text(format!("{number}.{}", "0".repeat(scale)))
        }
        (Value::Int(number), _) => Value::Text(number.to_string()),
        (Value::Float(number), Some(scale)) => {
            let declared = format!("{number:.scale$}");
            let is_same = declared.parse::<f64>().is_ok_and(|parsed| parsed.to_bits() == number.to_bits());
            Value::Text(if is_same { declared } else { number.to_string() })
        }
        (Value::Float(number), None) => Value::Text(number.to_string()),
        (value, _) => value,
    }
}

/// The value as it is bound; an error for a number that no column holds.
pub(super) fn bound(column: &Column, value: &Value) -> Result<Value, Fault> {
    Ok(match value {
        Value::UInt(number) => {
            let columns = || vec![column.column.name().to_owned()];
            let refusal = || Refusal { kind: RefusalKind::OutOfRange, row: None, columns: columns() };
            Value::Int(i64::try_from(*number).map_err(|_| Fault::Row(refusal(), None))?)
        }
        value => value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_the_digits_that_were_declared() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (value, declared, expected) in [
            (Value::Float(12.5), "DECIMAL(10,2)", "12.50"),
            (Value::Int(12), "NUMERIC(10, 2)", "12.00"),
            (Value::Int(12), "NUMERIC", "12"),
            (Value::Float(0.125), "DECIMAL(10,2)", "0.125"),
            (Value::Float(-0.99), "DECIMAL(10,2)", "-0.99"),
            (text("1.50"), "DECIMAL(10,2)", "1.50"),
        ] {
            assert_eq!(digits(value.clone(), fraction(declared)), text(expected), "{value:?} {declared}");
        }
    }
}
