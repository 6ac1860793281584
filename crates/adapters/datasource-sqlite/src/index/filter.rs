//! Conditions on columns. Every value is bound; every condition is true or false, since `NULL` would
//! be neither under a `NOT`.
//!
//! Texts compare as their column's collation says; patterns pass over the case of ASCII letters, as
//! SQLite's `LIKE` does, whatever the column.

use altus4_connections::{Column, ColumnKind, ColumnRef, Filter, Link, Table, Test, Value};

use crate::{
    holds,
    sql::{all_of, any_of, quoted},
};

/// The longest pattern that LIKE takes, in bytes (`SQLITE_MAX_LIKE_PATTERN_LENGTH`).
const MAX_PATTERN: usize = 50_000;

/// The condition that a row of the table called `b` passes. Values are appended in the order of their
/// places.
pub(crate) fn condition(table: &Table, filter: &Filter, binds: &mut Vec<Value>) -> String {
    Rows::called(table, "b").pass(filter, binds)
}

/// The rows of one table in a statement, and how they are called there.
pub(crate) struct Rows<'a> {
    table: &'a Table,
    name: String,
    /// How many tables there are around it.
    depth: usize,
}

impl<'a> Rows<'a> {
    /// Those of a table called so.
    pub(crate) fn called(table: &'a Table, name: &str) -> Self {
        Self { table, name: name.to_owned(), depth: 0 }
    }

    /// A column of theirs. Always with the table: alone, SQLite would take a quoted name that is gone
    /// for a text.
    pub(crate) fn column(&self, column: &ColumnRef) -> String {
        format!("{}.{}", self.name, quoted(column.name()))
    }

    /// What is known of a column of theirs.
    pub(crate) fn found(&self, column: &ColumnRef) -> Option<&'a Column> {
        self.table.columns.iter().find(|found| found.column == *column)
    }

    /// The condition that one of them passes. Values are appended in the order of their places.
    pub(crate) fn pass(&self, filter: &Filter, binds: &mut Vec<Value>) -> String {
        let mut each = |all: &[Filter]| all.iter().map(|one| self.pass(one, binds)).collect::<Vec<_>>();
        match filter {
            Filter::All(all) => all_of(&each(all)),
            Filter::Any(all) => any_of(&each(all)),
            Filter::Not(inner) => format!("NOT {}", self.pass(inner, binds)),
            Filter::Related(link, inner) => self.related(link, inner, binds),
            Filter::Is(name, test) => match self.found(name).and_then(|column| self.passes(column, test)) {
                Some((passes, values)) => {
                    binds.extend(values);
                    // Two-valued.
                    format!("coalesce({passes}, 0)")
                }
                None => "0".to_owned(),
            },
        }
    }

    /// The condition that there is a row at the other end that passes.
    fn related(&self, link: &Link, filter: &Filter, binds: &mut Vec<Value>) -> String {
        let depth = self.depth + 1;
        let (far, between) = (format!("far{depth}"), format!("between{depth}"));
        let rows = Rows { table: &link.to, name: far.clone(), depth };
        let near = if link.through.is_some() { &between } else { &far };
        let on = link.on.iter();
        let on = on.map(|(here, there)| format!("{near}.{} = {}", quoted(there.name()), self.column(here)));
        let mut conditions: Vec<_> = on.collect();
        conditions.push(rows.pass(filter, binds));
        let from = from(link, &far, &between);
        format!("EXISTS (SELECT 1 FROM {from} WHERE {})", conditions.join(" AND "))
    }

    /// `None` where no value of the column can pass.
    fn passes(&self, found: &Column, test: &Test) -> Option<(String, Vec<Value>)> {
        let name = self.column(&found.column);
        let compared = |sign: &str, value: &Value| {
            let value = operand(found, value)?;
            Some((format!("{} {sign} {}", comparable(found, &name), place(found)), vec![value]))
        };
        match test {
            Test::Eq(value) => {
                let (equal, values) = compared("=", value)?;
                // What is no date is equal to itself all the same.
                Some(match found.found.kind {
                    ColumnKind::Temporal => {
                        (format!("(({equal}) IS 1 OR {name} = ?)"), [values.clone(), values].concat())
                    }
                    _ => (equal, values),
                })
            }
            Test::Gt(value) => compared(">", value),
            Test::Gte(value) => compared(">=", value),
            Test::Lt(value) => compared("<", value),
            Test::Lte(value) => compared("<=", value),
            Test::In(values) => {
                let values: Vec<_> = values.iter().filter_map(|value| operand(found, value)).collect();
                let places = vec![place(found); values.len()].join(", ");
                (!values.is_empty()).then(|| (format!("{} IN ({places})", comparable(found, &name)), values))
            }
            Test::IsNull => Some((format!("{name} IS NULL"), Vec::new())),
            Test::Like(pattern) => self.like(found, &pieces(pattern)),
            // SQLite itself knows the cases of ASCII letters alone.
            Test::Ilike(pattern) => {
                let fits = format!("(CAST({name} AS TEXT) COLLATE {} IS ?)", quoted(holds::COLLATION));
                Some((fits, vec![holds::pattern(pattern)]))
            }
            Test::StartsWith(start) => self.like(found, &[Piece::Text(start.clone()), Piece::Any]),
            Test::EndsWith(end) => self.like(found, &[Piece::Any, Piece::Text(end.clone())]),
            Test::Contains(part) => self.like(found, &[Piece::Any, Piece::Text(part.clone()), Piece::Any]),
        }
    }

    /// With case where the column's collation minds it: `LIKE` never does, and `GLOB` always. Which
    /// collation that is SQLite tells by a value of the column alone, were it of no row.
    fn like(&self, found: &Column, pieces: &[Piece]) -> Option<(String, Vec<Value>)> {
        let (name, table) = (quoted(found.column.name()), quoted(self.table.table.name()));
        let (like, glob) = (like(pieces), glob(pieces));
        if like.len().max(glob.len()) > MAX_PATTERN {
            return None;
        }
        let text = format!("CAST({} AS TEXT)", self.column(&found.column));
        let passes = format!(
            "CASE WHEN (SELECT k.c = 'a' FROM (SELECT t.{name} AS c FROM {table} AS t WHERE 0 \
             UNION ALL SELECT 'A') AS k) THEN {text} LIKE ? ESCAPE '!' ELSE {text} GLOB ? END"
        );
        Some((passes, vec![Value::Text(like), Value::Text(glob)]))
    }
}

/// The rows at the far end of a link, and those between, as they are called.
pub(crate) fn from(link: &Link, far: &str, between: &str) -> String {
    let to = format!("{} AS {far}", quoted(link.to.table.name()));
    match &link.through {
        None => to,
        Some(junction) => {
            let on = junction.far.iter();
            let on = on.map(|(here, there)| {
                format!("{far}.{} = {between}.{}", quoted(there.name()), quoted(here.name()))
            });
            let on = on.collect::<Vec<_>>().join(" AND ");
            format!("{} AS {between} CROSS JOIN {to} ON {on}", quoted(junction.table.table.name()))
        }
    }
}

/// To the millisecond, whichever of its spellings a date or a time has: SQLite keeps them as text.
const MOMENT: &str = "'%Y-%m-%d %H:%M:%f'";

/// The column as it is compared with [`place`].
fn comparable(found: &Column, name: &str) -> String {
    match found.found.kind {
        ColumnKind::Temporal => format!("strftime({MOMENT}, {name})"),
        _ => name.to_owned(),
    }
}

fn place(found: &Column) -> String {
    match found.found.kind {
        ColumnKind::Temporal => format!("strftime({MOMENT}, ?)"),
        ColumnKind::Decimal => "CAST(? AS NUMERIC)".to_owned(),
        _ => "?".to_owned(),
    }
}

/// The value as what the column holds; `None` for what it can't hold.
fn operand(found: &Column, value: &Value) -> Option<Value> {
    let number = |text: &str| {
        let text = text.trim();
        let whole = text.parse().map(Value::Int).ok();
        whole.or_else(|| text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float))
    };
    match (found.found.kind, value) {
        (_, Value::Null) => None,
        // No whole number of SQLite is as large, but all are less.
        (_, Value::UInt(large)) => Some(Value::Float(*large as f64)),
        (ColumnKind::Boolean, Value::Text(word)) if word.eq_ignore_ascii_case("true") => Some(Value::Int(1)),
        (ColumnKind::Boolean, Value::Text(word)) if word.eq_ignore_ascii_case("false") => Some(Value::Int(0)),
        (
            ColumnKind::Integer | ColumnKind::Float | ColumnKind::Decimal | ColumnKind::Boolean,
            Value::Text(text),
        ) => {
            // The number itself shows that it is one; a decimal keeps its digits.
            let parsed = number(text)?;
            Some(if found.found.kind == ColumnKind::Decimal { value.clone() } else { parsed })
        }
        (ColumnKind::Text { .. }, Value::Int(number)) => Some(Value::Text(number.to_string())),
        (ColumnKind::Text { .. }, Value::Float(number)) => Some(Value::Text(number.to_string())),
        (ColumnKind::Text { .. }, Value::Bool(flag)) => Some(Value::Text(flag.to_string())),
        (_, value) => Some(value.clone()),
    }
}

/// A part of a pattern.
enum Piece {
    /// This text.
    Text(String),
    /// Any one character.
    One,
    /// Any text.
    Any,
}

/// A pattern in which `%` stands for any text and `_` for one character; `\` takes the next one
/// literally.
fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        let literal = match c {
            '%' => {
                pieces.push(Piece::Any);
                continue;
            }
            '_' => {
                pieces.push(Piece::One);
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            c => c,
        };
        match pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(literal),
            _ => pieces.push(Piece::Text(literal.to_string())),
        }
    }
    pieces
}

/// The pattern in the language of `LIKE`, whose escape is `!`.
fn like(pieces: &[Piece]) -> String {
    written(pieces, ["_", "%"], |c| match c {
        '!' | '%' | '_' => vec!['!', c],
        c => vec![c],
    })
}

/// The pattern in the language of `GLOB`.
fn glob(pieces: &[Piece]) -> String {
    written(pieces, ["?", "*"], |c| match c {
        '*' | '?' | '[' => vec!['[', c, ']'],
        c => vec![c],
    })
}

fn written(pieces: &[Piece], [one, any]: [&str; 2], literal: fn(char) -> Vec<char>) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.chars().flat_map(literal).collect(),
        Piece::One => one.to_owned(),
        Piece::Any => any.to_owned(),
    };
    pieces.iter().map(piece).collect()
}
