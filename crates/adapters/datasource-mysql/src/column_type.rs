//! What a column's declared type says of it.

use altus4_connections::ColumnKind;

/// What a column of this declared type (`varchar(255)`, as the server writes it) holds.
pub(crate) fn kind(declared: &str) -> ColumnKind {
    let name = declared.split(['(', ' ']).next().unwrap_or_default().to_ascii_lowercase();
    match name.as_str() {
        "char" | "varchar" => ColumnKind::Text { max_chars: length(declared) },
        "tinytext" | "text" | "mediumtext" | "longtext" => ColumnKind::Text { max_chars: None },
        "tinyint" | "bit" if length(declared) == Some(1) => ColumnKind::Boolean,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "bit" => ColumnKind::Integer,
        "decimal" => ColumnKind::Decimal,
        "float" | "double" => ColumnKind::Float,
        "date" | "time" | "datetime" | "timestamp" | "year" => ColumnKind::Temporal,
        "json" => ColumnKind::Json,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => ColumnKind::Binary,
        // ENUM and SET among them: no full-text index covers one.
        _ => ColumnKind::Other,
    }
}

/// Whether a column of this declared type holds a geometry, which is bytes that nobody can read.
pub(crate) fn is_geometry(declared: &str) -> bool {
    const GEOMETRIES: [&str; 9] = [
        "GEOMETRY",
        "POINT",
        "LINESTRING",
        "POLYGON",
        "MULTIPOINT",
        "MULTILINESTRING",
        "MULTIPOLYGON",
        "GEOMETRYCOLLECTION",
        "GEOMCOLLECTION",
    ];
    let name = declared.split(['(', ' ']).next().unwrap_or_default();
    GEOMETRIES.iter().any(|geometry| name.eq_ignore_ascii_case(geometry))
}

/// The declared type in upper case, but for the members of an `ENUM` or `SET`.
pub(crate) fn upper(declared: &str) -> String {
    let mut in_quotes = false;
    declared
        .chars()
        .map(|character| {
            in_quotes ^= character == '\'';
            if in_quotes { character } else { character.to_ascii_uppercase() }
        })
        .collect()
}

fn length(declared: &str) -> Option<u64> {
    let (_, rest) = declared.split_once('(')?;
    rest.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_from_the_declared_type() {
        for (declared, expected) in [
            ("varchar(255)", ColumnKind::Text { max_chars: Some(255) }),
            ("longtext", ColumnKind::Text { max_chars: None }),
            ("tinyint(1)", ColumnKind::Boolean),
            ("tinyint(1) unsigned", ColumnKind::Boolean),
            ("tinyint(4)", ColumnKind::Integer),
            ("tinyint", ColumnKind::Integer),
            ("bit(1)", ColumnKind::Boolean),
            ("bit(9)", ColumnKind::Integer),
            ("bigint(20) unsigned zerofill", ColumnKind::Integer),
            ("decimal(10,2)", ColumnKind::Decimal),
            ("double unsigned", ColumnKind::Float),
            ("datetime(6)", ColumnKind::Temporal),
            ("json", ColumnKind::Json),
            ("varbinary(16)", ColumnKind::Binary),
            ("enum('a','b')", ColumnKind::Other),
            ("point", ColumnKind::Other),
            ("", ColumnKind::Other),
        ] {
            assert_eq!(kind(declared), expected, "{declared}");
        }
    }

    #[test]
    fn members_keep_their_case() {
        assert_eq!(upper("int(11) unsigned"), "INT(11) UNSIGNED");
        assert_eq!(upper("enum('Open','it''s shut')"), "ENUM('Open','it''s shut')");
    }
}
