//! A cache for tests, and what every cache must do.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;

use crate::{Cache, PortResult};

/// A cache of one test: unbounded, and emptied with it.
#[derive(Debug, Default)]
pub struct InMemoryCache(Mutex<HashMap<String, (Instant, Vec<u8>)>>);

impl InMemoryCache {
    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Vec<u8>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Cache for InMemoryCache {
    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>> {
        let entry = self.entries().get(key).cloned();
        Ok(entry.filter(|(until, _)| Instant::now() < *until).map(|(_, value)| value))
    }

    async fn put(&self, key: &str, value: &[u8], ttl: Duration) -> PortResult<()> {
        self.entries().insert(key.to_owned(), (Instant::now() + ttl, value.to_vec()));
        Ok(())
    }

    async fn remove(&self, key: &str) -> PortResult<()> {
        self.entries().remove(key);
        Ok(())
    }

    async fn ping(&self) -> PortResult<()> {
        Ok(())
    }
}

/// The cases of the [`Cache`] contract; [`cache_contract!`](crate::cache_contract) names each as a
/// test.
#[expect(clippy::missing_panics_doc, reason = "a case panics where the contract is broken")]
pub mod cache_contract {
    use super::{Cache, Duration, Instant};

    const MINUTE: Duration = Duration::from_mins(1);

    /// What was put comes back byte for byte, empty and binary values included.
    pub async fn returns_what_was_put(cache: &dyn Cache) {
        for value in [&b""[..], b"plain", &[0, 255, 10, 13, 0]] {
            cache.put("contract:value", value, MINUTE).await.expect("put");
            assert_eq!(cache.get("contract:value").await.expect("get").as_deref(), Some(value));
        }
    }

    /// A key that was never put is a miss.
    pub async fn unknown_key_is_a_miss(cache: &dyn Cache) {
        assert_eq!(cache.get("contract:unknown").await.expect("get"), None);
    }

    /// Keys are told apart exactly: by case, and by anything after a common beginning.
    pub async fn keys_are_told_apart_exactly(cache: &dyn Cache) {
        cache.put("contract:key", b"1", MINUTE).await.expect("put");
        assert_eq!(cache.get("contract:KEY").await.expect("get"), None);
        assert_eq!(cache.get("contract:key:more").await.expect("get"), None);
    }

    /// Putting again replaces the value.
    pub async fn put_replaces(cache: &dyn Cache) {
        cache.put("contract:replaced", b"old", MINUTE).await.expect("put");
        cache.put("contract:replaced", b"new", MINUTE).await.expect("put again");
        assert_eq!(cache.get("contract:replaced").await.expect("get").as_deref(), Some(&b"new"[..]));
    }

    /// A removed value is gone, and removing nothing is no error.
    pub async fn remove_forgets(cache: &dyn Cache) {
        cache.put("contract:removed", b"x", MINUTE).await.expect("put");
        cache.remove("contract:removed").await.expect("remove");
        cache.remove("contract:removed").await.expect("remove nothing");
        assert_eq!(cache.get("contract:removed").await.expect("get"), None);
    }

    /// A value is gone when its time is over.
    pub async fn expires(cache: &dyn Cache) {
        cache.put("contract:short", b"x", Duration::from_millis(40)).await.expect("put");
        cache.put("contract:long", b"x", MINUTE).await.expect("put");
        let started = Instant::now();
        while cache.get("contract:short").await.expect("get").is_some() {
            assert!(started.elapsed() < Duration::from_secs(10), "the value never expired");
        }
        assert!(cache.get("contract:long").await.expect("get").is_some());
    }

    /// A value put for no time at all is not kept.
    pub async fn zero_time_keeps_nothing(cache: &dyn Cache) {
        cache.put("contract:zero", b"old", MINUTE).await.expect("put");
        cache.put("contract:zero", b"new", Duration::ZERO).await.expect("put for no time");
        assert_eq!(cache.get("contract:zero").await.expect("get"), None);
    }

    /// A cache that works says so.
    pub async fn answers_a_ping(cache: &dyn Cache) {
        cache.ping().await.expect("ping");
    }
}

/// One test for each case of the [`Cache`](crate::Cache) contract. `$test` is the attribute that
/// runs an async test, `$make` an expression that gives the cache.
///
/// ```ignore
/// altus4_kernel::cache_contract!(tokio::test, MemoryCache::new(config()));
/// ```
#[macro_export]
macro_rules! cache_contract {
    ($test:meta, $make:expr) => {
        $crate::contract_tests!(
            $test,
            $make,
            [$crate::testkit::cache_contract],
            [
                returns_what_was_put,
                unknown_key_is_a_miss,
                keys_are_told_apart_exactly,
                put_replaces,
                remove_forgets,
                expires,
                zero_time_keeps_nothing,
                answers_a_ping,
            ]
        );
    };
}

/// Turns a list of contract cases into tests of their names; the contracts of all domains are built
/// on it. `$make` is evaluated anew for every test. `block_on` in the place of an attribute runs the
/// cases without a runtime, which is enough for fakes: they never wait.
#[macro_export]
macro_rules! contract_tests {
    (block_on, $make:expr, $cases:tt, [$($case:ident),* $(,)?]) => {
        $($crate::contract_tests!(@blocking $make, $cases, $case);)*
    };
    ($test:meta, $make:expr, $cases:tt, [$($case:ident),* $(,)?]) => {
        $($crate::contract_tests!(@one $test, $make, $cases, $case);)*
    };
    (@blocking $make:expr, [$($cases:tt)*], $case:ident) => {
        #[test]
        fn $case() {
            $crate::testkit::block_on(async {
                let subject = $make;
                $($cases)*::$case(&subject).await;
            });
        }
    };
    (@one $test:meta, $make:expr, [$($cases:tt)*], $case:ident) => {
        #[$test]
        async fn $case() {
            let subject = $make;
            $($cases)*::$case(&subject).await;
        }
    };
}
