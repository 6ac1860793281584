//! Writes down the use of a key, once its request has ended.

use std::rc::Rc;

use actix_web::{dev::ServiceRequest, http::Method, web::Data};
use altus4_api_keys::UsageEvent;

use crate::{
    context::{RequestContext, ShownKey},
    error::Code,
    state::State,
};

/// What stands in for the answer of a request whose client went away before there was one.
const GIVEN_UP: u16 = 499;
const GIVEN_UP_CODE: &str = "CLIENT_CLOSED_REQUEST";

/// A request that may have to be written down. Dropping this does it, so that none is forgotten whose
/// client goes away: it was let through, and counts. Where AI is still at work for it, it is written
/// down when its cost is known.
pub(super) struct Entry {
    state: Data<State>,
    context: Rc<RequestContext>,
    method: Method,
    status: Option<u16>,
}

impl Entry {
    pub(super) fn new(state: Data<State>, context: Rc<RequestContext>, request: &ServiceRequest) -> Self {
        Self { state, context, method: request.method().clone(), status: None }
    }

    /// Ends it with an answer of this status.
    pub(super) fn answered(mut self, status: u16) {
        self.status = Some(status);
    }

    fn event(&self, key: ShownKey, route: &str) -> UsageEvent {
        let (services, context) = (&self.state.services, &self.context);
        let code = match self.status {
            None => Some(GIVEN_UP_CODE),
            Some(_) => context.failure.get().map(Code::as_str),
        };
        UsageEvent {
            id: services.ids.next_id(),
            request_id: context.id.clone(),
            key: key.id,
            at: services.clock.now(),
            method: self.method.as_str().to_owned(),
            endpoint: route.to_owned(),
            status: self.status.unwrap_or(GIVEN_UP),
            error_code: code.map(ToOwned::to_owned),
            response_time_us: u64::try_from(context.elapsed().as_micros()).unwrap_or(u64::MAX),
            tier: key.tier,
            ip: key.address.map(|address| address.to_string()),
            // The bill knows.
            spent_microcents: 0,
            counted: context.counted.get(),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // A key is known only where a route was found.
        if let (Some(key), Some(route)) = (self.context.key.get(), self.context.route.get())
            && let Some(bill) = self.context.bill.take()
        {
            bill.close(self.event(key, route));
        }
    }
}
