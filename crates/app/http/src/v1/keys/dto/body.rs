//! What callers ask of keys, read field by field.

use altus4_api_keys::{AllowedIps, GracePeriod, KeyChange, KeyFilter, KeyName, NewKey};
use altus4_kernel::{Environment, PageRequest, Permission, PermissionSet, Plan, Timestamp};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Fields, page_request};

const NAME: &str = "must have 3 to 255 characters and no control characters";
const PERMISSION: &str =
    "must be search, analytics, database:read, database:write, read, write, delete or admin";
const TIER: &str = "must be free, pro or enterprise";
const NETWORK: &str = "must be a network such as 203.0.113.0/24, or an address";
const END: &str = "must be a time to come in ISO 8601, such as 2030-01-31T00:00:00Z";
const ENVIRONMENT: &str = "must be live or test";

/// What the first key shall be; every field may be left out.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `first_key` reads it")]
pub(crate) struct SetupBody {
    #[schema(min_length = 3, max_length = 255, default = "Initial API Key")]
    name: Option<String>,
    /// `live` or `test`.
    #[schema(default = "test", pattern = "^(live|test)$")]
    environment: Option<String>,
    /// What the key may do.
    #[schema(min_items = 1, default = json!(["search"]), example = json!(["search", "database:read"]))]
    permissions: Option<Vec<PermissionName>>,
    /// `free`, `pro` or `enterprise`, at most the account's plan.
    #[schema(default = "free", pattern = "^(free|pro|enterprise)$")]
    rate_limit_tier: Option<String>,
    /// Another name of `rateLimitTier`.
    #[schema(pattern = "^(free|pro|enterprise)$")]
    tier: Option<String>,
    /// When it stops working by itself, in the future; `null`: never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Whether its secret can be shown again.
    #[schema(default = false)]
    recoverable: Option<bool>,
    /// Networks (CIDR) or addresses that it may be used from; none: from anywhere.
    #[schema(max_items = 100, example = json!(["203.0.113.0/24"]))]
    allowed_ips: Option<Vec<String>>,
}

/// What a key shall be.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `new_key` reads it")]
pub(crate) struct KeyBody {
    #[schema(min_length = 3, max_length = 255, example = "Help centre")]
    name: String,
    /// `live` or `test`.
    #[schema(default = "test", pattern = "^(live|test)$")]
    environment: Option<String>,
    /// What the key may do.
    #[schema(min_items = 1, default = json!(["search"]), example = json!(["search", "database:read"]))]
    permissions: Option<Vec<PermissionName>>,
    /// `free`, `pro` or `enterprise`, at most the account's plan.
    #[schema(default = "free", pattern = "^(free|pro|enterprise)$")]
    rate_limit_tier: Option<String>,
    /// Another name of `rateLimitTier`.
    #[schema(pattern = "^(free|pro|enterprise)$")]
    tier: Option<String>,
    /// When it stops working by itself, in the future; `null`: never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Whether its secret can be shown again.
    #[schema(default = false)]
    recoverable: Option<bool>,
    /// Networks (CIDR) or addresses that it may be used from; none: from anywhere.
    #[schema(max_items = 100, example = json!(["203.0.113.0/24"]))]
    allowed_ips: Option<Vec<String>>,
}

/// What shall be different about a key; what is left out stays as it is.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `key_change` reads it")]
pub(crate) struct ChangeKeyBody {
    #[schema(min_length = 3, max_length = 255)]
    name: Option<String>,
    #[schema(min_items = 1)]
    permissions: Option<Vec<PermissionName>>,
    /// `free`, `pro` or `enterprise`, at most the account's plan.
    #[schema(pattern = "^(free|pro|enterprise)$")]
    rate_limit_tier: Option<String>,
    /// Another name of `rateLimitTier`.
    #[schema(pattern = "^(free|pro|enterprise)$")]
    tier: Option<String>,
    /// When it stops working by itself, in the future; `null` takes its end away.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Networks (CIDR) or addresses that it may be used from; none: from anywhere.
    #[schema(max_items = 100)]
    allowed_ips: Option<Vec<String>>,
}

/// What a key may be allowed to do. `admin` includes the others.
#[derive(ToSchema)]
#[schema(as = Permission)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a value; the domain's `Permission` reads it")]
pub(crate) enum PermissionName {
    Search,
    Analytics,
    #[serde(rename = "database:read")]
    DatabaseRead,
    #[serde(rename = "database:write")]
    DatabaseWrite,
    Read,
    Write,
    Delete,
    Admin,
}

/// Reads a [`SetupBody`].
pub(in crate::v1) fn first_key(fields: &mut Fields, now: Timestamp) -> NewKey {
    let name = fields.parsed("name", NAME, KeyName::parse);
    key_named(fields, name.unwrap_or_else(KeyName::initial), now)
}

/// Reads a [`KeyBody`].
pub(crate) fn new_key(fields: &mut Fields, now: Timestamp) -> Option<NewKey> {
    fields.require(&["name"]);
    let name = fields.parsed("name", NAME, KeyName::parse);
    let key = key_named(fields, name.clone().unwrap_or_else(KeyName::initial), now);
    name.map(|_| key)
}

/// Everything but the name. Where there is a fault, nobody gets to see what stands in for the value.
fn key_named(fields: &mut Fields, name: KeyName, now: Timestamp) -> NewKey {
    let plain = NewKey::named(name);
    let environment: Option<Environment> = fields.choice("environment", ENVIRONMENT);
    NewKey {
        environment: environment.unwrap_or(plain.environment),
        permissions: permissions(fields).unwrap_or(plain.permissions),
        tier: tier(fields).unwrap_or(plain.tier),
        expires_at: end(fields, now),
        recoverable: fields.flag("recoverable").unwrap_or(plain.recoverable),
        allowed_ips: networks(fields).unwrap_or_default(),
        name: plain.name,
    }
}

/// Reads a [`ChangeKeyBody`].
pub(crate) fn key_change(fields: &mut Fields, now: Timestamp) -> KeyChange {
    let cleared = fields.cleared("expiresAt");
    KeyChange {
        name: fields.parsed("name", NAME, KeyName::parse),
        permissions: permissions(fields),
        tier: tier(fields),
        expires_at: end(fields, now).map(Some).or(cleared.then_some(None)),
        allowed_ips: networks(fields),
    }
}

fn permissions(fields: &mut Fields) -> Option<PermissionSet> {
    let named = fields.list("permissions", Permission::ALL.len(), PERMISSION, |text| text.parse().ok())?;
    if named.is_empty() {
        fields.fault("permissions", "must name at least one");
    }
    Some(PermissionSet::from_iter(named))
}

fn tier(fields: &mut Fields) -> Option<Plan> {
    fields.also_called("rateLimitTier", "tier");
    fields.choice("rateLimitTier", TIER)
}

fn end(fields: &mut Fields, now: Timestamp) -> Option<Timestamp> {
    fields.parsed("expiresAt", END, |text| Timestamp::parse(text).filter(|end| *end > now))
}

fn networks(fields: &mut Fields) -> Option<AllowedIps> {
    AllowedIps::new(fields.list("allowedIps", AllowedIps::MAX, NETWORK, AllowedIps::parse_one)?)
}

/// What becomes of the secret that is replaced.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `grace_period` reads it")]
pub(crate) struct RegenerateBody {
    /// How long it goes on working.
    #[schema(default = 0, maximum = 604_800)]
    grace_period_seconds: Option<u64>,
}

/// Reads a [`RegenerateBody`].
pub(crate) fn grace_period(fields: &mut Fields) -> GracePeriod {
    let seconds = fields.whole("gracePeriodSeconds", 0..=GracePeriod::MAX.as_secs());
    seconds.and_then(GracePeriod::from_secs).unwrap_or_default()
}

/// Which keys are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `keys_query` reads them")]
pub(crate) struct KeysQuery {
    /// `active`, `expired` or `revoked`.
    #[param(pattern = "^(active|expired|revoked)$")]
    status: Option<String>,
    /// `live` or `test`.
    #[param(pattern = "^(live|test)$")]
    environment: Option<String>,
}

/// Reads [`KeysQuery`], and which page of it.
pub(crate) fn keys_query(fields: &mut Fields) -> Option<(KeyFilter, PageRequest)> {
    let filter = KeyFilter {
        status: fields.choice("status", "must be active, expired or revoked"),
        environment: fields.choice("environment", ENVIRONMENT),
    };
    Some((filter, page_request(fields)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::assert_documented;

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-15T10:30:00Z").expect("a time")
    }

    #[test]
    fn bodies_are_read_as_documented() {
        assert_documented("SetupBody", json!({}), |fields| first_key(fields, now()));
        assert_documented("KeyBody", json!({}), |fields| new_key(fields, now()));
        assert_documented("ChangeKeyBody", json!({}), |fields| key_change(fields, now()));
        assert_documented("RegenerateBody", json!({}), grace_period);
    }

    #[test]
    fn an_end_is_kept_taken_away_or_moved() {
        let change = |body| Fields::of_json(body, |fields| Some(key_change(fields, now()).expires_at));
        let end = Timestamp::parse("2026-02-01T00:00:00Z");
        assert_eq!(change(json!({})).expect("no fault"), None);
        assert_eq!(change(json!({ "expiresAt": null })).expect("no fault"), Some(None));
        assert_eq!(change(json!({ "expiresAt": "2026-02-01T00:00:00Z" })).expect("no fault"), Some(end));
        for wrong in ["2026-01-15T10:30:00Z", "2026-02-01", "soon", ""] {
            assert!(change(json!({ "expiresAt": wrong })).is_err(), "{wrong}");
        }
    }
}
