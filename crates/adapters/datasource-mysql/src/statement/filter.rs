//! Conditions on columns. Every value is bound, as what its column compares it with; every condition
//! is true or false, since `NULL` would be neither under a `NOT`.

use altus4_connections::{
    Column, ColumnKind, ColumnRef, Filter, Link, Table, Test, Value, escaped_pattern, literal_pattern,
};

use super::{
    found,
    sql::{Sql, text},
};
use crate::{
    dialect::{lower_case, quote},
    value,
};

/// The rows of one table in a statement, and how they are called there.
pub(super) struct Rows<'a> {
    table: &'a Table,
    /// What stands before the names of its columns.
    prefix: String,
    /// How many tables there are around it.
    depth: usize,
}

impl<'a> Rows<'a> {
    /// Those of a statement's only table.
    fn alone(table: &'a Table) -> Self {
        Self { table, prefix: String::new(), depth: 0 }
    }

    /// Those of a table that isn't called otherwise.
    pub(super) fn of(table: &'a Table) -> Self {
        Self { table, prefix: format!("{}.", quote(table.table.name())), depth: 0 }
    }

    /// Those of a table called so.
    pub(super) fn called(table: &'a Table, name: &str) -> Self {
        Self { table, prefix: format!("{name}."), depth: 0 }
    }

    /// A column of theirs.
    pub(super) fn name(&self, column: &ColumnRef) -> String {
        format!("{}{}", self.prefix, quote(column.name()))
    }

    /// What is known of a column of theirs.
    pub(super) fn found(&self, column: &ColumnRef) -> Option<&'a Column> {
        found(self.table, column)
    }

    /// The condition that one of them passes the filter. `NULL` only where it can't get into a `NOT`.
    pub(super) fn pass(&self, filter: &Filter) -> Sql {
        self.write(filter, false)
    }

    fn write(&self, filter: &Filter, negated: bool) -> Sql {
        let each = |all: &[Filter]| all.iter().map(|one| self.write(one, negated)).collect();
        match (filter, negated) {
            (Filter::All(all), false) | (Filter::Any(all), true) => Sql::join(each(all), " AND ", "TRUE"),
            (Filter::Any(all), false) | (Filter::All(all), true) => Sql::join(each(all), " OR ", "FALSE"),
            (Filter::Not(inner), negated) => self.write(inner, !negated),
            (Filter::Related(link, inner), negated) => {
                self.related(link, inner).within(if negated { "NOT " } else { "" }, "")
            }
            (Filter::Is(column, test), negated) => {
                let passes = self.found(column).and_then(|column| self.passes(column, test));
                match (passes, negated) {
                    (Some(passes), false) => passes,
                    (Some(passes), true) => passes.within("(", ") IS NOT TRUE"),
                    (None, false) => Sql::plain("FALSE"),
                    (None, true) => Sql::plain("TRUE"),
                }
            }
        }
    }

    /// The condition that there is a row at the other end that passes.
    fn related(&self, link: &Link, filter: &Filter) -> Sql {
        let depth = self.depth + 1;
        let (far, between) = (format!("`altus4 far {depth}`"), format!("`altus4 between {depth}`"));
        let rows = Rows { table: &link.to, prefix: format!("{far}."), depth };
        let near = match &link.through {
            Some(_) => &between,
            None => &far,
        };
        let own = |column: &ColumnRef| match self.prefix.as_str() {
            // Otherwise a column of the inner table could be meant.
            "" => format!("{}.{}", quote(self.table.table.name()), quote(column.name())),
            _ => self.name(column),
        };
        let on =
            link.on.iter().map(|(here, there)| format!("{near}.{} = {}", quote(there.name()), own(here)));
        let mut conditions: Vec<_> = on.map(Sql::plain).collect();
        conditions.push(rows.pass(filter));
        let from = from(link, &far, &between);
        Sql::list(conditions, " AND ").within(&format!("EXISTS (SELECT 1 FROM {from} WHERE "), ")")
    }

    /// `None` where no value of the column can pass.
    fn passes(&self, column: &Column, test: &Test) -> Option<Sql> {
        let name = self.name(&column.column);
        let compared = |sign: &str, value: &Value| {
            Some(operand(column, value)?.within(&format!("{} {sign} ", comparable(column, &name)), ""))
        };
        let like = |pattern: String| {
            Sql::with(format!("{} LIKE ? ESCAPE '!'", readable(column, &name)), text(pattern))
        };
        Some(match test {
            Test::Eq(value) => return compared("=", value),
            Test::Gt(value) => return compared(">", value),
            Test::Gte(value) => return compared(">=", value),
            Test::Lt(value) => return compared("<", value),
            Test::Lte(value) => return compared("<=", value),
            Test::In(values) => {
                let operands: Vec<_> = values.iter().filter_map(|value| operand(column, value)).collect();
                if operands.is_empty() {
                    return None;
                }
                Sql::list(operands, ", ").within(&format!("{} IN (", comparable(column, &name)), ")")
            }
            Test::IsNull => Sql::plain(format!("{name} IS NULL")),
            Test::Like(pattern) => like(escaped_pattern(pattern)),
            Test::Ilike(pattern) => {
                let text_of = format!("{} LIKE ? ESCAPE '!'", lower_case(&readable(column, &name)));
                Sql::with(text_of, text(escaped_pattern(pattern).to_lowercase()))
            }
            Test::StartsWith(start) => like(literal_pattern(start) + "%"),
            Test::EndsWith(end) => like(format!("%{}", literal_pattern(end))),
            Test::Contains(part) => like(format!("%{}%", literal_pattern(part))),
        })
    }
}

/// The rows at the far end of a link, and those between, as they are called.
pub(super) fn from(link: &Link, far: &str, between: &str) -> String {
    let to = format!("{} AS {far}", quote(link.to.table.name()));
    match &link.through {
        None => to,
        Some(junction) => {
            let on = junction.far.iter().map(|(here, there)| {
                format!("{far}.{} = {between}.{}", quote(there.name()), quote(here.name()))
            });
            let on = on.collect::<Vec<_>>().join(" AND ");
            format!("{} AS {between} JOIN {to} ON {on}", quote(junction.table.table.name()))
        }
    }
}

/// The condition that a row of a statement's only table passes the filter.
pub(super) fn condition(table: &Table, filter: &Filter) -> Sql {
    Rows::alone(table).pass(filter)
}

/// The column as it is compared with [`operand`].
fn comparable(column: &Column, name: &str) -> String {
    match column.found.kind {
        ColumnKind::Json => format!("CAST({name} AS CHAR)"),
        _ => name.to_owned(),
    }
}

/// The column as text.
fn readable(column: &Column, name: &str) -> String {
    match column.found.kind {
        ColumnKind::Text { .. } | ColumnKind::Binary => name.to_owned(),
        _ => format!("CAST({name} AS CHAR)"),
    }
}

/// The value as what the column holds. `None` for what it can't hold, which is equal to nothing in
/// it: left to itself, the server would compare `'5 apples'` as 5.
pub(super) fn operand(column: &Column, value: &Value) -> Option<Sql> {
    let bound = |value: &Value| value::encode(value, &column.found).map(|wire| Sql::with("?", wire));
    match (column.found.kind, value) {
        (_, Value::Null) => None,
        (ColumnKind::Decimal, Value::Text(number)) => is_number(number).then(|| {
            let number = number.trim();
            let whole = number.split('.').next().map_or(0, str::len);
            // There are 65 digits at the most.
            let fraction = if whole > 35 { 0 } else { 30 };
            Sql::with(format!("CAST(? AS DECIMAL(65, {fraction}))"), text(number))
        }),
        (ColumnKind::Temporal, Value::Text(moment)) => temporal(column, moment),
        (ColumnKind::Boolean, Value::Text(word)) if word.eq_ignore_ascii_case("true") => {
            bound(&Value::Bool(true))
        }
        (ColumnKind::Boolean, Value::Text(word)) if word.eq_ignore_ascii_case("false") => {
            bound(&Value::Bool(false))
        }
        (ColumnKind::Integer | ColumnKind::Float | ColumnKind::Boolean, Value::Text(number)) => {
            bound(&parsed(number.trim())?)
        }
        (ColumnKind::Integer | ColumnKind::Float | ColumnKind::Boolean, Value::Json(_) | Value::Bytes(_)) => {
            None
        }
        // Compared with a number, a text would be read as one.
        (ColumnKind::Text { .. } | ColumnKind::Json | ColumnKind::Other, value) => {
            let words = match value {
                Value::Bool(value) => value.to_string(),
                Value::Int(number) => number.to_string(),
                Value::UInt(number) => number.to_string(),
                Value::Float(number) => number.to_string(),
                value => return bound(value),
            };
            Some(Sql::with("?", text(words)))
        }
        (_, value) => bound(value),
    }
}

fn is_number(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
}

fn parsed(number: &str) -> Option<Value> {
    let whole = number.parse().map(Value::Int).or_else(|_| number.parse().map(Value::UInt));
    let value = whole.or_else(|_| number.parse().map(Value::Float)).ok()?;
    (!matches!(value, Value::Float(number) if !number.is_finite())).then_some(value)
}

/// A date or a time, in UTC as the session is. What is none becomes `NULL`, and is equal to nothing.
fn temporal(column: &Column, moment: &str) -> Option<Sql> {
    let declared = column.found.declared_type.as_str();
    if declared.starts_with("YEAR") {
        return parsed(moment)
            .and_then(|year| value::encode(&year, &column.found))
            .map(|year| Sql::with("?", year));
    }
    if declared.starts_with("TIME") && !declared.starts_with("TIMESTAMP") {
        return Some(Sql::with("CAST(? AS TIME(6))", text(moment)));
    }
    Some(Sql::with("CAST(? AS DATETIME(6))", text(moment)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::tests::table;

    fn is(name: &str, test: Test) -> Filter {
        Filter::Is(table().column(name).expect("a column").column.clone(), test)
    }

    fn sql(filter: &Filter) -> String {
        condition(&table(), filter).text
    }

    #[test]
    fn a_condition_is_never_null_under_a_not() {
        let equal = is("title", Test::Eq(Value::Text("x".into())));
        assert_eq!(sql(&equal), "`title` = ?");
        let not = Filter::Not(Box::new(Filter::Any(vec![equal.clone(), is("a", Test::IsNull)])));
        assert_eq!(sql(&not), "((`title` = ?) IS NOT TRUE AND (`a` IS NULL) IS NOT TRUE)");
        assert_eq!(sql(&Filter::Not(Box::new(not))), "(`title` = ? OR `a` IS NULL)");
        assert_eq!(sql(&Filter::Not(Box::new(is("a", Test::In(vec![Value::Null]))))), "TRUE");
        assert_eq!(sql(&Filter::All(vec![])), "TRUE");
        assert_eq!(sql(&Filter::Any(vec![])), "FALSE");
    }

    #[test]
    fn values_are_compared_as_what_the_column_holds() {
        for (column, value, expected) in [
            ("a", Value::Text("5 apples".into()), "FALSE"),
            ("a", Value::Text("-5".into()), "`a` = ?"),
            ("a", Value::Null, "FALSE"),
            ("title", Value::Int(5), "`title` = ?"),
            ("b", Value::Text("2026-01-15 10:00:00".into()), "`b` = CAST(? AS DATETIME(6))"),
            ("meta", Value::Text("x".into()), "CAST(`meta` AS CHAR) = ?"),
        ] {
            assert_eq!(sql(&is(column, Test::Eq(value.clone()))), expected, "{column} {value:?}");
        }
        let number = condition(&table(), &is("title", Test::Eq(Value::Int(5))));
        assert_eq!(number.values, [text("5")]);
    }

    #[test]
    fn a_pattern_keeps_its_wildcards_and_a_text_has_none() {
        let like = condition(&table(), &is("title", Test::EndsWith("%".into())));
        assert_eq!((like.text.as_str(), like.values), ("`title` LIKE ? ESCAPE '!'", vec![text("%!%")]));
    }
}
