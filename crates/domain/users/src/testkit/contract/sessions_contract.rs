//! The cases of the [`SessionRepository`](crate::SessionRepository) contract.
#![expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]

mod purging;

use std::time::Duration;

use altus4_kernel::{
    AccountId, AuditEvent, Clock, SessionId, Timestamp,
    testkit::{FixedClock, sample_event},
    uuid::Uuid,
};
use futures::future::join_all;

use crate::{
    ClientInfo, LiveSession, RefreshRotation, RefreshTokenDigest, Session,
    testkit::{UsersSubject, contract::events, sample_account, sample_session},
};

pub use self::purging::{
    a_purge_leaves_reuse_detected_while_a_session_lives, a_purge_takes_what_was_over_before,
};

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_hours(1);
const NOBODY: AccountId = AccountId::from_uuid(Uuid::nil());

fn start() -> Timestamp {
    FixedClock::default().now()
}

/// Registers account `number` with the session of that number.
async fn registered(subject: &dyn UsersSubject, number: u8) -> Session {
    let stored = sample_account(number.into(), &format!("user{number}@example.com"));
    let session = sample_session(number, stored.account.id, start());
    subject.users().insert(&stored, &session, &begun(&session)).await.expect("insert");
    session
}

/// The event of a session's beginning: of its id.
fn begun(session: &Session) -> AuditEvent {
    sample_event(session.id.as_uuid().as_u128(), session.account_id)
}

/// The event of a session's end: of 1000 and its id.
fn ended(account_id: AccountId, id: SessionId) -> AuditEvent {
    sample_event(1_000 + id.as_uuid().as_u128(), account_id).about(id)
}

async fn end(subject: &dyn UsersSubject, account_id: AccountId, id: SessionId, now: Timestamp) -> bool {
    subject.sessions().end(account_id, id, now, &ended(account_id, id)).await.expect("end")
}

async fn end_all(subject: &dyn UsersSubject, account_id: AccountId, now: Timestamp) -> u64 {
    let event = sample_event(3_000, account_id);
    subject.sessions().end_all(account_id, now, &event).await.expect("end all")
}

async fn begin(subject: &dyn UsersSubject, session: &Session) {
    subject.sessions().insert(session, &begun(session)).await.expect("insert");
}

async fn live(subject: &dyn UsersSubject, id: SessionId, now: Timestamp) -> Option<LiveSession> {
    subject.sessions().find_live(id, now).await.expect("find live")
}

async fn rotate(
    subject: &dyn UsersSubject,
    presented: RefreshTokenDigest,
    next: u8,
    now: Timestamp,
) -> RefreshRotation {
    let next = RefreshTokenDigest([next; 32]);
    let reuse = AuditEvent { account_id: None, ..sample_event(2_000 + u128::from(next.0[0]), NOBODY) };
    subject.sessions().rotate(&presented, &next, now, now + HOUR, &reuse).await.expect("rotate")
}

/// Every part of a session comes back, with its account.
pub async fn a_session_is_found_as_it_was_stored(subject: &dyn UsersSubject) {
    let account_id = registered(subject, 1).await.account_id;
    let clients = [
        ClientInfo::default(),
        ClientInfo { address: Some("203.0.113.7".into()), user_agent: None },
        ClientInfo {
            address: Some("2001:db8::ffff:203.0.113.7".into()), user_agent: Some("🦀".repeat(255))
        },
    ];
    for (number, client) in (2u8..).zip(clients) {
        let session = Session { client, ..sample_session(number, account_id, start()) };
        begin(subject, &session).await;
        let found = live(subject, session.id, start()).await.expect("the session");
        assert_eq!(found.session, session);
        assert_eq!(found.account, sample_account(1, "user1@example.com").account);
    }
}

/// Times come back with their milliseconds, neither cut nor rounded.
pub async fn session_times_survive_to_the_millisecond(subject: &dyn UsersSubject) {
    let account_id = registered(subject, 1).await.account_id;
    for (number, millis) in [(2u8, 1), (3, 120), (4, 500), (5, 999)] {
        let session = sample_session(number, account_id, start() + Duration::from_millis(millis));
        begin(subject, &session).await;
        let found = live(subject, session.id, start() + HOUR).await;
        assert_eq!(found.map(|found| found.session), Some(session));
    }
}

/// Beginning a session moves the account's `last_active`.
pub async fn a_new_session_shows_that_its_account_is_active(subject: &dyn UsersSubject) {
    let first = registered(subject, 1).await;
    let later = start() + HOUR;
    begin(subject, &sample_session(2, first.account_id, later)).await;
    let account = subject.users().find(first.account_id).await.expect("find").expect("the account");
    assert_eq!((account.created_at, account.last_active), (start(), later));
}

/// There is no session without an account.
pub async fn a_session_of_an_unknown_account_is_refused(subject: &dyn UsersSubject) {
    let session = sample_session(1, AccountId::from_uuid(Uuid::from_u128(1)), start());
    subject.sessions().insert(&session, &begun(&session)).await.expect_err("no such account");
    assert!(live(subject, session.id, start()).await.is_none());
}

/// What was never stored is not found.
pub async fn an_unknown_session_is_not_found(subject: &dyn UsersSubject) {
    registered(subject, 1).await;
    assert!(live(subject, SessionId::from_uuid(Uuid::from_u128(2)), start()).await.is_none());
}

/// A session lives until the millisecond before its end.
pub async fn a_session_is_over_at_its_end(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    assert!(live(subject, session.id, session.expires_at - MILLISECOND).await.is_some());
    assert!(live(subject, session.id, session.expires_at).await.is_none());
    assert!(live(subject, session.id, session.expires_at + HOUR).await.is_none());
}

/// An ended session is gone at once, others are not; it can't be ended twice.
pub async fn an_ended_session_is_not_found(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    let other = sample_session(2, session.account_id, start());
    begin(subject, &other).await;
    assert!(end(subject, session.account_id, session.id, start()).await);
    assert!(live(subject, session.id, start()).await.is_none());
    assert!(live(subject, other.id, start()).await.is_some());
    assert!(!end(subject, session.account_id, session.id, start()).await);
}

/// An account can't end what belongs to another.
pub async fn a_session_is_ended_by_its_own_account_alone(subject: &dyn UsersSubject) {
    let mine = registered(subject, 1).await;
    let other = registered(subject, 2).await;
    assert!(!end(subject, other.account_id, mine.id, start()).await);
    assert!(live(subject, mine.id, start()).await.is_some());
}

/// A session whose time is over isn't live, so there is nothing to end.
pub async fn a_session_that_is_over_cannot_be_ended(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    assert!(!end(subject, session.account_id, session.id, session.expires_at).await);
}

/// `end_all` ends what is live, counts that, and touches no other account.
pub async fn end_all_ends_and_counts_the_live_sessions_of_one_account(subject: &dyn UsersSubject) {
    let first = registered(subject, 1).await;
    let other = registered(subject, 2).await;
    let account_id = first.account_id;
    let second = sample_session(3, account_id, start());
    let ended = sample_session(4, account_id, start());
    let over = Session { expires_at: start() + MILLISECOND, ..sample_session(5, account_id, start()) };
    for session in [&second, &ended, &over] {
        begin(subject, session).await;
    }
    let now = start() + MILLISECOND;
    assert!(end(subject, account_id, ended.id, now).await);

    assert_eq!(end_all(subject, account_id, now).await, 2);
    for session in [&first, &second, &ended, &over] {
        assert!(live(subject, session.id, now).await.is_none());
    }
    assert!(live(subject, other.id, now).await.is_some());
    assert_eq!(end_all(subject, account_id, now).await, 0);
}

/// A rotation gives the session with its new token and times, and stores it so.
pub async fn rotation_replaces_the_token(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    let now = start() + HOUR + MILLISECOND;
    let RefreshRotation::Rotated(rotated) = rotate(subject, session.refresh_digest, 2, now).await else {
        panic!("the token was the present one");
    };
    let refresh_digest = RefreshTokenDigest([2; 32]);
    let expected = Session { refresh_digest, last_used: now, expires_at: now + HOUR, ..session };
    assert_eq!(rotated.session, expected);
    assert_eq!(rotated.account.last_active, now);
    let found = live(subject, expected.id, now).await.expect("the session");
    assert_eq!((found.session, found.account), (rotated.session, rotated.account));
}

/// The successor of a token works as it did.
pub async fn a_rotated_token_can_be_rotated_again(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    let mut presented = session.refresh_digest;
    for next in 2u8..=5 {
        let rotation = rotate(subject, presented, next, start()).await;
        assert!(matches!(rotation, RefreshRotation::Rotated(_)), "{rotation:?}");
        presented = RefreshTokenDigest([next; 32]);
    }
}

/// A token used twice ends its session: the successor works no more, and neither does the session.
pub async fn reuse_ends_the_session(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    rotate(subject, session.refresh_digest, 2, start()).await;
    rotate(subject, RefreshTokenDigest([2; 32]), 3, start()).await;

    let reuse = rotate(subject, session.refresh_digest, 4, start()).await;
    assert!(matches!(reuse, RefreshRotation::Reused), "{reuse:?}");
    assert!(live(subject, session.id, start()).await.is_none());
    let successor = rotate(subject, RefreshTokenDigest([3; 32]), 5, start()).await;
    assert!(matches!(successor, RefreshRotation::Unknown), "{successor:?}");
    let never_given = rotate(subject, RefreshTokenDigest([4; 32]), 5, start()).await;
    assert!(matches!(never_given, RefreshRotation::Unknown), "{never_given:?}");
}

/// A reuse ends one session, not the account's others.
pub async fn reuse_leaves_other_sessions_alone(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    let other = sample_session(2, session.account_id, start());
    begin(subject, &other).await;
    rotate(subject, session.refresh_digest, 3, start()).await;
    rotate(subject, session.refresh_digest, 4, start()).await;
    assert!(live(subject, session.id, start()).await.is_none());
    assert!(live(subject, other.id, start()).await.is_some());
}

/// Of many rotations of one token at once, one gets it; all others are reuses, which end the
/// session.
pub async fn a_token_is_rotated_once_by_many_at_once(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    let presented = session.refresh_digest;
    let attempts = (10u8..18).map(|next| rotate(subject, presented, next, start()));
    let (mut rotated, mut reused) = (0, 0);
    for outcome in join_all(attempts).await {
        match outcome {
            RefreshRotation::Rotated(_) => rotated += 1,
            RefreshRotation::Reused => reused += 1,
            RefreshRotation::Unknown => panic!("the token was known"),
        }
    }
    assert_eq!((rotated, reused), (1, 7));
    assert!(live(subject, session.id, start()).await.is_none());
}

/// A token that nobody issued changes nothing.
pub async fn an_unknown_token_is_not_rotated(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    let rotation = rotate(subject, RefreshTokenDigest([7; 32]), 8, start()).await;
    assert!(matches!(rotation, RefreshRotation::Unknown), "{rotation:?}");
    let found = live(subject, session.id, start()).await.expect("the session");
    assert_eq!(found.session, session);
}

/// A token whose time is over is as good as unknown.
pub async fn a_token_that_is_over_is_not_rotated(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    let rotation = rotate(subject, session.refresh_digest, 2, session.expires_at).await;
    assert!(matches!(rotation, RefreshRotation::Unknown), "{rotation:?}");
    let in_time = rotate(subject, session.refresh_digest, 2, session.expires_at - MILLISECOND).await;
    assert!(matches!(in_time, RefreshRotation::Rotated(_)), "{in_time:?}");
}

/// After a logout the refresh token is as good as unknown.
pub async fn the_token_of_an_ended_session_is_not_rotated(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    end(subject, session.account_id, session.id, start()).await;
    let rotation = rotate(subject, session.refresh_digest, 2, start()).await;
    assert!(matches!(rotation, RefreshRotation::Unknown), "{rotation:?}");
    assert!(live(subject, session.id, start()).await.is_none());
}

/// Digests are bytes: every bit counts, and zeros, quotes and blanks are bytes like others.
pub async fn digests_are_told_apart_exactly(subject: &dyn UsersSubject) {
    let account_id = registered(subject, 1).await.account_id;
    let mut digests = [[0; 32], [b' '; 32], [b'a'; 32], [b'A'; 32], [b'\''; 32], [0xff; 32]];
    digests[0][0] = 1;
    for (number, digest) in (20u8..).zip(digests) {
        let refresh_digest = RefreshTokenDigest(digest);
        begin(subject, &Session { refresh_digest, ..sample_session(number, account_id, start()) }).await;
    }
    for (number, digest) in (20u8..).zip(digests) {
        let mut other = digest;
        other[31] ^= 1;
        let wrong = rotate(subject, RefreshTokenDigest(other), number + 50, start()).await;
        assert!(matches!(wrong, RefreshRotation::Unknown), "{wrong:?}");
        let right = rotate(subject, RefreshTokenDigest(digest), number + 100, start()).await;
        let RefreshRotation::Rotated(found) = right else { panic!("the token of session {number}") };
        assert_eq!(found.session.id, SessionId::from_uuid(Uuid::from_u128(number.into())));
    }
}

/// What has ended, is over, or belongs to another account isn't listed.
pub async fn live_sessions_are_listed_newest_first(subject: &dyn UsersSubject) {
    let first = registered(subject, 1).await;
    registered(subject, 2).await;
    let account_id = first.account_id;
    let session = |number: u8, after: Duration| sample_session(number, account_id, start() + after);
    let (newest, middle) = (session(3, HOUR * 2), session(4, HOUR));
    let gone = session(5, HOUR);
    let over = Session { expires_at: start() + HOUR * 2, ..session(6, HOUR) };
    for session in [&newest, &middle, &gone, &over] {
        begin(subject, session).await;
    }
    let now = start() + HOUR * 2;
    assert!(end(subject, account_id, gone.id, now).await);
    let listed = subject.sessions().list_live(account_id, now).await.expect("list live");
    assert_eq!(listed, [newest, middle, first]);
    assert_eq!(subject.sessions().list_live(NOBODY, now).await.expect("list live"), []);
}

/// Where the event can't be kept, no session begins.
pub async fn a_session_and_its_event_are_stored_together(subject: &dyn UsersSubject) {
    let first = registered(subject, 1).await;
    let second = sample_session(2, first.account_id, start() + HOUR);
    let sessions = subject.sessions();
    sessions.insert(&second, &begun(&first)).await.expect_err("the event's id is taken");
    assert!(live(subject, second.id, start() + HOUR).await.is_none());
    let account = live(subject, first.id, start() + HOUR).await.expect("the session").account;
    assert_eq!(account.last_active, start());
    begin(subject, &second).await;
    assert_eq!(events(subject).await, [begun(&second), begun(&first)]);
}

/// An end that is one is kept; where the event can't be, the session goes on.
pub async fn an_ended_session_and_its_event_are_stored_together(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    let (account_id, id) = (session.account_id, session.id);
    assert!(!end(subject, NOBODY, id, start()).await);
    let sessions = subject.sessions();
    sessions.end(account_id, id, start(), &begun(&session)).await.expect_err("the event's id is taken");
    assert!(live(subject, id, start()).await.is_some());
    assert!(end(subject, account_id, id, start()).await);
    assert!(!end(subject, account_id, id, start()).await);
    assert_eq!(events(subject).await, [ended(account_id, id), begun(&session)]);
}

/// Ending all sessions is one event, and none where there was nothing to end.
pub async fn ending_all_sessions_is_kept_once(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    let account_id = session.account_id;
    let taken = begun(&session);
    let sessions = subject.sessions();
    sessions.end_all(account_id, start(), &taken).await.expect_err("the event's id is taken");
    assert!(live(subject, session.id, start()).await.is_some());
    assert_eq!(end_all(subject, account_id, start()).await, 1);
    assert_eq!(end_all(subject, account_id, start()).await, 0);
    assert_eq!(events(subject).await, [sample_event(3_000, account_id), taken]);
}

/// The reuse that ends a session is in its account's log, about that session. Rotations and later
/// reuses are not.
pub async fn a_reuse_is_kept_in_the_log_of_its_account_once(subject: &dyn UsersSubject) {
    let session = registered(subject, 1).await;
    rotate(subject, session.refresh_digest, 2, start()).await;
    rotate(subject, RefreshTokenDigest([77; 32]), 3, start()).await;
    assert_eq!(events(subject).await, [begun(&session)]);
    rotate(subject, session.refresh_digest, 4, start()).await;
    rotate(subject, session.refresh_digest, 5, start()).await;
    let reuse = AuditEvent { account_id: None, ..sample_event(2_004, NOBODY) };
    let reuse = reuse.in_log_of(session.account_id).about(session.id);
    assert_eq!(events(subject).await, [reuse, begun(&session)]);
}
