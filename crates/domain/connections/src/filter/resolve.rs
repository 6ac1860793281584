//! Filters held against a table: names become columns, values are checked for their kinds.

use std::sync::Arc;

use super::{
    operand::{self, Family},
    query::{Asked, Clause, Comparison, Condition, TextTest},
};
use crate::{Column, Filter, FilterFault, FilterFaultKind, FilterQuery, Link, Table, Test};

/// What a field's name stands for.
#[derive(Debug, Clone)]
pub struct FilterField {
    /// The way to the table that has the column, from the one that is filtered; empty where it is
    /// that one.
    pub way: Vec<Arc<Link>>,
    /// The column.
    pub column: Column,
}

impl FilterQuery {
    /// The filter on the rows of a table. Fields are columns; those of relations are refused.
    ///
    /// # Errors
    /// Every fault. [`UnknownField`](FilterFaultKind::UnknownField) says that the table has no such
    /// column, which another may have.
    pub fn resolve(&self, table: &Table) -> Result<Filter, Vec<FilterFault>> {
        self.resolve_by(&|field| column(field, table))
    }

    /// The filter whose fields are what `find` says; where they are none, it says what is wrong with
    /// them, to be read after their place.
    ///
    /// # Errors
    /// Every fault.
    pub fn resolve_by(
        &self,
        find: &dyn Fn(&str) -> Result<FilterField, String>,
    ) -> Result<Filter, Vec<FilterFault>> {
        let mut faults = Vec::new();
        let filter = resolve(&self.root, find, &mut faults);
        match filter {
            Some(filter) if faults.is_empty() => Ok(filter),
            _ => Err(faults),
        }
    }
}

/// `None` when something is at fault.
fn resolve(
    clause: &Clause,
    find: &dyn Fn(&str) -> Result<FilterField, String>,
    faults: &mut Vec<FilterFault>,
) -> Option<Filter> {
    let mut each = |clauses: &[Clause]| {
        let resolved: Vec<_> = clauses.iter().map(|clause| resolve(clause, find, faults)).collect();
        resolved.into_iter().collect::<Option<Vec<_>>>()
    };
    match clause {
        Clause::All(clauses) => each(clauses).map(Filter::All),
        Clause::Any(clauses) => each(clauses).map(Filter::Any),
        Clause::Not(clause) => resolve(clause, find, faults).map(|filter| Filter::Not(Box::new(filter))),
        Clause::Is(condition) => match test(condition, find) {
            Ok(filter) => Some(filter),
            Err((kind, reason)) => {
                faults.push(FilterFault::new(&condition.place, kind, reason));
                None
            }
        },
    }
}

fn test(
    condition: &Condition,
    find: &dyn Fn(&str) -> Result<FilterField, String>,
) -> Result<Filter, (FilterFaultKind, String)> {
    let FilterField { way, column } =
        find(&condition.field).map_err(|reason| (FilterFaultKind::UnknownField, reason))?;
    let wrong = |reason: &str| (FilterFaultKind::WrongKind, reason.to_owned());
    let family = Family::of(&column.found);
    let test = match &condition.asked {
        Asked::IsNull | Asked::IsNotNull => Test::IsNull,
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
    let filter = Filter::Is(column.column, test);
    let filter = if condition.asked == Asked::IsNotNull { Filter::Not(Box::new(filter)) } else { filter };
    Ok(way.into_iter().rev().fold(filter, |inner, link| Filter::Related(link, Box::new(inner))))
}

fn column(field: &str, table: &Table) -> Result<FilterField, String> {
    let column = table.column(field).ok_or_else(|| {
        let reason = if field.contains('.') {
            "is a field of a relation, which searches can't be filtered by"
        } else {
            "is an unknown field"
        };
        reason.to_owned()
    })?;
    Ok(FilterField { way: Vec::new(), column: column.clone() })
}
