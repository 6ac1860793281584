//! The greatest sums over many ranked lists, without reading the lists to their ends: the Threshold
//! Algorithm (Fagin, Lotem and Naor, PODS 2001, JCSS 2003).

use std::{cmp::Ordering, collections::HashMap};

/// What stands in a list: something, and how much there is of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entry {
    /// What it is.
    pub key: i64,
    /// How much; never 0.
    pub count: u64,
}

impl Entry {
    /// How lists are ordered: the greatest first, and the greatest key where they are as great, so that
    /// an index that is read backwards is such a list.
    #[must_use]
    pub fn rank(&self, other: &Self) -> Ordering {
        other.count.cmp(&self.count).then(other.key.cmp(&self.key))
    }
}

/// What has to be read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Of each of these lists, this many entries after those passed over: [`Threshold::read`].
    Read(Vec<Unread>, usize),
    /// The sums of these over all lists: [`Threshold::sum`].
    Sum(Vec<i64>),
    /// Nothing: [`Threshold::finish`].
    Done,
}

/// The rest of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// The list's number, from 0.
    pub list: usize,
    /// How many entries were read of it.
    pub passed: usize,
}

/// Finds the `wanted` greatest sums. It does no reading itself: whoever drives it reads what
/// [`Threshold::advance`] asks for, and tells it.
///
/// Each list is read from its beginning, a batch at a time. What was seen of something so far is the
/// least that its sum can be. What was not seen of it in a list can be no greater there than the last
/// that was read of the list; so there is a most, too. The sums of what looks greatest are asked for;
/// when nothing unseen can be as great as the last of them, those of what was seen and still can be, and
/// of nothing else: looking one thing up in all lists costs far more than reading on in one (the
/// Combined Algorithm of the same authors).
#[derive(Debug)]
pub struct Threshold {
    wanted: usize,
    batch: usize,
    has_begun: bool,
    lists: Vec<List>,
    seen: HashMap<i64, Seen>,
    /// Whose sums were asked for.
    asked: Vec<i64>,
}

#[derive(Debug, Clone, Default)]
struct List {
    last: Option<Entry>,
    passed: usize,
    is_over: bool,
}

impl List {
    /// The most that is in it of what was not seen in it.
    fn most(&self) -> u64 {
        self.last.filter(|_| !self.is_over).map_or(0, |last| last.count)
    }
}

#[derive(Debug, Default)]
struct Seen {
    /// In the lists where it was seen, or in all.
    count: u64,
    /// Whether it is in all.
    is_sum: bool,
    lists: Vec<usize>,
}

impl Threshold {
    /// The first batch of each list has at least so many entries,
    const MIN_BATCH: usize = 16;
    /// and no batch has more.
    const MAX_BATCH: usize = 2_048;

    /// Finds the `wanted` greatest sums over so many lists.
    #[must_use]
    pub fn new(wanted: usize, lists: usize) -> Self {
        // A little more than the greatest of one list: chances are that it is enough.
        let batch = (wanted + wanted / 4).clamp(Self::MIN_BATCH, Self::MAX_BATCH);
        let lists = vec![List::default(); if wanted == 0 { 0 } else { lists }];
        Self { wanted, batch, has_begun: false, lists, seen: HashMap::new(), asked: Vec::new() }
    }

    /// What has to be read next.
    pub fn advance(&mut self) -> Next {
        if !self.has_begun {
            self.has_begun = true;
            return if self.lists.is_empty() { Next::Done } else { self.reading() };
        }
        if self.open().next().is_none() {
            // All is seen, wherever it is.
            return Next::Done;
        }
        let ranked = self.ranked();
        let unsure = |entry: &&Entry| !self.seen[&entry.key].is_sum;
        let best = ranked.iter().take(self.wanted).filter(unsure);
        let best: Vec<_> = best.map(|entry| entry.key).collect();
        if !best.is_empty() {
            return self.summing(best);
        }
        let Some(last) = ranked.get(self.wanted - 1).filter(|last| self.is_beyond_the_unseen(last)) else {
            self.batch = (self.batch * 2).min(Self::MAX_BATCH);
            return self.reading();
        };
        let unseen: u64 = self.lists.iter().map(List::most).fold(0, u64::saturating_add);
        let rest = ranked.iter().skip(self.wanted).filter(unsure);
        let rest = rest.filter(|entry| self.most(entry.key, unseen) >= last.count);
        let rest: Vec<_> = rest.map(|entry| entry.key).collect();
        if rest.is_empty() { Next::Done } else { self.summing(rest) }
    }

    fn summing(&mut self, keys: Vec<i64>) -> Next {
        self.asked.clone_from(&keys);
        Next::Sum(keys)
    }

    fn reading(&self) -> Next {
        let unread = |(list, known): (usize, &List)| Unread { list, passed: known.passed };
        Next::Read(self.open().map(unread).collect(), self.batch)
    }

    /// What was read of a list: fewer entries than were asked for are its last.
    pub fn read(&mut self, list: usize, entries: &[Entry]) {
        let is_only = self.lists.len() == 1;
        let Some(known) = self.lists.get_mut(list) else { return };
        known.is_over = entries.len() < self.batch;
        known.last = entries.last().copied().or(known.last);
        known.passed += entries.len();
        for entry in entries {
            let seen = self.seen.entry(entry.key).or_default();
            seen.lists.push(list);
            if !seen.is_sum {
                seen.count = seen.count.saturating_add(entry.count);
                // One list is its own sum.
                seen.is_sum = is_only;
            }
        }
    }

    /// The sums that were asked for, over all lists.
    pub fn sum(&mut self, sums: &[Entry]) {
        for entry in sums {
            self.seen.entry(entry.key).or_default().count = entry.count;
        }
        for key in self.asked.drain(..) {
            self.seen.entry(key).or_default().is_sum = true;
        }
    }

    /// The greatest sums, as [`Entry::rank`] orders them.
    #[must_use]
    pub fn finish(self) -> Vec<Entry> {
        let mut ranked = self.ranked();
        ranked.truncate(self.wanted);
        ranked
    }

    fn open(&self) -> impl Iterator<Item = (usize, &List)> {
        self.lists.iter().enumerate().filter(|(_, list)| !list.is_over)
    }

    fn ranked(&self) -> Vec<Entry> {
        let mut ranked: Vec<_> =
            self.seen.iter().map(|(key, seen)| Entry { key: *key, count: seen.count }).collect();
        ranked.sort_unstable_by(Entry::rank);
        ranked
    }

    /// The most that the sum of something can be that was seen; `unseen` is that of what wasn't.
    fn most(&self, key: i64, unseen: u64) -> u64 {
        let seen = &self.seen[&key];
        let elsewhere =
            seen.lists.iter().map(|list| self.lists[*list].most()).fold(unseen, u64::saturating_sub);
        seen.count.saturating_add(elsewhere)
    }

    /// Whether nothing that was seen nowhere comes before this.
    fn is_beyond_the_unseen(&self, last: &Entry) -> bool {
        // Of a list that nothing was read of, anything can be expected.
        let Some(bounds) = self.open().map(|(_, list)| list.last).collect::<Option<Vec<_>>>() else {
            return false;
        };
        let threshold = bounds.iter().fold(0_u64, |sum, bound| sum.saturating_add(bound.count));
        // What is as great in every list comes after the last of each: its key is less than theirs.
        let greatest_key = bounds.iter().map(|bound| bound.key).min();
        match threshold.cmp(&last.count) {
            Ordering::Less => true,
            Ordering::Equal => greatest_key.is_some_and(|key| key <= last.key),
            Ordering::Greater => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The outcome, and how many entries were read.
    fn greatest(wanted: usize, lists: &[Vec<Entry>]) -> (Vec<Entry>, usize) {
        let mut search = Threshold::new(wanted, lists.len());
        let mut read = 0;
        loop {
            match search.advance() {
                Next::Done => return (search.finish(), read),
                Next::Read(wanted, count) => {
                    for Unread { list, passed } in wanted {
                        let entries: Vec<_> = lists[list].iter().skip(passed).take(count).copied().collect();
                        read += entries.len();
                        search.read(list, &entries);
                    }
                }
                Next::Sum(keys) => {
                    let sum = |key: i64| lists.iter().flatten().filter(move |entry| entry.key == key);
                    let sums =
                        keys.into_iter().map(|key| Entry { key, count: sum(key).map(|e| e.count).sum() });
                    search.sum(&sums.collect::<Vec<_>>());
                }
            }
        }
    }

    fn lists(counts: &[Vec<(i64, u64)>]) -> Vec<Vec<Entry>> {
        let list = |counts: &Vec<(i64, u64)>| {
            let unique: HashMap<_, _> = counts.iter().copied().collect();
            let mut list: Vec<_> = unique.into_iter().map(|(key, count)| Entry { key, count }).collect();
            list.sort_by(Entry::rank);
            list
        };
        counts.iter().map(list).collect()
    }

    fn naive(wanted: usize, lists: &[Vec<Entry>]) -> Vec<Entry> {
        let mut sums = HashMap::new();
        for entry in lists.iter().flatten() {
            *sums.entry(entry.key).or_insert(0) += entry.count;
        }
        let mut sums: Vec<_> = sums.into_iter().map(|(key, count)| Entry { key, count }).collect();
        sums.sort_by(Entry::rank);
        sums.truncate(wanted);
        sums
    }

    proptest! {
        #[test]
        fn the_greatest_sums_are_those_of_all_entries(
            counts in prop::collection::vec(prop::collection::vec((0..200_i64, 1..6_u64), 0..150), 0..6),
            wanted in 0..60_usize,
        ) {
            let lists = lists(&counts);
            prop_assert_eq!(greatest(wanted, &lists).0, naive(wanted, &lists));
        }
    }

    #[test]
    fn lists_are_not_read_to_their_ends() {
        // Ten thousand entries a list, as frequent as words are (Zipf).
        let list: Vec<_> =
            (1..=10_000).map(|key| Entry { key, count: 1_000_000 / key.unsigned_abs() }).collect();
        let lists = vec![list; 10];
        let (found, read) = greatest(20, &lists);
        assert_eq!(found, naive(20, &lists));
        assert!(read < 1_000, "{read} entries of {}", 10 * 10_000);
    }

    #[test]
    fn little_is_looked_up_beside_what_is_found() {
        // As frequent as words are, and each list in disorder where little is counted.
        let list = |number: i64| {
            let count = |key: i64| 20_000 / key.unsigned_abs() + key.unsigned_abs() * 7_919 % 5 + 1;
            let mut list: Vec<_> =
                (1..=5_000).map(|key| Entry { key, count: count(key + number % 3) }).collect();
            list.sort_by(Entry::rank);
            list
        };
        let lists: Vec<_> = (0..12).map(list).collect();
        for wanted in [10, 100, 1_000] {
            let mut search = Threshold::new(wanted, lists.len());
            let mut summed = 0;
            loop {
                match search.advance() {
                    Next::Done => break,
                    Next::Read(unread, count) => {
                        for Unread { list, passed } in unread {
                            let end = (passed + count).min(lists[list].len());
                            search.read(list, &lists[list][passed..end]);
                        }
                    }
                    Next::Sum(keys) => {
                        summed += keys.len();
                        let sum = |key: i64| lists.iter().flatten().filter(move |entry| entry.key == key);
                        let sums =
                            keys.into_iter().map(|key| Entry { key, count: sum(key).map(|e| e.count).sum() });
                        search.sum(&sums.collect::<Vec<_>>());
                    }
                }
            }
            assert_eq!(search.finish(), naive(wanted, &lists));
            assert!(summed <= 2 * wanted, "{summed} for {wanted}");
        }
    }
}
