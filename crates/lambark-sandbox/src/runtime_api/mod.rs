//! The Runtime API, version 2018-06-01, as the function's runtime sees it
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Method};

use crate::fault::Failure;
use crate::lifecycle::{Answer, Body, Call};
use crate::server::Received;

/// What the paths begin with.
pub(crate) const PREFIX: &str = "/2018-06-01/";

/// The type of an error that the runtime or the function reports.
const ERROR_TYPE: &str = "Lambda-Runtime-Function-Error-Type";

/// Understands a request, or answers it at once.
pub(crate) fn call(received: Received) -> Result<Call, Answer> {
    let path = received.path.strip_prefix(PREFIX).unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    match (&received.method, parts.as_slice()) {
        (&Method::GET, ["runtime", "invocation", "next"]) => Ok(Call::Next),
        (&Method::POST, ["runtime", "invocation", id, "response"]) => response((*id).to_owned(), received),
        (&Method::POST, ["runtime", "invocation", id, "error"]) => {
            let request_id = (*id).to_owned();
            Ok(Call::Error { request_id, failure: reported(&received.headers, received.body) })
        }
        (&Method::POST, ["runtime", "init", "error"]) => {
            Ok(Call::InitError(reported(&received.headers, received.body)))
        }
        (&Method::GET, ["ping"]) => Err(Answer { status: 200, headers: Vec::new(), body: Bytes::from_static(b"pong") }),
        _ => Err(not_found()),
    }
}

/// A response. One that is streamed is put together first, as Lambda does for callers of Invoke; an error after its
/// beginning comes in trailers.
fn response(request_id: String, received: Received) -> Result<Call, Answer> {
    match received.headers.get("Lambda-Runtime-Function-Response-Mode").map(HeaderValue::as_bytes) {
        None | Some(b"streaming") => {}
        Some(_) => return Err(Answer::refused(400, "InvalidFunctionResponseMode", "Invalid function response mode")),
    }
    let trailers = &received.trailers;
    let broken_off = text(trailers, ERROR_TYPE).map(|error_type| {
        let body = text(trailers, "Lambda-Runtime-Function-Error-Body").unwrap_or_default();
        Failure::Reported { error_type, payload: STANDARD.decode(body).unwrap_or_default().into() }
    });
    Ok(Call::Response { request_id, body: received.body, broken_off })
}

fn reported(headers: &HeaderMap, body: Body) -> Failure {
    let error_type = text(headers, ERROR_TYPE).unwrap_or_default();
    match body {
        Body::Whole(payload) => Failure::Reported { error_type, payload },
        Body::TooLarge => Failure::response_too_large(),
    }
}

pub(crate) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned())
}

pub(crate) fn not_found() -> Answer {
    Answer { status: 404, headers: Vec::new(), body: Bytes::from_static(b"404 page not found\n") }
}
