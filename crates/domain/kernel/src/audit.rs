//! The audit log: what was done to accounts and their things, by whom and from where.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use uuid::Uuid;

use crate::{AccountId, ApiKeyId, Page, PageRequest, PortResult, Timestamp, UnknownName};

/// Something that was done, or tried. Never holds a secret, an e-mail address or a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Its id. Ids rise with time, so they are the log's order.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// The account whose log it is in; `None` where no account is concerned, as in a login with an
    /// unknown address.
    pub account_id: Option<AccountId>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: AuditAction,
    /// The id of what it was done to, where that isn't the account itself.
    pub target: Option<String>,
    /// Where the call came from.
    pub origin: Origin,
    /// Whether it was done.
    pub outcome: Outcome,
}

impl AuditEvent {
    /// Something that `actor` did, in the log of its own account.
    #[must_use]
    pub fn new(id: Uuid, at: Timestamp, actor: Actor, action: AuditAction, origin: &Origin) -> Self {
        let (account_id, origin) = (actor.account_id(), origin.clone());
        Self { id, at, account_id, actor, action, target: None, origin, outcome: Outcome::Succeeded }
    }

    /// The same, in the log of this account.
    #[must_use]
    pub fn in_log_of(mut self, account_id: AccountId) -> Self {
        self.account_id = Some(account_id);
        self
    }

    /// The same, done to what has this id.
    #[must_use]
    pub fn about(mut self, id: impl fmt::Display) -> Self {
        self.target = Some(id.to_string());
        self
    }

    /// The same, refused.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.outcome = Outcome::Refused;
        self
    }
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Nobody who is known.
    Anonymous,
    /// An account's owner, by password, session or refresh token.
    Account(AccountId),
    /// An API key.
    ApiKey {
        /// Whose it is.
        account: AccountId,
        /// The key.
        key: ApiKeyId,
    },
    /// The operator of the installation, on its command line.
    Operator,
}

impl Actor {
    /// The account behind it.
    #[must_use]
    pub fn account_id(self) -> Option<AccountId> {
        match self {
            Self::Account(account) | Self::ApiKey { account, .. } => Some(account),
            Self::Anonymous | Self::Operator => None,
        }
    }
}

/// What is at the other end of a call: each part cut to a length that is fit to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    request_id: String,
    address: Option<String>,
    user_agent: Option<String>,
}

impl Origin {
    /// The most characters of a request's id.
    pub const MAX_REQUEST_ID_CHARS: usize = 128;
    /// The most characters of an address, and of what a program calls itself.
    pub const MAX_TEXT_CHARS: usize = 255;

    /// The origin of the request `request_id`.
    #[must_use]
    pub fn new(request_id: &str, address: Option<&str>, user_agent: Option<&str>) -> Self {
        let cut = |text: &str, chars: usize| text.chars().take(chars).collect();
        Self {
            request_id: cut(request_id, Self::MAX_REQUEST_ID_CHARS),
            address: address.map(|text| cut(text, Self::MAX_TEXT_CHARS)),
            user_agent: user_agent.map(|text| cut(text, Self::MAX_TEXT_CHARS)),
        }
    }

    /// The origin of what this program does by itself or by its command line, under an id of that
    /// run.
    #[must_use]
    pub fn local(run: Uuid) -> Self {
        Self::new(&run.to_string(), None, None)
    }

    /// The id of the request.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The client's address.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// What the client's program calls itself.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }
}

/// What was done. The names are stable: they stand in logs that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// An account was made.
    AccountRegistered,
    /// An account was deactivated.
    AccountDeactivated,
    /// A deactivated account was taken back.
    AccountReactivated,
    /// An account's plan was changed.
    PlanChanged,
    /// An account's role was changed.
    RoleChanged,
    /// A name or an e-mail address was changed.
    ProfileChanged,
    /// A password was changed by its owner.
    PasswordChanged,
    /// A password was set by the operator.
    PasswordReset,
    /// Somebody logged in.
    SessionBegun,
    /// A login failed.
    SessionRefused,
    /// A session was ended.
    SessionEnded,
    /// A refresh token was used twice, which ended its session.
    SessionReused,
    /// An API key was made.
    KeyCreated,
    /// An API key's name or rights were changed.
    KeyChanged,
    /// An API key got a new secret.
    KeyRegenerated,
    /// The secret of an API key was shown again.
    KeyRevealed,
    /// An API key was taken back.
    KeyRevoked,
    /// An API key's own limits were set or lifted.
    KeyLimitsChanged,
    /// A database was registered.
    ConnectionCreated,
    /// A registered database's name, address, login or options were changed.
    ConnectionUpdated,
    /// A registered database was forgotten.
    ConnectionRemoved,
    /// An index was to be made in a registered database.
    IndexRequested,
    /// The vectors of a table of a registered database were to be built.
    VectorIndexCreated,
    /// The vectors of a table of a registered database were to be forgotten.
    VectorIndexRemoved,
    /// A table of a registered database was made an entity.
    EntityRegistered,
    /// What an entity shows, allows or is called was changed.
    EntityChanged,
    /// An entity was forgotten; its table stays as it is.
    EntityForgotten,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 27] = [
        Self::AccountRegistered,
        Self::AccountDeactivated,
        Self::AccountReactivated,
        Self::PlanChanged,
        Self::RoleChanged,
        Self::ProfileChanged,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::SessionBegun,
        Self::SessionRefused,
        Self::SessionEnded,
        Self::SessionReused,
        Self::KeyCreated,
        Self::KeyChanged,
        Self::KeyRegenerated,
        Self::KeyRevealed,
        Self::KeyRevoked,
        Self::KeyLimitsChanged,
        Self::ConnectionCreated,
        Self::ConnectionUpdated,
        Self::ConnectionRemoved,
        Self::IndexRequested,
        Self::VectorIndexCreated,
        Self::VectorIndexRemoved,
        Self::EntityRegistered,
        Self::EntityChanged,
        Self::EntityForgotten,
    ];

    /// The name in answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountRegistered => "account.registered",
            Self::AccountDeactivated => "account.deactivated",
            Self::AccountReactivated => "account.reactivated",
            Self::PlanChanged => "account.plan_changed",
            Self::RoleChanged => "account.role_changed",
            Self::ProfileChanged => "profile.changed",
            Self::PasswordChanged => "password.changed",
            Self::PasswordReset => "password.reset",
            Self::SessionBegun => "session.begun",
            Self::SessionRefused => "session.refused",
            Self::SessionEnded => "session.ended",
            Self::SessionReused => "session.reused",
            Self::KeyCreated => "key.created",
            Self::KeyChanged => "key.changed",
            Self::KeyRegenerated => "key.regenerated",
            Self::KeyRevealed => "key.revealed",
            Self::KeyRevoked => "key.revoked",
            Self::KeyLimitsChanged => "key.limits_changed",
            Self::ConnectionCreated => "connection.created",
            Self::ConnectionUpdated => "connection.updated",
            Self::ConnectionRemoved => "connection.removed",
            Self::IndexRequested => "connection.index_requested",
            Self::VectorIndexCreated => "connection.vectors_created",
            Self::VectorIndexRemoved => "connection.vectors_removed",
            Self::EntityRegistered => "entity.registered",
            Self::EntityChanged => "entity.changed",
            Self::EntityForgotten => "entity.forgotten",
        }
    }
}

impl FromStr for AuditAction {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(UnknownName)
    }
}

/// Whether something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was.
    Succeeded,
    /// It was not.
    Refused,
}

impl Outcome {
    /// The name in answers and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
        }
    }
}

impl FromStr for Outcome {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        [Self::Succeeded, Self::Refused].into_iter().find(|known| known.as_str() == text).ok_or(UnknownName)
    }
}

/// Which events are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Those in the log of this account alone.
    pub account_id: Option<AccountId>,
}

/// Keeps events, and outlives what they are about. Nothing changes or removes one.
///
/// What changes something is kept by the repository that changes it, in the same transaction; this
/// is for what changes nothing, and for reading.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Keeps an event.
    ///
    /// Errors: `Conflict` when one of its id is there already, which MUST stay as it is.
    async fn append(&self, event: &AuditEvent) -> PortResult<()>;

    /// Events, the newest first.
    async fn list(&self, filter: &AuditFilter, page: PageRequest) -> PortResult<Page<AuditEvent>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_actions_match_one_to_one() {
        for action in AuditAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(action));
        }
        assert_eq!("account.erased".parse::<AuditAction>(), Err(UnknownName));
    }

    #[test]
    fn an_origin_is_cut_to_what_can_be_kept() {
        let long = "ü".repeat(1_000);
        let origin = Origin::new(&long, Some(&long), Some(&long));
        assert_eq!(origin.request_id().chars().count(), 128);
        assert_eq!(origin.address().map(|text| text.chars().count()), Some(255));
        assert_eq!(origin.user_agent().map(|text| text.chars().count()), Some(255));
    }

    #[test]
    fn what_a_key_does_is_in_the_log_of_its_account() {
        let account = AccountId::from_uuid(Uuid::from_u128(1));
        let actor = Actor::ApiKey { account, key: ApiKeyId::from_uuid(Uuid::from_u128(2)) };
        assert_eq!(actor.account_id(), Some(account));
        assert_eq!(Actor::Operator.account_id(), None);
    }
}
