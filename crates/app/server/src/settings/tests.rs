//! Settings as operators write them, right and wrong.

mod example;
mod provider;

use std::{fs, path::Path};

use altus4_kernel::secrecy::ExposeSecret;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{variable::ALL, *};

const ENV_EXAMPLE: &str = include_str!("../../../../../.env.example");

fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsFaults> {
    Settings::read(&variables.iter().map(|(name, value)| (name.into(), value.into())).collect())
}

/// What is said about wrong settings, without its first line's number.
fn told(variables: &[(&str, &str)]) -> String {
    read(variables).expect_err("a fault").to_string()
}

/// 32 bytes that look drawn at random, different for each seed.
fn secret(seed: u8) -> String {
    let bytes: Vec<u8> = (0..32u8).map(|at| at.wrapping_mul(37).wrapping_add(seed)).collect();
    STANDARD.encode(bytes)
}

/// Production with everything that it asks for.
fn production() -> Vec<(&'static str, String)> {
    vec![
        ("ALTUS4_ENV", "production".to_owned()),
        ("DATABASE_URL", "mysql://altus4:pw@db.example.com:3306/altus4".to_owned()),
        ("ALTUS4_JWT_SECRETS", format!("j1:{}", secret(1))),
        ("ALTUS4_ENCRYPTION_KEYS", format!("e1:{}", secret(2))),
        ("ALTUS4_API_KEY_SECRETS", format!("a1:{}", secret(3))),
    ]
}

fn production_with(changes: &[(&'static str, Option<&str>)]) -> Result<Settings, SettingsFaults> {
    let mut variables = production();
    for (name, value) in changes {
        variables.retain(|(known, _)| known != name);
        variables.extend(value.map(|value| (*name, value.to_owned())));
    }
    Settings::read(&variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
}

#[test]
fn nothing_at_all_is_a_whole_set_of_settings() {
    let settings = read(&[]).unwrap();
    assert_eq!(settings.mode, Mode::Development);
    assert_eq!(settings.data_dir, Path::new("./data"));
    assert_eq!((settings.host.as_str(), settings.port), ("127.0.0.1", 3000));
    assert_eq!(settings.store.url().expose_secret(), "sqlite://./data/altus4.db");
    assert!(settings.redis_url.is_none() && settings.qdrant.is_none());
    assert!(settings.secrets.jwt.is_none() && settings.secrets.encryption.is_none());
    assert_eq!(settings.default_plan, Plan::Enterprise);
    assert_eq!(settings.purge_after, Duration::from_hours(30 * 24));
    assert!(settings.connect_allow.is_empty() && settings.connect_deny.is_empty());
    assert!(settings.sqlite_sources.is_none() && settings.cors_origins.is_empty());
    assert_eq!(settings.trusted_proxies, TrustedProxies::default());
    assert_eq!((settings.busy_at, settings.tiers), (256, Tiers::default()));
    assert_eq!(settings.log, "info");
    assert!(settings.notices.is_empty());
}

#[test]
fn every_setting_is_taken_as_it_is_given() {
    let sources = tempfile::tempdir().unwrap();
    let keys = format!("new:{}, old:{}", secret(1), secret(2));
    let settings = read(&[
        ("ALTUS4_DATA_DIR", "/srv/altus4"),
        ("HOST", "::1"),
        ("PORT", "0"),
        ("REDIS_URL", "redis://:pw@cache.example.com:6379/1"),
        ("QDRANT_URL", "http://qdrant.example.com"),
        ("QDRANT_API_KEY", "hunter2"),
        ("ALTUS4_JWT_SECRETS", &keys),
        ("ALTUS4_DEFAULT_PLAN", "pro"),
        ("ALTUS4_CONNECT_ALLOW", "10.0.0.0/8:3306, [fd00::/8]:3306"),
        ("ALTUS4_CONNECT_DENY", "*:22"),
        ("ALTUS4_SQLITE_SOURCES", sources.path().to_str().unwrap()),
        ("ALTUS4_CORS_ORIGINS", "https://App.example.com:443/, http://[::1]:5173,"),
        ("ALTUS4_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8,192.0.2.1,"),
        ("ALTUS4_BUSY_AT", "0"),
        ("ALTUS4_TIER_FREE", "requests=5,block=1"),
        ("ALTUS4_TIER_ENTERPRISE", "concurrent=9"),
        ("ALTUS4_LOG", "warn,altus4_http=debug"),
    ])
    .unwrap();
    assert_eq!(settings.store.url().expose_secret(), "sqlite:///srv/altus4/altus4.db");
    assert_eq!((settings.host.as_str(), settings.port), ("::1", 0));
    assert_eq!(settings.redis_url.unwrap().expose_secret(), "redis://:pw@cache.example.com:6379/1");
    let qdrant = settings.qdrant.unwrap();
    assert_eq!(qdrant.url.to_string(), "http://qdrant.example.com:6333/");
    assert_eq!(qdrant.api_key.unwrap().expose_secret(), "hunter2");
    let ids: Vec<_> = settings.secrets.jwt.unwrap().0.into_iter().map(|key| key.id).collect();
    assert_eq!(ids, ["new", "old"]);
    assert_eq!(settings.default_plan, Plan::Pro);
    assert_eq!((settings.connect_allow.len(), settings.connect_deny.len()), (2, 1));
    assert_eq!(settings.sqlite_sources.as_deref(), Some(sources.path()));
    assert_eq!(settings.cors_origins, ["https://app.example.com", "http://[::1]:5173"]);
    assert_eq!(settings.trusted_proxies, "10.0.0.0/8,fd00::/8,192.0.2.1/32".parse().unwrap());
    let mut tiers = Tiers::default();
    (tiers.free.requests_per_hour, tiers.free.block) = (5, Duration::from_secs(1));
    tiers.enterprise.concurrent = 9;
    assert_eq!((settings.busy_at, settings.tiers), (0, tiers));
    assert_eq!(settings.log, "warn,altus4_http=debug");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let all: Vec<_> = ALL.iter().map(|variable| (variable.name, " ")).collect();
    assert_eq!(read(&all).unwrap().port, 3000);
}

#[test]
fn each_fault_names_its_variable_and_what_it_should_be() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    for (name, value, said) in [
        ("ALTUS4_ENV", "prod", "is 'prod'; it should be 'development' or 'production'"),
        ("ALTUS4_DATA_DIR", file, "which is no directory"),
        ("HOST", "http://localhost", "the address or host name to listen at"),
        ("PORT", "70000", "is '70000'; it should be a port number"),
        ("PORT", "-1", "is '-1'"),
        ("DATABASE_URL", "postgres://u@h/d", "begins with neither sqlite:// nor mysql://"),
        ("DATABASE_URL", "mysql://u@h", "names no database"),
        ("DATABASE_URL", "mysql://u@h/?ssl-mode=required", "names no database"),
        ("DATABASE_URL", "mysql://u@/d", "names no host"),
        ("DATABASE_URL", "mysql://u@h:70000/d", "has a port that is no number"),
        ("DATABASE_URL", "sqlite://", "names no file"),
        ("DATABASE_URL", "sqlite://:memory:", "names no file"),
        ("REDIS_URL", "localhost:6379", "doesn't begin with redis://"),
        ("REDIS_URL", "rediss://h", "asks for TLS"),
        ("REDIS_URL", "redis://u:p@", "names no host"),
        ("QDRANT_URL", "qdrant:6333", "begins with neither http:// nor https://; it should be http://"),
        ("QDRANT_URL", "http://hunter2@qdrant", "holds a user name or a password"),
        ("QDRANT_API_KEY", "hunter 2", "has characters that no key has"),
        ("ALTUS4_DEFAULT_PLAN", "gold", "is 'gold'; it should be 'free', 'pro' or 'enterprise'"),
        ("ALTUS4_PURGE_AFTER_DAYS", "-1", "is '-1'; it should be a whole number of days"),
        ("ALTUS4_PURGE_AFTER_DAYS", "3651", "is '3651'"),
        ("ALTUS4_CONNECT_ALLOW", "10.0.0.0/8,db.example.com", "has 'db.example.com', which is none"),
        ("ALTUS4_CONNECT_DENY", "10.0.0.0/40", "has '10.0.0.0/40'"),
        ("ALTUS4_SQLITE_SOURCES", "/no/such/place", "is '/no/such/place', where no directory is"),
        ("ALTUS4_CORS_ORIGINS", "*", "has '*', which is none"),
        ("ALTUS4_CORS_ORIGINS", "app.example.com", "which is none"),
        ("ALTUS4_CORS_ORIGINS", "https://app.example.com/path", "which is none"),
        ("ALTUS4_CORS_ORIGINS", "https://user@app.example.com", "which is none"),
        ("ALTUS4_TRUSTED_PROXIES", "10.0.0.0/8,proxy.example.com", "has 'proxy.example.com', which is none"),
        ("ALTUS4_TRUSTED_PROXIES", "10.0.0.0/33", "has '10.0.0.0/33'"),
        ("ALTUS4_BUSY_AT", "-1", "is '-1'; it should be a whole number of requests"),
        ("ALTUS4_TIER_PRO", "1000", "has '1000', which is none; it should be any of requests="),
        ("ALTUS4_LOG", "inof", "has 'inof', which is no level"),
        ("ALTUS4_LOG", "altus4=loud", "is 'altus4=loud'"),
        ("ALTUS4_JWT_SECRETS", ",", "has no entry"),
    ] {
        let told = told(&[(name, value)]);
        assert!(told.starts_with(&format!("a setting is wrong: {name} ")), "{told}");
        assert!(told.contains(said), "{name}={value}: {told}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let told = told(&[
        ("ALTUS4_ENV", "prod"),
        ("PORT", "http"),
        ("DATABASE_URL", "oracle://x"),
        ("ALTUS4_JWT_SECRETS", "nonsense"),
        ("ALTUS4_LOG", "loud"),
    ]);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 6, "{told}");
    assert_eq!(lines[0], "5 settings are wrong:");
    for name in ["ALTUS4_ENV", "PORT", "DATABASE_URL", "ALTUS4_JWT_SECRETS", "ALTUS4_LOG"] {
        assert!(lines.iter().any(|line| line.starts_with(&format!("  {name} "))), "{name}: {told}");
    }
}

#[test]
fn nothing_that_is_said_shows_a_secret() {
    const CANARY: &str = "Hunter2Canary";
    let encoded = STANDARD.encode(CANARY);
    let mut said = Vec::new();
    for value in [
        CANARY.to_owned(),
        format!("{CANARY}:x"),
        format!("id {CANARY}:{CANARY}"),
        format!("id:{CANARY}!"),
        format!("id:{encoded}"),
        format!("id:{}", encoded.repeat(4)),
        format!("mysql://root:{CANARY}"),
        format!("mysql://root:{CANARY}/db"),
        format!("mysql://root:p/{CANARY}@h"),
        format!("mysql://root:{CANARY}@h:port/db"),
        format!("sqlite:{CANARY}"),
        format!("redis://:{CANARY}@"),
        format!("rediss://:{CANARY}@h"),
    ] {
        for variable in ALL.iter().filter(|variable| variable.secret) {
            match read(&[(variable.name, &value), ("ALTUS4_ENV", "production")]) {
                Ok(settings) => said.extend([format!("{settings:?}"), settings.store.to_string()]),
                Err(faults) => said.extend([format!("{faults:?}"), faults.to_string()]),
            }
        }
    }
    let fine = read(&[("DATABASE_URL", &format!("mysql://root:a/{CANARY}?@x@h:3306/db?ssl-ca=x"))]).unwrap();
    assert_eq!(fine.store.to_string(), "mysql://h:3306/db");
    said.push(format!("{fine:?}"));
    let said = said.concat();
    assert!(!said.contains(CANARY) && !said.contains(&encoded), "{said}");
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("keys"), format!("k2:{}\nk1:{}\n", secret(2), secret(1))).unwrap();
    fs::write(path("url"), "mysql://u:pw@h/d\n").unwrap();
    fs::write(path("empty"), "\n").unwrap();
    fs::write(path("binary"), [0xff, 0xfe]).unwrap();
    fs::write(path("large"), " ".repeat(70_000)).unwrap();

    let settings =
        read(&[("ALTUS4_JWT_SECRETS_FILE", &path("keys")), ("DATABASE_URL_FILE", &path("url"))]).unwrap();
    assert_eq!(settings.secrets.jwt.unwrap().0.len(), 2);
    assert_eq!(settings.store.url().expose_secret(), "mysql://u:pw@h/d");

    for (file, said) in [
        ("gone", "can't be read"),
        ("empty", "is empty"),
        ("binary", "can't be read"),
        ("large", "larger than 64 KiB"),
    ] {
        let told = told(&[("REDIS_URL_FILE", &path(file))]);
        assert!(told.contains("REDIS_URL_FILE names '") && told.contains(said), "{told}");
    }
    let both = told(&[("REDIS_URL", "redis://h"), ("REDIS_URL_FILE", &path("url"))]);
    assert!(both.contains("REDIS_URL is set, and so is REDIS_URL_FILE"), "{both}");
    let wrong = told(&[("REDIS_URL_FILE", &path("url"))]);
    assert!(wrong.contains("REDIS_URL_FILE doesn't begin with redis://"), "{wrong}");
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_is_a_fault() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};
    let variables = [(OsString::from("PORT"), OsString::from_vec(vec![0xff]))];
    let faults = Settings::read(&variables.into_iter().collect()).unwrap_err();
    assert!(faults.to_string().contains("PORT is not UTF-8"), "{faults}");
}

#[test]
fn secrets_are_measured() {
    let of = |bytes: u8| format!("k:{}", STANDARD.encode((0..bytes).collect::<Vec<_>>()));
    let repeated = format!("k:{}", STANDARD.encode([7; 32]));
    for (name, value, said) in [
        ("ALTUS4_JWT_SECRETS", of(31), "(no. 1) of 31 bytes, which is too short"),
        ("ALTUS4_API_KEY_SECRETS", of(16), "too short"),
        ("ALTUS4_ENCRYPTION_KEYS", of(31), "too short"),
        ("ALTUS4_ENCRYPTION_KEYS", of(33), "too long"),
        ("ALTUS4_JWT_SECRETS", format!("k:{},k:{}", secret(1), secret(2)), "under the id of no. 2"),
        ("ALTUS4_JWT_SECRETS", format!("{},b:{}", of(40), "%%%"), "(no. 2) that is not base64"),
        ("ALTUS4_JWT_SECRETS", format!(":{}", secret(1)), "whose id is not"),
        ("ALTUS4_JWT_SECRETS", secret(1), "without an id"),
        ("ALTUS4_JWT_SECRETS", repeated, "(no. 1) that repeats the same few bytes"),
    ] {
        let told = told(&[(name, &value)]);
        assert!(told.contains(&format!("{name} has")) && told.contains(said), "{told}");
    }
    assert!(read(&[("ALTUS4_JWT_SECRETS", &of(64))]).is_ok());
}

#[test]
fn base64_is_read_in_either_alphabet_padded_or_not() {
    let bytes: Vec<u8> = (0..32).map(|at| 255 - at).collect();
    let text = STANDARD.encode(&bytes);
    for spelling in
        [text.clone(), text.trim_end_matches('=').to_owned(), text.replace('+', "-").replace('/', "_")]
    {
        let list = parse_keys(KeyPurpose::Sealing, &format!("k:{spelling}")).unwrap();
        assert_eq!(list.0[0].bytes.expose_secret(), bytes, "{spelling}");
    }
}

#[test]
fn one_secret_for_two_purposes_is_refused() {
    let same = format!("k:{}", secret(1));
    let told = told(&[("ALTUS4_JWT_SECRETS", &same), ("ALTUS4_API_KEY_SECRETS", &same)]);
    assert!(
        told.contains("ALTUS4_API_KEY_SECRETS holds a secret that ALTUS4_JWT_SECRETS holds too"),
        "{told}"
    );
    let twice = format!("a:{0},b:{0}", secret(1));
    let told = self::told(&[("ALTUS4_ENCRYPTION_KEYS", &twice)]);
    assert!(told.contains("holds the same secret twice"), "{told}");
}

#[test]
fn production_takes_settings_that_are_made_for_it() {
    let settings = production_with(&[]).unwrap();
    assert_eq!(settings.mode, Mode::Production);
    assert!(!settings.uses_data_dir());
    let allow = ("ALTUS4_CONNECT_ALLOW", Some("10.0.0.0/8:3306,192.168.7.1"));
    assert!(production_with(&[allow, ("HOST", Some("0.0.0.0"))]).is_ok());
    let sqlite = ("DATABASE_URL", Some("sqlite:///var/lib/altus4/altus4.db"));
    assert!(production_with(&[sqlite]).is_ok());
    let dir = ("ALTUS4_DATA_DIR", Some("/var/lib/altus4"));
    assert!(production_with(&[("DATABASE_URL", None), dir]).is_ok());
}

#[test]
fn production_asks_for_everything_at_once() {
    let told = told(&[("ALTUS4_ENV", "production")]);
    assert_eq!(told.lines().count(), 5, "{told}");
    for said in [
        "ALTUS4_JWT_SECRETS is not set, and production makes up no secrets",
        "ALTUS4_ENCRYPTION_KEYS is not set",
        "ALTUS4_API_KEY_SECRETS is not set",
        "DATABASE_URL is not set, and neither is ALTUS4_DATA_DIR",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
}

#[test]
fn production_refuses_what_is_fit_for_trying_out_only() {
    for (name, value, said) in [
        ("ALTUS4_DATA_DIR", "./data", "is a relative path"),
        ("DATABASE_URL", "sqlite://data/altus4.db", "is a relative path"),
        ("ALTUS4_CONNECT_ALLOW", "127.0.0.1", "covers loopback"),
        ("ALTUS4_CONNECT_ALLOW", "10.0.0.0/8,127.0.0.0/8:3306", "covers loopback"),
        ("ALTUS4_CONNECT_ALLOW", "0.0.0.0/0", "covers loopback"),
        ("ALTUS4_CONNECT_ALLOW", "*:3306", "covers loopback"),
        ("ALTUS4_CONNECT_ALLOW", "169.254.169.254", "covers loopback"),
        ("ALTUS4_CONNECT_ALLOW", "::1", "covers loopback"),
        ("ALTUS4_CONNECT_ALLOW", "[fe80::/10]:3306", "covers loopback"),
        ("ALTUS4_CONNECT_ALLOW", "::/0", "covers loopback"),
    ] {
        let faults = production_with(&[(name, Some(value))]).expect_err(value).to_string();
        assert!(faults.starts_with(&format!("a setting is wrong: {name} ")), "{faults}");
        assert!(faults.contains(said), "{value}: {faults}");
        assert!(read(&[(name, value)]).is_ok(), "development takes {name}={value}");
    }
}

#[test]
fn a_variable_is_blamed_once() {
    let faults = production_with(&[("ALTUS4_JWT_SECRETS", Some("nonsense"))]).unwrap_err();
    assert_eq!(faults.0.len(), 1, "{faults}");
}

#[test]
fn what_has_no_effect_is_told() {
    let settings = read(&[
        ("ALTUS4_METRICS_TOKEN_FILE", "/run/x"),
        ("ALTUS4_JWT_SECRET", "canary"),
        ("ALTUS4_SOMETHING_ELSE_ALTOGETHER", "1"),
        ("PATH", "/bin"),
    ])
    .unwrap();
    let notices: Vec<_> = settings.notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        notices,
        [
            "ALTUS4_JWT_SECRET is set, and is no setting; did you mean ALTUS4_JWT_SECRETS?",
            "ALTUS4_METRICS_TOKEN_FILE is set, and this version ignores it",
            "ALTUS4_SOMETHING_ELSE_ALTOGETHER is set, and is no setting",
        ]
    );
}
