//! The cases of the [`EntityRepository`](crate::EntityRepository) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use altus4_kernel::{
    AccountId, AuditEvent, AuditFilter, ConnectionId, PageRequest, PortErrorKind, PortResult,
    testkit::sample_event, uuid::Uuid,
};
use futures::future::join_all;

use crate::{
    ENTITY_LIMIT_CONSTRAINT, ENTITY_NAME_CONSTRAINT, Entity, EntityName, EntitySettings, Exposure, FieldCase,
    FieldRule, Operation, RelationKind, RelationRule, ThroughRule,
    testkit::{EntitiesSubject, sample_entity},
};

const LIMIT: u32 = 3;

fn account(number: u8) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number.into()))
}

fn connection(number: u8) -> ConnectionId {
    ConnectionId::from_uuid(Uuid::from_u128(number.into()))
}

fn name(text: &str) -> EntityName {
    EntityName::parse(text).expect("a name")
}

/// The entity of this number, of account 1 over connection 1.
fn entity(number: u128, name: &str) -> Entity {
    sample_entity(number, account(1), connection(1), name)
}

fn event(number: u128) -> AuditEvent {
    sample_event(8_000 + number, account(1))
}

async fn insert(subject: &dyn EntitiesSubject, entities: &[Entity]) -> PortResult<()> {
    let events: Vec<_> = entities.iter().map(|entity| event(entity.id.as_uuid().as_u128())).collect();
    subject.entities().insert(entities, LIMIT, &events).await
}

async fn list(subject: &dyn EntitiesSubject, number: u8) -> Vec<Entity> {
    subject.entities().list(account(number)).await.expect("list")
}

async fn events(subject: &dyn EntitiesSubject) -> u64 {
    let filter = AuditFilter { account_id: Some(account(1)) };
    let page = subject.audit().list(&filter, PageRequest::default()).await.expect("list");
    page.items.iter().filter(|kept| kept.id >= event(0).id).count().try_into().expect("a few")
}

#[track_caller]
fn assert_conflict(outcome: PortResult<impl std::fmt::Debug>, constraint: &str) {
    let refused = outcome.expect_err("a conflict");
    assert!(refused.is_conflict_on(constraint), "{refused:?}");
}

/// With all that is said of it, and names of any script.
pub async fn an_entity_is_found_as_it_was_registered(subject: &dyn EntitiesSubject) {
    subject.add_connection(1, 1).await;
    let mut full = entity(1, "a-b_9");
    "žába ".clone_into(&mut full.table);
    full.settings = EntitySettings {
        primary_key: vec!["x".into(), "y".into()],
        field_case: FieldCase::AsIs,
        fields: vec![
            FieldRule { column: "x".into(), name: Some("🦀".into()), exposure: Exposure::ReadOnly },
            FieldRule { column: "y".into(), name: None, exposure: Exposure::Hidden },
        ],
        relations: vec![RelationRule {
            name: "tags".into(),
            kind: RelationKind::ManyToMany,
            entity: name("tags"),
            column: "x".into(),
            target: "a_x".into(),
            through: Some(ThroughRule { table: "a_tags".into(), column: "tag".into(), target: "id".into() }),
        }],
        operations: vec![Operation::List, Operation::Delete],
        read_only: true,
        date_field: Some("made".into()),
    };
    let plain = entity(2, "plain");
    insert(subject, &[full.clone(), plain.clone()]).await.expect("insert");
    assert_eq!(list(subject, 1).await, [full, plain]);
    assert_eq!(list(subject, 2).await, []);
    assert_eq!(events(subject).await, 2);
    assert!(subject.entities().is_known(&name("plain")).await.expect("an answer"));
    assert!(!subject.entities().is_known(&name("other")).await.expect("an answer"));
}

/// A name that is taken keeps all of them out, and their events.
pub async fn names_are_unique_in_an_account(subject: &dyn EntitiesSubject) {
    subject.add_connection(1, 1).await;
    subject.add_connection(2, 2).await;
    insert(subject, &[entity(1, "a")]).await.expect("insert");
    assert_conflict(insert(subject, &[entity(2, "b"), entity(3, "a")]).await, ENTITY_NAME_CONSTRAINT);
    assert_eq!(list(subject, 1).await, [entity(1, "a")]);
    assert_eq!(events(subject).await, 1);
    let others = sample_entity(4, account(2), connection(2), "a");
    subject.entities().insert(std::slice::from_ref(&others), LIMIT, &[]).await.expect("insert");
    assert_eq!(list(subject, 2).await, [others]);
    insert(subject, &[entity(5, "b")]).await.expect("insert");
    let (before, after) = (entity(5, "b"), Entity { revision: 2, name: name("a"), ..entity(5, "b") });
    let outcome = subject.entities().replace(&before, &after, &event(50)).await;
    assert_conflict(outcome, ENTITY_NAME_CONSTRAINT);
    assert_eq!(events(subject).await, 2);
}

/// Also when calls come at once.
pub async fn an_account_has_a_bounded_number(subject: &dyn EntitiesSubject) {
    subject.add_connection(1, 1).await;
    let too_many: Vec<_> = (1..=4).map(|number| entity(number, &format!("e{number}"))).collect();
    assert_conflict(insert(subject, &too_many).await, ENTITY_LIMIT_CONSTRAINT);
    assert_eq!(list(subject, 1).await, []);
    let calls =
        (11..19).map(|number| async move { insert(subject, &[entity(number, &format!("e{number}"))]).await });
    let outcomes = join_all(calls).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert_conflict(outcome, ENTITY_LIMIT_CONSTRAINT);
    }
    assert_eq!(list(subject, 1).await.len(), 3);
}

/// A connection that is gone, or another's.
pub async fn an_entity_is_of_a_connection_of_its_account(subject: &dyn EntitiesSubject) {
    subject.add_connection(1, 1).await;
    subject.add_connection(2, 2).await;
    for wrong in [2, 9] {
        let wrong = sample_entity(1, account(1), connection(wrong), "a");
        let refused = insert(subject, &[wrong]).await.expect_err("refused");
        assert_eq!(refused.kind, PortErrorKind::Rejected);
    }
    assert_eq!((list(subject, 1).await.len(), events(subject).await), (0, 0));
}

/// One of two who know the same revision changes it.
pub async fn an_entity_is_changed_as_it_was_known(subject: &dyn EntitiesSubject) {
    subject.add_connection(1, 1).await;
    let before = entity(1, "a");
    insert(subject, std::slice::from_ref(&before)).await.expect("insert");
    let mut after = Entity { revision: 2, name: name("b"), ..before.clone() };
    after.settings.read_only = true;
    let replace = async |number, before: &Entity, after: &Entity| {
        subject.entities().replace(before, after, &event(number)).await.expect("an answer")
    };
    assert!(replace(11, &before, &after).await);
    assert!(!replace(12, &before, &after).await);
    assert_eq!(list(subject, 1).await, [after.clone()]);
    assert_eq!(events(subject).await, 2);
    let of_another = Entity { account_id: account(2), ..after.clone() };
    assert!(!replace(13, &of_another, &of_another).await);
    assert!(!subject.entities().remove(account(2), after.id, &event(14)).await.expect("an answer"));
    assert!(subject.entities().remove(account(1), after.id, &event(15)).await.expect("an answer"));
    assert!(!subject.entities().remove(account(1), after.id, &event(16)).await.expect("an answer"));
    assert_eq!((list(subject, 1).await.len(), events(subject).await), (0, 3));
}

/// With its connection, and with its account.
pub async fn an_entity_goes_with_what_it_is_of(subject: &dyn EntitiesSubject) {
    subject.add_connection(1, 1).await;
    subject.add_connection(1, 3).await;
    let other = sample_entity(2, account(1), connection(3), "b");
    insert(subject, &[entity(1, "a")]).await.expect("insert");
    insert(subject, std::slice::from_ref(&other)).await.expect("insert");
    subject.remove_connection(1, 1).await;
    assert_eq!(list(subject, 1).await, std::slice::from_ref(&other));
    assert!(!subject.entities().is_known(&name("a")).await.expect("an answer"));
    // Its name is free again.
    let again = sample_entity(3, account(1), connection(3), "a");
    insert(subject, std::slice::from_ref(&again)).await.expect("insert");
    subject.deactivate(1).await;
    assert_eq!(list(subject, 1).await, []);
    assert!(!subject.entities().is_known(&name("b")).await.expect("an answer"));
}
