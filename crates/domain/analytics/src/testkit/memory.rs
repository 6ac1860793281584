//! Searches in memory, each kept, and added up anew for each question.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use altus4_kernel::{AccountId, ConnectionId, Page, PortResult, Role, SearchId, Timestamp};
use async_trait::async_trait;

use super::AnalyticsSubject;
use crate::{
    Activity, AnalyticsReader, DayRange, DayVolume, Environments, Figures, Grain, HistoryFilter, LabelKind,
    LabelSums, LoggedSearch, MAX_RANKED, QueryDay, QueryList, QuerySums, SLOWEST_PER_DAY, SearchedDatabase,
    SlowSearch, Sums, SumsPoint, Whose, day_of, hour_of, month_of,
};

/// A reader of what was [logged](AnalyticsSubject::log) in memory.
#[derive(Debug, Default)]
pub struct InMemoryAnalytics(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<AccountId, Account>,
    searches: BTreeMap<SearchId, LoggedSearch>,
    clicked: BTreeSet<SearchId>,
    /// Single searches from before this day are gone,
    raw_from: i64,
    /// and sums from before this one.
    sums_from: i64,
}

#[derive(Debug, Clone)]
struct Account {
    made: Timestamp,
    is_active: bool,
}

impl InMemoryAnalytics {
    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, write: impl FnOnce(&mut State) -> T) -> T {
        write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn of(&self, figures: Figures) -> impl Iterator<Item = &LoggedSearch> {
        self.searches.values().filter(move |search| {
            let day = day_of(search.at);
            let is_theirs = match figures.whose {
                Whose::Account(account) => search.account_id == account,
                Whose::Database(account, database) => {
                    search.account_id == account && search.databases.contains(&database)
                }
                Whose::System => true,
            };
            is_theirs
                && figures.environments.include(search.environment)
                && figures.range.has(day)
                && day >= self.sums_from
        })
    }

    fn sums<'a>(&self, searches: impl Iterator<Item = &'a LoggedSearch>) -> Sums {
        let mut sums = Sums::default();
        for search in searches {
            sums.add(search);
            sums.clicked += u64::from(self.clicked.contains(&search.id));
        }
        sums
    }

    fn queries(&self, figures: Figures, list: QueryList) -> Vec<QuerySums> {
        let mut queries: BTreeMap<&str, QuerySums> = BTreeMap::new();
        for search in self.of(figures).filter(|search| list.has(search)) {
            let sums = queries.entry(&search.folded).or_insert_with(|| QuerySums {
                folded: search.folded.clone(),
                query: String::new(),
                searches: 0,
                took_us: 0,
                results: 0,
                clicked: 0,
                last_at: search.at,
            });
            sums.searches += 1;
            sums.took_us += search.took_us();
            sums.results += search.results;
            sums.clicked += u64::from(self.clicked.contains(&search.id));
            if search.at >= sums.last_at {
                sums.last_at = search.at;
            }
        }
        let mut queries: Vec<_> = queries.into_values().collect();
        for query in &mut queries {
            query.query = self.last_typed(figures.whose, &query.folded);
        }
        queries.sort_by(|a, b| b.searches.cmp(&a.searches).then_with(|| a.folded.cmp(&b.folded)));
        queries
    }

    /// As the account last typed it, whenever.
    fn last_typed(&self, whose: Whose, folded: &str) -> String {
        let is_theirs = |search: &&LoggedSearch| match whose {
            Whose::Account(account) | Whose::Database(account, _) => search.account_id == account,
            Whose::System => true,
        };
        let same = self.searches.values().filter(is_theirs).filter(|search| search.folded == folded);
        let last = same.max_by_key(|search| (search.at, search.id.as_uuid()));
        last.map(|search| search.query.clone()).unwrap_or_default()
    }

    fn history(&self, account: AccountId, filter: &HistoryFilter) -> Vec<LoggedSearch> {
        let figures = Figures {
            whose: Whose::Account(account),
            environments: filter.environments,
            range: filter.range,
        };
        let fits = |search: &&LoggedSearch| {
            day_of(search.at) >= self.raw_from
                && filter.containing.as_ref().is_none_or(|part| search.folded.contains(part.as_str()))
                && filter.mode.as_ref().is_none_or(|mode| search.mode == *mode)
                && filter.min_took.is_none_or(|least| search.took >= least)
                && filter.found_nothing.is_none_or(|wanted| search.found_nothing() == wanted)
                && filter.database.is_none_or(|database| search.databases.contains(&database))
        };
        let mut found: Vec<_> = self.of(figures).filter(fits).cloned().collect();
        found.sort_by_key(|search| std::cmp::Reverse((search.at, search.id.as_uuid())));
        found
    }
}

fn page<T>(items: Vec<T>, offset: u32, limit: u32) -> Page<T> {
    let total = items.len() as u64;
    Page { items: items.into_iter().skip(offset as usize).take(limit as usize).collect(), total }
}

#[async_trait]
impl AnalyticsReader for InMemoryAnalytics {
    async fn sums(&self, figures: Figures, grain: Grain) -> PortResult<Vec<SumsPoint>> {
        Ok(self.read(|state| {
            let mut points: BTreeMap<i64, Vec<&LoggedSearch>> = BTreeMap::new();
            for search in state.of(figures) {
                let hour = match grain {
                    Grain::Hour => hour_of(search.at),
                    Grain::Day => 24 * day_of(search.at),
                };
                points.entry(hour).or_default().push(search);
            }
            let point =
                |(hour, searches): (i64, Vec<_>)| SumsPoint { hour, sums: state.sums(searches.into_iter()) };
            points.into_iter().map(point).collect()
        }))
    }

    async fn labels(&self, figures: Figures, kind: LabelKind) -> PortResult<Vec<LabelSums>> {
        Ok(self.read(|state| {
            let mut labels: BTreeMap<String, LabelSums> = BTreeMap::new();
            for search in state.of(figures) {
                let of_search = match kind {
                    LabelKind::Mode => vec![search.mode.clone()],
                    LabelKind::Category => search.categories.clone(),
                };
                for label in of_search {
                    let none = LabelSums { label: label.clone(), searches: 0, took_us: 0 };
                    let sums = labels.entry(label).or_insert(none);
                    sums.searches += 1;
                    sums.took_us += search.took_us();
                }
            }
            let mut labels: Vec<_> = labels.into_values().collect();
            labels.sort_by_key(|label| std::cmp::Reverse(label.searches));
            labels
        }))
    }

    async fn top_queries(
        &self,
        figures: Figures,
        list: QueryList,
        offset: u32,
        limit: u32,
    ) -> PortResult<Vec<QuerySums>> {
        Ok(self.read(|state| {
            let mut queries = state.queries(figures, list);
            queries.truncate(MAX_RANKED as usize);
            page(queries, offset, limit).items
        }))
    }

    async fn different_queries(&self, figures: Figures, list: QueryList) -> PortResult<u64> {
        let different = self.read(|state| state.queries(figures, list).len());
        Ok((different as u64).min(MAX_RANKED.into()))
    }

    async fn queries(&self, figures: Figures, folded: &[String]) -> PortResult<Vec<QuerySums>> {
        let mut queries = self.read(|state| state.queries(figures, QueryList::All));
        queries.retain(|query| folded.contains(&query.folded));
        Ok(queries)
    }

    async fn query_days(&self, figures: Figures, folded: &[String]) -> PortResult<Vec<QueryDay>> {
        Ok(self.read(|state| {
            let mut days: BTreeMap<(String, i64), u64> = BTreeMap::new();
            for search in state.of(figures).filter(|search| folded.contains(&search.folded)) {
                *days.entry((search.folded.clone(), day_of(search.at))).or_default() += 1;
            }
            days.into_iter().map(|((folded, day), searches)| QueryDay { folded, day, searches }).collect()
        }))
    }

    async fn slowest(&self, figures: Figures, limit: u32) -> PortResult<Vec<SlowSearch>> {
        Ok(self.read(|state| {
            let mut days: BTreeMap<i64, Vec<&LoggedSearch>> = BTreeMap::new();
            for search in state.of(figures) {
                days.entry(day_of(search.at)).or_default().push(search);
            }
            let slowness = |search: &&LoggedSearch| std::cmp::Reverse((search.took, search.id.as_uuid()));
            let mut slow: Vec<_> = days
                .into_values()
                .flat_map(|mut day| {
                    day.sort_by_key(slowness);
                    day.into_iter().take(SLOWEST_PER_DAY)
                })
                .collect();
            slow.sort_by_key(slowness);
            let is_system = figures.whose == Whose::System;
            let told = |search: &LoggedSearch| SlowSearch {
                query: search.query.clone(),
                took_us: search.took_us(),
                results: search.results,
                at: search.at,
                email: is_system.then(|| email(search.account_id)),
            };
            slow.into_iter().take(limit as usize).map(told).collect()
        }))
    }

    async fn databases(
        &self,
        account: AccountId,
        environments: Environments,
        range: DayRange,
    ) -> PortResult<Vec<SearchedDatabase>> {
        Ok(self.read(|state| {
            let mut counts: BTreeMap<ConnectionId, u64> = BTreeMap::new();
            for search in state.of(Figures { whose: Whose::Account(account), environments, range }) {
                search.databases.iter().for_each(|id| *counts.entry(*id).or_default() += 1);
            }
            let mut found: Vec<_> =
                counts.into_iter().map(|(id, searches)| SearchedDatabase { id, searches }).collect();
            found.sort_by_key(|database| std::cmp::Reverse(database.searches));
            found
        }))
    }

    async fn history(
        &self,
        account: AccountId,
        filter: &HistoryFilter,
        offset: u32,
        limit: u32,
    ) -> PortResult<Page<LoggedSearch>> {
        Ok(page(self.read(|state| state.history(account, filter)), offset, limit))
    }

    async fn history_after(
        &self,
        account: AccountId,
        filter: &HistoryFilter,
        after: Option<(Timestamp, SearchId)>,
        limit: u32,
    ) -> PortResult<Vec<LoggedSearch>> {
        let mut found = self.read(|state| state.history(account, filter));
        found.retain(|search| {
            after.is_none_or(|(at, id)| (search.at, search.id.as_uuid()) < (at, id.as_uuid()))
        });
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn volume(&self, environments: Environments, range: DayRange) -> PortResult<Vec<DayVolume>> {
        Ok(self.read(|state| {
            let mut days: BTreeMap<i64, (u64, BTreeSet<AccountId>)> = BTreeMap::new();
            for search in state.of(Figures { whose: Whose::System, environments, range }) {
                let (searches, accounts) = days.entry(day_of(search.at)).or_default();
                *searches += 1;
                accounts.insert(search.account_id);
            }
            let volume = |(day, (searches, active)): (i64, (u64, BTreeSet<_>))| DayVolume {
                day,
                searches,
                active: active.len() as u64,
            };
            days.into_iter().map(volume).collect()
        }))
    }

    async fn new_accounts(&self, range: DayRange) -> PortResult<Vec<(i64, u64)>> {
        Ok(self.read(|state| {
            let mut days = BTreeMap::new();
            for day in
                state.accounts.values().map(|account| day_of(account.made)).filter(|day| range.has(*day))
            {
                *days.entry(day).or_default() += 1;
            }
            days.into_iter().collect()
        }))
    }

    async fn activity(
        &self,
        environments: Environments,
        range: DayRange,
        offset: u32,
        limit: u32,
    ) -> PortResult<Page<Activity>> {
        Ok(self.read(|state| {
            let active = state.accounts.iter().filter_map(|(id, account)| {
                let figures = Figures { whose: Whose::Account(*id), environments, range };
                Some(Activity {
                    id: *id,
                    email: email(*id),
                    name: "Ada Lovelace".to_owned(),
                    role: Role::User,
                    searches: state.of(figures).count() as u64,
                    took_us: state.of(figures).map(LoggedSearch::took_us).sum(),
                    last_at: state.of(figures).map(|search| search.at).max()?,
                    last_active: account.made,
                })
            });
            let mut active: Vec<_> = active.collect();
            active.sort_by_key(|account| std::cmp::Reverse(account.searches));
            page(active, offset, limit)
        }))
    }
}

fn email(account: AccountId) -> String {
    format!("user{}@example.com", account.as_uuid().as_u128())
}

#[async_trait]
impl AnalyticsSubject for InMemoryAnalytics {
    fn reader(&self) -> &dyn AnalyticsReader {
        self
    }

    async fn add_account(&self, id: AccountId) {
        use altus4_kernel::{Clock, testkit::FixedClock};
        let made = FixedClock::default().now();
        self.write(|state| state.accounts.insert(id, Account { made, is_active: true }));
    }

    async fn deactivate(&self, id: AccountId) {
        self.write(|state| {
            if let Some(account) = state.accounts.get_mut(&id) {
                account.is_active = false;
            }
        });
    }

    async fn log(&self, searches: &[LoggedSearch]) {
        self.write(|state| {
            for search in searches {
                if state.accounts.get(&search.account_id).is_some_and(|account| account.is_active) {
                    state.searches.entry(search.id).or_insert_with(|| search.clone());
                }
            }
        });
    }

    async fn click(&self, account: AccountId, search: SearchId) {
        self.write(|state| {
            if state.searches.get(&search).is_some_and(|search| search.account_id == account) {
                state.clicked.insert(search);
            }
        });
    }

    async fn purge(&self, searches_before: i64, sums_before: i64) {
        self.write(|state| {
            state.raw_from = searches_before;
            state.sums_from = month_of(sums_before);
        });
    }
}
