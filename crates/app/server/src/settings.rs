//! Every setting there is, read once at start: all faults are told at once, and none of them shows
//! a secret.

mod ai;
mod environment;
mod fault;
mod keys;
mod notice;
mod parse;
mod production;
mod reader;
mod store_url;
mod tiers;
mod variable;
mod vectors;

use std::{path::PathBuf, time::Duration};

use altus4_api_keys::{AiPrices, Tiers};
use altus4_connections::HostRule;
use altus4_http::TrustedProxies;
use altus4_kernel::{Plan, secrecy::SecretString};
use altus4_vector_qdrant::QdrantConfig;

pub(crate) use self::{
    ai::ProviderSettings,
    environment::Environment,
    fault::SettingsFaults,
    keys::{KEY_BYTES, KeyList, KeyPurpose, parse_keys},
    notice::Notice,
    store_url::StoreUrl,
};
use self::{reader::Reader, variable as names};

/// Whether the installation is for trying things out or for others to rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    /// Secrets may be made up, and connections may dial any address.
    #[default]
    Development,
    /// Everything that matters has to be given.
    Production,
}

impl Mode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// The three sets of secrets, each newest first; `None` where they are to be made once.
#[derive(Debug, Default)]
pub(crate) struct GivenSecrets {
    pub(crate) jwt: Option<KeyList>,
    pub(crate) encryption: Option<KeyList>,
    pub(crate) api_keys: Option<KeyList>,
}

/// What the operator decided. One that exists is consistent.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    /// Where the embedded store and made-up secrets go. Made on first use.
    pub(crate) data_dir: PathBuf,
    pub(crate) host: String,
    /// 0 lets the system choose.
    pub(crate) port: u16,
    pub(crate) store: StoreUrl,
    pub(crate) redis_url: Option<SecretString>,
    /// Where vectors are kept; in the data directory without it.
    pub(crate) qdrant: Option<QdrantConfig>,
    pub(crate) secrets: GivenSecrets,
    pub(crate) default_plan: Plan,
    /// How long what is left of deactivated accounts is kept.
    pub(crate) purge_after: Duration,
    /// How long single searches are kept,
    pub(crate) searches_kept: Duration,
    /// and how long their sums.
    pub(crate) search_sums_kept: Duration,
    pub(crate) connect_allow: Vec<HostRule>,
    pub(crate) connect_deny: Vec<HostRule>,
    /// The directory below which SQLite files may be opened; no SQLite connections without it.
    pub(crate) sqlite_sources: Option<PathBuf>,
    pub(crate) cors_origins: Vec<String>,
    /// The proxies whose word is taken for where a request came from.
    pub(crate) trusted_proxies: TrustedProxies,
    /// From how many requests of callers at the same time a node is busy.
    pub(crate) busy_at: usize,
    /// How long the answer to a search is given again.
    pub(crate) answers_kept: Duration,
    /// How long after a pass over the rows of a table with vectors the next one begins.
    pub(crate) vector_interval: Duration,
    /// What each tier allows.
    pub(crate) tiers: Tiers,
    /// The AI provider, where there is one.
    pub(crate) ai: Option<ProviderSettings>,
    pub(crate) prices: AiPrices,
    /// A filter as `tracing-subscriber` reads it.
    pub(crate) log: String,
    /// What is no fault, and yet not what the operator may think.
    pub(crate) notices: Vec<Notice>,
}

impl Settings {
    /// The settings that these variables spell. Reads the files that `<NAME>_FILE` variables name
    /// and writes nothing.
    ///
    /// # Errors
    /// Every fault there is.
    pub(crate) fn read(environment: &Environment) -> Result<Self, SettingsFaults> {
        let mut reader = Reader::new(environment);
        // What stands in for a faulty value is never used: one fault ends the reading below.
        let mode = reader.parsed(&names::ENV, parse::mode);
        let data_dir = reader.parsed(&names::DATA_DIR, parse::data_dir).unwrap_or_default();
        let (ai, prices) = ai::read(&mut reader);
        let mut notices = notice::of(environment);
        notices.extend(notice::of_prices(ai.as_ref(), &prices));
        let settings = Self {
            mode: mode.unwrap_or_default(),
            host: reader.parsed(&names::HOST, parse::host).unwrap_or_default(),
            port: reader.parsed(&names::PORT, parse::port).unwrap_or_default(),
            store: reader
                .given(&names::DATABASE_URL, StoreUrl::parse)
                .unwrap_or_else(|| StoreUrl::file_in(&data_dir)),
            data_dir,
            redis_url: reader.given(&names::REDIS_URL, parse::redis_url),
            qdrant: vectors::read(&mut reader),
            secrets: GivenSecrets {
                jwt: reader.given(&names::JWT_SECRETS, |text| parse_keys(KeyPurpose::Signing, text)),
                encryption: reader
                    .given(&names::ENCRYPTION_KEYS, |text| parse_keys(KeyPurpose::Sealing, text)),
                api_keys: reader.given(&names::API_KEY_SECRETS, |text| parse_keys(KeyPurpose::Signing, text)),
            },
            default_plan: reader.parsed(&names::DEFAULT_PLAN, parse::plan).unwrap_or(Plan::Free),
            purge_after: reader.parsed(&names::PURGE_AFTER_DAYS, parse::days).unwrap_or_default(),
            searches_kept: reader.parsed(&names::SEARCH_LOG_DAYS, parse::kept_days).unwrap_or_default(),
            search_sums_kept: reader.parsed(&names::ANALYTICS_DAYS, parse::kept_days).unwrap_or_default(),
            connect_allow: reader.given(&names::CONNECT_ALLOW, parse::host_rules).unwrap_or_default(),
            connect_deny: reader.given(&names::CONNECT_DENY, parse::host_rules).unwrap_or_default(),
            sqlite_sources: reader.given(&names::SQLITE_SOURCES, parse::existing_dir),
            cors_origins: reader.given(&names::CORS_ORIGINS, parse::origins).unwrap_or_default(),
            trusted_proxies: reader.given(&names::TRUSTED_PROXIES, parse::proxies).unwrap_or_default(),
            busy_at: reader.parsed(&names::BUSY_AT, parse::count).unwrap_or_default(),
            answers_kept: reader
                .parsed(&names::SEARCH_CACHE_SECONDS, parse::cache_seconds)
                .unwrap_or_default(),
            vector_interval: reader
                .parsed(&names::VECTOR_INTERVAL_SECONDS, parse::interval_seconds)
                .unwrap_or_default(),
            tiers: tiers::read(&mut reader),
            ai,
            prices,
            log: reader.parsed(&names::LOG, parse::log_filter).unwrap_or_default(),
            notices,
        };
        let mut faults = reader.into_faults();
        faults.extend(keys::shared_secrets(&settings.secrets));
        if mode == Some(Mode::Production) {
            faults.extend(production::refusals(&settings, environment, &faults));
        }
        if faults.is_empty() { Ok(settings) } else { Err(SettingsFaults(faults)) }
    }

    /// The part that says how much is logged, for saying something before all is read.
    pub(crate) fn log_filter(environment: &Environment) -> Option<String> {
        Reader::new(environment).given(&names::LOG, parse::log_filter)
    }

    /// Where models that were installed are.
    pub(crate) fn models_dir(&self) -> PathBuf {
        self.data_dir.join("models")
    }

    /// Whether anything is kept below the data directory.
    pub(crate) fn uses_data_dir(&self) -> bool {
        let all_given = self.secrets.jwt.is_some()
            && self.secrets.encryption.is_some()
            && self.secrets.api_keys.is_some();
        !all_given || self.store.file().is_some_and(|file| file.starts_with(&self.data_dir))
    }
}

#[cfg(test)]
mod tests;
