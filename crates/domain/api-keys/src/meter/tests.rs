//! That callers are measured exactly, by their tier and by the limits of their key.

use std::time::Duration;

use altus4_kernel::{
    AccountId, PermissionSet, Role, SessionId,
    testkit::{FixedClock, block_on},
    uuid::Uuid,
};
use async_trait::async_trait;
use futures::future::join_all;

use super::*;
use crate::{
    ResetPeriod, UsageEvent,
    testkit::{InMemoryQuotaCounter, InMemoryRateLimiter},
    usage::recorder::ledger::{Ledger, event},
};

struct World {
    clock: FixedClock,
    ledger: Arc<Ledger>,
    quotas: InMemoryQuotaCounter,
    recorder: UsageRecorder,
    meter: Meter,
}

impl World {
    fn new() -> Self {
        Self::with_limiter(Arc::new(InMemoryRateLimiter::default()))
    }

    fn with_limiter(limiter: Arc<dyn RateLimiter>) -> Self {
        let (clock, ledger, quotas) = (FixedClock::default(), Ledger::new(), InMemoryQuotaCounter::default());
        let recorder = UsageRecorder::new(Arc::clone(&ledger) as _, 100_000);
        let ports = MeterPorts {
            limiter,
            quotas: Arc::new(quotas.clone()),
            usage: Arc::clone(&ledger) as _,
            recorder: recorder.clone(),
            clock: Arc::new(clock.clone()),
        };
        Self { clock, ledger, quotas, recorder, meter: Meter::new(ports, Tiers::default()) }
    }

    fn admit(&self, limits: Option<&KeyLimits>) -> Admission {
        block_on(self.meter.admit(&key_caller(Plan::Free), limits)).expect("admit")
    }

    /// A request that is recorded when it ends, as the edge does it.
    fn call(&self, limits: Option<&KeyLimits>, id: u128) -> bool {
        let counted = matches!(self.admit(limits), Admission::Admitted { .. });
        self.recorder.record(UsageEvent { counted, at: self.clock.now(), ..event(id) });
        counted
    }

    fn used(&self, limits: &KeyLimits) -> Used {
        block_on(self.meter.used(key(), limits)).expect("used").0
    }

    fn ask(&self, caller: &Principal, limits: Option<&KeyLimits>) -> AiAdmission {
        block_on(self.meter.admit_ai_call(caller, limits)).expect("admit")
    }

    fn spend(&self, limits: &KeyLimits, microcents: u64) {
        let caller = key_caller(Plan::Free);
        block_on(self.meter.count_spending(&caller, Some(limits), microcents)).expect("counted");
    }
}

/// The key of the ledger's events.
fn key() -> ApiKeyId {
    ApiKeyId::from_uuid(Uuid::from_u128(1))
}

fn caller(tier: Plan, credential: Credential) -> Principal {
    Principal {
        account_id: AccountId::from_uuid(Uuid::from_u128(9)),
        role: Role::User,
        tier,
        permissions: PermissionSet::ALL,
        credential,
    }
}

fn key_caller(tier: Plan) -> Principal {
    caller(tier, Credential::ApiKey { id: key() })
}

fn session_caller(session: u128) -> Principal {
    caller(Plan::Pro, Credential::Session { id: SessionId::from_uuid(Uuid::from_u128(session)) })
}

fn quota(requests: u64) -> KeyLimits {
    KeyLimits { requests: Some(requests), budget_microcents: None, period: ResetPeriod::Daily, enabled: true }
}

fn budget(microcents: u64) -> KeyLimits {
    KeyLimits { requests: None, budget_microcents: Some(microcents), ..quota(0) }
}

#[test]
fn a_tier_lets_its_requests_of_an_hour_through_and_then_blocks() {
    for (tier, limit, block_minutes) in [(Plan::Free, 1_000, 5), (Plan::Pro, 10_000, 5)] {
        let world = World::new();
        let caller = key_caller(tier);
        for used in 1..=limit {
            let admission = block_on(world.meter.admit(&caller, None)).expect("admit");
            assert!(matches!(admission, Admission::Admitted { rate } if rate.used == used), "{admission:?}");
        }
        world.clock.advance(Duration::from_mins(58));
        let refused = block_on(world.meter.admit(&caller, None)).expect("admit");
        assert!(matches!(refused, Admission::RateExceeded { .. }), "{refused:?}");
        let until = world.clock.now() + Duration::from_mins(block_minutes);
        assert_eq!(refused.rate().blocked_until, Some(until));
        assert_eq!(block_on(world.meter.rate_status(&caller)).expect("status"), refused.rate());
        world.clock.advance(Duration::from_mins(block_minutes));
        let after = block_on(world.meter.admit(&caller, None)).expect("admit");
        assert!(matches!(after, Admission::Admitted { .. }), "{after:?}");
    }
}

#[test]
fn sessions_of_an_account_share_a_rate_that_keys_do_not() {
    let world = World::new();
    for session in [1, 2, 1] {
        block_on(world.meter.admit(&session_caller(session), None)).expect("admit");
    }
    world.admit(None);
    assert_eq!(block_on(world.meter.rate_status(&session_caller(3))).expect("status").used, 3);
    let of_key = block_on(world.meter.rate_status_of_key(key(), Plan::Pro)).expect("status");
    assert_eq!((of_key.used, of_key.limit), (1, 10_000));
}

#[test]
fn a_quota_counts_what_was_let_through_and_ends_with_its_period() {
    let world = World::new();
    let limits = quota(3);
    assert_eq!((0..5).filter(|id| world.call(Some(&limits), *id)).count(), 3);
    let Admission::QuotaExceeded { rate, used, limit, resets_at } = world.admit(Some(&limits)) else {
        panic!("the quota is used up")
    };
    assert_eq!((rate.used, used, limit), (6, 3, 3));
    assert_eq!(resets_at.to_string(), "2026-01-16T00:00:00.000Z");
    assert_eq!(world.used(&limits).requests, 3);
    world.clock.advance(Duration::from_hours(14));
    assert_eq!((10..15).filter(|id| world.call(Some(&limits), *id)).count(), 3, "a new day");
}

#[test]
fn a_refusal_by_the_rate_uses_no_quota_up() {
    let world = World::new();
    let limits = quota(2_000);
    assert_eq!((0..1_010).filter(|id| world.call(Some(&limits), *id)).count(), 1_000);
    assert!(matches!(world.admit(Some(&limits)), Admission::RateExceeded { .. }));
    assert_eq!(world.used(&limits).requests, 1_000);
}

#[test]
fn limits_count_from_the_beginning_of_the_period_whenever_they_were_set() {
    let world = World::new();
    assert_eq!((0..4).filter(|id| world.call(None, *id)).count(), 4);
    assert_eq!((4..9).filter(|id| world.call(Some(&quota(6)), *id)).count(), 2);
    assert!(world.ledger.reads() == 1, "{} looks into the store", world.ledger.reads());
}

#[test]
fn limits_that_do_not_hold_count_nothing_and_cost_no_look_up() {
    let world = World::new();
    let off = KeyLimits { enabled: false, budget_microcents: Some(1), ..quota(1) };
    assert_eq!((0..5).filter(|id| world.call(Some(&off), *id)).count(), 5);
    world.spend(&off, 1_000);
    assert_eq!(world.ask(&key_caller(Plan::Free), Some(&off)), AiAdmission::Admitted);
    assert_eq!(world.ledger.reads(), 0);
    assert_eq!(world.used(&off).requests, 5, "it is told nevertheless");
}

#[test]
fn what_was_done_while_limits_were_lifted_counts_once_they_hold_again() {
    let world = World::new();
    let limits = quota(10);
    assert_eq!((0..2).filter(|id| world.call(Some(&limits), *id)).count(), 2);
    world.meter.on_change(Change::ApiKey(key()));
    assert_eq!((2..7).filter(|id| world.call(None, *id)).count(), 5);
    world.meter.on_change(Change::ApiKey(key()));
    assert_eq!((7..17).filter(|id| world.call(Some(&limits), *id)).count(), 3);
}

#[test]
fn after_a_gap_every_key_is_raised_anew() {
    let world = World::new();
    world.call(Some(&quota(10)), 0);
    world.meter.on_gap();
    world.call(Some(&quota(10)), 1);
    world.call(Some(&quota(10)), 2);
    assert_eq!(world.ledger.reads(), 2);
}

#[test]
fn a_counter_that_was_lost_is_raised_from_the_store() {
    let world = World::new();
    let limits = quota(5);
    assert_eq!((0..4).filter(|id| world.call(Some(&limits), *id)).count(), 4);
    world.quotas.clear();
    assert_eq!((4..9).filter(|id| world.call(Some(&limits), *id)).count(), 1);
    assert_eq!(world.used(&limits).requests, 5);
}

#[test]
fn first_requests_at_once_ask_the_store_once_and_get_exactly_the_quota() {
    let world = World::new();
    let (caller, limits) = (key_caller(Plan::Free), quota(50));
    let admissions = block_on(join_all((0..200).map(|_| world.meter.admit(&caller, Some(&limits)))));
    let admitted = |admission: &PortResult<Admission>| matches!(admission, Ok(Admission::Admitted { .. }));
    assert_eq!(admissions.iter().filter(|admission| admitted(admission)).count(), 50);
    assert_eq!(world.ledger.reads(), 1);
}

#[test]
fn threads_together_get_exactly_the_quota_while_the_counter_is_lost_once() {
    let world = World::new();
    let limits = quota(400);
    let admitted = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (world, admitted) = (&world, &admitted);
            scope.spawn(move || {
                for id in 0..100 {
                    let let_through = world.call(Some(&limits), thread * 1_000 + id);
                    admitted.fetch_add(usize::from(let_through), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(admitted.into_inner(), 400);
    world.quotas.clear();
    assert!(!world.call(Some(&limits), 9_999));
}

#[test]
fn a_budget_ends_calls_and_begins_anew_with_its_period() {
    let world = World::new();
    let (caller, limits) = (key_caller(Plan::Free), budget(100));
    world.spend(&limits, 99);
    assert_eq!(world.ask(&caller, Some(&limits)), AiAdmission::Admitted);
    world.spend(&limits, 60);
    let AiAdmission::BudgetExceeded(exceeded) = world.ask(&caller, Some(&limits)) else { panic!("over") };
    assert_eq!((exceeded.used_microcents, exceeded.limit_microcents), (159, 100), "what is spent is spent");
    assert_eq!(exceeded.resets_at.to_string(), "2026-01-16T00:00:00.000Z");
    assert_eq!(world.used(&limits).spent_microcents, 159);
    assert!(matches!(world.admit(Some(&limits)), Admission::Admitted { .. }), "requests go on");
    world.clock.advance(Duration::from_hours(14));
    assert_eq!(world.ask(&caller, Some(&limits)), AiAdmission::Admitted);
}

#[test]
fn what_was_spent_before_the_budget_was_set_counts() {
    let world = World::new();
    world.recorder.record(UsageEvent { spent_microcents: 70, ..event(1) });
    let ask = |limit| world.ask(&key_caller(Plan::Free), Some(&budget(limit)));
    assert!(matches!(ask(70), AiAdmission::BudgetExceeded(_)));
    assert_eq!(ask(71), AiAdmission::Admitted);
}

#[test]
fn what_is_spent_at_once_is_counted_exactly() {
    let world = World::new();
    let (caller, limits) = (key_caller(Plan::Free), budget(1));
    let spent = (0..300).map(|_| world.meter.count_spending(&caller, Some(&limits), 7));
    assert!(block_on(join_all(spent)).iter().all(Result::is_ok));
    assert_eq!(block_on(world.meter.used(key(), &limits)).expect("used").0.spent_microcents, 2_100);
}

#[test]
fn an_hour_has_so_many_calls_of_ai_and_requests_of_their_own() {
    let world = World::new();
    for (caller, calls) in [(key_caller(Plan::Free), 100), (session_caller(1), 2_000)] {
        for _ in 0..calls {
            assert_eq!(world.ask(&caller, None), AiAdmission::Admitted);
        }
        let AiAdmission::RateExceeded { rate } = world.ask(&caller, None) else { panic!("one too many") };
        assert_eq!((rate.limit, rate.used, rate.remaining()), (calls, calls, 0));
    }
    assert_eq!(block_on(world.meter.rate_status(&key_caller(Plan::Free))).expect("status").used, 0);
    assert!(matches!(world.ask(&session_caller(2), None), AiAdmission::RateExceeded { .. }), "one account");
    world.clock.advance(Duration::from_mins(61));
    assert_eq!(world.ask(&key_caller(Plan::Free), None), AiAdmission::Admitted);
}

#[test]
fn a_call_that_the_budget_refuses_takes_none_of_the_hour() {
    let world = World::new();
    let (caller, none_left) = (key_caller(Plan::Free), budget(0));
    for _ in 0..200 {
        assert!(matches!(world.ask(&caller, Some(&none_left)), AiAdmission::BudgetExceeded(_)));
    }
    assert_eq!(world.ask(&caller, None), AiAdmission::Admitted);
}

/// A limiter that is gone for good.
struct Gone;

#[async_trait]
impl RateLimiter for Gone {
    async fn take(&self, _: &str, _: RatePolicy, _: Timestamp) -> PortResult<RateDecision> {
        Err(PortError::new(PortErrorKind::Timeout, System::Cache, "rate_limits.take"))
    }

    async fn peek(&self, _: &str, _: RatePolicy, _: Timestamp) -> PortResult<RateStatus> {
        Err(PortError::new(PortErrorKind::Timeout, System::Cache, "rate_limits.peek"))
    }
}

#[test]
fn a_request_that_cannot_be_counted_is_not_let_through() {
    let world = World::with_limiter(Arc::new(Gone));
    let fault = block_on(world.meter.admit(&key_caller(Plan::Free), None)).expect_err("nobody counts");
    assert_eq!(fault.kind, PortErrorKind::Timeout);

    let world = World::new();
    world.ledger.set_gone(true);
    let fault = block_on(world.meter.admit(&key_caller(Plan::Free), Some(&quota(5)))).expect_err("unknown");
    assert_eq!(fault.system, System::Store);
    world.ledger.set_gone(false);
    assert!(world.call(Some(&quota(5)), 0));
    world.ledger.set_gone(true);
    assert!(world.call(Some(&quota(5)), 1), "a key that is counted already needs no store");
}
