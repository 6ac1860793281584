//! Bodies and answers of accounts and sessions.

use altus4_connections::Connection;
use altus4_kernel::{SessionId, secrecy::SecretString};
use altus4_users::{
    AccessToken, Account, AccountName, Email, NewPassword, ProfileChange, Registration, Session, TokenPair,
};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::extract::Fields;

/// Longer texts are no password of anybody.
const MAX_PASSWORD_BYTES: usize = 1024;
const EMAIL: &str = "must be an e-mail address";
const NAME: &str = "must have 1 to 100 characters and no control characters";

/// Who wants an account.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `registration` reads it")]
pub(crate) struct RegisterBody {
    #[schema(format = Email, max_length = 254, example = "ada@example.com")]
    email: String,
    /// 8–128 characters; the commonest passwords are refused, and what is made of the account's own
    /// name or e-mail address.
    #[schema(format = Password, min_length = 8, max_length = 128)]
    password: String,
    #[schema(min_length = 1, max_length = 100, example = "Ada Lovelace")]
    name: String,
    /// Has no effect.
    role: Option<Value>,
    /// Has no effect.
    plan: Option<Value>,
}

/// Reads a [`RegisterBody`].
pub(super) fn registration(fields: &mut Fields) -> Option<Registration> {
    fields.require(&["email", "password", "name"]);
    fields.ignore("role");
    fields.ignore("plan");
    let email = fields.parsed("email", EMAIL, Email::parse);
    let password = new_password(fields, "password");
    let name = fields.parsed("name", NAME, AccountName::parse);
    let registration = Registration { email: email?, password: password?, name: name? };
    if let Err(fault) = registration.password.check_for(&registration.email, &registration.name) {
        fields.fault("password", fault.to_string());
    }
    Some(registration)
}

fn new_password(fields: &mut Fields, name: &str) -> Option<NewPassword> {
    match NewPassword::parse(fields.text(name)?.into()) {
        Ok(password) => Some(password),
        Err(fault) => {
            fields.fault(name, fault.to_string());
            None
        }
    }
}

/// What is to become of a profile; what is left out stays as it is.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `profile_change` reads it")]
pub(crate) struct ProfileBody {
    #[schema(min_length = 1, max_length = 100, example = "Ada Lovelace")]
    name: Option<String>,
    #[schema(format = Email, max_length = 254, example = "ada@example.com")]
    email: Option<String>,
    /// Has no effect.
    id: Option<String>,
    /// Has no effect.
    role: Option<String>,
    /// Has no effect.
    plan: Option<String>,
    /// Has no effect.
    is_active: Option<bool>,
}

/// Reads a [`ProfileBody`].
pub(super) fn profile_change(fields: &mut Fields) -> ProfileChange {
    for name in ["id", "role", "plan", "isActive"] {
        fields.ignore(name);
    }
    ProfileChange {
        name: fields.parsed("name", NAME, AccountName::parse),
        email: fields.parsed("email", EMAIL, Email::parse),
    }
}

/// A password and the one that takes its place.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `password_change` reads it")]
pub(crate) struct ChangePasswordBody {
    #[schema(format = Password, max_length = 1024)]
    current_password: String,
    /// 8–128 characters; the commonest passwords are refused, and what is made of the account's own
    /// name or e-mail address.
    #[schema(format = Password, min_length = 8, max_length = 128)]
    new_password: String,
}

/// Reads a [`ChangePasswordBody`].
pub(super) fn password_change(fields: &mut Fields) -> Option<(SecretString, NewPassword)> {
    fields.require(&["currentPassword", "newPassword"]);
    let current = known_password(fields, "currentPassword");
    let new = new_password(fields, "newPassword");
    Some((current?, new?))
}

/// A password that somebody has: any text that could be one.
fn known_password(fields: &mut Fields, name: &str) -> Option<SecretString> {
    let reason = format!("must have at most {MAX_PASSWORD_BYTES} bytes");
    fields.parsed(name, reason, |text| (text.len() <= MAX_PASSWORD_BYTES).then(|| SecretString::from(text)))
}

/// Who wants in.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `login` reads it")]
pub(crate) struct LoginBody {
    #[schema(example = "ada@example.com")]
    email: String,
    #[schema(format = Password, max_length = 1024)]
    password: String,
}

/// Reads a [`LoginBody`]. A text that can't be an address is an unknown one, not a fault.
pub(super) fn login(fields: &mut Fields) -> Option<(Option<Email>, SecretString)> {
    fields.require(&["email", "password"]);
    let email = fields.text("email").map(|text| Email::parse(&text));
    let password = known_password(fields, "password");
    Some((email?, password?))
}

/// A refresh token, for clients that keep no cookies.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body; `refresh_token` reads it")]
pub(crate) struct RefreshBody {
    refresh_token: Option<String>,
}

/// Reads a [`RefreshBody`].
pub(super) fn refresh_token(fields: &mut Fields) -> Option<SecretString> {
    fields.text("refreshToken").map(SecretString::from)
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(crate) struct UserDto {
    #[schema(format = Uuid)]
    id: String,
    email: String,
    name: String,
    /// `user` or `admin`.
    role: &'static str,
    /// `free`, `pro` or `enterprise`.
    plan: &'static str,
    /// The ids of its database connections.
    connected_databases: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// When a session was last begun or refreshed.
    #[schema(format = DateTime)]
    last_active: String,
}

impl UserDto {
    pub(super) fn new(account: &Account, connections: &[Connection]) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email.as_str().to_owned(),
            name: account.name.as_str().to_owned(),
            role: account.role.as_str(),
            plan: account.plan.as_str(),
            connected_databases: connections.iter().map(|connection| connection.id.to_string()).collect(),
            created_at: account.created_at.to_string(),
            last_active: account.last_active.to_string(),
        }
    }
}

/// An account and its new session.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct SignedInDto {
    user: UserDto,
    #[serde(flatten)]
    session: SessionDto,
}

impl SignedInDto {
    pub(super) fn new(account: &Account, connections: &[Connection], tokens: &TokenPair) -> Self {
        Self { user: UserDto::new(account, connections), session: SessionDto::rotated(tokens) }
    }
}

/// What a session's client needs to go on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(crate) struct SessionDto {
    /// The access token.
    pub(super) token: String,
    /// How many seconds it is good for.
    expires_in: u64,
    tokens: TokensDto,
}

impl SessionDto {
    pub(super) fn rotated(pair: &TokenPair) -> Self {
        let refresh_token = Some(pair.refresh_token.expose_secret().to_owned());
        Self::new(pair.access_token.expose_secret(), refresh_token, pair.expires_in)
    }

    pub(super) fn extended(access: &AccessToken) -> Self {
        Self::new(access.token.expose_secret(), None, access.expires_in)
    }

    fn new(access_token: &str, refresh_token: Option<String>, expires_in: u64) -> Self {
        let token = access_token.to_owned();
        let tokens =
            TokensDto { access_token: token.clone(), refresh_token, expires_in, token_type: "Bearer" };
        Self { token, expires_in, tokens }
    }
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tokens)]
pub(crate) struct TokensDto {
    access_token: String,
    /// Good for one refresh. Left out where the one that the client has stays good.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// How many seconds the access token is good for.
    expires_in: u64,
    /// Always `Bearer`.
    token_type: &'static str,
}

/// A session that may be used still.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LiveSession)]
pub(crate) struct LiveSessionDto {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// When its tokens were last refreshed.
    #[schema(format = DateTime)]
    last_used: String,
    /// When it is over unless it is refreshed before.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Where it was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// What it was begun with.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

impl LiveSessionDto {
    pub(super) fn new(session: &Session, own: Option<SessionId>) -> Self {
        Self {
            id: session.id.to_string(),
            created_at: session.created_at.to_string(),
            last_used: session.last_used.to_string(),
            expires_at: session.expires_at.to_string(),
            address: session.client.address.clone(),
            user_agent: session.client.user_agent.clone(),
            current: own == Some(session.id),
        }
    }
}

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Done)]
pub(crate) struct SuccessDto {
    /// Always `true`.
    success: bool,
}

impl SuccessDto {
    pub(super) const DONE: Self = Self { success: true };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::assert_documented;

    #[test]
    fn bodies_are_read_as_documented() {
        assert_documented("RegisterBody", json!({}), registration);
        assert_documented("LoginBody", json!({}), login);
        assert_documented("ProfileBody", json!({}), profile_change);
        assert_documented("ChangePasswordBody", json!({}), password_change);
        assert_documented("RefreshBody", json!({}), refresh_token);
    }
}
