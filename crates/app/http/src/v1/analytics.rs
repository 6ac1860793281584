//! What was done with all keys of an account.

use actix_web::web::Data;
use altus4_kernel::grants::Analytics;

use super::keys::usage::{PeriodQuery, UsageTotalsDto, period};
use crate::{
    envelope::{Answer, Envelope},
    error::ApiError,
    extract::{May, QueryString},
    state::State,
};

/// The usage of all the account's keys, revoked ones included.
#[utoipa::path(get, path = "/api/v1/analytics/usage", tag = "keys", operation_id = "usageOfAllKeys",
    params(PeriodQuery),
    responses((status = 200, description = "The sums of the period", body = Envelope<UsageTotalsDto>)))]
pub(crate) async fn usage(
    state: Data<State>,
    May(granted): May<Analytics>,
    query: QueryString,
) -> Result<Answer<UsageTotalsDto>, ApiError> {
    let period = query.read(|fields| Some(period(fields)))?;
    state.services.recorder.flush().await?;
    let totals = state.services.usage.account_totals(granted, period).await?;
    Ok(Answer::ok(UsageTotalsDto::new(period, &totals)))
}
