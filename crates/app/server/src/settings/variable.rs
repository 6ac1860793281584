//! The variables that this version reads, each with its default. `.env.example` is checked against
//! this list.

/// A variable that is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    /// What it is when it isn't set; `None` where that is nothing, or made of other settings.
    pub(crate) default: Option<&'static str>,
    /// What it should be, to be read after "it should be".
    pub(crate) should: &'static str,
    /// Whether its value is secret or may hold a password: then it is never shown, and
    /// `<NAME>_FILE` names a file that holds it.
    pub(crate) secret: bool,
}

impl Variable {
    /// The variable that names a file with the value.
    pub(crate) fn file_name(&self) -> Option<String> {
        self.secret.then(|| format!("{}_FILE", self.name))
    }

    const fn plain(name: &'static str, default: Option<&'static str>, should: &'static str) -> Self {
        Self { name, default, should, secret: false }
    }

    const fn secret(name: &'static str, should: &'static str) -> Self {
        Self { name, default: None, should, secret: true }
    }
}

pub(crate) const ENV: Variable =
    Variable::plain("ALTUS4_ENV", Some("development"), "'development' or 'production'");
pub(crate) const DATA_DIR: Variable =
    Variable::plain("ALTUS4_DATA_DIR", Some("./data"), "a directory that this program may write to");
pub(crate) const HOST: Variable =
    Variable::plain("HOST", Some("127.0.0.1"), "the address or host name to listen at, such as 0.0.0.0");
pub(crate) const PORT: Variable =
    Variable::plain("PORT", Some("3000"), "a port number from 0 (any free one) to 65535");
pub(crate) const DATABASE_URL: Variable = Variable::secret(
    "DATABASE_URL",
    "sqlite://<path of a file> or mysql://<user>:<password>@<host>:<port>/<database>",
);
pub(crate) const REDIS_URL: Variable = Variable::secret(
    "REDIS_URL",
    "redis://<user>:<password>@<host>:<port>/<number> or unix://<path of a socket>",
);
pub(crate) const QDRANT_URL: Variable = Variable::plain(
    "QDRANT_URL",
    None,
    "http://<host>:<port> or https://<host>, without a user or a password",
);
pub(crate) const QDRANT_API_KEY: Variable =
    Variable::secret("QDRANT_API_KEY", "the API key of Qdrant, in visible ASCII characters");
pub(crate) const JWT_SECRETS: Variable = Variable::secret(
    "ALTUS4_JWT_SECRETS",
    "<id>:<base64 of 32 random bytes or more>, several divided by commas, newest first",
);
pub(crate) const ENCRYPTION_KEYS: Variable = Variable::secret(
    "ALTUS4_ENCRYPTION_KEYS",
    "<id>:<base64 of 32 random bytes>, several divided by commas, newest first",
);
pub(crate) const API_KEY_SECRETS: Variable = Variable::secret(
    "ALTUS4_API_KEY_SECRETS",
    "<id>:<base64 of 32 random bytes or more>, several divided by commas, newest first",
);
pub(crate) const DEFAULT_PLAN: Variable =
    Variable::plain("ALTUS4_DEFAULT_PLAN", Some("enterprise"), "'free', 'pro' or 'enterprise'");
pub(crate) const PURGE_AFTER_DAYS: Variable =
    Variable::plain("ALTUS4_PURGE_AFTER_DAYS", Some("30"), "a whole number of days from 0 to 3650");
pub(crate) const SEARCH_LOG_DAYS: Variable =
    Variable::plain("ALTUS4_SEARCH_LOG_DAYS", Some("90"), "a whole number of days from 1 to 3650");
pub(crate) const ANALYTICS_DAYS: Variable =
    Variable::plain("ALTUS4_ANALYTICS_DAYS", Some("731"), "a whole number of days from 1 to 3650");
pub(crate) const CONNECT_ALLOW: Variable = Variable::plain(
    "ALTUS4_CONNECT_ALLOW",
    None,
    "networks divided by commas, such as 10.0.0.0/8, 10.0.0.0/8:3306 or [fd00::/8]:3306",
);
pub(crate) const CONNECT_DENY: Variable = Variable::plain(
    "ALTUS4_CONNECT_DENY",
    None,
    "networks divided by commas, such as 10.9.0.0/16, [fd00::/8]:3306 or *:22",
);
pub(crate) const SQLITE_SOURCES: Variable =
    Variable::plain("ALTUS4_SQLITE_SOURCES", None, "a directory that exists");
pub(crate) const CORS_ORIGINS: Variable = Variable::plain(
    "ALTUS4_CORS_ORIGINS",
    None,
    "origins divided by commas, such as https://app.example.com",
);
pub(crate) const TRUSTED_PROXIES: Variable = Variable::plain(
    "ALTUS4_TRUSTED_PROXIES",
    None,
    "networks or addresses divided by commas, such as 10.0.0.0/8, fd00::/8 or 192.0.2.1",
);
pub(crate) const BUSY_AT: Variable =
    Variable::plain("ALTUS4_BUSY_AT", Some("256"), "a whole number of requests; 0 for always busy");
pub(crate) const SEARCH_CACHE_SECONDS: Variable = Variable::plain(
    "ALTUS4_SEARCH_CACHE_SECONDS",
    Some("5"),
    "a whole number of seconds from 0 (no cache) to 3600",
);
pub(crate) const VECTOR_INTERVAL_SECONDS: Variable = Variable::plain(
    "ALTUS4_VECTOR_INTERVAL_SECONDS",
    Some("30"),
    "a whole number of seconds from 1 to 86400",
);
pub(crate) const TIER_FREE: Variable = Variable::plain(
    "ALTUS4_TIER_FREE",
    Some("requests=1000,burst=50,concurrent=3,ai=100,block=300"),
    TIER_SHOULD,
);
pub(crate) const TIER_PRO: Variable = Variable::plain(
    "ALTUS4_TIER_PRO",
    Some("requests=10000,burst=200,concurrent=10,ai=2000,block=300"),
    TIER_SHOULD,
);
pub(crate) const TIER_ENTERPRISE: Variable = Variable::plain(
    "ALTUS4_TIER_ENTERPRISE",
    Some("requests=100000,burst=500,concurrent=50,ai=20000,block=60"),
    TIER_SHOULD,
);
const TIER_SHOULD: &str = "any of requests=<an hour>, burst=<in ten seconds>, concurrent=<at once>, \
    ai=<an hour> and block=<seconds>, divided by commas";
pub(crate) const OPENAI_API_KEY: Variable =
    Variable::secret("OPENAI_API_KEY", "the key of the AI provider, in visible ASCII characters");
pub(crate) const OPENAI_BASE_URL: Variable = Variable::plain(
    "OPENAI_BASE_URL",
    None,
    "https://<host>[:<port>][/<path>] or http://<host>[:<port>][/<path>], without a user or a password",
);
pub(crate) const OPENAI_MODEL: Variable = Variable::plain("OPENAI_MODEL", Some("gpt-4o-mini"), MODEL_SHOULD);
pub(crate) const OPENAI_EMBEDDING_MODEL: Variable =
    Variable::plain("OPENAI_EMBEDDING_MODEL", Some("text-embedding-3-small"), MODEL_SHOULD);
const MODEL_SHOULD: &str = "the provider's name of a model, or 'none'";
pub(crate) const AI_PRICES: Variable = Variable::plain(
    "ALTUS4_AI_PRICES",
    None,
    "<model>=<input> or <model>=<input>/<output>, US dollars for a million tokens with up to 8 decimals, \
     divided by commas",
);
pub(crate) const LOG: Variable = Variable::plain(
    "ALTUS4_LOG",
    Some("info"),
    "a level (error, warn, info, debug, trace, off) or target=level, several divided by commas",
);

/// Every variable that is read.
pub(crate) const ALL: [Variable; 32] = [
    ENV,
    DATA_DIR,
    HOST,
    PORT,
    DATABASE_URL,
    REDIS_URL,
    QDRANT_URL,
    QDRANT_API_KEY,
    JWT_SECRETS,
    ENCRYPTION_KEYS,
    API_KEY_SECRETS,
    DEFAULT_PLAN,
    PURGE_AFTER_DAYS,
    SEARCH_LOG_DAYS,
    ANALYTICS_DAYS,
    CONNECT_ALLOW,
    CONNECT_DENY,
    SQLITE_SOURCES,
    CORS_ORIGINS,
    TRUSTED_PROXIES,
    BUSY_AT,
    SEARCH_CACHE_SECONDS,
    VECTOR_INTERVAL_SECONDS,
    TIER_FREE,
    TIER_PRO,
    TIER_ENTERPRISE,
    OPENAI_API_KEY,
    OPENAI_BASE_URL,
    OPENAI_MODEL,
    OPENAI_EMBEDDING_MODEL,
    AI_PRICES,
    LOG,
];

/// Variables of the documentation that later versions read, and this one doesn't.
pub(crate) const NOT_YET: [&str; 2] = ["ALTUS4_METRICS_TOKEN", "OTEL_EXPORTER_OTLP_ENDPOINT"];
