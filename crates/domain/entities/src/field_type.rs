//! What a field holds, as its column's declaration says.

use altus4_connections::{ColumnKind, DiscoveredColumn, Engine};

/// What a field's values are.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldType {
    /// `true` or `false`; a `TINYINT(1)` may hold other small numbers too.
    Boolean,
    /// A whole number from the first to the second.
    Integer(i128, i128),
    /// A decimal number: digits before the point, and after it; and whether it may be below zero. Of
    /// SQLite, without bounds.
    Decimal(Option<Digits>),
    /// A floating-point number.
    Float,
    /// Text of at most so many characters, and so many bytes in UTF-8.
    Text {
        /// The most characters.
        max_chars: Option<u64>,
        /// The most bytes.
        max_bytes: Option<u64>,
    },
    /// One of these.
    Enum(Vec<String>),
    /// Any of these.
    Set(Vec<String>),
    /// A day.
    Date,
    /// A day and a time.
    DateTime,
    /// A time of day, or a span.
    Time,
    /// A year.
    Year,
    /// Any of the last four as text, or a number: SQLite has no type for them.
    AnyTime,
    /// A JSON document.
    Json,
    /// At most so many bytes.
    Binary(Option<u64>),
    /// A geometry.
    Geometry,
    /// Whatever it is given: SQLite.
    Any,
}

/// How many digits a decimal number has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits {
    /// Before the point.
    pub whole: usize,
    /// After it.
    pub fraction: usize,
    /// Whether it is never below zero.
    pub unsigned: bool,
}

impl FieldType {
    /// What a column of this declaration holds. SQLite enforces no lengths and no ranges.
    #[must_use]
    pub fn of(column: &DiscoveredColumn, engine: Engine) -> Self {
        let declared = column.declared_type.trim();
        if engine == Engine::Sqlite {
            return Self::of_sqlite(column);
        }
        let (name, inside) = parts(declared);
        let unsigned = declared.to_ascii_uppercase().contains("UNSIGNED");
        match column.kind {
            ColumnKind::Boolean => Self::Boolean,
            ColumnKind::Integer if name == "BIT" => {
                let bits = inside.parse().unwrap_or(1_u32).min(64);
                Self::Integer(0, (1_i128 << bits) - 1)
            }
            ColumnKind::Integer => integer(&name, unsigned),
            ColumnKind::Decimal => {
                let mut numbers = inside.split(',').map(|number| number.trim().parse::<usize>());
                let digits = numbers.next().and_then(Result::ok).unwrap_or(10);
                let fraction = numbers.next().and_then(Result::ok).unwrap_or(0);
                Self::Decimal(Some(Digits { whole: digits.saturating_sub(fraction), fraction, unsigned }))
            }
            ColumnKind::Float => Self::Float,
            ColumnKind::Text { max_chars } => {
                let max_bytes = match name.as_str() {
                    "TINYTEXT" => Some(255),
                    "TEXT" => Some(65_535),
                    "MEDIUMTEXT" => Some(16_777_215),
                    _ => None,
                };
                Self::Text { max_chars, max_bytes }
            }
            ColumnKind::Temporal => match name.as_str() {
                "DATE" => Self::Date,
                "TIME" => Self::Time,
                "YEAR" => Self::Year,
                _ => Self::DateTime,
            },
            ColumnKind::Json => Self::Json,
            ColumnKind::Binary => Self::Binary(match name.as_str() {
                "TINYBLOB" => Some(255),
                "BLOB" => Some(65_535),
                "MEDIUMBLOB" => Some(16_777_215),
                "LONGBLOB" => None,
                _ => inside.parse().ok(),
            }),
            ColumnKind::Other => match name.as_str() {
                "ENUM" => Self::Enum(members(declared)),
                "SET" => Self::Set(members(declared)),
                name if is_geometry(name) => Self::Geometry,
                // UUID and INET of MariaDB.
                _ => Self::Text { max_chars: None, max_bytes: None },
            },
        }
    }

    fn of_sqlite(column: &DiscoveredColumn) -> Self {
        match column.kind {
            ColumnKind::Boolean => Self::Boolean,
            ColumnKind::Integer => Self::Integer(i64::MIN.into(), i64::MAX.into()),
            ColumnKind::Decimal => Self::Decimal(None),
            ColumnKind::Float => Self::Float,
            ColumnKind::Text { .. } => Self::Text { max_chars: None, max_bytes: None },
            ColumnKind::Temporal => Self::AnyTime,
            ColumnKind::Json => Self::Json,
            ColumnKind::Binary => Self::Binary(None),
            ColumnKind::Other => Self::Any,
        }
    }

    /// The name in metadata.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer(..) => "integer",
            Self::Decimal(_) => "decimal",
            Self::Float => "number",
            Self::Text { .. } => "string",
            Self::Enum(_) => "enum",
            Self::Set(_) => "set",
            Self::Date => "date",
            Self::DateTime | Self::AnyTime => "datetime",
            Self::Time => "time",
            Self::Year => "year",
            Self::Json => "json",
            Self::Binary(_) => "binary",
            Self::Geometry => "geometry",
            Self::Any => "any",
        }
    }

    /// The most characters of a text, or bytes of what is binary.
    #[must_use]
    pub fn max_length(&self) -> Option<u64> {
        match self {
            Self::Text { max_chars, max_bytes } => max_chars.or(*max_bytes),
            Self::Binary(max) => *max,
            _ => None,
        }
    }

    /// The values that there are, where they are named.
    #[must_use]
    pub fn values(&self) -> Option<&[String]> {
        match self {
            Self::Enum(values) | Self::Set(values) => Some(values),
            _ => None,
        }
    }

    /// Whether rows can be sorted by it.
    #[must_use]
    pub fn is_sortable(&self) -> bool {
        !matches!(self, Self::Json | Self::Geometry)
    }

    /// Whether words can be looked for in it.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. } | Self::Enum(_))
    }
}

fn integer(name: &str, unsigned: bool) -> FieldType {
    let bits = match name {
        "TINYINT" => 8,
        "SMALLINT" => 16,
        "MEDIUMINT" => 24,
        "INT" | "INTEGER" => 32,
        _ => 64,
    };
    if unsigned {
        FieldType::Integer(0, (1_i128 << bits) - 1)
    } else {
        FieldType::Integer(-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
    }
}

/// The name in upper case, and what stands in brackets after it.
fn parts(declared: &str) -> (String, &str) {
    let end = declared.find(['(', ' ']).unwrap_or(declared.len());
    let inside = declared[end..].strip_prefix('(').and_then(|rest| rest.split(')').next());
    (declared[..end].to_ascii_uppercase(), inside.unwrap_or_default())
}

fn is_geometry(name: &str) -> bool {
    matches!(
        name,
        "GEOMETRY"
            | "POINT"
            | "LINESTRING"
            | "POLYGON"
            | "MULTIPOINT"
            | "MULTILINESTRING"
            | "MULTIPOLYGON"
            | "GEOMETRYCOLLECTION"
            | "GEOMCOLLECTION"
    )
}

/// The members of `ENUM('a','it''s')`.
fn members(declared: &str) -> Vec<String> {
    let mut members = Vec::new();
    let mut rest = declared.chars().peekable();
    while let Some(next) = rest.next() {
        if next != '\'' {
            continue;
        }
        let mut member = String::new();
        while let Some(character) = rest.next() {
            if character == '\'' {
                if rest.peek() != Some(&'\'') {
                    break;
                }
                rest.next();
            }
            member.push(character);
        }
        members.push(member);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: ColumnKind, declared: &str) -> FieldType {
        let column = DiscoveredColumn { kind, declared_type: declared.into(), ..Default::default() };
        FieldType::of(&column, Engine::MySql)
    }

    #[test]
    fn declarations_say_what_fits() {
        assert_eq!(of(ColumnKind::Integer, "SMALLINT(5) UNSIGNED"), FieldType::Integer(0, 65_535));
        assert_eq!(of(ColumnKind::Integer, "BIT(9)"), FieldType::Integer(0, 511));
        assert_eq!(of(ColumnKind::Integer, "BIGINT"), FieldType::Integer(i64::MIN.into(), i64::MAX.into()));
        let digits = Digits { whole: 3, fraction: 2, unsigned: false };
        assert_eq!(of(ColumnKind::Decimal, "DECIMAL(5,2)"), FieldType::Decimal(Some(digits)));
        assert_eq!(of(ColumnKind::Temporal, "YEAR(4)"), FieldType::Year);
        assert_eq!(of(ColumnKind::Temporal, "TIMESTAMP"), FieldType::DateTime);
        assert_eq!(of(ColumnKind::Other, "POINT"), FieldType::Geometry);
        assert_eq!(
            of(ColumnKind::Other, "ENUM('a','it''s','b,c')"),
            FieldType::Enum(vec!["a".into(), "it's".into(), "b,c".into()])
        );
        assert_eq!(of(ColumnKind::Binary, "VARBINARY(16)"), FieldType::Binary(Some(16)));
    }
}
