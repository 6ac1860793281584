//! Who pays for what AI costs in a request.

use std::{
    future::{Ready, ready},
    rc::Rc,
    sync::Arc,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Data};
use altus4_kernel::{Credential, Principal};

use crate::{
    bill::RequestPayer,
    context::RequestContext,
    error::{ApiError, Code},
    state::State,
};

/// The caller, as far as its tier and the budget of its key go.
pub(crate) struct Payer(pub(crate) Arc<RequestPayer>);

impl FromRequest for Payer {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(payer(request).ok_or_else(ApiError::internal).and_then(|payer| {
            let is_key = matches!(payer.principal.credential, Credential::ApiKey { .. });
            // Its client went away before it began, and it is written down as it was then.
            if is_key && payer.bill.is_none() {
                return Err(ApiError::new(Code::RequestTimeout, "The request is over"));
            }
            Ok(Self(Arc::new(payer)))
        }))
    }
}

fn payer(request: &HttpRequest) -> Option<RequestPayer> {
    let state = request.app_data::<Data<State>>()?;
    let extensions = request.extensions();
    let principal = *extensions.get::<Principal>()?;
    let context = extensions.get::<Rc<RequestContext>>()?;
    let services = &state.services;
    Some(RequestPayer {
        meter: services.meter.clone(),
        prices: Arc::clone(&services.prices),
        clock: Arc::clone(&services.clock),
        principal,
        limits: context.limits.get(),
        bill: context.bill(),
    })
}
