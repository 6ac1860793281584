//! What shall be different about a connection.

use altus4_connections::{
    ConnectionChange, ConnectionName, ConnectionOptions, DatabaseName, Engine, Host, OptionsChange, UserName,
};
use utoipa::ToSchema;

use super::{
    ConnectionOptionsBody, DATABASE, ENGINE, HOST, NAME, SearchOptionsBody, SslChoice, USER, password,
    refuse_server, search_options, tls,
};
use crate::extract::Fields;

/// What shall be different about a connection; what is left out stays as it is, inside of
/// `connectionOptions` and `searchOptions` too. A SQLite connection has neither `host`, `port`,
/// `username`, `password` nor `ssl`.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `connection_change` reads it")]
pub(crate) struct ChangeDatabaseBody {
    /// What to call it; unique in the account.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Can't be changed: the one it has, or a fault.
    #[schema(pattern = "^(mysql|mariadb|sqlite)$")]
    engine: Option<String>,
    /// A name or an address.
    host: Option<String>,
    #[schema(minimum = 1, maximum = 65535)]
    port: Option<u16>,
    /// The database searched; for SQLite the file's path below the operator's directory.
    #[schema(min_length = 1, max_length = 255)]
    database: Option<String>,
    #[schema(min_length = 1, max_length = 128)]
    username: Option<String>,
    /// Another password, or `""` for servers that ask for none.
    #[schema(format = Password, max_length = 1000)]
    password: Option<String>,
    /// Replaces all that was said of encryption.
    ssl: Option<SslChoice>,
    connection_options: Option<ConnectionOptionsBody>,
    search_options: Option<SearchOptionsBody>,
    /// Whether searches that name no database include it.
    is_active: Option<bool>,
}

/// Reads a [`ChangeDatabaseBody`] for a connection of this engine.
pub(crate) fn connection_change(fields: &mut Fields, engine: Engine) -> ConnectionChange {
    if fields.choice("engine", ENGINE).is_some_and(|wanted: Engine| wanted != engine) {
        fields.fault("engine", "can't be changed");
    }
    let (default_tables, allow_external_ai, language) =
        fields.object("searchOptions", search_options).unwrap_or_default();
    let mut change = ConnectionChange {
        name: fields.parsed("name", NAME, ConnectionName::parse),
        database: fields.parsed("database", DATABASE, DatabaseName::parse),
        options: fields.object("connectionOptions", options).flatten().unwrap_or_default(),
        default_tables,
        allow_external_ai,
        language,
        is_active: fields.flag("isActive"),
        ..ConnectionChange::default()
    };
    match engine {
        Engine::MySql => {
            change.host = fields.parsed("host", HOST, Host::parse);
            change.port = fields.whole("port", 1..=u16::MAX);
            change.username = fields.parsed("username", USER, UserName::parse);
            change.password = password(fields);
            change.tls = if fields.has("ssl") { tls(fields) } else { None };
        }
        Engine::Sqlite => refuse_server(fields),
    }
    change
}

fn options(fields: &mut Fields) -> Option<OptionsChange> {
    let limit = fields.whole("connectionLimit", ConnectionOptions::CONNECTION_LIMITS);
    let timeout = fields.whole("timeout", ConnectionOptions::TIMEOUTS_MS);
    OptionsChange::new(limit, timeout)
}

#[cfg(test)]
mod tests {
    use altus4_connections::Tls;
    use altus4_kernel::secrecy::ExposeSecret;
    use serde_json::{Value, json};

    use super::*;
    use crate::{error::ApiError, openapi::assert_documented};

    fn read(body: Value, engine: Engine) -> Result<ConnectionChange, ApiError> {
        Fields::of_json(body, |fields| Some(connection_change(fields, engine)))
    }

    fn faults(body: Value, engine: Engine) -> Vec<String> {
        let error = read(body, engine).expect_err("a fault");
        let errors = error.details().expect("details")["errors"].as_array().expect("a list").clone();
        errors
            .iter()
            .map(|error| format!("{} {}", error["field"], error["reason"]).replace('"', ""))
            .collect()
    }

    #[test]
    fn a_change_is_read_as_documented() {
        let probe =
            json!({ "ssl": {}, "connectionOptions": {}, "searchOptions": {}, "port": 1, "engine": "x" });
        assert_documented("ChangeDatabaseBody", probe, |fields| connection_change(fields, Engine::MySql));
    }

    #[test]
    fn what_is_left_out_or_null_stays() {
        let nothing = json!({
            "name": null, "engine": null, "host": null, "port": null, "database": null, "username": null,
            "password": null, "ssl": null, "connectionOptions": null, "searchOptions": null, "isActive": null,
        });
        for body in [json!({}), nothing, json!({ "connectionOptions": {}, "searchOptions": {} })] {
            let change = read(body, Engine::MySql).expect("no fault");
            assert_eq!(format!("{change:?}"), format!("{:?}", ConnectionChange::default()));
        }
    }

    #[test]
    fn an_empty_password_is_one_and_encryption_is_replaced_whole() {
        let body = json!({ "password": "", "ssl": { "rejectUnauthorized": false }, "engine": "mariadb" });
        let change = read(body, Engine::MySql).expect("no fault");
        assert_eq!(change.password.expect("a password").expose_secret(), "");
        assert_eq!(change.tls, Some(Tls::Required { verify: false, ca: None, server_name: None }));
        let off = read(json!({ "ssl": false }), Engine::MySql).expect("no fault");
        assert_eq!(off.tls, Some(Tls::Disabled));
    }

    #[test]
    fn a_file_can_have_another_place_and_no_server() {
        let body = json!({ "engine": "sqlite", "database": "other.db", "host": "", "ssl": false });
        assert!(read(body, Engine::Sqlite).is_ok());
        let body = json!({ "engine": "mysql", "host": "h", "port": 1, "password": "p", "hots": 1 });
        assert_eq!(
            faults(body, Engine::Sqlite),
            [
                "engine can't be changed",
                "host does not apply to sqlite",
                "port does not apply to sqlite",
                "password does not apply to sqlite",
                "hots is an unknown field",
            ]
        );
    }
}
