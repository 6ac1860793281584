//! Health, for people and for orchestrators. Not in the envelope.

mod dto;

use actix_web::{HttpResponse, http::StatusCode, web::Data};

pub(crate) use self::dto::{HealthDto, ProbeDto};
use crate::{extract::MaybeCaller, health::Overall, state::State};

/// How the service is.
///
/// With a good credential the answer also says what that credential is.
#[utoipa::path(get, path = "/health", tag = "system", operation_id = "health",
    responses(
        (status = 200, description = "Healthy, or degraded: something that it can do without is gone", body = HealthDto),
        (status = 503, description = "Unhealthy: nothing works", body = HealthDto)))]
pub(crate) async fn health(state: Data<State>, MaybeCaller(caller): MaybeCaller) -> HttpResponse {
    let overall = state.health.overall().await;
    let now = state.services.clock.now();
    let dto = HealthDto::new(overall, now, state.uptime_ms(), caller.as_ref());
    HttpResponse::build(status(overall != Overall::Unhealthy)).json(dto)
}

/// The same as `/health`.
#[utoipa::path(get, path = "/api/v1/health", tag = "system", operation_id = "apiHealth",
    responses(
        (status = 200, description = "Healthy, or degraded: something that it can do without is gone", body = HealthDto),
        (status = 503, description = "Unhealthy: nothing works", body = HealthDto)))]
pub(crate) async fn api_health(state: Data<State>, caller: MaybeCaller) -> HttpResponse {
    health(state, caller).await
}

/// Whether the process answers at all.
#[utoipa::path(get, path = "/health/live", tag = "system", operation_id = "live",
    responses((status = 200, description = "It does", body = ProbeDto)))]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(ProbeDto { status: "ok" })
}

/// Whether requests should be sent here.
#[utoipa::path(get, path = "/health/ready", tag = "system", operation_id = "ready",
    responses(
        (status = 200, description = "They should", body = ProbeDto),
        (status = 503, description = "A stop has begun, or nothing works", body = ProbeDto)))]
pub(crate) async fn ready(state: Data<State>) -> HttpResponse {
    let dto = if state.is_stopping() {
        ProbeDto { status: "stopping" }
    } else if state.health.overall().await == Overall::Unhealthy {
        ProbeDto { status: "unhealthy" }
    } else {
        ProbeDto { status: "ready" }
    };
    HttpResponse::build(status(dto.status == "ready")).json(dto)
}

fn status(well: bool) -> StatusCode {
    if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
