//! Answers about connections and schemas.

use altus4_connections::{
    Column, Connection, ConnectionOptions, Endpoint, FullTextKey, ProbeReport, Relation, Table, Tls,
};
use altus4_kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A registered database. Its password is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Connection)]
pub(crate) struct ConnectionDto {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    /// `mysql` or `sqlite`.
    engine: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    database: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    ssl: SslDto,
    connection_options: ConnectionOptionsDto,
    search_options: SearchOptionsDto,
    /// Whether searches that name no database include it.
    is_active: bool,
    /// What was found when it was last called: `unknown`, `connected` or `error`.
    status: &'static str,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_connected: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&Connection> for ConnectionDto {
    fn from(connection: &Connection) -> Self {
        let (host, port, username, ssl) = match &connection.endpoint {
            Endpoint::Server { host, port, username, tls } => {
                let texts = (host.as_str().to_owned(), username.as_str().to_owned());
                (Some(texts.0), Some(*port), Some(texts.1), SslDto::from(tls))
            }
            Endpoint::File => (None, None, None, SslDto::Plain(false)),
        };
        Self {
            id: connection.id.to_string(),
            name: connection.name.as_str().to_owned(),
            engine: connection.engine.as_str(),
            host,
            port,
            database: connection.database.as_str().to_owned(),
            username,
            ssl,
            connection_options: connection.options.into(),
            search_options: SearchOptionsDto {
                default_search_tables: connection.search.tables.clone(),
                allow_external_ai: connection.search.allow_external_ai,
                language: connection.search.language.as_str(),
            },
            is_active: connection.is_active,
            status: connection.status.as_str(),
            last_connected: connection.last_connected.map(|moment| moment.to_string()),
            created_at: connection.created_at.to_string(),
            updated_at: connection.updated_at.to_string(),
        }
    }
}

/// `false`, `true`, or an object where it was given in detail.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Ssl)]
pub(crate) enum SslDto {
    /// On or off.
    Plain(bool),
    /// In detail.
    #[serde(rename_all = "camelCase")]
    Detailed {
        enabled: bool,
        reject_unauthorized: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        ca: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        server_name: Option<String>,
    },
}

impl From<&Tls> for SslDto {
    fn from(tls: &Tls) -> Self {
        match tls {
            Tls::Disabled => Self::Plain(false),
            Tls::Required { verify: true, ca: None, server_name: None } => Self::Plain(true),
            Tls::Required { verify, ca, server_name } => Self::Detailed {
                enabled: true,
                reject_unauthorized: *verify,
                ca: ca.clone(),
                server_name: server_name.clone(),
            },
        }
    }
}

/// How a connection is used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConnectionOptions)]
pub(crate) struct ConnectionOptionsDto {
    /// The most sockets to the server.
    connection_limit: u32,
    /// The most time for a statement, in milliseconds.
    timeout: u64,
}

impl From<ConnectionOptions> for ConnectionOptionsDto {
    fn from(options: ConnectionOptions) -> Self {
        let timeout = u64::try_from(options.timeout().as_millis()).unwrap_or(u64::MAX);
        Self { connection_limit: options.connection_limit(), timeout }
    }
}

/// What searches use where they don't say.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchOptions)]
pub(crate) struct SearchOptionsDto {
    /// The tables searched; empty: every table with text columns.
    default_search_tables: Vec<String>,
    /// Whether text of its rows may be sent to the operator's AI provider.
    #[serde(rename = "allowExternalAI")]
    allow_external_ai: bool,
    /// The language of its texts, by whose rules the forms of a word are told.
    #[schema(example = "english")]
    language: &'static str,
}

/// A connection was changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangedConnection)]
pub(crate) struct ChangedDto {
    database: ConnectionDto,
    message: &'static str,
}

impl From<&Connection> for ChangedDto {
    fn from(connection: &Connection) -> Self {
        Self { database: ConnectionDto::from(connection), message: "The database connection was changed" }
    }
}

/// A connection is gone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Removed)]
pub(crate) struct RemovedDto {
    message: &'static str,
    #[schema(format = DateTime)]
    removed_at: String,
}

impl RemovedDto {
    pub(super) fn at(now: Timestamp) -> Self {
        Self { message: "The database connection was removed", removed_at: now.to_string() }
    }
}

/// What a server said when it was called.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConnectionTest)]
pub(crate) struct TestDto {
    /// Always `true`; a server that can't be reached is a 502.
    connected: bool,
    message: &'static str,
    /// How long it took to connect, log in and answer, in milliseconds.
    response_time: u64,
    version: String,
    /// Whether the user can only read, as it should be.
    read_only: bool,
    /// Rights too wide, no TLS, settings that lose words.
    warnings: Vec<String>,
    /// What to do first, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
}

impl From<ProbeReport> for TestDto {
    fn from(report: ProbeReport) -> Self {
        Self {
            connected: true,
            message: "The database answers",
            response_time: u64::try_from(report.response_time.as_millis()).unwrap_or(u64::MAX),
            version: report.version,
            read_only: report.read_only,
            warnings: report.warnings,
            suggestion: report.suggestion,
        }
    }
}

/// A table or view.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Table)]
pub(crate) struct TableDto {
    database: String,
    table: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    columns: Vec<ColumnDto>,
    primary_key: Vec<String>,
    full_text_indexes: Vec<FullTextIndexDto>,
    relations: Vec<RelationDto>,
    /// About how many rows it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_rows: Option<u64>,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_analyzed: Option<String>,
}

impl TableDto {
    pub(super) fn new(database: &str, table: &Table) -> Self {
        Self {
            database: database.to_owned(),
            table: table.table.name().to_owned(),
            comment: table.comment.clone(),
            columns: table.columns.iter().map(|column| ColumnDto::new(table, column)).collect(),
            primary_key: table.primary_key.iter().map(|column| column.name().to_owned()).collect(),
            full_text_indexes: table.full_text.iter().map(FullTextIndexDto::from).collect(),
            relations: table.relations.iter().map(RelationDto::from).collect(),
            estimated_rows: table.estimated_rows,
            last_analyzed: table.last_analyzed.map(|moment| moment.to_string()),
        }
    }
}

/// A column.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Column)]
pub(crate) struct ColumnDto {
    name: String,
    /// As declared, in upper case.
    #[serde(rename = "type")]
    #[schema(example = "VARCHAR(255)")]
    declared_type: String,
    nullable: bool,
    /// `PRI`, `UNI` or `MUL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    is_full_text_indexed: bool,
    /// Whether words can be looked for in it.
    is_searchable: bool,
}

impl ColumnDto {
    fn new(table: &Table, column: &Column) -> Self {
        Self {
            name: column.column.name().to_owned(),
            declared_type: column.found.declared_type.clone(),
            nullable: column.found.nullable,
            key: column.found.key.clone(),
            default: column.found.default.clone(),
            is_full_text_indexed: table.is_full_text_indexed(&column.column),
            is_searchable: column.is_text(),
        }
    }
}

/// A full-text index.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FullTextIndex)]
pub(crate) struct FullTextIndexDto {
    name: String,
    columns: Vec<String>,
    /// Always `FULLTEXT`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Its parser or tokenizer, where it isn't the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    parser: Option<String>,
}

impl From<&FullTextKey> for FullTextIndexDto {
    fn from(index: &FullTextKey) -> Self {
        Self {
            name: index.index.name().to_owned(),
            columns: index.columns.iter().map(|column| column.name().to_owned()).collect(),
            kind: "FULLTEXT",
            parser: index.parser.clone(),
        }
    }
}

/// A foreign key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Relation)]
pub(crate) struct RelationDto {
    column: String,
    references_table: String,
    references_column: String,
}

impl From<&Relation> for RelationDto {
    fn from(relation: &Relation) -> Self {
        Self {
            column: relation.column.clone(),
            references_table: relation.references_table.clone(),
            references_column: relation.references_column.clone(),
        }
    }
}
