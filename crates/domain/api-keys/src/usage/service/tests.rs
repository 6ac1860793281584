//! The views over a fake store, at half past ten on the 15th of January 2026.

use std::time::Duration;

use altus4_kernel::{
    AccountId, Credential, Permission, PermissionSet, Plan, Principal, Role, SessionId, Timestamp,
    testkit::{FixedClock, block_on, sample_event},
    uuid::Uuid,
};

use super::*;
use crate::testkit::{InMemoryApiKeys, InMemoryUsage, sample_key, sample_secret, sample_usage};

const HOUR: Duration = Duration::from_hours(1);

fn account(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

fn caller(number: u128) -> Principal {
    Principal {
        account_id: account(number),
        role: Role::User,
        tier: Plan::Pro,
        permissions: PermissionSet::of(&[Permission::Admin]),
        credential: Credential::Session { id: SessionId::from_uuid(Uuid::from_u128(1)) },
    }
}

fn admin(number: u128) -> Granted<Admin> {
    caller(number).require().expect("granted")
}

fn days(days: u32) -> UsageDays {
    UsageDays::new(days).expect("days")
}

struct World {
    service: UsageService,
    keys: InMemoryApiKeys,
    usage: InMemoryUsage,
    now: Timestamp,
}

impl World {
    /// Key 1 of account 1, key 2 of account 2.
    fn new() -> Self {
        let (keys, clock) = (InMemoryApiKeys::default(), FixedClock::default());
        let now = clock.now();
        for number in [1u8, 2] {
            let owner = account(number.into());
            keys.add_account(owner, Role::User, Plan::Pro);
            let (key, event) = (sample_key(number.into(), owner), sample_event(number.into(), owner));
            block_on(keys.insert(&key, &sample_secret(number), &event)).expect("insert");
        }
        let usage = InMemoryUsage::of_keys(keys.clone());
        let ports = UsagePorts {
            keys: Arc::new(keys.clone()),
            usage: Arc::new(usage.clone()),
            clock: Arc::new(clock),
        };
        Self { service: UsageService::new(ports), keys, usage, now }
    }

    fn id(number: u128) -> ApiKeyId {
        sample_key(number, account(number)).id
    }

    /// A request of key 1 so many hours before now, with another id each time.
    fn used(&self, hours_ago: &[u32]) {
        for (number, hours) in (1..).zip(hours_ago) {
            let event =
                sample_usage(number * 1_000 + u128::from(*hours), Self::id(1), self.now - *hours * HOUR);
            block_on(self.usage.append(&[event])).expect("append");
        }
    }
}

#[test]
fn a_key_of_another_account_is_none() {
    let world = World::new();
    world.used(&[0]);
    let (service, page) = (&world.service, PageRequest::default());
    for (caller, id) in [(2, World::id(1)), (1, World::id(2)), (1, World::id(9))] {
        let granted = admin(caller);
        let outcomes = [
            block_on(service.summary(granted, id, UsagePeriod::Day, 10)).map(drop),
            block_on(service.by_tier(granted, id, days(1))).map(drop),
            block_on(service.errors(granted, id, days(1))).map(drop),
            block_on(service.requests(granted, id, days(1), &RequestFilter::default(), page)).map(drop),
            block_on(service.timeseries(granted, id, days(1))).map(drop),
        ];
        for outcome in outcomes {
            assert!(matches!(outcome, Err(ApiKeyError::NoSuchKey(missing)) if missing == id), "{outcome:?}");
        }
    }
}

#[test]
fn a_revoked_key_is_still_shown() {
    let world = World::new();
    world.used(&[0]);
    let event = sample_event(9, account(1));
    block_on(world.keys.revoke(account(1), World::id(1), world.now, &event)).expect("revoke");
    let summary = block_on(world.service.summary(admin(1), World::id(1), UsagePeriod::Day, 10));
    let summary = summary.expect("a summary");
    assert_eq!(summary.key.revoked_at, Some(world.now));
    assert_eq!(summary.totals.requests, 1);
}

#[test]
fn a_summary_is_of_its_period_and_of_this_month() {
    let world = World::new();
    // 10 hours and 14 days ago the month began.
    world.used(&[0, 1, 2, 23, 24, 14 * 24 + 10, 14 * 24 + 11, 29 * 24]);
    for (period, requests) in [
        (UsagePeriod::Hour, 2),
        (UsagePeriod::Day, 4),
        (UsagePeriod::Week, 5),
        (UsagePeriod::Month, 8),
        (UsagePeriod::Days(days(15)), 6),
    ] {
        let summary = block_on(world.service.summary(admin(1), World::id(1), period, 10)).expect("a summary");
        assert_eq!(summary.totals.requests, requests, "{period}");
        assert_eq!(summary.this_month, 6, "{period}");
        assert_eq!(summary.hours.len() as u64, requests, "{period}");
        assert_eq!(summary.endpoints[0].totals.requests, requests, "{period}");
    }
}

#[test]
fn every_view_of_so_many_days_has_the_same_sum() {
    let world = World::new();
    world.used(&[0, 9, 10, 11, 23, 24, 25, 167, 168, 169, 24 * 29, 24 * 29 + 11, 24 * 30]);
    for count in [1, 2, 7, 8, 30, 365] {
        let (service, id, days) = (&world.service, World::id(1), days(count));
        let summary =
            block_on(service.summary(admin(1), id, UsagePeriod::Days(days), 10)).expect("a summary");
        let tiers = block_on(service.by_tier(admin(1), id, days)).expect("tiers");
        let (filter, page) = (RequestFilter::default(), PageRequest::default());
        let requests = block_on(service.requests(admin(1), id, days, &filter, page)).expect("requests");
        let (granularity, series) = block_on(service.timeseries(admin(1), id, days)).expect("a series");
        let sum = summary.totals.requests;
        assert_eq!(tiers[0].totals.requests, sum, "{count} days");
        assert_eq!(requests.total, sum, "{count} days");
        assert_eq!(series.iter().map(|point| point.totals.requests).sum::<u64>(), sum, "{count} days");

        let (steps, last) = match granularity {
            Granularity::Hour => (count * 24, "2026-01-15T10:00:00.000Z"),
            Granularity::Day => (count, "2026-01-15T00:00:00.000Z"),
        };
        assert_eq!(series.len(), steps as usize, "{count} days");
        assert_eq!(series[series.len() - 1].start.to_string(), last);
    }
}

#[test]
fn an_account_sees_the_sums_of_its_own_keys() {
    let world = World::new();
    world.used(&[0, 5]);
    let totals = |number| {
        let granted: Granted<Analytics> = caller(number).require().expect("granted");
        block_on(world.service.account_totals(granted, UsagePeriod::Day)).expect("totals").requests
    };
    assert_eq!((totals(1), totals(2)), (2, 0));
}
