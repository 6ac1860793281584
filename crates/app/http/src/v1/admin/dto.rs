//! What administrators ask for, and accounts as they see them.

use altus4_kernel::{AuditFilter, PageRequest};
use altus4_users::{AccountChange, AccountFilter, ListedAccount};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Fields, page_request};

/// Longer than any address.
const MAX_SEARCH_CHARS: usize = 254;
const ROLES: &str = "must be 'user' or 'admin'";
const PLANS: &str = "must be 'free', 'pro' or 'enterprise'";

/// Which accounts are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `users_query` reads them")]
pub(crate) struct UsersQuery {
    /// Part of the e-mail address or of the name.
    #[param(min_length = 1, max_length = 254)]
    search: Option<String>,
    /// `user` or `admin`.
    #[param(pattern = "^(user|admin)$")]
    role: Option<String>,
    /// `free`, `pro` or `enterprise`.
    #[param(pattern = "^(free|pro|enterprise)$")]
    plan: Option<String>,
}

/// Reads [`UsersQuery`], and which page of it.
pub(super) fn users_query(fields: &mut Fields) -> Option<(AccountFilter, PageRequest)> {
    let reason = format!("must have 1 to {MAX_SEARCH_CHARS} characters");
    let search = fields.parsed("search", reason, |text| {
        (1..=MAX_SEARCH_CHARS).contains(&text.chars().count()).then(|| text.to_owned())
    });
    let filter =
        AccountFilter { search, role: fields.choice("role", ROLES), plan: fields.choice("plan", PLANS) };
    Some((filter, page_request(fields)?))
}

/// Whose audit log is wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the parameters; `audit_query` reads them")]
pub(crate) struct AuditQuery {
    /// The log of this account alone.
    #[param(format = Uuid)]
    account_id: Option<String>,
}

/// Reads [`AuditQuery`], and which page of it.
pub(super) fn audit_query(fields: &mut Fields) -> Option<(AuditFilter, PageRequest)> {
    let account_id = fields.choice("accountId", "must be an id");
    Some((AuditFilter { account_id }, page_request(fields)?))
}

/// What is to become of an account; what is left out stays as it is.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `account_change` reads it")]
pub(crate) struct ChangeUserBody {
    #[schema(pattern = "^(user|admin)$")]
    role: Option<String>,
    #[schema(pattern = "^(free|pro|enterprise)$")]
    plan: Option<String>,
    /// `false` deactivates it.
    is_active: Option<bool>,
}

/// Reads a [`ChangeUserBody`].
pub(super) fn account_change(fields: &mut Fields) -> AccountChange {
    AccountChange {
        role: fields.choice("role", ROLES),
        plan: fields.choice("plan", PLANS),
        is_active: fields.flag("isActive"),
    }
}

/// An account as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListedUser)]
pub(crate) struct ListedUserDto {
    #[schema(format = Uuid)]
    id: String,
    email: String,
    name: String,
    /// `user` or `admin`.
    role: &'static str,
    /// `free`, `pro` or `enterprise`.
    plan: &'static str,
    /// Whether it may be used.
    is_active: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// When a session was last begun or refreshed.
    #[schema(format = DateTime)]
    last_active: String,
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivated_at: Option<String>,
}

impl ListedUserDto {
    pub(super) fn new(listed: &ListedAccount) -> Self {
        let account = &listed.account;
        Self {
            id: account.id.to_string(),
            email: account.email.as_str().to_owned(),
            name: account.name.as_str().to_owned(),
            role: account.role.as_str(),
            plan: account.plan.as_str(),
            is_active: listed.is_active(),
            created_at: account.created_at.to_string(),
            last_active: account.last_active.to_string(),
            deactivated_at: listed.deactivated_at.map(|at| at.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::assert_documented;

    #[test]
    fn bodies_are_read_as_documented() {
        assert_documented("ChangeUserBody", json!({}), account_change);
    }
}
