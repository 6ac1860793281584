//! Sealed secrets of each kind, on both back ends: their contract, and what changing one leaves alone.

use std::{fmt::Write, sync::Arc};

use altus4_api_keys::{
    AnswerTimes, Claim, KeyDigest, RetryKey, StoredAnswer, StoredSecret,
    testkit::{sample_key, sample_secret},
};
use altus4_connections::{
    Connection, StoredConnection, password_rotation,
    testkit::{ConnectionsSubject, sample_connection},
};
use altus4_kernel::{
    AccountId, AuditFilter, Clock, ConnectionId, PageRequest, Plan, Resealed, Role, SealedPlace,
    SealedSecret, SealedSecrets, SecretCipher,
    secrecy::ExposeSecret,
    testkit::{FakeSecretCipher, FixedClock, SealedSecretsSubject, sample_event},
    uuid::Uuid,
};
use async_trait::async_trait;
use futures::future::{join, join_all};

use crate::subject::{Subject, add_account};

/// What the secrets are of.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Connection,
    Key,
    Answer,
}

/// A store with the accounts 1 and 2, and its secrets of one kind.
struct Secrets {
    kind: Kind,
    subject: Subject,
    kept: Arc<dyn SealedSecrets>,
}

impl Secrets {
    async fn of(kind: Kind, subject: Subject) -> Self {
        let subject = subject.with_accounts().await;
        let kept = match kind {
            Kind::Connection => subject.store.sealed_passwords(),
            Kind::Key => subject.store.sealed_key_secrets(),
            Kind::Answer => subject.store.sealed_answers(),
        };
        Self { kind, subject, kept }
    }
}

fn account(number: u8) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(1 + u128::from(number % 2)))
}

#[async_trait]
impl SealedSecretsSubject for Secrets {
    fn secrets(&self) -> &dyn SealedSecrets {
        self.kept.as_ref()
    }

    async fn add(&self, number: u8, sealed: Option<&SealedSecret>) -> SealedPlace {
        let account_id = account(number);
        let (store, event) = (&self.subject.store, sample_event(number.into(), account_id));
        let id = match self.kind {
            Kind::Connection => {
                let sample = sample_connection(number.into(), account_id, &format!("connection {number}"));
                let id = sample.connection.id.to_string();
                if let Some(sealed) = sealed {
                    let stored = StoredConnection { password: sealed.clone(), ..sample };
                    store.connections().insert(&stored, None, &event).await.expect("insert");
                }
                id
            }
            Kind::Key => {
                let key = sample_key(number.into(), account_id);
                let secret = StoredSecret { sealed: sealed.cloned(), ..sample_secret(number) };
                store.api_keys().insert(&key, &secret, &event).await.expect("insert");
                key.id.to_string()
            }
            Kind::Answer => {
                let key = RetryKey { account_id, name: format!("Request {number} \\ '") };
                let (request, now) = (KeyDigest([1; 32]), FixedClock::default().now());
                let claim = store.answers().claim(&key, request, now, AnswerTimes::default()).await;
                assert_eq!(claim.expect("claim"), Claim::Granted);
                if let Some(body) = sealed {
                    let answer = StoredAnswer { status: 201, body: body.clone() };
                    store.answers().keep(&key, &answer).await.expect("keep");
                }
                key.name
            }
        };
        SealedPlace { account_id, id }
    }

    async fn remove(&self, place: &SealedPlace) {
        let (table, column, value) = match self.kind {
            Kind::Connection => ("connections", "id", format!("'{}'", place.id)),
            Kind::Key => ("api_keys", "id", format!("'{}'", place.id)),
            Kind::Answer => {
                let name = place.id.bytes().fold(String::new(), |mut hex, byte| {
                    let _ = write!(hex, "{byte:02x}");
                    hex
                });
                ("kept_answers", "name", format!("x'{name}'"))
            }
        };
        self.subject.execute(&format!("DELETE FROM {table} WHERE {column} = {value}")).await;
    }
}

/// The contract for a kind, and the further claims, on a back end.
macro_rules! on {
    ($backend:ident) => {
        mod $backend {
            mod passwords {
                altus4_kernel::sealed_secrets_contract!(
                    tokio::test,
                    crate::sealed::Secrets::of(
                        crate::sealed::Kind::Connection,
                        crate::subject::Subject::$backend().await
                    )
                    .await
                );
            }

            mod key_secrets {
                altus4_kernel::sealed_secrets_contract!(
                    tokio::test,
                    crate::sealed::Secrets::of(
                        crate::sealed::Kind::Key,
                        crate::subject::Subject::$backend().await
                    )
                    .await
                );
            }

            mod answers {
                altus4_kernel::sealed_secrets_contract!(
                    tokio::test,
                    crate::sealed::Secrets::of(
                        crate::sealed::Kind::Answer,
                        crate::subject::Subject::$backend().await
                    )
                    .await
                );
            }

            #[tokio::test]
            async fn of_many_replacements_at_once_one_is_made() {
                super::of_many_replacements_at_once_one_is_made(crate::subject::Subject::$backend).await;
            }

            #[tokio::test]
            async fn nothing_else_of_a_connection_changes() {
                super::nothing_else_of_a_connection_changes(crate::subject::Subject::$backend().await).await;
            }

            #[tokio::test]
            async fn a_change_and_a_rotation_at_once_lose_neither() {
                super::a_change_and_a_rotation_at_once_lose_neither(
                    crate::subject::Subject::$backend().await,
                )
                .await;
            }

            #[tokio::test]
            async fn rotations_at_once_do_all_of_it_once() {
                super::rotations_at_once_do_all_of_it_once(crate::subject::Subject::$backend().await).await;
            }
        }
    };
}

on!(sqlite);
on!(mariadb);

async fn of_many_replacements_at_once_one_is_made<F: Future<Output = Subject>>(fresh: impl Fn() -> F) {
    for kind in [Kind::Connection, Kind::Key, Kind::Answer] {
        let subject = Secrets::of(kind, fresh().await).await;
        let old = SealedSecret("v1.old.x".to_owned());
        let place = subject.add(1, Some(&old)).await;
        let news: Vec<_> = (0..8).map(|number| SealedSecret(format!("v1.new.{number}"))).collect();
        let made = join_all(news.iter().map(|new| subject.kept.replace(&place, &old, new))).await;
        let made: Vec<bool> = made.into_iter().map(|made| made.expect("replace")).collect();
        let winners: Vec<_> = news.iter().zip(&made).filter(|(_, made)| **made).collect();
        assert_eq!(winners.len(), 1, "{kind:?} {made:?}");
        let kept = subject.kept.list_after(None, 10).await.expect("list");
        assert_eq!(kept.iter().map(|kept| &kept.sealed).collect::<Vec<_>>(), [winners[0].0], "{kind:?}");
    }
}

/// Neither when it was changed nor its generation, so that no pool is closed; and no event is kept.
async fn nothing_else_of_a_connection_changes(subject: Subject) {
    let secrets = Secrets::of(Kind::Connection, subject).await;
    let place = secrets.add(1, Some(&SealedSecret("v1.old.x".to_owned()))).await;
    let connections = secrets.subject.store.connections();
    let events = async || {
        let log = secrets.subject.store.audit_log();
        log.list(&AuditFilter::default(), PageRequest::default()).await.expect("list")
    };
    let (before, log) = (connections.list(place.account_id).await.expect("list"), events().await);
    let new = SealedSecret("v1.new.y".to_owned());
    let made = secrets.kept.replace(&place, &before[0].password, &new).await;
    assert!(made.expect("replace"));
    let expected = StoredConnection { password: new, ..before[0].clone() };
    assert_eq!(connections.list(place.account_id).await.expect("list"), [expected]);
    assert_eq!(events().await, log);
}

/// Whoever comes first: a new password is the one that is kept, and without one the old one is kept as
/// the rotation sealed it.
async fn a_change_and_a_rotation_at_once_lose_neither(subject: Subject) {
    let secrets = Secrets::of(Kind::Connection, subject).await;
    let connections = secrets.subject.store.connections();
    for number in 1..=20 {
        let old = SealedSecret(format!("v1.old.{number}"));
        let resealed = SealedSecret(format!("v1.new.{number}"));
        let place = secrets.add(number, Some(&old)).await;
        let id = place.id.parse().expect("an id");
        let before = connections.find(place.account_id, id).await.expect("find").expect("it is there");
        let after = Connection { generation: 2, ..before.connection.clone() };
        let given = (number % 2 == 0).then(|| SealedSecret("v1.new.given".to_owned()));
        let event = sample_event(1_000 + u128::from(number), place.account_id);
        let change = connections.replace(&before.connection, &after, given.clone(), &event);
        let (rotated, changed) = join(secrets.kept.replace(&place, &old, &resealed), change).await;
        assert!(changed.expect("replace"));
        // With another password, the rotation may have come too late.
        assert!(rotated.expect("replace") || given.is_some());
        let kept = connections.find(place.account_id, id).await.expect("find").expect("it is there");
        let expected = StoredConnection { connection: after, password: given.unwrap_or(resealed) };
        assert_eq!(kept, expected);
    }
}

/// Together they seal every password anew, none twice, and all can be opened.
async fn rotations_at_once_do_all_of_it_once(subject: Subject) {
    const COUNT: u64 = 100;
    add_account(&subject, account(0), Role::User, Plan::Pro).await;
    let old = FakeSecretCipher::with_keys(&["old"]);
    for number in 1..=COUNT {
        let sample = sample_connection(number.into(), account(0), &format!("connection {number}"));
        let binding = sample.connection.password_binding();
        let password = old.seal(&number.to_string().into(), &binding).expect("seal");
        let stored = StoredConnection { password, ..sample };
        let event = sample_event(number.into(), account(0));
        subject.connections().insert(&stored, None, &event).await.expect("insert");
    }
    let cipher = Arc::new(FakeSecretCipher::with_keys(&["new", "old"]));
    let runs = join_all((0..3).map(|_| {
        let rotation = password_rotation(subject.store.sealed_passwords(), cipher.clone());
        async move {
            let mut done = Resealed::default();
            loop {
                let batch = rotation.reseal(done.last.take(), 7).await.expect("reseal");
                done.resealed += batch.resealed;
                done.unopened.extend(batch.unopened);
                match batch.last {
                    Some(last) => done.last = Some(last),
                    None => break done,
                }
            }
        }
    }));
    let runs = runs.await;
    assert_eq!(runs.iter().map(|done| done.resealed).sum::<u64>(), COUNT);
    assert!(runs.iter().all(|done| done.unopened.is_empty()), "{runs:?}");

    let new = FakeSecretCipher::with_keys(&["new"]);
    for stored in subject.connections().list(account(0)).await.expect("list") {
        let opened = new.open(&stored.password, &stored.connection.password_binding()).expect("open");
        let id: ConnectionId = stored.connection.id;
        assert_eq!(opened.expose_secret(), id.as_uuid().as_u128().to_string());
    }
}
