//! The breaker, in a time of its own.

use altus4_kernel::PortErrorKind;
use mysql_async::{Error as Driver, ServerError};

use super::*;
use crate::guard::{Ending, Refusal};

const SECOND: Duration = Duration::from_secs(1);

fn server(code: u16, state: &str) -> Fault {
    let message = "its own words".to_owned();
    Fault::Driver(Driver::Server(ServerError { code, message, state: state.to_owned() }))
}

fn fails(breaker: &Arc<Breaker>, fault: Fault, now: Instant) -> Change {
    let attempt = breaker.attempt(now).unwrap_or_else(|known| panic!("not let through: {known}"));
    attempt.end(&Err::<(), _>(fault), now)
}

fn succeeds(breaker: &Arc<Breaker>, now: Instant) -> Change {
    breaker.attempt(now).unwrap_or_else(|known| panic!("not let through: {known}")).end(&Ok(()), now)
}

fn kind(breaker: &Arc<Breaker>, now: Instant) -> Option<PortErrorKind> {
    breaker.attempt(now).err().map(|known| known.kind())
}

fn open_at(now: Instant) -> Arc<Breaker> {
    let breaker = Arc::default();
    assert_eq!(fails(&breaker, Fault::Connect, now), Change::None);
    assert_eq!(fails(&breaker, Fault::Connect, now), Change::None);
    assert_eq!(fails(&breaker, Fault::Connect, now), Change::Opened);
    breaker
}

#[test]
fn a_server_that_can_t_be_reached_is_left_alone_for_half_a_minute() {
    let now = Instant::now();
    let breaker = open_at(now);
    assert_eq!(kind(&breaker, now), Some(PortErrorKind::Unavailable));
    assert_eq!(kind(&breaker, now + 29 * SECOND), Some(PortErrorKind::Unavailable));
    assert!(breaker.quarantine(now).is_none(), "sessions that are open may be used");
    assert_eq!(succeeds(&breaker, now + 30 * SECOND), Change::Closed);
    assert_eq!(kind(&breaker, now + 30 * SECOND), None);
}

#[test]
fn a_success_in_between_begins_the_count_anew() {
    let now = Instant::now();
    let breaker = Arc::default();
    for _ in 0..3 {
        assert_eq!(fails(&breaker, Fault::Connect, now), Change::None);
        assert_eq!(fails(&breaker, Fault::Connect, now), Change::None);
        assert_eq!(succeeds(&breaker, now), Change::None);
    }
}

#[test]
fn one_tries_again_and_the_others_wait_for_what_comes_of_it() {
    let now = Instant::now();
    let breaker = open_at(now);
    let later = now + 31 * SECOND;
    let trial = breaker.attempt(later).expect("one is let through");
    assert_eq!(kind(&breaker, later), Some(PortErrorKind::Unavailable));
    assert_eq!(trial.end(&Err::<(), _>(Fault::Connect), later + SECOND), Change::Opened);
    assert_eq!(kind(&breaker, later + 30 * SECOND), Some(PortErrorKind::Unavailable));
    assert_eq!(kind(&breaker, later + 31 * SECOND), None);
}

#[test]
fn one_who_tries_and_goes_away_blocks_nobody_for_long() {
    let now = Instant::now();
    let breaker = open_at(now);
    drop(breaker.attempt(now + 30 * SECOND));
    assert!(kind(&breaker, now + 39 * SECOND).is_some());
    assert!(kind(&breaker, now + 40 * SECOND).is_none());
}

#[test]
fn whoever_waited_long_enough_counts_and_whoever_left_at_once_does_not() {
    let now = Instant::now();
    let breaker: Arc<Breaker> = Arc::default();
    for _ in 0..10 {
        let attempt = breaker.attempt(now).expect("let through");
        attempt.give_up(now + SECOND / 2);
    }
    for _ in 0..3 {
        let attempt = breaker.attempt(now).expect("let through");
        attempt.give_up(now + 2 * SECOND);
    }
    assert_eq!(kind(&breaker, now + 2 * SECOND), Some(PortErrorKind::Timeout));
}

#[test]
fn a_wrong_password_is_tried_once_in_five_minutes() {
    let now = Instant::now();
    let breaker = Arc::default();
    assert_eq!(fails(&breaker, server(1_045, "28000"), now), Change::Opened);
    let known = breaker.attempt(now + 299 * SECOND).err().expect("left alone");
    let error = crate::error::port_error("test", Fault::Known(known));
    assert_eq!(error.kind, PortErrorKind::NotPermitted);
    let detail = error.detail.unwrap_or_default();
    assert_eq!((detail.errno, detail.sql_state.as_deref()), (Some(1_045), Some("28000")));
    assert_eq!(kind(&breaker, now + 300 * SECOND), None);
}

#[test]
fn a_server_without_room_is_tried_again_soon() {
    let now = Instant::now();
    let breaker = Arc::default();
    for _ in 0..3 {
        fails(&breaker, server(1_040, "08004"), now);
    }
    assert!(kind(&breaker, now + 4 * SECOND).is_some());
    assert!(kind(&breaker, now + 5 * SECOND).is_none());
}

#[test]
fn a_server_that_breaks_the_protocol_is_put_in_quarantine_however_well_it_logs_in() {
    let now = Instant::now();
    let breaker: Arc<Breaker> = Arc::default();
    let violation = Fault::Ended(Ending::Protocol("a test"));
    for _ in 0..2 {
        succeeds(&breaker, now);
        assert!(!breaker.note_failure(&violation, now));
    }
    assert!(breaker.note_failure(&violation, now));
    assert!(breaker.quarantine(now + 3_599 * SECOND).is_some());
    // A failure to connect doesn't shorten it.
    breaker.note_failure(&Fault::Connect, now + SECOND);
    assert!(breaker.quarantine(now + 3_599 * SECOND).is_some());
    let later = now + 3_600 * SECOND;
    assert!(breaker.quarantine(later).is_none());
    succeeds(&breaker, later);
    assert!(breaker.note_failure(&violation, later), "once more is enough");
}

#[test]
fn violations_during_the_login_count_too() {
    let now = Instant::now();
    let breaker = Arc::default();
    for _ in 0..3 {
        fails(&breaker, Fault::Refused(Refusal::Login("a test")), now);
    }
    assert!(breaker.quarantine(now + 3_000 * SECOND).is_some());
}

#[test]
fn what_is_no_server_s_fault_opens_nothing() {
    let now = Instant::now();
    let breaker = Arc::default();
    for _ in 0..10 {
        fails(&breaker, Fault::Request("a test"), now);
        fails(&breaker, Fault::Closed, now);
    }
    assert!(kind(&breaker, now).is_none());
}

#[test]
fn an_owner_s_test_closes_it_and_forgets_all() {
    let now = Instant::now();
    let breaker: Arc<Breaker> = Arc::default();
    for _ in 0..3 {
        breaker.note_failure(&Fault::Ended(Ending::Protocol("a test")), now);
    }
    assert!(breaker.close());
    assert!(kind(&breaker, now).is_none());
    assert!(!breaker.note_failure(&Fault::Ended(Ending::Protocol("a test")), now));
}
