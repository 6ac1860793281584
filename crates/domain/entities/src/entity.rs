//! A table with generated endpoints, as it is registered.

use std::{fmt, str::FromStr};

use altus4_kernel::{AccountId, ConnectionId, EntityId, Timestamp, UnknownName};

/// What an entity is called in paths: 1–64 of `a-z 0-9 _ -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityName(String);

impl EntityName {
    /// The most characters of a name.
    pub const MAX_CHARS: usize = 64;

    /// The name in `text`; `None` when it has other characters, or too many, or none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_CHARS).contains(&text.len())
            && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How columns without a name of their own are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldCase {
    /// `created_at` is `createdAt`.
    #[default]
    Camel,
    /// As the columns are.
    AsIs,
}

impl FieldCase {
    /// The name in requests, answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Camel => "camel",
            Self::AsIs => "asis",
        }
    }
}

impl FromStr for FieldCase {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        [Self::Camel, Self::AsIs].into_iter().find(|case| case.as_str() == text).ok_or(UnknownName)
    }
}

/// What a column may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exposure {
    /// It can be read and written.
    #[default]
    Full,
    /// It can be read.
    ReadOnly,
    /// It can be written, and not read, filtered, sorted or searched by.
    WriteOnly,
    /// As if it weren't there.
    Hidden,
}

impl Exposure {
    /// The name in requests, answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "readOnly",
            Self::WriteOnly => "writeOnly",
            Self::Hidden => "hidden",
        }
    }

    /// Whether it can be read, filtered, sorted and searched by.
    #[must_use]
    pub fn is_readable(self) -> bool {
        matches!(self, Self::Full | Self::ReadOnly)
    }

    /// Whether it can be written.
    #[must_use]
    pub fn is_writable(self) -> bool {
        matches!(self, Self::Full | Self::WriteOnly)
    }
}

impl FromStr for Exposure {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let all = [Self::Full, Self::ReadOnly, Self::WriteOnly, Self::Hidden];
        all.into_iter().find(|exposure| exposure.as_str() == text).ok_or(UnknownName)
    }
}

/// What was said of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRule {
    /// The column, as the schema spells it.
    pub column: String,
    /// What it is called instead of what its [`FieldCase`] makes of it.
    pub name: Option<String>,
    /// What it may be used for.
    pub exposure: Exposure,
}

/// How records of one entity belong to those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    /// To one, which this one refers to.
    BelongsTo,
    /// To many, which refer to this one.
    HasMany,
    /// To many, each of which has many, through a table between them.
    ManyToMany,
}

impl RelationKind {
    /// The name in requests, answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BelongsTo => "belongsTo",
            Self::HasMany => "hasMany",
            Self::ManyToMany => "manyToMany",
        }
    }
}

impl FromStr for RelationKind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let all = [Self::BelongsTo, Self::HasMany, Self::ManyToMany];
        all.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownName)
    }
}

/// A relation that was added by hand. Columns and tables are as the schema spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationRule {
    /// What it is called in `include` and filters.
    pub name: String,
    /// How the records belong to each other.
    pub kind: RelationKind,
    /// The entity it leads to.
    pub entity: EntityName,
    /// A column of the entity's own table that has to be equal to `target`: the one that refers
    /// (belongs to), or the one referred to. Empty, here and in `target`: the primary key.
    pub column: String,
    /// The column of the other table; of the table between, where there is one.
    pub target: String,
    /// The table between, for many to many.
    pub through: Option<ThroughRule>,
}

/// The table between two, of a relation that was added by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThroughRule {
    /// The table.
    pub table: String,
    /// Its column that refers to the other entity's table.
    pub column: String,
    /// The column of the other entity's table that it refers to; empty: the primary key.
    pub target: String,
}

/// Something that is done with records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Read many.
    List,
    /// Read one.
    Read,
    /// Make new ones.
    Create,
    /// Change them.
    Update,
    /// Delete them.
    Delete,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 5] = [Self::List, Self::Read, Self::Create, Self::Update, Self::Delete];

    /// The name in requests, answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether it changes anything.
    #[must_use]
    pub fn is_change(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Delete)
    }
}

impl FromStr for Operation {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == text).ok_or(UnknownName)
    }
}

/// What may be changed of an entity after it was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitySettings {
    /// The columns that tell records apart, in the order of their values in an id; empty: the table's
    /// primary key.
    pub primary_key: Vec<String>,
    /// How columns are called.
    pub field_case: FieldCase,
    /// What was said of single columns, in no order.
    pub fields: Vec<FieldRule>,
    /// Relations that were added by hand, in their order.
    pub relations: Vec<RelationRule>,
    /// What may be done with records, in the order of [`Operation::ALL`].
    pub operations: Vec<Operation>,
    /// Whether records can't be changed, whatever else is said.
    pub read_only: bool,
    /// The column that `startDate` and `endDate` go by.
    pub date_field: Option<String>,
}

/// Everything may be done, with every column.
impl Default for EntitySettings {
    fn default() -> Self {
        Self {
            primary_key: Vec::new(),
            field_case: FieldCase::Camel,
            fields: Vec::new(),
            relations: Vec::new(),
            operations: Operation::ALL.to_vec(),
            read_only: false,
            date_field: None,
        }
    }
}

/// A table with generated endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Its id, which no path shows.
    pub id: EntityId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Its name, unique in the account.
    pub name: EntityName,
    /// The connection whose table it is.
    pub connection_id: ConnectionId,
    /// The table, as the schema spells it: at most 64 characters.
    pub table: String,
    /// What may be changed.
    pub settings: EntitySettings,
    /// Rises with every change.
    pub revision: u32,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
