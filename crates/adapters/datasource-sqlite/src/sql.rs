//! Pieces of SQL: quoted names, cut columns, conditions.

use altus4_connections::Value;

/// A statement and what is bound to it, in order.
#[derive(Debug, Default)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) binds: Vec<Value>,
}

impl Statement {
    /// A statement without parameters.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), binds: Vec::new() }
    }
}

/// The name as an identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The column of the table called `b`. Always with the table: alone, SQLite would take a quoted name
/// that is gone for a text.
pub(crate) fn column(name: &str) -> String {
    format!("b.{}", quoted(name))
}

/// The column's value, text and bytes cut to `max`. An expression, so that the driver has no declared
/// type and no original name to read, which a hostile file may have spoilt.
pub(crate) fn cut(name: &str, max: u32) -> String {
    let column = column(name);
    // `substr` makes text of numbers, and NULL of no bytes at all.
    format!(
        "CASE WHEN typeof({column}) IN ('text', 'blob') THEN coalesce(substr({column}, 1, {max}), {column}) \
         ELSE {column} END"
    )
}

/// `conditions` joined by OR, as a balanced tree: SQLite bounds how deep an expression may be.
pub(crate) fn any_of(conditions: &[String]) -> String {
    tree(conditions, "OR", "0")
}

/// The same joined by AND.
pub(crate) fn all_of(conditions: &[String]) -> String {
    tree(conditions, "AND", "1")
}

fn tree(conditions: &[String], between: &str, none: &str) -> String {
    match conditions {
        [] => none.to_owned(),
        [one] => one.clone(),
        _ => {
            let (left, right) = conditions.split_at(conditions.len() / 2);
            format!("({} {between} {})", tree(left, between, none), tree(right, between, none))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_stays_in_the_name() {
        assert_eq!(quoted(r#"a"; DROP TABLE x --"#), r#""a""; DROP TABLE x --""#);
    }

    #[test]
    fn many_conditions_stay_shallow() {
        let conditions: Vec<_> = (0..1_000).map(|n| format!("c{n}")).collect();
        let tree = any_of(&conditions);
        let depth = tree.chars().scan(0_i32, |depth, c| {
            *depth += i32::from(c == '(') - i32::from(c == ')');
            Some(*depth)
        });
        assert!(depth.max().is_some_and(|deepest| deepest <= 10));
    }
}
