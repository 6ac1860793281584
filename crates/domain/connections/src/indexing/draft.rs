//! What index is asked for, and whether there can be one.

use std::collections::HashSet;

use crate::{
    Column, ColumnRef, FullTextKey, IndexError, ServerFacts, Table, TableRef,
    advice::{MAX_INDEX_COLUMNS, unfit},
};

/// The name of an index to be made: 1–64 characters, without control characters and without a blank
/// at the end, as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexName(String);

impl IndexName {
    const MAX_CHARS: usize = 64;

    /// The name in `text`, if it is one. `PRIMARY` is taken.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_CHARS).contains(&text.chars().count())
            && !text.chars().any(|character| character.is_control() || u32::from(character) > 0xFFFF)
            && !text.ends_with(' ')
            && !text.eq_ignore_ascii_case("PRIMARY");
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a plugin that cuts texts into words, such as `ngram`: 1–64 letters, digits and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParserName(String);

impl ParserName {
    /// The name in `text`, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An index that somebody asks for. Nothing is known of its names yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexDraft {
    /// The table.
    pub table: String,
    /// The columns.
    pub columns: Vec<String>,
    /// What to call it; else it is named after its columns.
    pub name: Option<IndexName>,
    /// What is to cut texts into words, where that isn't the default.
    pub parser: Option<ParserName>,
}

/// An index that can be made: its table and columns are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPlan {
    /// The table.
    pub table: TableRef,
    /// The columns, at least one.
    pub columns: Vec<ColumnRef>,
    /// What to call it.
    pub name: IndexName,
    /// What is to cut texts into words, where that isn't the default.
    pub parser: Option<ParserName>,
    /// Whether the table's engine can make it in place, so that reading goes on.
    pub is_online: bool,
}

impl IndexPlan {
    /// An index over these columns, named after them: `ft_title_body`, or with a number where an
    /// index is called so already.
    pub(crate) fn named_after(table: &Table, columns: Vec<ColumnRef>) -> Self {
        let names: Vec<_> = columns.iter().map(ColumnRef::name).collect();
        let usable =
            |character: &char| IndexName::parse(&character.to_string()).is_some() && *character != ' ';
        let base: String = format!("ft_{}", names.join("_")).chars().filter(usable).collect();
        let numbered = (1..).map(|number: u32| match number {
            1 => base.chars().take(IndexName::MAX_CHARS).collect(),
            number => {
                format!("{}_{number}", base.chars().take(IndexName::MAX_CHARS - 11).collect::<String>())
            }
        });
        let is_free = |name: &String| {
            !table.full_text.iter().any(|index| index.index.name().eq_ignore_ascii_case(name))
        };
        let name = IndexName(numbered.into_iter().find(is_free).unwrap_or_default());
        let is_online = table.is_online();
        Self { table: table.table.clone(), columns, name, parser: None, is_online }
    }
}

impl Table {
    /// Whether an index can be made in place, as `InnoDB` does; so where nothing is known.
    pub(crate) fn is_online(&self) -> bool {
        self.engine.as_deref().is_none_or(|engine| engine.eq_ignore_ascii_case("InnoDB"))
    }
}

impl IndexDraft {
    /// The plan of the index in this table.
    ///
    /// # Errors
    /// [`IndexError::UnknownColumns`] names all that aren't there; [`IndexError::Unfit`] says what no
    /// index can cover; [`IndexError::Exists`] names the index that is there.
    pub fn plan(&self, table: &Table, facts: &ServerFacts) -> Result<IndexPlan, IndexError> {
        let unfit = |field, reason: String| Err(IndexError::Unfit { field, reason });
        if let Some(why) = unfit::table(table, facts) {
            return unfit("table", why.to_owned());
        }
        let columns = self.columns_of(table)?;
        if !(1..=MAX_INDEX_COLUMNS).contains(&columns.len()) {
            return unfit("columns", format!("must name 1 to {MAX_INDEX_COLUMNS} columns"));
        }
        for column in &columns {
            if let Some(why) = unfit::column(column) {
                return unfit("columns", format!("can't be indexed: {} {why}", column.column.name()));
            }
        }
        let collations: HashSet<_> = columns.iter().map(|column| &column.found.collation).collect();
        if collations.len() > 1 {
            return unfit("columns", "must all have the same collation to be in one index".to_owned());
        }
        let is_same = |index: &&FullTextKey| {
            index.columns.len() == columns.len()
                && columns.iter().all(|column| index.columns.contains(&column.column))
                && index.parser.as_deref() == self.parser.as_ref().map(ParserName::as_str)
        };
        let columns: Vec<_> = columns.iter().map(|column| column.column.clone()).collect();
        let is_called_so = |index: &&FullTextKey| {
            let name = index.index.name();
            self.name.as_ref().is_some_and(|wanted| wanted.as_str().eq_ignore_ascii_case(name))
        };
        let mut indexes = table.full_text.iter();
        if let Some(there) = indexes.find(|index| is_same(index) || is_called_so(index)) {
            return Err(IndexError::Exists(there.index.name().to_owned()));
        }
        let plan = IndexPlan::named_after(table, columns);
        Ok(IndexPlan {
            name: self.name.clone().unwrap_or_else(|| plan.name.clone()),
            parser: self.parser.clone(),
            ..plan
        })
    }

    /// The columns as the table has them, each once.
    fn columns_of<'a>(&self, table: &'a Table) -> Result<Vec<&'a Column>, IndexError> {
        let unknown: Vec<_> =
            self.columns.iter().filter(|name| table.column(name).is_none()).cloned().collect();
        if !unknown.is_empty() {
            return Err(IndexError::UnknownColumns(unknown));
        }
        let mut columns: Vec<&Column> = Vec::new();
        for column in self.columns.iter().filter_map(|name| table.column(name)) {
            if !columns.iter().any(|known| known.column == column.column) {
                columns.push(column);
            }
        }
        Ok(columns)
    }
}
