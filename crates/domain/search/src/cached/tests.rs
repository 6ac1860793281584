//! What the front of searching promises.

mod desk;

use std::{
    task::{Context, Waker},
    time::Duration,
};

use altus4_connections::ConnectionError;
use altus4_kernel::{Change, ChangeSubscriber, testkit::block_on};
use futures::{FutureExt, future::join_all};

use self::desk::{Desk, LIFE, OWNER, connection, query};
use crate::{
    Degraded, HistoryRequest, SearchError, SearchLog, SearchMode, SearchQuery, SearchStatus, Tags, Window,
};

#[test]
fn the_same_search_again_is_answered_with_the_same_answer_under_another_id() {
    let desk = Desk::new();
    let (first, again) = (desk.served(query("parcel")), desk.served(query("parcel")));
    assert_eq!(desk.runs(), 1);
    assert_eq!((first.cached, again.cached), (false, true));
    assert_ne!(first.search_id, again.search_id);
    assert_eq!(first.answer.hits, again.answer.hits);
}

#[test]
fn an_answer_is_given_for_its_life_and_no_longer() {
    let desk = Desk::new();
    desk.served(query("parcel"));
    desk.clock.advance(LIFE.saturating_sub(Duration::from_millis(1)));
    assert!(desk.served(query("parcel")).cached);
    desk.clock.advance(Duration::from_millis(1));
    assert!(!desk.served(query("parcel")).cached);
    assert!(desk.served(query("parcel")).cached);
}

#[test]
fn without_a_life_nothing_is_kept() {
    let desk = Desk::with_life(Duration::ZERO);
    assert!(!desk.served(query("parcel")).cached);
    assert!(!desk.served(query("parcel")).cached);
    assert_eq!(desk.runs(), 2);
}

#[test]
fn searches_that_differ_in_any_field_are_not_the_same() {
    let desk = Desk::new();
    let plain = || query("parcel");
    let different = [
        plain(),
        query("parcel "),
        query("Parcel"),
        SearchQuery { mode: SearchMode::Semantic, ..plain() },
        SearchQuery { tables: vec!["a".into(), "b".into()], ..plain() },
        SearchQuery { tables: vec!["a, b".into()], ..plain() },
        SearchQuery { tables: vec!["a\", \"b".into()], ..plain() },
        SearchQuery { columns: vec!["a".into()], ..plain() },
        SearchQuery { fields: vec!["a".into()], ..plain() },
        SearchQuery { window: Window::new(20, 20).expect("a window"), ..plain() },
        SearchQuery { min_score: 0.1 + 0.2, ..plain() },
        SearchQuery { min_score: 0.3, ..plain() },
        SearchQuery { highlight: Some(Tags::default()), ..plain() },
        SearchQuery { timeout: Duration::from_millis(51), ..plain() },
        SearchQuery { databases: vec![connection(1)], ..plain() },
    ];
    let count = different.len();
    for query in different {
        assert!(!desk.served(query.clone()).cached, "{query:?}");
    }
    assert_eq!(desk.runs(), count);
}

#[test]
fn naming_all_databases_is_naming_none() {
    let desk = Desk::new();
    desk.served(query("parcel"));
    let named = SearchQuery { databases: vec![connection(2), connection(1)], ..query("parcel") };
    assert!(desk.served(named).cached);
}

#[test]
fn an_answer_is_given_to_its_account_alone() {
    let desk = Desk::new();
    desk.served(query("parcel"));
    let other = block_on(desk.other(query("parcel")));
    assert!(!other.expect("an answer").cached);
    let foreign = SearchQuery { databases: vec![connection(1)], ..query("parcel") };
    desk.served(foreign.clone());
    let refused = block_on(desk.other(foreign));
    let refused = refused.expect_err("it isn't the other's");
    assert!(
        matches!(refused, SearchError::Connection(ConnectionError::NotFound(id)) if id == connection(1)),
        "{refused:?}"
    );
}

#[test]
fn nothing_from_before_a_change_of_a_connection_is_given() {
    let desk = Desk::new();
    let of_first = SearchQuery { databases: vec![connection(1)], ..query("parcel") };
    for query in [query("parcel"), of_first.clone()] {
        desk.served(query);
    }
    desk.epochs.on_change(Change::Connection(desk::account(OWNER), connection(2)));
    assert!(!desk.served(query("parcel")).cached);
    assert!(desk.served(of_first.clone()).cached);
    desk.epochs.on_change(Change::Account(desk::account(OWNER)));
    assert!(desk.served(query("parcel")).cached);
    desk.epochs.on_gap();
    assert!(!desk.served(of_first).cached);
}

#[test]
fn a_search_that_a_change_overtakes_is_not_given_later() {
    let desk = Desk::new();
    desk.hold();
    let mut overtaken = desk.search(query("parcel")).boxed();
    assert!(overtaken.poll_unpin(&mut Context::from_waker(Waker::noop())).is_pending());
    desk.epochs.on_change(Change::Connection(desk::account(OWNER), connection(1)));
    desk.let_go();
    block_on(overtaken).expect("an answer");
    assert!(!desk.served(query("parcel")).cached);
}

#[test]
fn two_hundred_at_once_are_one_run() {
    let desk = Desk::new();
    desk.hold();
    let mut all = join_all((0..200).map(|_| desk.search(query("parcel")))).boxed();
    assert!(all.poll_unpin(&mut Context::from_waker(Waker::noop())).is_pending());
    desk.let_go();
    let served: Vec<_> = block_on(all).into_iter().map(|served| served.expect("an answer")).collect();
    assert_eq!(desk.runs(), 1);
    assert_eq!(served.iter().filter(|served| !served.cached).count(), 1);
    let ids: std::collections::HashSet<_> = served.iter().map(|served| served.search_id).collect();
    assert_eq!(ids.len(), 200);
}

#[test]
fn whoever_goes_away_leaves_the_run_to_the_others() {
    let desk = Desk::new();
    desk.hold();
    let mut context = Context::from_waker(Waker::noop());
    let mut first = desk.search(query("parcel")).boxed();
    let mut second = desk.search(query("parcel")).boxed();
    assert!(first.poll_unpin(&mut context).is_pending());
    assert!(second.poll_unpin(&mut context).is_pending());
    drop(first);
    desk.let_go();
    block_on(second).expect("an answer");
    assert_eq!(desk.runs(), 1);
    assert!(desk.served(query("parcel")).cached);
}

#[test]
fn a_run_that_nobody_waits_for_ends() {
    let desk = Desk::new();
    desk.hold();
    let mut only = desk.search(query("parcel")).boxed();
    assert!(only.poll_unpin(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(only);
    assert_eq!(desk.under_way(), 0);
    desk.let_go();
    assert!(!desk.served(query("parcel")).cached);
}

#[test]
fn an_error_reaches_all_who_wait_and_the_next_one_tries_again() {
    let desk = Desk::new();
    desk.fail();
    desk.hold();
    let mut all = join_all((0..5).map(|_| desk.search(query("parcel")))).boxed();
    assert!(all.poll_unpin(&mut Context::from_waker(Waker::noop())).is_pending());
    desk.let_go();
    for outcome in block_on(all) {
        let refused = outcome.expect_err("an error");
        assert!(matches!(&refused, SearchError::AllFailed(failures) if failures.len() == 1), "{refused:?}");
    }
    assert_eq!(desk.runs(), 1);
    desk.recover();
    assert!(!desk.served(query("parcel")).cached);
    assert_eq!(desk.runs(), 2);
}

#[test]
fn an_answer_that_lacks_something_is_not_kept() {
    let desk = Desk::new();
    desk.answer(|answer| answer.failures = vec![desk::failure()]);
    desk.served(query("parcel"));
    desk.answer(|answer| answer.degraded = vec![Degraded::Ai]);
    assert!(!desk.served(query("parcel")).cached);
    desk.answer(|_| ());
    assert!(!desk.served(query("parcel")).cached);
    assert!(desk.served(query("parcel")).cached);
}

#[test]
fn every_search_is_written_down_as_it_ended() {
    let desk = Desk::new();
    let ids = [desk.served(query("  Lost PARCEL")), desk.served(query("  Lost PARCEL"))];
    desk.answer(|answer| answer.failures = vec![desk::failure()]);
    desk.served(query("partly"));
    desk.fail();
    block_on(desk.search(query("failing"))).expect_err("an error");
    let foreign = SearchQuery { databases: vec![connection(9)], ..query("x") };
    block_on(desk.search(foreign)).expect_err("it is nobody's");
    block_on(desk.recorder.flush()).expect("flush");
    let all = HistoryRequest { from: None, to: None, limit: 100, offset: 0 };
    let mut written = block_on(desk.log.history(desk::account(OWNER), &all)).expect("history").items;
    written.reverse();
    let ends: Vec<_> = written.iter().map(|search| (&*search.folded, search.cached, search.status)).collect();
    assert_eq!(
        ends,
        [
            ("lost parcel", false, SearchStatus::Success),
            ("lost parcel", true, SearchStatus::Success),
            ("partly", false, SearchStatus::Partial),
            ("failing", false, SearchStatus::Failed),
        ]
    );
    assert_eq!([written[0].id, written[1].id], ids.map(|served| served.search_id));
    assert_eq!(written[0].databases, [connection(1), connection(2)]);
    assert_eq!((written[0].results, written[3].results, written[0].api_key), (2, 0, None));
}
