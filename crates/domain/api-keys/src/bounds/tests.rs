//! Every pair of values of every part, and that what comes of what comes of a key is no more than it.

use std::time::Duration;

use altus4_kernel::{AccountId, Clock, Permission, testkit::FixedClock, uuid::Uuid};

use super::*;
use crate::{AllowedIps, testkit::sample_key};

fn key() -> ApiKey {
    let admin = PermissionSet::of(&[Permission::Admin]);
    ApiKey { permissions: admin, ..sample_key(1, AccountId::from_uuid(Uuid::from_u128(1))) }
}

fn every_permission_set() -> Vec<PermissionSet> {
    let chosen = |bits: usize| {
        let members = Permission::ALL.into_iter().enumerate();
        members.filter(move |(bit, _)| bits & (1 << bit) != 0).map(|(_, permission)| permission).collect()
    };
    (0..256).map(chosen).collect()
}

fn ends() -> Vec<Option<Timestamp>> {
    let end = FixedClock::default().now() + Duration::from_hours(1);
    let millisecond = Duration::from_millis(1);
    vec![Some(end - millisecond), Some(end), Some(end + millisecond), None]
}

fn networks(texts: &[&str]) -> AllowedIps {
    AllowedIps::new(texts.iter().map(|text| AllowedIps::parse_one(text).expect("a network")))
        .expect("few enough")
}

fn every_limits() -> Vec<Option<KeyLimits>> {
    let amounts = [None, Some(0), Some(1), Some(2)];
    let mut all = vec![None];
    for period in ResetPeriod::ALL {
        for requests in amounts {
            for budget_microcents in amounts {
                for enabled in [true, false] {
                    all.push(Some(KeyLimits { requests, budget_microcents, period, enabled }));
                }
            }
        }
    }
    all
}

/// `None` stands for no bound, which is more than any.
fn more(one: Option<u64>, other: Option<u64>) -> bool {
    one.unwrap_or(u64::MAX) > other.unwrap_or(u64::MAX)
}

#[test]
fn permissions_have_to_be_there_or_admin() {
    let sets = every_permission_set();
    for own in &sets {
        for wanted in &sets {
            let (own_key, wanted_key) =
                (ApiKey { permissions: *own, ..key() }, ApiKey { permissions: *wanted, ..key() });
            let admin = own.allows(Permission::Admin);
            let within = admin || wanted.iter().all(|one| own.iter().any(|other| other == one));
            let expected =
                if within { None } else { Some(Excess::Permissions { own: *own, wanted: *wanted }) };
            assert_eq!(excess(&own_key, &wanted_key), expected, "{own:?} {wanted:?}");
        }
    }
}

#[test]
fn a_tier_may_be_lower_or_the_same() {
    for (own_place, own) in Plan::ALL.into_iter().enumerate() {
        for (wanted_place, wanted) in Plan::ALL.into_iter().enumerate() {
            let found = excess(&ApiKey { tier: own, ..key() }, &ApiKey { tier: wanted, ..key() });
            let expected = (wanted_place > own_place).then_some(Excess::Tier { own, wanted });
            assert_eq!(found, expected, "{own} {wanted}");
        }
    }
}

#[test]
fn an_end_may_be_earlier_or_the_same() {
    for (own_place, own) in ends().into_iter().enumerate() {
        for (wanted_place, wanted) in ends().into_iter().enumerate() {
            let found = excess(&ApiKey { expires_at: own, ..key() }, &ApiKey { expires_at: wanted, ..key() });
            let expected = (wanted_place > own_place).then_some(Excess::End);
            assert_eq!(found, expected, "{own:?} {wanted:?}");
        }
    }
}

#[test]
fn networks_may_be_narrower_or_the_same() {
    // Each lies within the one before it; the two last within neither of each other.
    let nested = [&[][..], &["203.0.113.0/24", "2001:db8::/32"], &["203.0.113.0/24"], &["203.0.113.128/25"]];
    for (own_place, own) in nested.into_iter().enumerate() {
        for (wanted_place, wanted) in nested.into_iter().enumerate() {
            let own_key = ApiKey { allowed_ips: networks(own), ..key() };
            let wanted_key = ApiKey { allowed_ips: networks(wanted), ..key() };
            let expected = (wanted_place < own_place).then_some(Excess::Networks);
            assert_eq!(excess(&own_key, &wanted_key), expected, "{own:?} {wanted:?}");
        }
    }
    let (one, other) = (networks(&["203.0.113.0/25"]), networks(&["203.0.113.128/25"]));
    let (one, other) = (ApiKey { allowed_ips: one, ..key() }, ApiKey { allowed_ips: other, ..key() });
    assert_eq!(excess(&one, &other), Some(Excess::Networks));
    assert_eq!(excess(&other, &one), Some(Excess::Networks));
}

#[test]
fn limits_may_be_tighter_or_the_same() {
    for own in every_limits() {
        for wanted in every_limits() {
            let found = excess(&ApiKey { limits: own, ..key() }, &ApiKey { limits: wanted, ..key() });
            let expected = match (own.filter(|own| own.enabled), wanted.filter(|wanted| wanted.enabled)) {
                (None, _) => false,
                (Some(own), None) => own.requests.is_some() || own.budget_microcents.is_some(),
                (Some(own), Some(wanted)) => {
                    let bounded = own.requests.is_some() || own.budget_microcents.is_some();
                    let straddles = own.period != wanted.period && own.period != ResetPeriod::Daily;
                    (bounded && straddles)
                        || more(wanted.requests, own.requests)
                        || more(wanted.budget_microcents, own.budget_microcents)
                }
            };
            assert_eq!(found, expected.then_some(Excess::Limits), "{own:?} {wanted:?}");
        }
    }
}

/// Keys that differ in every part at once.
fn many_keys() -> Vec<ApiKey> {
    let sets =
        [&[Permission::Admin][..], &[Permission::Search, Permission::Read], &[Permission::Search], &[]];
    let nets = [&[][..], &["203.0.113.0/24"], &["203.0.113.0/25"], &["198.51.100.7"]];
    let all_limits = every_limits();
    let mut keys = Vec::new();
    for number in 0..240usize {
        keys.push(ApiKey {
            permissions: PermissionSet::of(sets[number % 4]),
            tier: Plan::ALL[(number / 2) % 3],
            expires_at: ends()[(number / 3) % 4],
            allowed_ips: networks(nets[(number / 5) % 4]),
            limits: all_limits[(number * 7) % all_limits.len()],
            ..key()
        });
    }
    keys
}

#[test]
fn no_key_is_more_than_itself() {
    for key in many_keys() {
        assert_eq!(excess(&key, &key), None, "{key:?}");
    }
}

#[test]
fn what_comes_of_what_comes_of_a_key_is_no_more_than_it() {
    let keys = many_keys();
    let within: Vec<Vec<bool>> =
        keys.iter().map(|own| keys.iter().map(|key| excess(own, key).is_none()).collect()).collect();
    let mut chains = 0;
    for (first, row) in within.iter().enumerate() {
        for second in (0..keys.len()).filter(|second| row[*second]) {
            for third in (0..keys.len()).filter(|third| within[second][*third]) {
                chains += 1;
                assert!(row[third], "{:?}\n{:?}\n{:?}", keys[first], keys[second], keys[third]);
            }
        }
    }
    assert!(chains > 1_000, "{chains}");
}

#[test]
fn what_nobody_asked_for_is_inherited_and_never_too_much() {
    for own in many_keys() {
        let mut made = ApiKey { permissions: own.permissions, tier: own.tier, ..key() };
        inherit(&own, &mut made);
        assert_eq!(made.expires_at, own.expires_at);
        assert_eq!(made.allowed_ips, own.allowed_ips);
        assert_eq!(made.limits, own.limits);
        assert_eq!(excess(&own, &made), None, "{own:?}");
    }
}

#[test]
fn what_was_asked_for_is_not_replaced() {
    let own = ApiKey { expires_at: ends()[2], allowed_ips: networks(&["203.0.113.0/24"]), ..key() };
    let asked = ApiKey { expires_at: ends()[0], allowed_ips: networks(&["203.0.113.7"]), ..key() };
    let mut made = asked.clone();
    inherit(&own, &mut made);
    assert_eq!(made, asked);
}

#[test]
fn only_what_was_asked_for_is_a_fault_of_the_request() {
    let all = Asked { end: true, networks: true };
    assert!(matches!(Excess::End.refusal(all), ApiKeyError::BeyondOwnEnd));
    assert!(matches!(Excess::Networks.refusal(all), ApiKeyError::BeyondOwnNetworks));
    assert!(matches!(Excess::Limits.refusal(all), ApiKeyError::StrongerKey));
    for excess in [Excess::End, Excess::Networks, Excess::Limits] {
        assert!(matches!(excess.refusal(Asked::default()), ApiKeyError::StrongerKey));
    }
    let tier = Excess::Tier { own: Plan::Free, wanted: Plan::Pro };
    let refused = ApiKeyError::BeyondOwnTier { own: Plan::Free, wanted: Plan::Pro };
    assert_eq!(tier.refusal(all).to_string(), refused.to_string());
}
