//! A value of a user's row, whatever server it came from.

/// One value. Exact where JSON numbers would not be: decimals are text, and so are dates and
/// times (ISO 8601, without an offset where the column has none).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// SQL `NULL`.
    #[default]
    Null,
    /// A `BIT(1)` or `TINYINT(1)`.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer over `i64::MAX`.
    UInt(u64),
    /// A floating-point number; never NaN or infinite.
    Float(f64),
    /// Text, decimals, dates and times.
    Text(String),
    /// A JSON document as its server wrote it.
    Json(String),
    /// Anything else, as it is stored.
    Bytes(Vec<u8>),
}

impl Value {
    /// The text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Json(text) => Some(text),
            _ => None,
        }
    }
}
