//! A year of searches that look like chance and are the same each time.

use std::time::Duration;

use altus4_kernel::{AccountId, ConnectionId, Environment, SearchId, Timestamp};
use altus4_search::{SearchMode, SearchRecord, SearchStatus, folded};
use uuid::Uuid;

const DAYS: u64 = 365;
/// How many different queries there are of each account, as frequent as words are.
const QUERIES: f64 = 200_000.0;
const CATEGORIES: [&str; 6] = ["Garden", "Kitchen", "Light", "Office", "Tools", "Toys"];

/// Who searches for what.
pub(crate) struct Scene {
    /// How many searches there are in all.
    pub(crate) count: u64,
    /// The first makes half of them.
    pub(crate) accounts: Vec<AccountId>,
    /// Each search goes to one of them.
    pub(crate) databases: Vec<ConnectionId>,
    /// The end of the year.
    pub(crate) end: Timestamp,
}

/// The searches, the oldest first.
pub(crate) struct Searches {
    next: u64,
    scene: Scene,
}

impl Searches {
    pub(crate) fn new(scene: Scene) -> Self {
        Self { next: 0, scene }
    }

    /// Numbers in order that look like chance (`SplitMix64`; Steele, Lea and Flood, 2014).
    fn chance(&self, bound: u64, salt: u64) -> u64 {
        let mixed = (16 * self.next + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_of<T: Clone>(&self, among: &[T], salt: u64) -> T {
        let place = self.chance(among.len() as u64, salt);
        among[usize::try_from(place).unwrap_or(0)].clone()
    }

    fn at(&self) -> Timestamp {
        let year = Duration::from_hours(24 * DAYS);
        let left = (self.scene.count - self.next) as f64 / self.scene.count as f64;
        self.scene.end - year.mul_f64(left)
    }

    /// Zipf: the rank of a query is spread evenly by its logarithm.
    fn query(&self) -> String {
        let part = self.chance(1 << 32, 3) as f64 / (1_u64 << 32) as f64;
        format!("Query number {:.0}", QUERIES.powf(part).floor())
    }
}

impl Iterator for Searches {
    type Item = SearchRecord;

    fn next(&mut self) -> Option<SearchRecord> {
        if self.next == self.scene.count {
            return None;
        }
        let is_failed = self.chance(50, 5) == 0;
        let finds_nothing = is_failed || self.chance(12, 6) == 0;
        let accounts = &self.scene.accounts;
        let account = if self.chance(2, 1) == 0 { accounts[0] } else { self.one_of(accounts, 2) };
        let modes = [SearchMode::Natural, SearchMode::Natural, SearchMode::Boolean, SearchMode::Semantic];
        let query = self.query();
        let search = SearchRecord {
            id: SearchId::from_uuid(Uuid::from_u64_pair(self.next, self.next)),
            account_id: account,
            api_key: None,
            environment: if self.chance(20, 8) == 0 { Environment::Test } else { Environment::Live },
            folded: folded(&query),
            query,
            mode: self.one_of(&modes, 9),
            databases: vec![self.one_of(&self.scene.databases, 4)],
            categories: if finds_nothing {
                Vec::new()
            } else {
                vec![self.one_of(&CATEGORIES, 13).to_owned()]
            },
            results: if finds_nothing { 0 } else { 1 + self.chance(500, 7) },
            took: Duration::from_micros(500 + self.chance(1 << (4 + self.chance(16, 10)), 11)),
            cached: self.chance(4, 12) == 0,
            status: if is_failed { SearchStatus::Failed } else { SearchStatus::Success },
            at: self.at(),
        };
        self.next += 1;
        Some(search)
    }
}
