//! A part of the key cache, under one lock: two bounded memories, and who is in them.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::Hash,
    sync::atomic::{AtomicBool, Ordering},
};

use altus4_api_keys::{CachedKey, KeyDigest};
use altus4_kernel::{AccountId, ApiKeyId};

pub(super) struct Shard {
    known: Memory,
    unknown: Memory,
    /// Where the known keys are; exactly them.
    by_key: Index<ApiKeyId>,
    by_account: Index<AccountId>,
}

type Index<I> = HashMap<I, HashSet<KeyDigest>>;

impl Shard {
    pub(super) fn new(max_known: usize, max_unknown: usize) -> Self {
        Self {
            known: Memory::new(max_known),
            unknown: Memory::new(max_unknown),
            by_key: Index::new(),
            by_account: Index::new(),
        }
    }

    pub(super) fn len(&self) -> (usize, usize) {
        (self.known.entries.len(), self.unknown.entries.len())
    }

    pub(super) fn get(&self, digest: &KeyDigest) -> Option<CachedKey> {
        self.known.get(digest).or_else(|| self.unknown.get(digest))
    }

    pub(super) fn put(&mut self, digest: KeyDigest, key: CachedKey) {
        self.forget_unless_it_is_of_the_same_key(&digest, &key);
        let Some(holder) = &key.holder else {
            self.unknown.put(digest, key);
            return;
        };
        self.by_key.entry(holder.key.id).or_default().insert(digest);
        self.by_account.entry(holder.key.account_id).or_default().insert(digest);
        if let Some((pushed_out, key)) = self.known.put(digest, key) {
            self.leave_indexes(&pushed_out, &key);
        }
    }

    pub(super) fn forget(&mut self, digest: &KeyDigest) {
        self.unknown.remove(digest);
        if let Some(key) = self.known.remove(digest) {
            self.leave_indexes(digest, &key);
        }
    }

    pub(super) fn forget_key(&mut self, id: ApiKeyId) {
        for digest in self.by_key.get(&id).cloned().unwrap_or_default() {
            self.forget(&digest);
        }
    }

    pub(super) fn forget_account(&mut self, id: AccountId) {
        for digest in self.by_account.get(&id).cloned().unwrap_or_default() {
            self.forget(&digest);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.known.max, self.unknown.max);
    }

    fn forget_unless_it_is_of_the_same_key(&mut self, digest: &KeyDigest, key: &CachedKey) {
        let identity =
            |key: &CachedKey| key.holder.as_ref().map(|holder| (holder.key.id, holder.key.account_id));
        let before = self.known.entries.get(digest).or_else(|| self.unknown.entries.get(digest));
        if before.is_some_and(|before| identity(&before.key) != identity(key)) {
            self.forget(digest);
        }
    }

    fn leave_indexes(&mut self, digest: &KeyDigest, key: &CachedKey) {
        if let Some(holder) = &key.holder {
            leave(&mut self.by_key, &holder.key.id, digest);
            leave(&mut self.by_account, &holder.key.account_id, digest);
        }
    }
}

fn leave<I: Hash + Eq>(index: &mut Index<I>, id: &I, digest: &KeyDigest) {
    if let Some(digests) = index.get_mut(id) {
        digests.remove(digest);
        if digests.is_empty() {
            index.remove(id);
        }
    }
}

/// Answers up to a bound. What was used longest ago goes first, nearly: who was used since its turn
/// came last gets another (CLOCK; Corbató, "A Paging Experiment with the Multics System", 1968), so that
/// using an answer writes no more than a bit.
struct Memory {
    max: usize,
    entries: HashMap<KeyDigest, Entry>,
    /// Each entry's turn to go, and turns of entries that are gone.
    turns: VecDeque<(KeyDigest, u64)>,
    next_turn: u64,
}

struct Entry {
    key: CachedKey,
    turn: u64,
    used: AtomicBool,
}

impl Memory {
    fn new(max: usize) -> Self {
        Self { max, entries: HashMap::new(), turns: VecDeque::new(), next_turn: 0 }
    }

    fn get(&self, digest: &KeyDigest) -> Option<CachedKey> {
        let entry = self.entries.get(digest)?;
        // Written once only: other threads read beside it.
        if !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        Some(entry.key.clone())
    }

    /// What was pushed out for it.
    fn put(&mut self, digest: KeyDigest, key: CachedKey) -> Option<(KeyDigest, CachedKey)> {
        if let Some(entry) = self.entries.get_mut(&digest) {
            entry.key = key;
            *entry.used.get_mut() = true;
            return None;
        }
        let pushed_out = if self.entries.len() >= self.max { self.push_out() } else { None };
        let turn = self.next_turn;
        self.next_turn += 1;
        self.entries.insert(digest, Entry { key, turn, used: AtomicBool::new(false) });
        self.turns.push_back((digest, turn));
        if self.turns.len() > 2 * self.max {
            let entries = &self.entries;
            self.turns.retain(|(digest, turn)| entries.get(digest).is_some_and(|entry| entry.turn == *turn));
        }
        pushed_out
    }

    fn push_out(&mut self) -> Option<(KeyDigest, CachedKey)> {
        while let Some((digest, turn)) = self.turns.pop_front() {
            let Some(entry) = self.entries.get_mut(&digest).filter(|entry| entry.turn == turn) else {
                continue;
            };
            if std::mem::take(entry.used.get_mut()) {
                self.turns.push_back((digest, turn));
            } else {
                return self.remove(&digest).map(|key| (digest, key));
            }
        }
        None
    }

    fn remove(&mut self, digest: &KeyDigest) -> Option<CachedKey> {
        self.entries.remove(digest).map(|entry| entry.key)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use altus4_api_keys::{
        KeyHolder,
        testkit::{sample_digest, sample_key},
    };
    use altus4_kernel::{Clock, Plan, Role, testkit::FixedClock, uuid::Uuid};

    use super::*;

    fn account(number: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(number))
    }

    /// The answer that key `number`, of an account of three, is stored under `digest`.
    fn known(number: u8, digest: u8) -> CachedKey {
        let holder = KeyHolder {
            key: sample_key(number.into(), account(u128::from(number) / 3)),
            role: Role::User,
            plan: Plan::Free,
            found_under: sample_digest(digest),
            good_until: None,
        };
        CachedKey { holder: Some(Arc::new(holder)), asked_at: FixedClock::default().now() }
    }

    fn unknown() -> CachedKey {
        CachedKey { holder: None, asked_at: FixedClock::default().now() }
    }

    fn digest(number: u8) -> KeyDigest {
        sample_digest(number).digest
    }

    /// Both memories within their bounds, and the indexes exactly those of what is known.
    fn assert_sound(shard: &Shard) {
        assert!(
            shard.known.entries.len() <= shard.known.max && shard.unknown.entries.len() <= shard.unknown.max
        );
        assert!(
            shard.known.turns.len() <= 2 * shard.known.max
                && shard.unknown.turns.len() <= 2 * shard.unknown.max
        );
        let mut expected = Shard::new(1_000, 1_000);
        for (digest, entry) in &shard.known.entries {
            expected.put(*digest, entry.key.clone());
        }
        assert!(shard.by_key == expected.by_key && shard.by_account == expected.by_account);
        assert!(shard.known.entries.keys().all(|digest| !shard.unknown.entries.contains_key(digest)));
    }

    #[test]
    fn through_thousands_of_changes_the_indexes_stay_exact_and_the_bounds_hold() {
        let mut shard = Shard::new(10, 5);
        // A small linear congruential generator: any changes do, and they are the same each time.
        let mut state = 3_u32;
        for _ in 0..6_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [number, what, ..] = state.to_be_bytes();
            let number = number % 30;
            match what % 8 {
                0..=2 => shard.put(digest(number), known(number, number)),
                // The same key under another digest: its secret was replaced.
                3 => shard.put(digest(number + 30), known(number, number + 30)),
                4 => shard.put(digest(number), unknown()),
                5 => drop(shard.get(&digest(number))),
                6 => {
                    let id = known(number, 0).holder.expect("known").key.id;
                    shard.forget_key(id);
                    assert!(shard.get(&digest(number)).is_none_or(|key| key.holder.is_none()));
                    assert!(shard.get(&digest(number + 30)).is_none());
                }
                _ if what % 3 == 0 => {
                    shard.forget_account(account(u128::from(number) / 3));
                    assert!(!shard.by_account.contains_key(&account(u128::from(number) / 3)));
                }
                _ => shard.forget(&digest(number)),
            }
            assert_sound(&shard);
        }
        shard.clear();
        assert_eq!(shard.len(), (0, 0));
        assert!(shard.by_key.is_empty() && shard.by_account.is_empty());
    }

    #[test]
    fn what_is_used_stays_while_others_come_and_go() {
        let mut shard = Shard::new(8, 8);
        shard.put(digest(0), known(0, 0));
        for number in 1..200 {
            assert!(shard.get(&digest(0)).is_some(), "pushed out by {number}");
            shard.put(digest(number), known(number, number));
            assert!(shard.known.entries.contains_key(&digest(number)), "the newest is kept");
        }
        assert_eq!(shard.len(), (8, 0));
    }

    #[test]
    fn unknown_digests_push_out_no_known_key() {
        let mut shard = Shard::new(4, 4);
        for number in 0..4 {
            shard.put(digest(number), known(number, number));
        }
        for number in 100..250 {
            shard.put(digest(number), unknown());
        }
        assert_eq!(shard.len(), (4, 4));
        assert!((0..4).all(|number| shard.get(&digest(number)).is_some()));
    }
}
