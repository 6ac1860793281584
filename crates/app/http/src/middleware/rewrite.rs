//! The one place that knows the other spellings of paths; the route table has each route once.

use std::borrow::Cow;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Uri, header::ACCEPT_ENCODING},
    middleware::Next,
};

/// Older names below `/api/v1`, and what they are names of.
const ALIASES: &[(&str, &str)] = &[
    ("api-keys", "keys"),
    ("analytics/trends", "analytics/search-trends"),
    ("analytics/history", "analytics/search-history"),
    ("status", "management/health"),
    ("management/setup-initial-api-key", "management/setup"),
];

/// The older names below `/api/v1`.
pub(crate) fn aliases() -> impl Iterator<Item = &'static str> {
    ALIASES.iter().map(|(alias, _)| *alias)
}

/// Gives a request the path that the route table knows it by.
pub(crate) async fn rewrite<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if let Cow::Owned(path) = canonical(request.path())
        && let Some(uri) = with_path(request.uri(), &path)
    {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    if refuses_identity(&request) {
        // The compressor would answer 406 where no coding suits; plain text is the better answer
        // (RFC 9110, 12.5.3 leaves the choice).
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    next.call(request).await
}

/// The path that the route table has: under `/api/v1`, without a trailing slash, by its own name.
fn canonical(path: &str) -> Cow<'_, str> {
    let trimmed = path.trim_end_matches('/');
    let Some(rest) = trimmed.strip_prefix("/api/") else {
        return if trimmed.len() == path.len() || trimmed.is_empty() {
            Cow::Borrowed(path)
        } else {
            Cow::Owned(trimmed.to_owned())
        };
    };
    let rest = rest.strip_prefix("v1/").unwrap_or(rest);
    let renamed = ALIASES.iter().find_map(|(alias, name)| {
        let below = rest.strip_prefix(alias)?;
        (below.is_empty() || below.starts_with('/')).then(|| format!("/api/v1/{name}{below}"))
    });
    match renamed {
        Some(path) => Cow::Owned(path),
        None if trimmed.starts_with("/api/v1/") && trimmed.len() == path.len() => Cow::Borrowed(path),
        None => Cow::Owned(format!("/api/v1/{rest}")),
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    parts.path_and_query = Some(path_and_query.parse().ok()?);
    Uri::from_parts(parts).ok()
}

fn refuses_identity(request: &ServiceRequest) -> bool {
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|text| {
        let quality = |item: &str| {
            let (coding, quality) = item.split_once(';')?;
            let none = quality.trim().strip_prefix("q=")?.parse::<f32>().ok()? == 0.0;
            (none && matches!(coding.trim(), "identity" | "*")).then_some(())
        };
        text.to_ascii_lowercase().split(',').any(|item| quality(item).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_leads_to_the_one_path() {
        for (spelt, path) in [
            ("/api/v1/search", "/api/v1/search"),
            ("/api/v1/search/", "/api/v1/search"),
            ("/api/search", "/api/v1/search"),
            ("/api/auth/login/", "/api/v1/auth/login"),
            ("/api/health", "/api/v1/health"),
            ("/health", "/health"),
            ("/health/ready/", "/health/ready"),
            ("/api/v1/api-keys", "/api/v1/keys"),
            ("/api/api-keys/7/usage", "/api/v1/keys/7/usage"),
            ("/api/v1/api-keysmith", "/api/v1/api-keysmith"),
            ("/api/v1/status", "/api/v1/management/health"),
            ("/api/status", "/api/v1/management/health"),
            ("/api/v1/management/setup-initial-api-key", "/api/v1/management/setup"),
            ("/api/v1/management/setup", "/api/v1/management/setup"),
            ("/api/v2/search", "/api/v1/v2/search"),
            ("/", "/"),
            ("//", "//"),
            ("/api", "/api"),
            ("/api/", "/api"),
            ("/docs/", "/docs"),
        ] {
            assert_eq!(canonical(spelt), path, "{spelt}");
        }
    }

    #[test]
    fn what_is_canonical_stays() {
        for path in ["/api/v1/databases", "/api/v1/keys/1", "/health", "/api/v1/management/health"] {
            assert!(matches!(canonical(path), Cow::Borrowed(_)), "{path}");
        }
    }

    #[test]
    fn the_query_is_kept() {
        let uri: Uri = "/api/search/?q=a%20b&limit=1".parse().unwrap();
        assert_eq!(with_path(&uri, "/api/v1/search").unwrap(), "/api/v1/search?q=a%20b&limit=1");
    }
}
