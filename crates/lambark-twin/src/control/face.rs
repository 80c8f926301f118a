//! `/_lambark/`: the controls over HTTP. `docs/twin.md` documents them.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Behaviour, Control, Fault, InvokeAnswer, NextUpdate};
use crate::http::{Reply, Request};
use crate::shared::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Throttle {
    operation: Option<String>,
    #[serde(default = "once")]
    times: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rates {
    on: bool,
    #[serde(default)]
    burst: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Advance {
    advance_seconds: u64,
}

fn once() -> u32 {
    1
}

/// Answers a request to the controls.
pub(crate) async fn answer(twin: &Arc<Shared>, mut request: Request) -> Reply {
    let method = request.method().clone();
    let path = request.path().trim_start_matches("/_lambark").trim_matches('/').to_owned();
    let Ok(body) = request.bytes().await else { return refused(400, "the body broke off or is too large") };
    let control = Control(Arc::clone(twin));
    match act(&control, &method, &path, &body) {
        Some(Ok(value)) => Reply::json(200, &value),
        Some(Err(reason)) => refused(400, &reason),
        None => refused(404, &format!("the twin's controls do not know {method} {path}; see docs/twin.md")),
    }
}

fn refused(status: u16, reason: &str) -> Reply {
    Reply::json(status, &json!({ "error": reason }))
}

type Answer = Result<Value, String>;

/// Does what is asked; `None` if it is nothing that the twin knows.
fn act(control: &Control, method: &Method, path: &str, body: &[u8]) -> Option<Answer> {
    let parts: Vec<&str> = path.split('/').collect();
    Some(match (method.as_str(), &parts[..]) {
        ("GET", [""]) => Ok(json!({ "url": control.0.url(), "account": control.0.settings.account })),
        ("GET", ["requests"]) => Ok(json!(control.counts())),
        ("GET", ["notes"]) => Ok(json!({ "notes": control.notes() })),
        ("GET", ["clock"]) => Ok(clock(control)),
        ("POST", ["clock"]) => given(body, |asked: Advance| {
            control.advance(Duration::from_secs(asked.advance_seconds));
            Ok(clock(control))
        }),
        ("GET", ["faults"]) => Ok(json!({ "faults": control.0.control.waiting_faults() })),
        ("POST", ["faults"]) => {
            given(body, |fault: Fault| done(control.fault(fault).map_err(|error| error.to_string())))
        }
        ("DELETE", ["faults"]) => {
            control.0.control.clear_faults();
            done(Ok(()))
        }
        ("POST", ["throttle"]) => given(body, |asked: Throttle| {
            let throttled = control.throttle(asked.operation.as_deref(), asked.times);
            done(throttled.map_err(|error| error.to_string()))
        }),
        ("PUT", ["rates"]) => given(body, |asked: Rates| {
            control.limit_rates(asked.on, asked.burst);
            done(Ok(()))
        }),
        ("POST", ["reset"]) => {
            control.reset();
            done(Ok(()))
        }
        ("POST", ["functions", name, what]) => return of_function(control, name, what, body),
        (_, ["behaviour"]) => return behaviour(control, method, body),
        (_, ["oddities"]) => return oddities(control, method, body),
        _ => return None,
    })
}

fn of_function(control: &Control, name: &str, what: &str, body: &[u8]) -> Option<Answer> {
    Some(match what {
        "invocations" => given(body, |answer: InvokeAnswer| {
            control.answer(name, answer);
            done(Ok(()))
        }),
        "updates" => given(body, |next: NextUpdate| {
            control.next_update(name, next);
            done(Ok(()))
        }),
        "idle" if control.idle(name) => done(Ok(())),
        "idle" => Err(format!("there is no function {name}")),
        _ => return None,
    })
}

fn behaviour(control: &Control, method: &Method, body: &[u8]) -> Option<Answer> {
    match *method {
        Method::GET => Some(Ok(json!(control.0.control.behaviour()))),
        Method::PUT => Some(given(body, |behaviour: Behaviour| {
            control.behave(behaviour);
            Ok(json!(behaviour))
        })),
        _ => None,
    }
}

fn oddities(control: &Control, method: &Method, body: &[u8]) -> Option<Answer> {
    match *method {
        Method::GET => Some(Ok(json!(control.0.oddities()))),
        Method::PUT => Some(given(body, |changes: Value| {
            let changed = control.0.oddities().with(&changes).map_err(|error| error.to_string())?;
            control.0.set_oddities(changed.clone());
            Ok(json!(changed))
        })),
        _ => None,
    }
}

fn given<T: DeserializeOwned>(body: &[u8], act: impl FnOnce(T) -> Answer) -> Answer {
    let body = if body.is_empty() { b"{}" } else { body };
    act(serde_json::from_slice(body).map_err(|error| error.to_string())?)
}

fn done(outcome: Result<(), String>) -> Answer {
    outcome.map(|()| json!({}))
}

fn clock(control: &Control) -> Value {
    json!({ "now": control.0.clock.millis().seconds() })
}
