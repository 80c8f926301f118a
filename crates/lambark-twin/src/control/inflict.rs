//! Between the socket and the faces: counting, faults, rates.

use std::sync::Arc;

use super::fault::Fault;
use super::operation::{Asked, of_request};
use crate::face::{self, Face};
use crate::http::{Reply, Request};
use crate::scope::Scope;
use crate::shared::Shared;

/// Answers a request, with what the controls have to say in it.
pub(crate) async fn through(twin: &Arc<Shared>, request: Request) -> Reply {
    let asked = of_request(&request);
    if asked.face == Face::Control {
        return face::answer(twin, request).await;
    }
    match twin.control.meet(&asked.name, request.method().as_str(), request.path()) {
        Some(fault) => suffer(twin, request, &asked, fault).await,
        None if is_too_much(twin, &request, &asked) => asked.face.too_many(),
        None => face::answer(twin, request).await,
    }
}

fn is_too_much(twin: &Shared, request: &Request, asked: &Asked) -> bool {
    let rates = &twin.control.rates;
    rates.is_on() && !rates.pass(asked, &Scope::of(request.headers(), &twin.settings), twin.clock.millis())
}

async fn suffer(twin: &Arc<Shared>, request: Request, asked: &Asked, fault: Fault) -> Reply {
    tokio::time::sleep(fault.delay()).await;
    let mut reply = match fault.status {
        _ if fault.drop => return Reply::cut(),
        _ if fault.throttle => asked.face.too_many(),
        Some(status) => Reply::new(status).body("application/json", fault.body.unwrap_or_default()),
        None => face::answer(twin, request).await,
    };
    for (name, value) in &fault.headers {
        reply = reply.header(name, value);
    }
    if let Some(at) = fault.corrupt_at {
        reply = reply.corrupted(at);
    }
    match fault.cut_at {
        Some(at) => reply.cut_after(at),
        None => reply,
    }
}
