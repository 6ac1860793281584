//! A piece of a statement and the values that belong to its `?`, kept together so that neither gets
//! out of step with the other.

use mysql_async::Value as Wire;

/// A piece of a statement.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) values: Vec<Wire>,
}

impl Sql {
    /// A piece without values.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// A piece with one value.
    pub(super) fn with(text: impl Into<String>, value: Wire) -> Self {
        Self { text: text.into(), values: vec![value] }
    }

    /// Puts text around it.
    pub(super) fn within(mut self, before: &str, after: &str) -> Self {
        self.text = format!("{before}{}{after}", self.text);
        self
    }

    /// All pieces with `between` between them; more than one in parentheses. `none` where there is
    /// none.
    pub(super) fn join(pieces: Vec<Self>, between: &str, none: &str) -> Self {
        match pieces.len() {
            0 => Self::plain(none),
            1 => Self::list(pieces, between),
            _ => Self::list(pieces, between).within("(", ")"),
        }
    }

    /// All pieces with `between` between them.
    pub(super) fn list(pieces: Vec<Self>, between: &str) -> Self {
        let text = pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(between);
        Self { text, values: pieces.into_iter().flat_map(|piece| piece.values).collect() }
    }
}

/// A text to bind.
pub(super) fn text(text: impl Into<String>) -> Wire {
    Wire::Bytes(text.into().into_bytes())
}
