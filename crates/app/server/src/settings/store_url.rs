//! Where the service's own database is.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use altus4_kernel::secrecy::SecretString;

use super::variable::{DATA_DIR, DATABASE_URL};

/// The address of the store, and how to speak of it without its password.
pub(crate) struct StoreUrl {
    url: SecretString,
    shown: String,
    file: Option<PathBuf>,
    decided_by: &'static str,
}

impl StoreUrl {
    /// The address in `text`.
    ///
    /// # Errors
    /// What is wrong with it, to be read after the variable's name, without any of it: it may hold
    /// a password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            if path.is_empty() || path.contains(":memory:") {
                return Err("names no file".to_owned());
            }
            return Ok(Self {
                url: text.into(),
                shown: format!("sqlite://{path}"),
                file: Some(PathBuf::from(path)),
                decided_by: DATABASE_URL.name,
            });
        }
        let rest = text.strip_prefix("mysql://").or_else(|| text.strip_prefix("mariadb://"));
        let rest = rest.ok_or("begins with neither sqlite:// nor mysql://")?;
        // The last '@' of all, so that no part of a password with odd characters is ever shown.
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let (server, database) = place.split_once('/').ok_or("names no database")?;
        let database = database.split('?').next().unwrap_or_default();
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse::<u16>().is_ok()),
            _ => (server, true),
        };
        if host.is_empty() {
            return Err("names no host".to_owned());
        }
        if !port {
            return Err("has a port that is no number up to 65535".to_owned());
        }
        if database.is_empty() {
            return Err("names no database".to_owned());
        }
        Ok(Self {
            url: text.into(),
            shown: format!("mysql://{server}/{database}"),
            file: None,
            decided_by: DATABASE_URL.name,
        })
    }

    /// The embedded store below the data directory.
    pub(crate) fn file_in(data_dir: &Path) -> Self {
        let file = data_dir.join("altus4.db");
        let shown = format!("sqlite://{}", file.display());
        Self { url: shown.clone().into(), shown, file: Some(file), decided_by: DATA_DIR.name }
    }

    /// The whole address, password included.
    pub(crate) fn url(&self) -> &SecretString {
        &self.url
    }

    /// The variable to look at when it can't be used.
    pub(crate) fn decided_by(&self) -> &'static str {
        self.decided_by
    }

    /// The file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// Shows where it is, without user, password and options.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}
