//! Rows of `connections`.

use std::time::Duration;

use altus4_connections::{
    Connection, ConnectionName, ConnectionOptions, DatabaseName, Endpoint, Host, SearchDefaults,
    SearchLanguage, StoredConnection, Tls, UserName,
};
use altus4_kernel::{AccountId, ConnectionId, SealedSecret};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::document::{read, written};
use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connections")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) account_id: TextUuid,
    pub(crate) name: String,
    /// The name without case: unique in the account.
    pub(crate) name_key: String,
    pub(crate) engine: String,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<i32>,
    pub(crate) username: Option<String>,
    pub(crate) tls: Option<String>,
    pub(crate) database_name: String,
    pub(crate) options: String,
    pub(crate) search: String,
    pub(crate) is_active: bool,
    pub(crate) status: String,
    pub(crate) last_connected: Option<Moment>,
    pub(crate) generation: i64,
    pub(crate) password_sealed: String,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The document in `tls`. There is none where the way is not encrypted.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TlsDocument {
    verify: bool,
    ca: Option<String>,
    server_name: Option<String>,
}

/// The document in `options`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OptionsDocument {
    connection_limit: u32,
    timeout_ms: u64,
}

/// The document in `search`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SearchDocument {
    #[serde(default)]
    tables: Vec<String>,
    #[serde(default)]
    allow_external_ai: bool,
    /// Documents of before there were others are in English.
    #[serde(default)]
    language: Option<String>,
}

impl TryFrom<&StoredConnection> for Model {
    type Error = Fault;

    fn try_from(stored: &StoredConnection) -> Result<Self, Fault> {
        let connection = &stored.connection;
        let options = OptionsDocument {
            connection_limit: connection.options.connection_limit(),
            timeout_ms: millis(connection.options.timeout()),
        };
        let (mut host, mut port, mut username, mut tls) = (None, None, None, None);
        if let Endpoint::Server { host: name, port: number, username: user, tls: way } = &connection.endpoint
        {
            host = Some(name.as_str().to_owned());
            port = Some(i32::from(*number));
            username = Some(user.as_str().to_owned());
            tls = tls_document(way).map(|document| written(&document)).transpose()?;
        }
        Ok(Self {
            id: TextUuid(connection.id.as_uuid()),
            account_id: TextUuid(connection.account_id.as_uuid()),
            name: connection.name.as_str().to_owned(),
            name_key: connection.name.folded(),
            engine: connection.engine.as_str().to_owned(),
            host,
            port,
            username,
            tls,
            database_name: connection.database.as_str().to_owned(),
            options: written(&options)?,
            search: written(&SearchDocument {
                tables: connection.search.tables.clone(),
                allow_external_ai: connection.search.allow_external_ai,
                language: Some(connection.search.language.as_str().to_owned()),
            })?,
            is_active: connection.is_active,
            status: connection.status.as_str().to_owned(),
            last_connected: connection.last_connected.map(Into::into),
            generation: connection.generation.into(),
            password_sealed: stored.password.0.clone(),
            created_at: connection.created_at.into(),
            updated_at: connection.updated_at.into(),
        })
    }
}

impl TryFrom<Model> for StoredConnection {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let endpoint = endpoint(&row)?;
        let options: OptionsDocument = read(&row.options, "connections.options")?;
        let options = ConnectionOptions::new(options.connection_limit, options.timeout_ms);
        let search: SearchDocument = read(&row.search, "connections.search")?;
        let language = search.language.as_deref().map(str::parse::<SearchLanguage>).transpose();
        let connection = Connection {
            id: ConnectionId::from_uuid(row.id.0),
            account_id: AccountId::from_uuid(row.account_id.0),
            name: ConnectionName::parse(&row.name).ok_or(Fault::Corrupt("connections.name"))?,
            engine: row.engine.parse().map_err(|_| Fault::Corrupt("connections.engine"))?,
            endpoint,
            database: DatabaseName::parse(&row.database_name)
                .ok_or(Fault::Corrupt("connections.database_name"))?,
            options: options.ok_or(Fault::Corrupt("connections.options"))?,
            search: SearchDefaults {
                tables: search.tables,
                allow_external_ai: search.allow_external_ai,
                language: language.map_err(|_| Fault::Corrupt("connections.search"))?.unwrap_or_default(),
            },
            is_active: row.is_active,
            status: row.status.parse().map_err(|_| Fault::Corrupt("connections.status"))?,
            last_connected: row.last_connected.map(Into::into),
            generation: row.generation.try_into().map_err(|_| Fault::Corrupt("connections.generation"))?,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        };
        Ok(Self { connection, password: SealedSecret(row.password_sealed) })
    }
}

/// A row without a host is a file's.
fn endpoint(row: &Model) -> Result<Endpoint, Fault> {
    let Some(host) = &row.host else {
        return Ok(Endpoint::File);
    };
    let tls = match row.tls.as_deref() {
        None => Tls::Disabled,
        Some(document) => {
            let TlsDocument { verify, ca, server_name } = read(document, "connections.tls")?;
            Tls::Required { verify, ca, server_name }
        }
    };
    let port = row.port.and_then(|port| u16::try_from(port).ok());
    let username = row.username.as_deref().and_then(UserName::parse);
    Ok(Endpoint::Server {
        host: Host::parse(host).ok_or(Fault::Corrupt("connections.host"))?,
        port: port.ok_or(Fault::Corrupt("connections.port"))?,
        username: username.ok_or(Fault::Corrupt("connections.username"))?,
        tls,
    })
}

fn tls_document(tls: &Tls) -> Option<TlsDocument> {
    match tls {
        Tls::Disabled => None,
        Tls::Required { verify, ca, server_name } => {
            Some(TlsDocument { verify: *verify, ca: ca.clone(), server_name: server_name.clone() })
        }
    }
}

fn millis(span: Duration) -> u64 {
    span.as_millis().try_into().unwrap_or(u64::MAX)
}
