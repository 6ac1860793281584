//! The cases of the [`ConnectionRepository`](crate::ConnectionRepository) contract about changing a
//! connection.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{
    AccountId, AuditFilter, PageRequest, Plan, PortResult, SealedSecret, testkit::sample_event, uuid::Uuid,
};
use futures::future::join_all;

use crate::{
    Connection, ConnectionName, ConnectionOptions, ConnectionStatus, DatabaseName, Endpoint, Host,
    NAME_CONSTRAINT, SearchDefaults, SearchLanguage, StoredConnection, Tls, UserName,
    testkit::{ConnectionsSubject, sample_connection},
};

const MILLISECOND: Duration = Duration::from_millis(1);

/// Makes account 1 with connection 1, named "main", and an event of number 1.
async fn furnish(subject: &dyn ConnectionsSubject) -> StoredConnection {
    let owner = AccountId::from_uuid(Uuid::from_u128(1));
    subject.add_account(owner, Plan::Pro).await;
    add(subject, sample_connection(1, owner, "main")).await
}

async fn add(subject: &dyn ConnectionsSubject, stored: StoredConnection) -> StoredConnection {
    let connection = &stored.connection;
    let event = sample_event(connection.id.as_uuid().as_u128(), connection.account_id);
    subject.connections().insert(&stored, None, &event).await.expect("insert");
    stored
}

/// Replaces with an event of this number.
async fn replace(
    subject: &dyn ConnectionsSubject,
    before: &Connection,
    after: &Connection,
    password: Option<&SealedSecret>,
    number: u128,
) -> PortResult<bool> {
    let event = sample_event(number, before.account_id);
    subject.connections().replace(before, after, password.cloned(), &event).await
}

async fn found(subject: &dyn ConnectionsSubject, of: &Connection) -> Option<StoredConnection> {
    subject.connections().find(of.account_id, of.id).await.expect("find")
}

/// The numbers of the events that are kept.
async fn events(subject: &dyn ConnectionsSubject) -> Vec<u128> {
    let kept = subject.audit().list(&AuditFilter::default(), PageRequest::default()).await.expect("list");
    let mut numbers: Vec<_> = kept.items.iter().map(|event| event.id.as_u128()).collect();
    numbers.sort_unstable();
    numbers
}

/// The next state of a connection, in which nothing else is changed.
fn next(connection: &Connection) -> Connection {
    Connection {
        generation: connection.generation + 1,
        updated_at: connection.updated_at + MILLISECOND,
        ..connection.clone()
    }
}

fn named(connection: &Connection, name: &str) -> Connection {
    Connection { name: ConnectionName::parse(name).expect("a name"), ..next(connection) }
}

/// Every part that can be changed comes back as it was given, and can be changed again.
pub async fn a_replaced_connection_is_found_as_it_was_given(subject: &dyn ConnectionsSubject) {
    let before = furnish(subject).await;
    let other = add(subject, sample_connection(2, before.connection.account_id, "other")).await;
    let changed = Connection {
        name: ConnectionName::parse("Žluťoučký kůň").expect("a name"),
        endpoint: Endpoint::Server {
            host: Host::parse("2001:db8::1").expect("a host"),
            port: 65_535,
            username: UserName::parse("writer@'%' \\").expect("a user"),
            tls: Tls::Required {
                verify: false,
                ca: Some("x".repeat(60_000)),
                server_name: Some("db".into()),
            },
        },
        database: DatabaseName::parse("データ").expect("a database"),
        options: ConnectionOptions::new(50, 120_000).expect("options"),
        search: SearchDefaults {
            tables: vec!["articles".into(), "Ünïcode \"t\"".into()],
            allow_external_ai: true,
            language: SearchLanguage::German,
        },
        is_active: false,
        status: ConnectionStatus::Error,
        last_connected: Some(before.connection.created_at + Duration::from_millis(123)),
        ..next(&before.connection)
    };
    let password = SealedSecret("v1.k2.".repeat(100));
    assert!(replace(subject, &before.connection, &changed, Some(&password), 10).await.expect("replace"));
    let expected = StoredConnection { connection: changed.clone(), password };
    assert_eq!(found(subject, &changed).await, Some(expected.clone()));

    let back = Connection {
        generation: changed.generation + 1,
        updated_at: changed.updated_at + MILLISECOND,
        ..before.connection.clone()
    };
    assert!(replace(subject, &changed, &back, None, 11).await.expect("replace"));
    let expected = StoredConnection { connection: back.clone(), ..expected };
    assert_eq!(found(subject, &back).await, Some(expected));
    assert_eq!(found(subject, &other.connection).await, Some(other));
}

/// A password that is not given is not touched.
pub async fn without_another_password_the_sealed_one_stays(subject: &dyn ConnectionsSubject) {
    let before = furnish(subject).await;
    let changed = next(&before.connection);
    assert!(replace(subject, &before.connection, &changed, None, 10).await.expect("replace"));
    let kept = found(subject, &changed).await.expect("it is there");
    assert_eq!((kept.connection, kept.password), (changed, before.password));
}

/// Whoever changes an older state than the present one changes nothing.
pub async fn what_was_changed_meanwhile_is_not_replaced(subject: &dyn ConnectionsSubject) {
    let before = furnish(subject).await;
    let first = next(&before.connection);
    assert!(replace(subject, &before.connection, &first, None, 10).await.expect("replace"));
    let late = named(&before.connection, "late");
    let password = SealedSecret("v1.late.x".to_owned());
    assert!(!replace(subject, &before.connection, &late, Some(&password), 11).await.expect("replace"));
    let expected = StoredConnection { connection: first.clone(), ..before.clone() };
    assert_eq!(found(subject, &first).await, Some(expected));

    // One of the two is enough to tell.
    for stale in [
        Connection { generation: 1, ..first.clone() },
        Connection { updated_at: before.connection.updated_at, ..first.clone() },
    ] {
        assert!(!replace(subject, &stale, &late, None, 12).await.expect("replace"));
    }
    // What was found at a call is no change.
    let connections = subject.connections();
    let seen = Some(first.updated_at);
    let noted = connections.note_status(first.account_id, first.id, ConnectionStatus::Connected, seen);
    noted.await.expect("note status");
    assert!(replace(subject, &first, &named(&first, "again"), None, 13).await.expect("replace"));
    assert_eq!(events(subject).await, [1, 10, 13]);
}

/// Of many who change the same state at once, one does.
pub async fn of_many_replacements_at_once_one_is_made(subject: &dyn ConnectionsSubject) {
    let before = furnish(subject).await.connection;
    let before = &before;
    let attempts = (0_u8..8).map(|number| async move {
        let after = named(before, &format!("name {number}"));
        let password = SealedSecret(format!("v1.k1.{number}"));
        replace(subject, before, &after, Some(&password), 100 + u128::from(number)).await.expect("replace")
    });
    let made: Vec<bool> = join_all(attempts).await;
    let winners: Vec<_> = (0..).zip(&made).filter(|(_, made)| **made).map(|(number, _)| number).collect();
    let [winner] = winners[..] else { panic!("{made:?}") };
    let kept = found(subject, before).await.expect("it is there");
    assert_eq!(kept.connection.name.as_str(), format!("name {winner}"));
    assert_eq!(kept.password, SealedSecret(format!("v1.k1.{winner}")));
    assert_eq!(events(subject).await, [1, 100 + winner]);
}

/// A name is unique in its account also after changes; to write one's own in another way is none.
pub async fn a_replacement_takes_no_name_that_another_has(subject: &dyn ConnectionsSubject) {
    let before = furnish(subject).await;
    let owner = before.connection.account_id;
    add(subject, sample_connection(2, owner, "Other")).await;
    let taken = named(&before.connection, "oTHER");
    let refused = replace(subject, &before.connection, &taken, None, 10).await.expect_err("taken");
    assert!(refused.is_conflict_on(NAME_CONSTRAINT), "{refused:?}");
    assert_eq!(found(subject, &before.connection).await.as_ref(), Some(&before));
    assert_eq!(events(subject).await, [1, 2]);

    let own = named(&before.connection, "MAIN");
    assert!(replace(subject, &before.connection, &own, None, 11).await.expect("replace"));
    // The name it had is free for others.
    let moved = named(&own, "third");
    assert!(replace(subject, &own, &moved, None, 12).await.expect("replace"));
    add(subject, sample_connection(3, owner, "main")).await;
}

/// Neither an unknown connection nor another account's.
pub async fn what_is_not_there_is_not_replaced(subject: &dyn ConnectionsSubject) {
    let before = furnish(subject).await;
    let other = AccountId::from_uuid(Uuid::from_u128(2));
    subject.add_account(other, Plan::Pro).await;
    let foreign = Connection { account_id: other, ..before.connection.clone() };
    assert!(!replace(subject, &foreign, &named(&foreign, "mine"), None, 10).await.expect("replace"));
    let unknown = sample_connection(9, before.connection.account_id, "unknown").connection;
    assert!(!replace(subject, &unknown, &named(&unknown, "new"), None, 11).await.expect("replace"));
    assert_eq!(found(subject, &before.connection).await, Some(before));
    assert_eq!(found(subject, &unknown).await, None);
    assert_eq!(events(subject).await, [1]);
}

/// Where the event can't be kept, the change isn't made.
pub async fn a_replacement_and_its_event_are_kept_together(subject: &dyn ConnectionsSubject) {
    let before = furnish(subject).await;
    let changed = next(&before.connection);
    let password = SealedSecret("v1.k1.x".to_owned());
    let refused = replace(subject, &before.connection, &changed, Some(&password), 1).await;
    refused.expect_err("the event's id is taken");
    assert_eq!(found(subject, &before.connection).await.as_ref(), Some(&before));
    assert!(replace(subject, &before.connection, &changed, Some(&password), 2).await.expect("replace"));
    assert_eq!(events(subject).await, [1, 2]);
}
