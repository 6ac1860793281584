//! The cases about sessions that are removed for good.

use altus4_kernel::testkit::sample_event;

use super::{HOUR, MILLISECOND, begin, end, live, registered, rotate, start};
use crate::{
    RefreshRotation, RefreshTokenDigest, Session,
    testkit::{UsersSubject, sample_session},
};

/// Whether the store has forgotten a session: then it could be begun anew.
async fn is_forgotten(subject: &dyn UsersSubject, session: &Session) -> bool {
    let event = sample_event(5_000 + session.id.as_uuid().as_u128(), session.account_id);
    subject.sessions().insert(session, &event).await.is_ok()
}

/// Sessions are removed that ended before the moment, or whose time was over before it, and no more at
/// once than was asked for.
pub async fn a_purge_takes_what_was_over_before(subject: &dyn UsersSubject) {
    let living = registered(subject, 1).await;
    let owner = living.account_id;
    let session = |number: u8| sample_session(number, owner, start());
    let short = Session { expires_at: start() + HOUR, ..session(4) };
    for session in [&session(2), &session(3), &short] {
        begin(subject, session).await;
    }
    assert!(end(subject, owner, session(2).id, start() + HOUR).await);
    assert!(end(subject, owner, session(3).id, start() + HOUR + MILLISECOND).await);

    let purge = async |before, most| subject.sessions().purge(before, most).await.expect("purge");
    assert_eq!(purge(start() + HOUR, 10).await, 0, "two were over at that moment, and none before");
    assert_eq!(purge(start() + HOUR + MILLISECOND, 1).await, 1);
    assert_eq!(purge(start() + HOUR + MILLISECOND, 10).await, 1);
    assert_eq!(purge(start() + HOUR + MILLISECOND, 10).await, 0);
    assert_eq!(purge(start() + 2 * HOUR, 10).await, 1);
    assert!(live(subject, living.id, start() + 2 * HOUR).await.is_some());
    assert!(!is_forgotten(subject, &living).await);
}

/// The spent tokens of a session go with it, and those of a living one stay.
pub async fn a_purge_leaves_reuse_detected_while_a_session_lives(subject: &dyn UsersSubject) {
    let (living, leaving) = (registered(subject, 1).await, registered(subject, 2).await);
    for session in [&living, &leaving] {
        let number = session.refresh_digest.0[0];
        let rotated = rotate(subject, session.refresh_digest, 10 + number, start()).await;
        assert!(matches!(rotated, RefreshRotation::Rotated(_)), "{rotated:?}");
    }
    // Rotated to the living one's next token, which is good for two hours still.
    let next = rotate(subject, RefreshTokenDigest([11; 32]), 21, start() + HOUR - MILLISECOND).await;
    assert!(matches!(next, RefreshRotation::Rotated(_)), "{next:?}");
    assert_eq!(subject.sessions().purge(start() + HOUR + MILLISECOND, 10).await.expect("purge"), 1);

    let now = start() + HOUR + MILLISECOND;
    let gone = rotate(subject, leaving.refresh_digest, 30, now).await;
    assert!(matches!(gone, RefreshRotation::Unknown), "{gone:?}");
    assert!(is_forgotten(subject, &leaving).await);
    for spent in [living.refresh_digest, RefreshTokenDigest([11; 32])] {
        let reused = rotate(subject, spent, 31, now).await;
        assert!(matches!(reused, RefreshRotation::Reused), "{reused:?}");
    }
    assert!(live(subject, living.id, now).await.is_none());
}
