//! Stands before each handler: who is calling, whether there is room for it, and whether it may.

use std::{net::IpAddr, rc::Rc, sync::Arc, time::Duration};

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use altus4_api_keys::{Admission, ApiKeyError, KeyHolder, KeyLimits, Subject};
use altus4_kernel::{Credential, Forbidden, Principal};
use secrecy::ExposeSecret;

use super::{
    client::client_address,
    principal::{Presented, no_credential, session_required},
};
use crate::{
    bill::Bill,
    context::{Measured, RequestContext, ShownKey},
    error::{
        ApiError,
        limits::{self, QuotaExceeded},
    },
    middleware::carry_out,
    routes::{Access, Rule, is_of_records},
    state::State,
};

/// How long a route that is open to everybody tries to find out who is calling.
const OPTIONAL_DEADLINE: Duration = Duration::from_secs(1);

/// Lets a request through to its handler, or answers it: before its body is read, so that nobody
/// unknown has anything parsed.
pub(crate) async fn admit(
    rule: Rule,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match check(rule, &request).await {
        Ok(()) => carry_out(rule.course, request, next).await,
        Err(error) => Ok(request.error_response(error)),
    }
}

/// First who it is (401), then whether there is room (429), then whether it may (403).
async fn check(rule: Rule, request: &ServiceRequest) -> Result<(), ApiError> {
    let state = request.app_data::<Data<State>>().ok_or_else(ApiError::internal)?;
    let context = request.extensions().get::<Rc<RequestContext>>().cloned().unwrap_or_default();
    context.route.set(Some(rule.path));
    let gate = Gate { state, context: &context, request };
    match rule.access {
        Access::Public | Access::RefreshToken => Ok(()),
        Access::Optional => {
            // Who is open to everybody waits for nobody, and refuses nobody.
            let _ = tokio::time::timeout(OPTIONAL_DEADLINE, gate.look()).await;
            Ok(())
        }
        Access::Uncounted => gate.look().await,
        Access::Session | Access::Needs(_) | Access::Administrator => {
            gate.find_path(rule).await?;
            let caller = gate.identify().await?;
            gate.count(&caller).await?;
            permit(rule.access, &caller.principal)
        }
    }
}

fn permit(access: Access, principal: &Principal) -> Result<(), ApiError> {
    match (access, principal.credential) {
        (Access::Session, Credential::ApiKey { .. }) => Err(session_required()),
        (Access::Needs(required), _) if !principal.permissions.allows(required) => {
            Err(Forbidden { required, current: principal.permissions }.into())
        }
        (Access::Administrator, _) => principal.require_system_admin().map(drop).map_err(ApiError::from),
        _ => Ok(()),
    }
}

/// Who calls, and the limits that its key has of its own.
struct Caller {
    principal: Principal,
    limits: Option<KeyLimits>,
}

/// One request before its handler.
struct Gate<'a> {
    state: &'a State,
    context: &'a RequestContext,
    request: &'a ServiceRequest,
}

impl Gate<'_> {
    /// Finds out who calls and how much it may do still, and counts nothing.
    async fn look(&self) -> Result<(), ApiError> {
        let caller = self.identify().await?;
        let rate = self.state.services.meter.rate_status(&caller.principal).await?;
        self.context.measured.set(Some(Measured { tier: caller.principal.tier, rate }));
        Ok(())
    }

    /// Whether the path is there at all for whoever shows no credential. Of records, it is where somebody
    /// has an entity of that name.
    async fn find_path(&self, rule: Rule) -> Result<(), ApiError> {
        if is_of_records(rule.path) && Presented::of(self.request.headers())?.is_none() {
            known_path(self.state, self.request.request()).await?;
        }
        Ok(())
    }

    /// Who calls, put where the extractors, the envelope, the log and the usage look for it.
    async fn identify(&self) -> Result<Caller, ApiError> {
        let presented = Presented::of(self.request.headers())?;
        let caller = match presented.ok_or_else(|| no_credential(self.request.path()))? {
            Presented::Key(key) => self.check_key(key.expose_secret()).await?,
            Presented::Token(token) => {
                let principal = self.state.services.users.authenticate(token.expose_secret()).await?;
                Caller { principal, limits: None }
            }
        };
        self.context.span.record("account_id", tracing::field::display(caller.principal.account_id));
        self.request.extensions_mut().insert(caller.principal);
        Ok(caller)
    }

    async fn check_key(&self, presented: &str) -> Result<Caller, ApiError> {
        let address = client_address(self.request.request());
        let checked = self.state.services.key_check.authenticate(presented, address).await;
        let known = checked.as_ref().map_or_else(ApiKeyError::refused_key, |checked| Some(&checked.holder));
        if let Some(holder) = known {
            self.context.key.set(Some(shown(holder, address)));
            self.context.bill.set(Some(Arc::new(Bill::new(self.state.services.recorder.clone()))));
        }
        let checked = checked?;
        self.context.limits.set(checked.holder.key.limits);
        Ok(Caller { principal: checked.principal, limits: checked.holder.key.limits })
    }

    /// Takes a place among the requests under way, and one of those that the caller has this hour and
    /// its key in this period.
    async fn count(&self, caller: &Caller) -> Result<(), ApiError> {
        let (services, principal) = (&self.state.services, &caller.principal);
        let (tier, now) = (principal.tier, services.clock.now());
        match services.share.enter(Subject::of(principal), tier, now) {
            Ok(pass) => self.context.pass.set(Some(pass)),
            Err(exceeded) => {
                if let Ok(rate) = services.meter.rate_status(principal).await {
                    self.context.measured.set(Some(Measured { tier, rate }));
                }
                return Err(limits::share_exceeded(tier, &services.tiers.of(tier), exceeded, now));
            }
        }
        let outcome = services.meter.admit(principal, caller.limits.as_ref()).await?;
        self.context.measured.set(Some(Measured { tier, rate: outcome.rate() }));
        match outcome {
            Admission::Admitted { .. } => {
                self.context.counted.set(true);
                Ok(())
            }
            Admission::RateExceeded { rate } => Err(limits::rate_exceeded(tier, &rate, now)),
            Admission::QuotaExceeded { used, limit, resets_at, .. } => {
                let period = caller.limits.map(|limits| limits.period).unwrap_or_default();
                Err(limits::quota_exceeded(QuotaExceeded { limit, used, period, resets_at }, now))
            }
        }
    }
}

/// That some entity has the name in the path.
///
/// Errors: 404 where none has.
pub(crate) async fn known_path(state: &State, request: &HttpRequest) -> Result<(), ApiError> {
    let name = request.match_info().get("entity").unwrap_or_default();
    if state.services.entities.is_known(name).await? {
        return Ok(());
    }
    Err(ApiError::not_found("path", request.path()))
}

/// What is told of a key and its use, also where it is refused.
fn shown(holder: &KeyHolder, address: Option<IpAddr>) -> ShownKey {
    let (id, environment) = (holder.key.id, holder.key.environment);
    ShownKey { id, tier: holder.key.tier.min(holder.plan), environment, address }
}
