//! Events of the audit log as answers show them.

use altus4_kernel::{AccountId, Actor, AuditEvent};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that was done, or tried.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEvent)]
pub(crate) struct AuditEventDto {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = DateTime)]
    timestamp: String,
    /// What was done.
    #[schema(example = "session.begun")]
    action: &'static str,
    /// `succeeded` or `refused`.
    outcome: &'static str,
    actor: ActorDto,
    /// The account whose log it is in.
    #[schema(format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    /// The id of what it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// The request that did it.
    request_id: String,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// What the client's program calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Actor)]
pub(crate) struct ActorDto {
    /// `account`, `apiKey`, `operator` (the command line), `anonymous`, or, in an account's own log,
    /// `administrator`.
    #[serde(rename = "type")]
    kind: &'static str,
    #[schema(format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[schema(format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<String>,
}

impl AuditEventDto {
    /// The whole event, for administrators.
    pub(super) fn whole(event: &AuditEvent) -> Self {
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        Self {
            id: event.id.to_string(),
            timestamp: event.at.to_string(),
            action: event.action.as_str(),
            outcome: event.outcome.as_str(),
            actor: ActorDto::from(event.actor),
            account_id: event.account_id.map(|id| id.to_string()),
            target: event.target.clone(),
            request_id: event.origin.request_id().to_owned(),
            address: owned(event.origin.address()),
            user_agent: owned(event.origin.user_agent()),
        }
    }

    /// The event as the owner of this account may see it: of an administrator, not who or where.
    pub(super) fn own(event: &AuditEvent, owner: AccountId) -> Self {
        let shown = Self::whole(event);
        if event.actor.account_id().is_none_or(|actor| actor == owner) {
            return shown;
        }
        let actor = ActorDto { kind: "administrator", account_id: None, api_key_id: None };
        Self { actor, address: None, user_agent: None, ..shown }
    }
}

impl From<Actor> for ActorDto {
    fn from(actor: Actor) -> Self {
        let (kind, api_key_id) = match actor {
            Actor::Anonymous => ("anonymous", None),
            Actor::Account(_) => ("account", None),
            Actor::ApiKey { key, .. } => ("apiKey", Some(key.to_string())),
            Actor::Operator => ("operator", None),
        };
        Self { kind, account_id: actor.account_id().map(|id| id.to_string()), api_key_id }
    }
}

#[cfg(test)]
mod tests {
    use altus4_kernel::{AuditAction, Origin, Timestamp, uuid::Uuid};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_owner_is_not_told_which_administrator_it_was() {
        let [owner, admin] = [1, 2].map(|id| AccountId::from_uuid(Uuid::from_u128(id)));
        let origin = Origin::new("r-1", Some("192.0.2.1"), Some("a browser"));
        let at = Timestamp::from_unix_seconds(0).unwrap();
        let event =
            AuditEvent::new(Uuid::nil(), at, Actor::Account(admin), AuditAction::PlanChanged, &origin);
        let event = event.in_log_of(owner);
        let shown = |dto: AuditEventDto| serde_json::to_value(dto).unwrap();
        let own = shown(AuditEventDto::own(&event, owner));
        assert_eq!(own["actor"], json!({ "type": "administrator" }));
        assert_eq!((&own["address"], &own["userAgent"]), (&Value::Null, &Value::Null));
        let whole = shown(AuditEventDto::whole(&event));
        assert_eq!(whole["actor"], json!({ "type": "account", "accountId": admin.to_string() }));
        assert_eq!(whole["address"], "192.0.2.1");
    }
}
