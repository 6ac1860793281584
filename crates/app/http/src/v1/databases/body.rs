//! What a connection's body says.

mod change;

use altus4_connections::{
    ConnectionName, ConnectionOptions, DatabaseName, Endpoint, Engine, Host, NewConnection, SearchDefaults,
    SearchLanguage, Tls, UserName,
};
use altus4_kernel::secrecy::SecretString;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, Type},
};

pub(crate) use self::change::{ChangeDatabaseBody, connection_change};
use crate::extract::Fields;

const NAME: &str = "must have 1 to 100 characters and no control characters";
const ENGINE: &str = "must be mysql or sqlite";
const HOST: &str = "must be a host name or an IP address";
const USER: &str = "must have 1 to 128 characters and no control characters";
const DATABASE: &str = "must have 1 to 255 characters and no control characters";
const MYSQL_PORT: u16 = 3306;
const MAX_PASSWORD_CHARS: usize = 1_000;
const MAX_CA_BYTES: usize = 64 * 1024;
const MAX_DEFAULT_TABLES: usize = 50;

/// A connection to be registered. A MySQL connection needs `name`, `host`, `database`, `username` and
/// `password`; a SQLite one needs `name` and `database` alone.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `new_connection` reads it")]
pub(crate) struct DatabaseBody {
    /// What to call it; unique in the account.
    #[schema(min_length = 1, max_length = 100, example = "Help centre")]
    name: String,
    /// `mysql` (also for MariaDB) or `sqlite`.
    #[schema(default = "mysql", pattern = "^(mysql|mariadb|sqlite)$")]
    engine: Option<String>,
    /// A name or an address.
    #[schema(example = "db.example.com")]
    host: Option<String>,
    #[schema(default = 3306, minimum = 1, maximum = 65535)]
    port: Option<u16>,
    /// The database searched; for SQLite the file's path below the operator's directory.
    #[schema(min_length = 1, max_length = 255, example = "helpdesk")]
    database: String,
    #[schema(min_length = 1, max_length = 128)]
    username: Option<String>,
    /// May be empty, for servers that ask for none.
    #[schema(format = Password, max_length = 1000)]
    password: Option<String>,
    ssl: Option<SslChoice>,
    connection_options: Option<ConnectionOptionsBody>,
    search_options: Option<SearchOptionsBody>,
    /// Whether searches that name no database include it.
    #[schema(default = true)]
    is_active: Option<bool>,
}

/// A connection to be called, not saved: as for registering, where `name` may be left out.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `unsaved_connection` reads it")]
pub(crate) struct UnsavedDatabaseBody {
    /// Has no effect.
    name: Option<String>,
    /// `mysql` (also for MariaDB) or `sqlite`.
    #[schema(default = "mysql", pattern = "^(mysql|mariadb|sqlite)$")]
    engine: Option<String>,
    #[schema(example = "db.example.com")]
    host: Option<String>,
    #[schema(default = 3306, minimum = 1, maximum = 65535)]
    port: Option<u16>,
    #[schema(min_length = 1, max_length = 255, example = "helpdesk")]
    database: String,
    #[schema(min_length = 1, max_length = 128)]
    username: Option<String>,
    #[schema(format = Password, max_length = 1000)]
    password: Option<String>,
    ssl: Option<SslChoice>,
    connection_options: Option<ConnectionOptionsBody>,
    search_options: Option<SearchOptionsBody>,
    is_active: Option<bool>,
}

/// `false` (plain text, the default), `true` (TLS, certificate checked), or an object.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the body; `tls` reads it")]
pub(crate) enum SslChoice {
    /// On or off.
    Plain(bool),
    /// In detail.
    Detailed(SslBody),
}

/// How the way to the server is encrypted.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `tls` reads it")]
pub(crate) struct SslBody {
    #[schema(default = true)]
    enabled: Option<bool>,
    /// Refuse a certificate that isn't valid for the name.
    #[schema(default = true)]
    reject_unauthorized: Option<bool>,
    /// Certificates to trust instead of the public ones, PEM.
    ca: Option<String>,
    /// The name that the certificate must be valid for, where it isn't `host`.
    server_name: Option<String>,
}

/// How a connection is used.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `options` reads it")]
pub(crate) struct ConnectionOptionsBody {
    /// The most sockets to the server.
    #[schema(default = 10, minimum = 1, maximum = 50)]
    connection_limit: Option<u32>,
    /// The most time for a statement, in milliseconds.
    #[schema(default = 60000, minimum = 1000, maximum = 120_000)]
    timeout: Option<u64>,
}

/// What searches use where they don't say.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `search_defaults` reads it")]
pub(crate) struct SearchOptionsBody {
    /// The tables searched; left out: every table with text columns.
    #[schema(max_items = 50)]
    default_search_tables: Option<Vec<String>>,
    /// Whether text of its rows, as far as it is searched, may be sent to the AI provider that the
    /// operator has set up.
    #[schema(default = false)]
    #[serde(rename = "allowExternalAI")]
    allow_external_ai: Option<bool>,
    /// The language of its texts, by whose rules the forms of a word are told.
    #[schema(schema_with = language_schema)]
    language: Option<String>,
}

fn language_schema() -> Object {
    let names = SearchLanguage::ALL.map(SearchLanguage::as_str);
    let object = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    object.default(Some(SearchLanguage::default().as_str().into())).build()
}

/// Reads a [`DatabaseBody`].
pub(super) fn new_connection(fields: &mut Fields) -> Option<NewConnection> {
    fields.require(&["name"]);
    let name = fields.parsed("name", NAME, ConnectionName::parse);
    connection(fields, name)
}

/// Reads an [`UnsavedDatabaseBody`].
pub(super) fn unsaved_connection(fields: &mut Fields) -> Option<NewConnection> {
    fields.text("name");
    connection(fields, ConnectionName::parse("unsaved"))
}

fn connection(fields: &mut Fields, name: Option<ConnectionName>) -> Option<NewConnection> {
    let engine = if fields.has("engine") { fields.choice("engine", ENGINE) } else { Some(Engine::MySql) };
    fields.require(&["database"]);
    let database = fields.parsed("database", DATABASE, DatabaseName::parse);
    let access = match engine {
        Some(Engine::Sqlite) => Some(file(fields)),
        // Where the engine is unknown, the faults of the commoner one are the better guess.
        Some(Engine::MySql) | None => server(fields),
    };
    let options = fields.object("connectionOptions", options).flatten().unwrap_or_default();
    let search = fields.object("searchOptions", search_defaults).unwrap_or_default();
    let is_active = fields.flag("isActive").unwrap_or(true);
    let (endpoint, password) = access?;
    Some(NewConnection {
        name: name?,
        engine: engine?,
        endpoint,
        database: database?,
        password,
        options,
        search,
        is_active,
    })
}

fn server(fields: &mut Fields) -> Option<(Endpoint, SecretString)> {
    fields.require(&["host", "username", "password"]);
    let host = fields.parsed("host", HOST, Host::parse);
    let port = if fields.has("port") { fields.whole("port", 1..=u16::MAX) } else { Some(MYSQL_PORT) };
    let username = fields.parsed("username", USER, UserName::parse);
    let password = password(fields);
    let tls = tls(fields)?;
    Some((Endpoint::Server { host: host?, port: port?, username: username?, tls }, password?))
}

fn password(fields: &mut Fields) -> Option<SecretString> {
    let reason = format!("must have at most {MAX_PASSWORD_CHARS} characters");
    fields.parsed("password", reason, |text| {
        (text.chars().count() <= MAX_PASSWORD_CHARS).then(|| SecretString::from(text))
    })
}

fn file(fields: &mut Fields) -> (Endpoint, SecretString) {
    refuse_server(fields);
    (Endpoint::File, SecretString::default())
}

/// A file has nothing of a server.
fn refuse_server(fields: &mut Fields) {
    for name in ["host", "port", "username", "password", "ssl"] {
        let asked = fields.take(name).is_some_and(|value| value != "" && value != Value::Bool(false));
        if asked {
            fields.fault(name, "does not apply to sqlite");
        }
    }
}

/// `None` when it is at fault.
fn tls(fields: &mut Fields) -> Option<Tls> {
    match fields.peek("ssl") {
        None => Some(Tls::Disabled),
        Some(Value::Bool(_)) => Some(match fields.flag("ssl") {
            Some(true) => Tls::Required { verify: true, ca: None, server_name: None },
            _ => Tls::Disabled,
        }),
        Some(Value::Object(_)) => fields.object("ssl", tls_object),
        Some(_) => {
            fields.ignore("ssl");
            fields.fault("ssl", "must be true, false or an object");
            None
        }
    }
}

fn tls_object(fields: &mut Fields) -> Tls {
    let enabled = fields.flag("enabled").unwrap_or(true);
    let verify = fields.flag("rejectUnauthorized").unwrap_or(true);
    let ca = fields.parsed("ca", "must be PEM certificates of at most 64 KiB", |text| {
        let fits = text.len() <= MAX_CA_BYTES && text.contains("-----BEGIN CERTIFICATE-----");
        fits.then(|| text.to_owned())
    });
    let server_name = fields.parsed("serverName", "must be a host name", |text| {
        Host::parse(text).map(|host| host.as_str().to_owned())
    });
    if enabled { Tls::Required { verify, ca, server_name } } else { Tls::Disabled }
}

fn options(fields: &mut Fields) -> Option<ConnectionOptions> {
    let plain = ConnectionOptions::default();
    let limit = fields.whole("connectionLimit", ConnectionOptions::CONNECTION_LIMITS);
    let timeout = fields.whole("timeout", ConnectionOptions::TIMEOUTS_MS);
    let plain_timeout = u64::try_from(plain.timeout().as_millis()).unwrap_or(u64::MAX);
    ConnectionOptions::new(limit.unwrap_or(plain.connection_limit()), timeout.unwrap_or(plain_timeout))
}

fn search_defaults(fields: &mut Fields) -> SearchDefaults {
    let (tables, allow_external_ai, language) = search_options(fields);
    SearchDefaults {
        tables: tables.unwrap_or_default(),
        allow_external_ai: allow_external_ai.unwrap_or_default(),
        language: language.unwrap_or_default(),
    }
}

fn search_options(fields: &mut Fields) -> (Option<Vec<String>>, Option<bool>, Option<SearchLanguage>) {
    let must = "must be a table's name";
    let tables = fields.list("defaultSearchTables", MAX_DEFAULT_TABLES, must, table_name);
    let names = SearchLanguage::ALL.map(SearchLanguage::as_str).join(", ");
    let language = fields.choice("language", format!("must be one of {names}"));
    (tables, fields.flag("allowExternalAI"), language)
}

fn table_name(text: &str) -> Option<String> {
    let fits = (1..=128).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::assert_documented;

    #[test]
    fn bodies_are_read_as_documented() {
        let probe =
            json!({ "ssl": {}, "connectionOptions": {}, "searchOptions": {}, "port": 1, "engine": "x" });
        assert_documented("DatabaseBody", probe.clone(), new_connection);
        assert_documented("UnsavedDatabaseBody", probe, unsaved_connection);
    }
}
