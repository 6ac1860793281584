//! Whose connections these are, and what a table of theirs has.

use super::*;

pub(super) fn account(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn principal(owner: u128) -> Principal {
    Principal {
        account_id: account(owner),
        role: Role::User,
        tier: Plan::Pro,
        permissions: PermissionSet::of(&[Permission::DatabaseRead, Permission::DatabaseWrite]),
        credential: Credential::Session { id: SessionId::from_uuid(Uuid::from_u128(1)) },
    }
}

pub(super) fn reader(owner: u128) -> Granted<DatabaseRead> {
    principal(owner).require().unwrap()
}

pub(super) fn writer(owner: u128) -> Granted<DatabaseWrite> {
    principal(owner).require().unwrap()
}

pub(super) fn articles() -> DiscoveredTable {
    let column = |name: &str, kind, declared: &str| DiscoveredColumn {
        name: name.to_owned(),
        kind,
        declared_type: declared.to_owned(),
        ..DiscoveredColumn::default()
    };
    let text = ColumnKind::Text { max_chars: None };
    DiscoveredTable {
        name: "articles".to_owned(),
        columns: vec![
            column("id", ColumnKind::Integer, "BIGINT"),
            column("body", text, "TEXT"),
            column("title", text, "TEXT"),
            column("version", ColumnKind::Integer, "BIGINT"),
        ],
        primary_key: vec!["id".to_owned()],
        estimated_rows: Some(500),
        ..DiscoveredTable::default()
    }
}

pub(super) fn row(id: i64, body: &str, version: i64) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    vec![Value::Int(id), text(body), text("A title"), Value::Int(version)]
}

pub(super) fn rows(count: i64) -> Vec<Vec<Value>> {
    (1..=count).map(|id| row(id, &format!("body number {id}"), 1)).collect()
}
