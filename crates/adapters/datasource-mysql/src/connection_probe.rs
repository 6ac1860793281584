//! The port that calls a server and tells its owner what should be known of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_connections::{ConnectionProbe, Endpoint, PoolUsage, ProbeReport, Target, Tls};
use altus4_kernel::{ConnectionId, PortResult};
use async_trait::async_trait;
use mysql_async::{Row, Value as Wire};

use crate::{
    MySqlSource, dialect,
    error::port_error,
    grants::{Rights, rights},
    statement::Query,
    value,
};

/// The most characters of a version that are shown.
const MAX_VERSION_CHARS: usize = 64;
/// Longer than either answer of any real server.
const MAX_ROWS: usize = 1_000;

#[async_trait]
impl ConnectionProbe for MySqlSource {
    async fn probe(&self, target: &Target, deadline: Duration) -> PortResult<ProbeReport> {
        const OPERATION: &str = "connection_probe.probe";
        let pool = self.pools.make(target).map_err(|fault| port_error(OPERATION, fault))?;
        let max_bytes = self.config.max_answer_bytes;
        let (target, pools) = (target.clone(), Arc::clone(&self.pools));
        self.run(OPERATION, deadline, async move {
            let started = Instant::now();
            let mut session = pool.session().await?;
            let is_local = session.link().is_some_and(|link| link.address.ip().to_canonical().is_loopback());
            let variables = session.read(&[ask(dialect::VARIABLES)], max_bytes).await?;
            // Some proxies don't know the statement; then nothing is known of the rights.
            let grants = match session.read(&[ask(dialect::GRANTS)], max_bytes).await {
                Err(fault) if fault.is_answer() => Vec::new(),
                outcome => outcome?,
            };
            let response_time = started.elapsed();
            pools.note_well(&target);
            let settings = Settings::of(variables.into_iter().flatten());
            let grants: Vec<String> =
                grants.into_iter().flatten().filter_map(|row| texts(row).next()).collect();
            let rights = rights(grants.iter().map(String::as_str));
            let mut warnings = warnings_of_rights(&rights);
            warnings.extend(warning_of_way(&target, is_local));
            warnings.extend(settings.warnings());
            Ok(ProbeReport {
                response_time,
                version: settings.version,
                read_only: rights.read_only,
                warnings,
                suggestion: (!rights.far_reaching.is_empty()).then(|| suggestion(&target)),
            })
        })
        .await
    }

    fn usage(&self, id: ConnectionId) -> PoolUsage {
        self.pools.usage(id)
    }

    fn close(&self, id: ConnectionId) {
        self.pools.close(id);
    }
}

fn ask(sql: &str) -> Query {
    Query { sql: sql.to_owned(), values: Vec::new(), max_rows: MAX_ROWS }
}

fn texts(row: Row) -> impl Iterator<Item = String> {
    row.unwrap_raw().into_iter().map(|cell| match cell {
        Some(Wire::Bytes(bytes)) => value::text(bytes),
        _ => String::new(),
    })
}

/// The settings of a server that matter here; what it didn't tell is as it is by default.
struct Settings {
    version: String,
    innodb_min_letters: u64,
    myisam_min_letters: u64,
}

impl Settings {
    const INNODB_DEFAULT: u64 = 3;
    const MYISAM_DEFAULT: u64 = 4;

    fn of(rows: impl Iterator<Item = Row>) -> Self {
        let mut settings = Self {
            version: String::new(),
            innodb_min_letters: Self::INNODB_DEFAULT,
            myisam_min_letters: Self::MYISAM_DEFAULT,
        };
        for row in rows {
            let mut cells = texts(row);
            let (Some(name), Some(value)) = (cells.next(), cells.next()) else { continue };
            match name.to_ascii_lowercase().as_str() {
                "version" => {
                    let printable = value.chars().filter(|character| matches!(character, ' '..='~'));
                    settings.version = printable.take(MAX_VERSION_CHARS).collect();
                }
                "innodb_ft_min_token_size" => {
                    settings.innodb_min_letters = value.parse().unwrap_or(Self::INNODB_DEFAULT);
                }
                "ft_min_word_len" => {
                    settings.myisam_min_letters = value.parse().unwrap_or(Self::MYISAM_DEFAULT);
                }
                _ => {}
            }
        }
        settings
    }

    fn warnings(&self) -> Vec<String> {
        let lost = |engine, name, letters| {
            format!(
                "Full-text indexes of {engine} tables hold no word of fewer than {letters} letters \
                 ({name} = {letters}), so such words are not found."
            )
        };
        let innodb = (self.innodb_min_letters > Self::INNODB_DEFAULT)
            .then(|| lost("InnoDB", "innodb_ft_min_token_size", self.innodb_min_letters));
        let myisam = (self.myisam_min_letters > Self::MYISAM_DEFAULT)
            .then(|| lost("MyISAM and Aria", "ft_min_word_len", self.myisam_min_letters));
        innodb.into_iter().chain(myisam).collect()
    }
}

fn warnings_of_rights(rights: &Rights) -> Vec<String> {
    let warning = || {
        let names = rights.far_reaching.join(", ");
        format!("The database user has rights over the whole server that searching does not need: {names}.")
    };
    if rights.far_reaching.is_empty() { Vec::new() } else { vec![warning()] }
}

fn warning_of_way(target: &Target, is_local: bool) -> Option<String> {
    let text = match &target.connection.endpoint {
        Endpoint::Server { tls: Tls::Disabled, .. } => {
            "The connection is not encrypted: whoever is on the way can read the password exchange and the rows."
        }
        Endpoint::Server { tls: Tls::Required { verify: false, .. }, .. } => {
            "The server's certificate is not checked: whoever is on the way can pose as the server."
        }
        _ => return None,
    };
    (!is_local).then(|| text.to_owned())
}

fn suggestion(target: &Target) -> String {
    // In a GRANT, `_` and `%` in a database's name stand for other characters.
    let database = target.connection.database.as_str();
    let escaped = database.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%");
    format!(
        "Give this service a user of its own that can only read: CREATE USER 'altus4'@'%' IDENTIFIED BY \
         '<password>'; GRANT SELECT, SHOW VIEW ON {}.* TO 'altus4'@'%';",
        dialect::quote(&escaped)
    )
}
