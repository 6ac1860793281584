//! That nothing is lost, written twice or out of its order on the way to the store.

use std::task::{Context, Poll, Waker};

use altus4_kernel::{PortErrorKind, testkit::block_on};

use super::{
    UsageRecorder,
    ledger::{Ledger, event},
};

fn recorder(ledger: &std::sync::Arc<Ledger>, capacity: usize) -> UsageRecorder {
    UsageRecorder::new(std::sync::Arc::clone(ledger) as _, capacity)
}

fn record(recorder: &UsageRecorder, ids: impl IntoIterator<Item = u128>) {
    for id in ids {
        recorder.record(event(id));
    }
}

fn flush(recorder: &UsageRecorder) -> u64 {
    block_on(recorder.flush()).expect("the store is there")
}

#[test]
fn a_flush_writes_everything_in_order_in_batches_of_a_thousand() {
    let ledger = Ledger::new();
    let recorder = recorder(&ledger, 10_000);
    record(&recorder, 0..2_500);
    assert_eq!(recorder.pending(), 2_500);
    assert_eq!(flush(&recorder), 2_500);
    assert_eq!(ledger.batches(), [1_000, 1_000, 500]);
    assert_eq!(ledger.ids(), (0..2_500).collect::<Vec<_>>());
    assert_eq!((recorder.pending(), recorder.dropped()), (0, 0));
}

#[test]
fn a_flush_of_nothing_asks_nobody() {
    let ledger = Ledger::new();
    assert_eq!(flush(&recorder(&ledger, 10)), 0);
    assert!(ledger.batches().is_empty());
}

#[test]
fn what_could_not_be_written_is_written_first_by_the_next_flush() {
    let ledger = Ledger::new();
    let recorder = recorder(&ledger, 10_000);
    record(&recorder, 0..1_200);
    ledger.set_gone(true);
    for _ in 0..3 {
        let fault = block_on(recorder.flush()).expect_err("the store is gone");
        assert_eq!(fault.kind, PortErrorKind::Unavailable);
    }
    record(&recorder, 1_200..1_300);
    assert_eq!(recorder.pending(), 1_300);
    ledger.set_gone(false);
    assert_eq!(flush(&recorder), 1_300);
    assert_eq!(ledger.ids(), (0..1_300).collect::<Vec<_>>());
}

#[test]
fn a_full_queue_drops_what_comes_and_counts_it() {
    let ledger = Ledger::new();
    let recorder = recorder(&ledger, 100);
    record(&recorder, 0..150);
    assert_eq!((recorder.pending(), recorder.dropped()), (100, 50));
    assert_eq!(flush(&recorder), 100);
    record(&recorder, 150..160);
    assert_eq!(flush(&recorder), 10);
    assert_eq!(ledger.ids(), (0..100).chain(150..160).collect::<Vec<_>>());
}

#[test]
fn what_is_being_written_takes_its_place_in_the_queue() {
    let ledger = Ledger::new();
    let recorder = recorder(&ledger, 100);
    record(&recorder, 0..100);
    let gate = ledger.gate.try_lock().expect("nobody writes");
    let mut flush_begun = Box::pin(recorder.flush());
    assert!(flush_begun.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    record(&recorder, 100..101);
    assert_eq!((recorder.pending(), recorder.dropped()), (100, 1));
    drop(gate);
    assert_eq!(block_on(flush_begun).expect("written"), 100);
}

#[test]
fn a_flush_that_is_given_up_loses_nothing() {
    let ledger = Ledger::new();
    let recorder = recorder(&ledger, 100);
    record(&recorder, 0..10);
    let gate = ledger.gate.try_lock().expect("nobody writes");
    let mut given_up = Box::pin(recorder.flush());
    assert!(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    record(&recorder, 10..12);
    drop(given_up);
    drop(gate);
    assert_eq!(recorder.pending(), 12);
    assert_eq!(flush(&recorder), 12);
    assert_eq!(ledger.ids(), (0..12).collect::<Vec<_>>());
}

#[test]
fn flushes_take_turns_and_each_leaves_nothing_behind_that_was_recorded_before_it() {
    let ledger = Ledger::new();
    let recorder = recorder(&ledger, 100);
    record(&recorder, 0..5);
    let gate = ledger.gate.try_lock().expect("nobody writes");
    let mut context = Context::from_waker(Waker::noop());
    let mut first = Box::pin(recorder.flush());
    assert!(first.as_mut().poll(&mut context).is_pending());
    record(&recorder, 5..8);
    let mut second = Box::pin(recorder.flush());
    assert!(second.as_mut().poll(&mut context).is_pending());
    drop(gate);
    assert!(matches!(first.as_mut().poll(&mut context), Poll::Ready(Ok(5))));
    drop(first);
    assert_eq!(block_on(second).expect("written"), 3);
    assert_eq!(ledger.ids(), (0..8).collect::<Vec<_>>());
}

#[test]
fn threads_that_record_while_others_flush_lose_nothing() {
    let ledger = Ledger::new();
    let recorder = recorder(&ledger, 100_000);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let recorder = recorder.clone();
            scope.spawn(move || record(&recorder, (0..500).map(|n| thread * 1_000 + n)));
        }
        for _ in 0..2 {
            let recorder = recorder.clone();
            scope.spawn(move || (0..20).map(|_| flush(&recorder)).sum::<u64>());
        }
    });
    flush(&recorder);
    let mut ids = ledger.ids();
    for thread in 0..4 {
        let of_thread: Vec<_> = ids.iter().filter(|id| *id / 1_000 == thread).copied().collect();
        assert!(of_thread.is_sorted(), "each thread's order is kept");
    }
    ids.sort_unstable();
    assert_eq!(ids, (0..4).flat_map(|t| (0..500).map(move |n| t * 1_000 + n)).collect::<Vec<_>>());
}

#[test]
fn debug_shows_no_event() {
    let ledger = Ledger::new();
    let recorder = recorder(&ledger, 100);
    record(&recorder, [987_654_321]);
    assert!(!format!("{recorder:?}").contains("987654321"));
}
