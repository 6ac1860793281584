//! Filters held against a table: names become columns, values are checked for their kinds.

use super::{
    operand::{self, Family},
    query::{Asked, Clause, Comparison, Condition, TextTest},
};
use crate::{Column, Filter, FilterFault, FilterFaultKind, FilterQuery, Table, Test};

impl FilterQuery {
    /// The filter on the rows of a table. Fields are columns; those of relations are refused.
    ///
    /// # Errors
    /// Every fault. [`UnknownField`](FilterFaultKind::UnknownField) says that the table has no such
    /// column, which another may have.
    pub fn resolve(&self, table: &Table) -> Result<Filter, Vec<FilterFault>> {
        let mut faults = Vec::new();
        let filter = resolve(&self.root, table, &mut faults);
        match filter {
            Some(filter) if faults.is_empty() => Ok(filter),
            _ => Err(faults),
        }
    }
}

/// `None` when something is at fault.
fn resolve(clause: &Clause, table: &Table, faults: &mut Vec<FilterFault>) -> Option<Filter> {
    let mut each = |clauses: &[Clause]| {
        let resolved: Vec<_> = clauses.iter().map(|clause| resolve(clause, table, faults)).collect();
        resolved.into_iter().collect::<Option<Vec<_>>>()
    };
    match clause {
        Clause::All(clauses) => each(clauses).map(Filter::All),
        Clause::Any(clauses) => each(clauses).map(Filter::Any),
        Clause::Not(clause) => resolve(clause, table, faults).map(|filter| Filter::Not(Box::new(filter))),
        Clause::Is(condition) => match test(condition, table) {
            Ok(filter) => Some(filter),
            Err((kind, reason)) => {
                faults.push(FilterFault::new(&condition.place, kind, reason));
                None
            }
        },
    }
}

fn test(condition: &Condition, table: &Table) -> Result<Filter, (FilterFaultKind, String)> {
    let column = column(&condition.field, table)?;
    let wrong = |reason: &str| (FilterFaultKind::WrongKind, reason.to_owned());
    let family = Family::of(&column.found);
    let test = match &condition.asked {
        Asked::IsNull => Test::IsNull,
        Asked::Compare(comparison, scalar) => {
            let value = operand::value(scalar, family).map_err(wrong)?;
            match comparison {
                Comparison::Eq => Test::Eq(value),
                Comparison::Gt => Test::Gt(value),
                Comparison::Gte => Test::Gte(value),
                Comparison::Lt => Test::Lt(value),
                Comparison::Lte => Test::Lte(value),
            }
        }
        Asked::In(scalars) => {
            let values = scalars.iter().map(|scalar| operand::value(scalar, family).map_err(wrong));
            Test::In(values.collect::<Result<_, _>>()?)
        }
        Asked::Text(how, text) if matches!(family, Family::Text | Family::Any) => {
            let text = text.clone();
            match how {
                TextTest::Like => Test::Like(text),
                TextTest::Ilike => Test::Ilike(text),
                TextTest::StartsWith => Test::StartsWith(text),
                TextTest::EndsWith => Test::EndsWith(text),
                TextTest::Contains => Test::Contains(text),
            }
        }
        Asked::Text(..) => {
            return Err((FilterFaultKind::UnknownOperator, "is for fields that hold text".to_owned()));
        }
    };
    Ok(Filter::Is(column.column.clone(), test))
}

fn column<'a>(field: &str, table: &'a Table) -> Result<&'a Column, (FilterFaultKind, String)> {
    table.column(field).ok_or_else(|| {
        let reason = if field.contains('.') {
            "is a field of a relation, which can't be filtered by in this version"
        } else {
            "is an unknown field"
        };
        (FilterFaultKind::UnknownField, reason.to_owned())
    })
}
