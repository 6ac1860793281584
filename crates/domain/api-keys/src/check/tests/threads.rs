//! Many callers at once, on threads of their own.

use std::{
    sync::{
        Arc, Barrier, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use altus4_kernel::{AccountId, ApiKeyId, Change, ChangeSubscriber, testkit::block_on};

use super::desk::{Desk, account};
use crate::{
    ApiKeyError, CachedKey, KeyCache, KeyCheck, KeyDigest,
    testkit::{FakeKeyDigester, InMemoryKeyCache, sample_key},
};

const CALLERS: usize = 8;

#[test]
fn callers_at_once_cost_one_look_up() {
    for _ in 0..50 {
        let desk = Desk::new();
        let text = desk.stored(&sample_key(1, account()));
        desk.store.waits.store(2, Ordering::SeqCst);
        let together = Barrier::new(CALLERS);
        thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| {
                    together.wait();
                    assert!(desk.passes(&text));
                });
            }
        });
        assert_eq!(desk.look_ups(), 1);
    }
}

#[test]
fn no_caller_after_a_change_sees_what_was_before() {
    let desk = Desk::new();
    let key = sample_key(1, account());
    let text = desk.stored(&key);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                while !over.load(Ordering::Acquire) {
                    let outcome = block_on(desk.check.authenticate(&text, None));
                    assert!(matches!(outcome, Ok(_) | Err(ApiKeyError::InvalidKey)), "{outcome:?}");
                }
            });
        }
        for round in 0..2_000 {
            let revoked_at = (round % 2 == 0).then_some(key.created_at);
            desk.store.rows.amend(key.id, |key| key.revoked_at = revoked_at);
            desk.check.on_change(Change::ApiKey(key.id));
            assert_eq!(desk.passes(&text), revoked_at.is_none(), "round {round}");
        }
        over.store(true, Ordering::Release);
    });
}

/// Lets something happen once, after it has found nothing and before it says so.
#[derive(Default)]
struct SlowCache {
    kept: InMemoryKeyCache,
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl KeyCache for SlowCache {
    fn get(&self, digest: &KeyDigest) -> Option<CachedKey> {
        let found = self.kept.get(digest);
        let meanwhile = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(happens) = meanwhile {
            happens();
        }
        found
    }

    fn put(&self, digest: KeyDigest, key: CachedKey) {
        self.kept.put(digest, key);
    }

    fn forget_key(&self, id: ApiKeyId) {
        self.kept.forget_key(id);
    }

    fn forget_account(&self, id: AccountId) {
        self.kept.forget_account(id);
    }

    fn forget_digest(&self, digest: &KeyDigest) {
        self.kept.forget_digest(digest);
    }

    fn clear(&self) {
        self.kept.clear();
    }
}

#[test]
fn a_look_up_that_ended_just_now_is_not_made_again() {
    let desk = Desk::new();
    let text = desk.stored(&sample_key(1, account()));
    let cache = Arc::new(SlowCache::default());
    let check = KeyCheck::new(
        desk.store.clone(),
        Arc::new(FakeKeyDigester::new(&["new"])),
        cache.clone(),
        Arc::new(desk.clock.clone()),
    );
    let (other, same) = (check.clone(), text.clone());
    let whole_call = move || assert!(block_on(other.authenticate(&same, None)).is_ok());
    *cache.meanwhile.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(whole_call));
    assert!(block_on(check.authenticate(&text, None)).is_ok());
    assert_eq!(desk.look_ups(), 1);
}
