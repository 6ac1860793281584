//! That a provider is left alone when it fails, and found again when it is back.

use super::*;

const PATIENT: Duration = Duration::from_secs(1);

fn refused(status: u16, retry_after: Option<u64>) -> Fault {
    Fault::Refused { status, code: None, retry_after: retry_after.map(Duration::from_secs) }
}

fn gone() -> Fault {
    Fault::Unreachable("refused".to_owned())
}

fn fail(breaker: &Arc<Breaker>, fault: &Fault, now: Instant) -> Change {
    breaker.attempt(now, PATIENT).expect("let through").end(Some(fault), now)
}

fn is_shut(breaker: &Arc<Breaker>, now: Instant) -> Option<PortErrorKind> {
    match breaker.attempt(now, PATIENT) {
        Ok(attempt) => {
            // It goes away at once, as if it had never been.
            let mut attempt = attempt;
            attempt.is_told = true;
            None
        }
        Err(kind) => Some(kind),
    }
}

#[test]
fn three_failures_in_a_row_open_it() {
    let (breaker, now) = (Arc::new(Breaker::default()), Instant::now());
    for fault in [gone(), Fault::Nonsense("no JSON")] {
        assert_eq!(fail(&breaker, &fault, now), Change::None);
    }
    assert_eq!(breaker.attempt(now, PATIENT).expect("let through").end(None, now), Change::None);
    for _ in 0..2 {
        assert_eq!(fail(&breaker, &refused(500, None), now), Change::None);
    }
    assert_eq!(breaker.fault(now), None);
    assert_eq!(fail(&breaker, &gone(), now), Change::Opened);
    assert_eq!(is_shut(&breaker, now + REST / 2), Some(PortErrorKind::Unavailable));
}

#[test]
fn one_caller_tries_and_the_others_wait_for_what_it_finds() {
    let (breaker, opened) = (Arc::new(Breaker::default()), Instant::now());
    for change in [Change::None, Change::None, Change::Opened] {
        assert_eq!(fail(&breaker, &gone(), opened), change);
    }
    let now = opened + REST;
    let trial = breaker.attempt(now, PATIENT).expect("a trial");
    assert!(is_shut(&breaker, now).is_some());
    assert_eq!(trial.end(Some(&gone()), now), Change::None);
    assert!(is_shut(&breaker, now + REST / 2).is_some(), "one failure is enough now");
    let now = now + REST;
    assert_eq!(breaker.fault(now), Some(PortErrorKind::Unavailable), "nobody knows better yet");
    let trial = breaker.attempt(now, PATIENT).expect("a trial");
    assert_eq!(trial.end(None, now), Change::Closed);
    assert_eq!((breaker.fault(now), is_shut(&breaker, now)), (None, None));
}

#[test]
fn a_provider_that_asks_for_rest_gets_it_and_no_more_than_a_minute() {
    let (breaker, now) = (Arc::new(Breaker::default()), Instant::now());
    assert_eq!(fail(&breaker, &refused(429, Some(7)), now), Change::Opened);
    assert_eq!(is_shut(&breaker, now + Duration::from_secs(6)), Some(PortErrorKind::RateLimited));
    assert_eq!(breaker.fault(now + Duration::from_secs(7)), None);
    let later = now + Duration::from_secs(7);
    assert_eq!(fail(&breaker, &refused(429, Some(100_000)), later), Change::None);
    assert!(is_shut(&breaker, later + Duration::from_secs(59)).is_some());
    assert_eq!(is_shut(&breaker, later + Duration::from_mins(1)), None);
}

#[test]
fn a_bad_key_closes_it_and_a_bad_request_does_not() {
    let (breaker, now) = (Arc::new(Breaker::default()), Instant::now());
    for status in [400, 403, 404, 413, 422].repeat(3) {
        assert_eq!(fail(&breaker, &refused(status, None), now), Change::None);
    }
    assert_eq!(fail(&breaker, &refused(401, None), now), Change::Opened);
    assert_eq!(is_shut(&breaker, now + Duration::from_secs(59)), Some(PortErrorKind::NotPermitted));
}

#[test]
fn who_gives_up_early_says_nothing_and_who_waited_does() {
    let (breaker, now) = (Arc::new(Breaker::default()), Instant::now());
    for _ in 0..10 {
        breaker.attempt(now, PATIENT).expect("let through").give_up(now + PATIENT / 2);
    }
    assert_eq!(breaker.state().failures, 0);
    for _ in 0..3 {
        let mut attempt = breaker.attempt(now, PATIENT).expect("let through");
        attempt.give_up(now + PATIENT);
        attempt.is_told = true;
    }
    assert_eq!(is_shut(&breaker, now + PATIENT), Some(PortErrorKind::Timeout));
}

#[test]
fn what_takes_longer_is_not_made_shorter() {
    let (breaker, now) = (Arc::new(Breaker::default()), Instant::now());
    let late = breaker.attempt(now, PATIENT).expect("let through");
    assert_eq!(fail(&breaker, &refused(401, None), now), Change::Opened);
    assert_eq!(late.end(Some(&gone()), now), Change::None);
    assert_eq!(is_shut(&breaker, now + REST * 2), Some(PortErrorKind::NotPermitted));
}
