//! The cases of the [`ConnectionRepository`](crate::ConnectionRepository) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

use std::time::Duration;

use altus4_kernel::{
    AccountId, AuditEvent, AuditFilter, ConnectionId, PageRequest, Plan, PortResult, SealedSecret,
    testkit::sample_event, uuid::Uuid,
};
use futures::future::join_all;

use crate::{
    Connection, ConnectionName, ConnectionOptions, ConnectionStatus, DatabaseName, Endpoint, Engine, Host,
    NAME_CONSTRAINT, PLAN_CONSTRAINT, SearchDefaults, SearchLanguage, StoredConnection, Tls, UserName,
    testkit::{ConnectionsSubject, sample_connection},
};

const MILLISECOND: Duration = Duration::from_millis(1);

fn account(number: u8) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number.into()))
}

/// Makes account 1.
async fn owner(subject: &dyn ConnectionsSubject) -> AccountId {
    subject.add_account(account(1), Plan::Pro).await;
    account(1)
}

/// Stores a connection with an event of its id.
async fn insert(
    subject: &dyn ConnectionsSubject,
    stored: &StoredConnection,
    limit: Option<u32>,
) -> PortResult<()> {
    let connection = &stored.connection;
    let event = sample_event(connection.id.as_uuid().as_u128(), connection.account_id);
    subject.connections().insert(stored, limit, &event).await
}

/// Removes a connection with an event of 1000 and its id.
async fn remove(
    subject: &dyn ConnectionsSubject,
    account_id: AccountId,
    id: ConnectionId,
) -> PortResult<bool> {
    let event = sample_event(1_000 + id.as_uuid().as_u128(), account_id);
    subject.connections().remove(account_id, id, &event).await
}

async fn events(subject: &dyn ConnectionsSubject) -> Vec<AuditEvent> {
    subject.audit().list(&AuditFilter::default(), PageRequest::default()).await.expect("list").items
}

async fn store(subject: &dyn ConnectionsSubject, stored: &StoredConnection) {
    insert(subject, stored, None).await.expect("insert");
}

async fn find(subject: &dyn ConnectionsSubject, stored: &StoredConnection) -> Option<StoredConnection> {
    let connection = &stored.connection;
    subject.connections().find(connection.account_id, connection.id).await.expect("find")
}

async fn list(subject: &dyn ConnectionsSubject, account_id: AccountId) -> Vec<StoredConnection> {
    subject.connections().list(account_id).await.expect("list")
}

fn assert_conflict(outcome: PortResult<()>, constraint: &str) {
    let refused = outcome.expect_err("a conflict");
    assert!(refused.is_conflict_on(constraint), "{refused:?}");
}

/// Every part of a connection comes back, alone and in the list, whatever its kind.
pub async fn a_connection_is_found_as_it_was_stored(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    let server = |host: &str, port, tls| Endpoint::Server {
        host: Host::parse(host).expect("a host"),
        port,
        username: UserName::parse("reader@'%' \\").expect("a user"),
        tls,
    };
    let certificate = format!("-----BEGIN CERTIFICATE-----\n{}\n", "A".repeat(100_000));
    let endpoints = [
        (Engine::MySql, server("db.example.com", 1, Tls::Disabled)),
        (
            Engine::MySql,
            server("2001:db8::1", 65_535, Tls::Required { verify: false, ca: None, server_name: None }),
        ),
        (
            Engine::MySql,
            server(
                "10.0.0.7",
                3306,
                Tls::Required { verify: true, ca: Some(certificate), server_name: Some("db".into()) },
            ),
        ),
        (Engine::Sqlite, Endpoint::File),
    ];
    for (number, (engine, endpoint)) in (1u8..).zip(endpoints) {
        let sample = sample_connection(number.into(), owner, &format!("connection {number}"));
        let stored = StoredConnection {
            connection: Connection {
                engine,
                endpoint,
                database: DatabaseName::parse("dir/shop.db").expect("a database"),
                options: ConnectionOptions::new(50, 120_000).expect("options"),
                search: SearchDefaults {
                    tables: vec!["articles".into(), "Ünïcode \"t\"".into()],
                    allow_external_ai: true,
                    language: SearchLanguage::German,
                },
                is_active: number % 2 == 0,
                status: ConnectionStatus::Error,
                last_connected: Some(sample.connection.created_at + MILLISECOND),
                generation: u32::MAX,
                ..sample.connection
            },
            password: SealedSecret("v1.k1.".repeat(100)),
        };
        store(subject, &stored).await;
        assert_eq!(find(subject, &stored).await.as_ref(), Some(&stored));
        assert!(list(subject, owner).await.contains(&stored));
    }
    let plain = sample_connection(9, owner, "plain");
    store(subject, &plain).await;
    assert_eq!(find(subject, &plain).await, Some(plain));
}

/// Names may be written in any script, at full length.
pub async fn text_of_any_script_survives(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    let longest = "🦀".repeat(100);
    // Growing when its case is folded.
    let growing = "İ".repeat(100);
    for (number, name) in (1u8..).zip(["Žluťoučký kůň", "商店", "it's \\ \"x\" `y`; --", &longest, &growing])
    {
        let mut stored = sample_connection(number.into(), owner, name);
        stored.connection.database = DatabaseName::parse("データ").expect("a database");
        store(subject, &stored).await;
        assert_eq!(find(subject, &stored).await, Some(stored));
    }
}

/// Times come back with their milliseconds, neither cut nor rounded.
pub async fn times_survive_to_the_millisecond(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    for (number, millis) in [(1u8, 1), (2, 120), (3, 500), (4, 999)] {
        let mut stored = sample_connection(number.into(), owner, &format!("connection {number}"));
        let connection = &mut stored.connection;
        connection.created_at = connection.created_at + Duration::from_millis(millis);
        connection.updated_at = connection.created_at + MILLISECOND;
        connection.last_connected = Some(connection.updated_at + MILLISECOND);
        store(subject, &stored).await;
        assert_eq!(find(subject, &stored).await, Some(stored));
    }
}

/// What was never stored is not found, not listed, and not removed.
pub async fn an_unknown_connection_is_not_found(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    let unknown = sample_connection(1, owner, "main");
    assert_eq!(find(subject, &unknown).await, None);
    assert_eq!(list(subject, owner).await, []);
    assert!(!remove(subject, owner, unknown.connection.id).await.expect("remove"));
}

/// An account can't use a name twice, however it is written; nothing is stored of the second.
pub async fn a_name_is_unique_in_its_account_without_case(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    store(subject, &sample_connection(1, owner, "Zürich Main 🦀")).await;
    for (number, name) in (2u8..).zip(["Zürich Main 🦀", "zürich main 🦀", "ZÜRICH MAIN 🦀"]) {
        let second = sample_connection(number.into(), owner, name);
        assert_conflict(insert(subject, &second, None).await, NAME_CONSTRAINT);
        assert_eq!(find(subject, &second).await, None);
    }
    assert_eq!(list(subject, owner).await.len(), 1);
}

/// Case is all that is looked past, whatever the store's collation thinks of accents.
pub async fn names_that_differ_in_an_accent_are_different(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    for (number, name) in (1u8..).zip(["Zürich", "Zurich", "Ｚurich", "strasse", "straße", "a 🦀", "a 🦞"])
    {
        store(subject, &sample_connection(number.into(), owner, name)).await;
    }
    assert_eq!(list(subject, owner).await.len(), 7);
}

/// Names are no matter between accounts.
pub async fn another_account_may_use_the_name(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    subject.add_account(account(2), Plan::Free).await;
    let (mine, other) = (sample_connection(1, owner, "main"), sample_connection(2, account(2), "main"));
    store(subject, &mine).await;
    store(subject, &other).await;
    assert_eq!(list(subject, owner).await, [mine]);
    assert_eq!(list(subject, account(2)).await, [other]);
}

/// Of many connections of one name at once, one is stored and the others are conflicts.
pub async fn one_name_at_once_makes_one_connection(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    let attempts = (1u8..=8).map(|number| async move {
        insert(subject, &sample_connection(number.into(), owner, "main"), Some(25)).await
    });
    let (stored, refused): (Vec<_>, Vec<_>) = join_all(attempts).await.into_iter().partition(Result::is_ok);
    assert_eq!(stored.len(), 1, "{refused:?}");
    for outcome in refused {
        assert_conflict(outcome, NAME_CONSTRAINT);
    }
    assert_eq!(list(subject, owner).await.len(), 1);
}

/// The connection above the limit is refused; other accounts' don't count, and removed ones don't.
pub async fn the_plan_limit_is_a_conflict(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    subject.add_account(account(2), Plan::Free).await;
    store(subject, &sample_connection(1, account(2), "a")).await;
    for (number, name) in [(2, "a"), (3, "b")] {
        let stored = sample_connection(number, owner, name);
        insert(subject, &stored, Some(2)).await.expect("below the limit");
    }
    let third = sample_connection(4, owner, "c");
    assert_conflict(insert(subject, &third, Some(2)).await, PLAN_CONSTRAINT);
    assert_conflict(insert(subject, &third, Some(0)).await, PLAN_CONSTRAINT);
    assert_eq!(find(subject, &third).await, None);

    let first = ConnectionId::from_uuid(Uuid::from_u128(2));
    assert!(remove(subject, owner, first).await.expect("remove"));
    insert(subject, &third, Some(2)).await.expect("there is room again");
}

/// Of many connections at once, as many are stored as the limit allows.
pub async fn the_plan_limit_holds_at_once(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    let attempts = (1u8..=8).map(|number| async move {
        let stored = sample_connection(number.into(), owner, &format!("connection {number}"));
        insert(subject, &stored, Some(3)).await
    });
    let (stored, refused): (Vec<_>, Vec<_>) = join_all(attempts).await.into_iter().partition(Result::is_ok);
    assert_eq!(stored.len(), 3, "{refused:?}");
    for outcome in refused {
        assert_conflict(outcome, PLAN_CONSTRAINT);
    }
    assert_eq!(list(subject, owner).await.len(), 3);
}

/// No limit is no limit.
pub async fn without_a_limit_any_number_is_stored(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    for number in 1u8..=30 {
        store(subject, &sample_connection(number.into(), owner, &format!("connection {number}"))).await;
    }
    assert_eq!(list(subject, owner).await.len(), 30);
}

/// There is no connection without an account.
pub async fn a_connection_of_an_unknown_account_is_refused(subject: &dyn ConnectionsSubject) {
    let stored = sample_connection(1, account(1), "main");
    insert(subject, &stored, None).await.expect_err("no such account");
    assert_eq!(find(subject, &stored).await, None);
}

/// The list is in the order of registration, whatever names and ids are.
pub async fn connections_are_listed_oldest_first(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    let names = ["c", "a", "d", "b"];
    for (age, name) in names.iter().enumerate().rev() {
        let mut stored = sample_connection(100 - age as u128, owner, name);
        let millis = 1_000 + 997 * age as u64;
        stored.connection.created_at = stored.connection.created_at + Duration::from_millis(millis);
        store(subject, &stored).await;
    }
    let listed = list(subject, owner).await;
    let listed: Vec<_> = listed.iter().map(|stored| stored.connection.name.as_str()).collect();
    assert_eq!(listed, names);
}

/// Another account can't find, note or remove it.
pub async fn a_connection_of_another_account_is_as_good_as_none(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    subject.add_account(account(2), Plan::Free).await;
    let mine = sample_connection(1, owner, "main");
    store(subject, &mine).await;

    let (connections, id, other) = (subject.connections(), mine.connection.id, account(2));
    assert_eq!(connections.find(other, id).await.expect("find"), None);
    assert_eq!(connections.list(other).await.expect("list"), []);
    let now = mine.connection.created_at;
    connections.note_status(other, id, ConnectionStatus::Error, Some(now)).await.expect("note status");
    assert!(!remove(subject, other, id).await.expect("remove"));
    assert_eq!(find(subject, &mine).await, Some(mine));
}

/// What was found at a call is noted; when there is nothing new to `last_connected`, it stays.
pub async fn a_noted_status_changes_nothing_else(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    let (mut noted, other) = (sample_connection(1, owner, "main"), sample_connection(2, owner, "other"));
    store(subject, &noted).await;
    store(subject, &other).await;
    let seen = noted.connection.created_at + Duration::from_millis(60_123);
    let steps = [
        (ConnectionStatus::Connected, Some(seen)),
        (ConnectionStatus::Error, None),
        (ConnectionStatus::Connected, Some(seen + MILLISECOND)),
        (ConnectionStatus::Connected, Some(seen + MILLISECOND)),
    ];
    for (status, last_connected) in steps {
        let id = noted.connection.id;
        subject.connections().note_status(owner, id, status, last_connected).await.expect("note status");
        noted.connection.status = status;
        noted.connection.last_connected = last_connected.or(noted.connection.last_connected);
        assert_eq!(find(subject, &noted).await.as_ref(), Some(&noted));
    }
    assert_eq!(find(subject, &other).await, Some(other));
}

/// The connection may be gone by the time its server answers.
pub async fn noting_the_status_of_nothing_is_no_error(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    let id = ConnectionId::from_uuid(Uuid::from_u128(1));
    subject.connections().note_status(owner, id, ConnectionStatus::Error, None).await.expect("note status");
    assert_eq!(list(subject, owner).await, []);
}

/// A removed connection is gone, once, and its name is free again.
pub async fn remove_forgets(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    let (removed, kept) = (sample_connection(1, owner, "main"), sample_connection(2, owner, "other"));
    store(subject, &removed).await;
    store(subject, &kept).await;
    let id = removed.connection.id;
    assert!(remove(subject, owner, id).await.expect("remove"));
    assert_eq!(find(subject, &removed).await, None);
    assert_eq!(list(subject, owner).await, [kept]);
    assert!(!remove(subject, owner, id).await.expect("remove again"));

    let renewed = StoredConnection {
        connection: Connection {
            name: ConnectionName::parse("MAIN").expect("a name"),
            ..sample_connection(3, owner, "main").connection
        },
        ..removed
    };
    store(subject, &renewed).await;
    assert_eq!(find(subject, &renewed).await, Some(renewed));
}

/// Plans are told of active accounts.
pub async fn the_plan_of_an_account_is_told(subject: &dyn ConnectionsSubject) {
    for (number, plan) in (1u8..).zip(Plan::ALL) {
        subject.add_account(account(number), plan).await;
        assert_eq!(subject.connections().plan_of(account(number)).await.expect("plan of"), Some(plan));
    }
    assert_eq!(subject.connections().plan_of(account(9)).await.expect("plan of"), None);
    subject.deactivate(account(1)).await;
    assert_eq!(subject.connections().plan_of(account(1)).await.expect("plan of"), None);
}

/// A change that is made has its event, one that isn't has none; and where the event can't be kept,
/// the change isn't made.
pub async fn a_change_and_its_event_are_kept_together(subject: &dyn ConnectionsSubject) {
    let owner = owner(subject).await;
    let first = sample_connection(1, owner, "main");
    store(subject, &first).await;
    insert(subject, &sample_connection(2, owner, "MAIN"), None).await.expect_err("the name is taken");
    insert(subject, &sample_connection(3, owner, "other"), Some(1)).await.expect_err("no room");
    insert(subject, &sample_connection(4, account(9), "other"), None).await.expect_err("no such account");
    let unknown = ConnectionId::from_uuid(Uuid::from_u128(9));
    assert!(!remove(subject, owner, unknown).await.expect("remove"));
    assert_eq!(events(subject).await, [sample_event(1, owner)]);

    let taken = sample_event(1, owner);
    let second = sample_connection(5, owner, "second");
    let connections = subject.connections();
    connections.insert(&second, None, &taken).await.expect_err("the event's id is taken");
    connections.remove(owner, first.connection.id, &taken).await.expect_err("the event's id is taken");
    assert_eq!(list(subject, owner).await, std::slice::from_ref(&first));

    assert!(remove(subject, owner, first.connection.id).await.expect("remove"));
    assert_eq!(events(subject).await, [sample_event(1_001, owner), sample_event(1, owner)]);
}
