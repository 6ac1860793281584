//! How the text of each plain setting is read. An `Err` says what is wrong, to be read after the
//! variable's name.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use altus4_connections::{Host, HostRule};
use altus4_http::{NoNetwork, TrustedProxies};
use altus4_kernel::{Plan, secrecy::SecretString};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::Mode;

/// More of a wrong value than anybody needs to recognise it.
const SHOWN_CHARS: usize = 60;
/// Ten years.
const MAX_DAYS: u64 = 3650;
/// After longer, an answer isn't of now any more.
const MAX_CACHE_SECONDS: u64 = 3_600;
const INTERVAL_SECONDS: std::ops::RangeInclusive<u64> = 1..=86_400;

pub(crate) fn mode(text: &str) -> Result<Mode, String> {
    [Mode::Development, Mode::Production]
        .into_iter()
        .find(|mode| mode.as_str() == text)
        .ok_or_else(|| is(text))
}

pub(crate) fn data_dir(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.exists() && !path.is_dir() {
        return Err(format!("is {}, which is no directory", shown(text)));
    }
    Ok(path)
}

pub(crate) fn existing_dir(text: &str) -> Result<PathBuf, String> {
    if Path::new(text).is_dir() {
        Ok(PathBuf::from(text))
    } else {
        Err(format!("is {}, where no directory is", shown(text)))
    }
}

pub(crate) fn host(text: &str) -> Result<String, String> {
    Host::parse(text).map(|host| host.as_str().to_owned()).ok_or_else(|| is(text))
}

pub(crate) fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| is(text))
}

pub(crate) fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| is(text))
}

pub(crate) fn plan(text: &str) -> Result<Plan, String> {
    text.parse().map_err(|_| is(text))
}

pub(crate) fn days(text: &str) -> Result<Duration, String> {
    let days: Option<u64> = text.parse().ok().filter(|days| *days <= MAX_DAYS);
    days.map(|days| Duration::from_hours(24 * days)).ok_or_else(|| is(text))
}

/// At least one: what is kept for none could not be shown.
pub(crate) fn kept_days(text: &str) -> Result<Duration, String> {
    days(text).ok().filter(|kept| !kept.is_zero()).ok_or_else(|| is(text))
}

pub(crate) fn cache_seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<u64> = text.parse().ok().filter(|seconds| *seconds <= MAX_CACHE_SECONDS);
    seconds.map(Duration::from_secs).ok_or_else(|| is(text))
}

pub(crate) fn interval_seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<u64> = text.parse().ok().filter(|seconds| INTERVAL_SECONDS.contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| is(text))
}

/// The value may hold a password, so what is wrong with it is said without it.
pub(crate) fn redis_url(text: &str) -> Result<SecretString, String> {
    if text.starts_with("unix://") {
        return Ok(text.into());
    }
    let Some(rest) = text.strip_prefix("redis://") else {
        return Err(if text.starts_with("rediss://") {
            "asks for TLS, which this version doesn't speak to Redis".to_owned()
        } else {
            "doesn't begin with redis://".to_owned()
        });
    };
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    if place.is_empty() || place.starts_with(['/', ':', '?']) {
        return Err("names no host".to_owned());
    }
    Ok(text.into())
}

pub(crate) fn host_rules(text: &str) -> Result<Vec<HostRule>, String> {
    items(text).map(|rule| rule.parse().map_err(|_| format!("has {}, which is none", shown(rule)))).collect()
}

pub(crate) fn origins(text: &str) -> Result<Vec<String>, String> {
    items(text)
        .map(|text| origin(text).ok_or_else(|| format!("has {}, which is none", shown(text))))
        .collect()
}

pub(crate) fn proxies(text: &str) -> Result<TrustedProxies, String> {
    text.parse().map_err(|NoNetwork(item)| format!("has {}, which is none", shown(&item)))
}

/// An origin as browsers send it: scheme, host in lower case, port unless it is the usual one.
fn origin(text: &str) -> Option<String> {
    let text = text.trim_end_matches('/').to_ascii_lowercase();
    let (scheme, place) = text.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme))?;
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse::<u16>().ok()?)),
        _ => (place, None),
    };
    // An IPv6 address stands in brackets in an origin, and nothing else may have a colon.
    let bracketed = host.starts_with('[') && host.ends_with(']');
    Host::parse(host).filter(|_| bracketed || !host.contains(':'))?;
    let usual = if scheme == "http" { 80 } else { 443 };
    Some(match port.filter(|port| *port != usual) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// A bare word would be read as a target to be traced, and silence everything else: a misspelt
/// level must not.
pub(crate) fn log_filter(text: &str) -> Result<String, String> {
    let levels = |item: &str| item.contains('=') || item.parse::<LevelFilter>().is_ok();
    if let Some(wrong) = items(text).find(|item| !levels(item)) {
        return Err(format!("has {}, which is no level", shown(wrong)));
    }
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|_| is(text))
}

pub(crate) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn is(text: &str) -> String {
    format!("is {}", shown(text))
}

/// A value that is no secret, in quotes, cut, and safe to print on a terminal.
pub(crate) fn shown(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let cut: String = plain.clone().take(SHOWN_CHARS).collect();
    if plain.count() > SHOWN_CHARS { format!("'{cut}…'") } else { format!("'{cut}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_for_an_hour_at_the_most() {
        assert_eq!(cache_seconds("0"), Ok(Duration::ZERO));
        assert_eq!(cache_seconds("3600"), Ok(Duration::from_hours(1)));
        for text in ["3601", "-1", "0.5", ""] {
            assert_eq!(cache_seconds(text), Err(format!("is '{text}'")));
        }
    }

    #[test]
    fn a_pass_follows_after_a_second_at_the_least() {
        assert_eq!(interval_seconds("1"), Ok(Duration::from_secs(1)));
        assert_eq!(interval_seconds("86400"), Ok(Duration::from_hours(24)));
        for text in ["0", "86401", "-1", ""] {
            assert_eq!(interval_seconds(text), Err(format!("is '{text}'")));
        }
    }
}
