//! The memory of what the store told, bounded.

use std::{collections::HashMap, sync::Arc};

use altus4_kernel::AccountId;

use super::known::Known;

/// What is kept of accounts: what was asked longest ago makes room.
#[derive(Default)]
pub(super) struct Kept {
    accounts: HashMap<AccountId, Entry>,
    weight: usize,
}

struct Entry {
    known: Arc<Known>,
    /// It was told that something of it is changed: it only tells what may be open still.
    is_doubtful: bool,
}

impl Kept {
    /// About how many bytes are kept at the most.
    const CAPACITY: usize = 32 * 1024 * 1024;
    /// How much is left once room was made, so that this is seldom done.
    const AFTER_MAKING_ROOM: usize = Self::CAPACITY / 8 * 7;
    /// An account that takes more than this is not kept.
    const LARGEST: usize = Self::CAPACITY / 8;

    pub(super) fn get(&self, account_id: AccountId) -> Option<Arc<Known>> {
        let entry = self.accounts.get(&account_id).filter(|entry| !entry.is_doubtful)?;
        Some(Arc::clone(&entry.known))
    }

    /// Keeps it in the place of what was there, which is given back.
    pub(super) fn put(&mut self, account_id: AccountId, known: Arc<Known>) -> Option<Arc<Known>> {
        let before = self.remove(account_id);
        let weight = known.weight();
        if weight <= Self::LARGEST {
            self.weight += weight;
            self.accounts.insert(account_id, Entry { known, is_doubtful: false });
            if self.weight > Self::CAPACITY {
                self.make_room();
            }
        }
        before
    }

    pub(super) fn remove(&mut self, account_id: AccountId) -> Option<Arc<Known>> {
        let entry = self.accounts.remove(&account_id)?;
        self.weight -= entry.known.weight();
        Some(entry.known)
    }

    pub(super) fn doubt(&mut self, account_id: AccountId) {
        if let Some(entry) = self.accounts.get_mut(&account_id) {
            entry.is_doubtful = true;
        }
    }

    pub(super) fn doubt_all(&mut self) {
        self.accounts.values_mut().for_each(|entry| entry.is_doubtful = true);
    }

    fn make_room(&mut self) {
        let age = |(id, entry): (&AccountId, &Entry)| (entry.known.asked_at, *id);
        let mut by_age: Vec<_> = self.accounts.iter().map(age).collect();
        by_age.sort_unstable_by_key(|(asked_at, _)| *asked_at);
        for (_, id) in by_age {
            if self.weight <= Self::AFTER_MAKING_ROOM {
                break;
            }
            self.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use altus4_kernel::{Timestamp, uuid::Uuid};

    use super::*;
    use crate::testkit::sample_connection;

    fn account(number: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(number))
    }

    fn known(number: u128, connections: u128) -> Arc<Known> {
        let sample = |id| sample_connection(id, account(number), &format!("connection {id}"));
        let begin = Timestamp::parse("2026-01-15T10:30:00Z").expect("a time");
        let asked_at = begin + Duration::from_secs(u64::try_from(number).expect("a small number"));
        Arc::new(Known::new((0..connections).map(sample).collect(), asked_at))
    }

    #[test]
    fn what_was_asked_longest_ago_makes_room() {
        let mut kept = Kept::default();
        let each = known(1, 99).weight();
        let fits = u128::try_from(Kept::CAPACITY / each).expect("a number");
        for number in 1..=fits {
            kept.put(account(number), known(number, 99));
        }
        assert!(kept.get(account(1)).is_some());
        kept.put(account(fits + 1), known(fits + 1, 99));
        assert!(kept.get(account(1)).is_none());
        assert!(kept.get(account(fits + 1)).is_some());
        assert!(kept.weight <= Kept::AFTER_MAKING_ROOM);
        for number in 1..=fits + 1 {
            kept.remove(account(number));
        }
        assert_eq!((kept.weight, kept.accounts.len()), (0, 0));
    }

    #[test]
    fn an_account_that_takes_too_much_is_not_kept() {
        let mut kept = Kept::default();
        kept.put(account(1), known(1, 1));
        let large = u128::try_from(Kept::LARGEST / 1_024).expect("a number");
        assert!(kept.put(account(1), known(1, large)).is_some());
        assert!(kept.get(account(1)).is_none());
        assert_eq!(kept.weight, 0);
    }
}
