//! How the systems behind the service are: asked side by side, in bounded time, and not more often
//! than once a second, so that an open route is no lever against them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use altus4_kernel::{PortErrorKind, PortResult};
use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::Mutex;

/// A system that the service depends on.
#[async_trait]
pub trait HealthCheck: Send + Sync {
    /// Its name in answers, such as `database`.
    fn name(&self) -> &'static str;

    /// Whether nothing works without it. Without the others the service is `degraded`.
    fn essential(&self) -> bool;

    /// Asks it. Given up after a second.
    async fn check(&self) -> PortResult<()>;
}

/// What was found when a system was last asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) name: &'static str,
    pub(crate) essential: bool,
    pub(crate) fault: Option<PortErrorKind>,
    pub(crate) response_time: Duration,
}

/// How the service is as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overall {
    Healthy,
    Degraded,
    Unhealthy,
}

impl Overall {
    pub(crate) fn of(findings: &[Finding]) -> Self {
        let failed = |essential| findings.iter().any(|f| f.essential == essential && f.fault.is_some());
        match (failed(true), failed(false)) {
            (true, _) => Self::Unhealthy,
            (false, true) => Self::Degraded,
            (false, false) => Self::Healthy,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

struct Watched {
    check: Arc<dyn HealthCheck>,
    last: Mutex<Option<(Instant, Finding)>>,
}

/// Asks the systems and keeps what they said for a second.
pub(crate) struct HealthMonitor(Vec<Watched>);

impl HealthMonitor {
    const DEADLINE: Duration = Duration::from_secs(1);
    const FRESH: Duration = Duration::from_secs(1);

    pub(crate) fn new(checks: &[Arc<dyn HealthCheck>]) -> Self {
        Self(
            checks.iter().map(|check| Watched { check: Arc::clone(check), last: Mutex::default() }).collect(),
        )
    }

    pub(crate) async fn findings(&self) -> Vec<Finding> {
        join_all(self.0.iter().map(Watched::finding)).await
    }

    pub(crate) async fn overall(&self) -> Overall {
        Overall::of(&self.findings().await)
    }
}

impl Watched {
    /// Calls that come while one is asking wait for its answer.
    async fn finding(&self) -> Finding {
        let mut last = self.last.lock().await;
        if let Some((asked_at, finding)) = *last
            && asked_at.elapsed() < HealthMonitor::FRESH
        {
            return finding;
        }
        let started = Instant::now();
        let answer = tokio::time::timeout(HealthMonitor::DEADLINE, self.check.check()).await;
        let fault = match answer {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.kind),
            Err(_) => Some(PortErrorKind::Timeout),
        };
        let was_well = last.is_none_or(|(_, before)| before.fault.is_none());
        let name = self.check.name();
        match fault {
            Some(kind) if was_well => tracing::warn!(system.name = name, ?kind, "health.lost"),
            None if !was_well => tracing::info!(system.name = name, "health.regained"),
            _ => {}
        }
        let essential = self.check.essential();
        let finding = Finding { name, essential, fault, response_time: started.elapsed() };
        *last = Some((Instant::now(), finding));
        finding
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use altus4_kernel::{PortError, System};

    use super::*;

    struct Counted {
        calls: AtomicU32,
        essential: bool,
        hangs: bool,
    }

    #[async_trait]
    impl HealthCheck for Counted {
        fn name(&self) -> &'static str {
            "counted"
        }

        fn essential(&self) -> bool {
            self.essential
        }

        async fn check(&self) -> PortResult<()> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            if self.hangs {
                std::future::pending::<()>().await;
            }
            Err(PortError::new(PortErrorKind::Unavailable, System::Cache, "cache.ping"))
        }
    }

    fn counted(essential: bool, hangs: bool) -> Arc<Counted> {
        Arc::new(Counted { calls: AtomicU32::new(0), essential, hangs })
    }

    #[actix_web::test]
    async fn many_callers_cost_one_check() {
        let check = counted(true, false);
        let shared: Arc<dyn HealthCheck> = check.clone();
        let monitor = HealthMonitor::new(std::slice::from_ref(&shared));
        join_all((0..50).map(|_| monitor.findings())).await;
        assert_eq!(check.calls.load(Ordering::Relaxed), 1);
    }

    #[actix_web::test]
    async fn a_check_that_hangs_is_given_up_after_a_second() {
        let monitor = HealthMonitor::new(&[counted(true, true)]);
        let started = Instant::now();
        assert_eq!(monitor.findings().await[0].fault, Some(PortErrorKind::Timeout));
        assert!(started.elapsed() < Duration::from_secs(3));
    }

    #[actix_web::test]
    async fn only_an_essential_system_makes_the_service_unhealthy() {
        assert_eq!(HealthMonitor::new(&[counted(true, false)]).overall().await, Overall::Unhealthy);
        assert_eq!(HealthMonitor::new(&[counted(false, false)]).overall().await, Overall::Degraded);
        assert_eq!(HealthMonitor::new(&[]).overall().await, Overall::Healthy);
    }
}
