//! Rows of `audit_events`.

use std::str::FromStr;

use altus4_kernel::{AccountId, Actor, ApiKeyId, AuditEvent, Origin};
use sea_orm::entity::prelude::*;

use crate::{error::Fault, moment::Moment};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TextUuid,
    pub(crate) at: Moment,
    /// Whose log it is in. It refers to nothing: the log outlives the account. Text, since sea-orm
    /// takes a `NULL` in a column of optional UUIDs for a fault.
    pub(crate) account_id: Option<String>,
    pub(crate) actor: String,
    pub(crate) actor_account_id: Option<String>,
    pub(crate) actor_key_id: Option<String>,
    pub(crate) action: String,
    pub(crate) target: Option<String>,
    pub(crate) request_id: String,
    pub(crate) client_address: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) outcome: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const ANONYMOUS: &str = "anonymous";
const ACCOUNT: &str = "account";
const API_KEY: &str = "api_key";
const OPERATOR: &str = "operator";

impl From<&AuditEvent> for Model {
    fn from(event: &AuditEvent) -> Self {
        let (actor, key) = match event.actor {
            Actor::Anonymous => (ANONYMOUS, None),
            Actor::Account(_) => (ACCOUNT, None),
            Actor::ApiKey { key, .. } => (API_KEY, Some(key)),
            Actor::Operator => (OPERATOR, None),
        };
        let account = |id: Option<AccountId>| id.map(|id| id.to_string());
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        Self {
            id: TextUuid(event.id),
            at: event.at.into(),
            account_id: account(event.account_id),
            actor: actor.to_owned(),
            actor_account_id: account(event.actor.account_id()),
            actor_key_id: key.map(|key| key.to_string()),
            action: event.action.as_str().to_owned(),
            target: event.target.clone(),
            request_id: event.origin.request_id().to_owned(),
            client_address: owned(event.origin.address()),
            user_agent: owned(event.origin.user_agent()),
            outcome: event.outcome.as_str().to_owned(),
        }
    }
}

impl Model {
    fn actor(&self) -> Result<Actor, Fault> {
        let account = id::<AccountId>(self.actor_account_id.as_deref(), "audit_events.actor_account_id")?;
        let key = id::<ApiKeyId>(self.actor_key_id.as_deref(), "audit_events.actor_key_id")?;
        match (self.actor.as_str(), account, key) {
            (ANONYMOUS, ..) => Ok(Actor::Anonymous),
            (ACCOUNT, Some(account), _) => Ok(Actor::Account(account)),
            (API_KEY, Some(account), Some(key)) => Ok(Actor::ApiKey { account, key }),
            (OPERATOR, ..) => Ok(Actor::Operator),
            _ => Err(Fault::Corrupt("audit_events.actor")),
        }
    }
}

fn id<I: FromStr>(text: Option<&str>, column: &'static str) -> Result<Option<I>, Fault> {
    text.map(str::parse).transpose().map_err(|_| Fault::Corrupt(column))
}

impl TryFrom<Model> for AuditEvent {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        Ok(Self {
            id: row.id.0,
            at: row.at.into(),
            account_id: id(row.account_id.as_deref(), "audit_events.account_id")?,
            actor: row.actor()?,
            action: row.action.parse().map_err(|_| Fault::Corrupt("audit_events.action"))?,
            origin: Origin::new(&row.request_id, row.client_address.as_deref(), row.user_agent.as_deref()),
            outcome: row.outcome.parse().map_err(|_| Fault::Corrupt("audit_events.outcome"))?,
            target: row.target,
        })
    }
}
