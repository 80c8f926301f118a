//! The Extensions API, version 2020-01-01, and the answers for the Telemetry and Logs APIs, which are not supported
//! here (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>).

use hyper::{HeaderMap, Method};
use serde::Deserialize;
use uuid::Uuid;

use crate::lifecycle::{Answer, Body, Call, ExtensionEvent};
use crate::runtime_api::{not_found, text};
use crate::server::Received;

/// What the paths begin with.
pub(crate) const PREFIX: &str = "/2020-01-01/extension/";

const IDENTIFIER: &str = "Lambda-Extension-Identifier";

#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: Vec<ExtensionEvent>,
}

/// Understands a request, or answers it at once.
pub(crate) fn call(received: &Received) -> Result<Call, Answer> {
    let path = received.path.strip_prefix(PREFIX).unwrap_or_default();
    match (&received.method, path) {
        (&Method::POST, "register") => register(received),
        (&Method::GET, "event/next") => Ok(Call::ExtensionNext(identifier(&received.headers)?)),
        (&Method::POST, "init/error") => gives_up(&received.headers).map(Call::ExtensionInitError),
        (&Method::POST, "exit/error") => gives_up(&received.headers).map(Call::ExtensionExitError),
        _ => Err(not_found()),
    }
}

fn register(received: &Received) -> Result<Call, Answer> {
    let name = text(&received.headers, "Lambda-Extension-Name").unwrap_or_default();
    let features = text(&received.headers, "Lambda-Extension-Accept-Feature").unwrap_or_default();
    let body = match &received.body {
        Body::Whole(body) => body.as_ref(),
        Body::TooLarge => b"",
    };
    let registration: Registration = serde_json::from_slice(body)
        .map_err(|error| Answer::refused(403, "InvalidRequestFormat", &error.to_string()))?;
    Ok(Call::Register {
        name,
        events: registration.events,
        identifier: Uuid::new_v4().to_string(),
        wants_account: features.split(',').any(|feature| feature.trim() == "accountId"),
    })
}

fn identifier(headers: &HeaderMap) -> Result<String, Answer> {
    let Some(text) = text(headers, IDENTIFIER) else {
        let message = format!("Missing {IDENTIFIER} header");
        return Err(Answer::refused(403, "Extension.MissingExtensionIdentifier", &message));
    };
    if Uuid::try_parse(&text).is_err() {
        let message = format!("Invalid {IDENTIFIER}");
        return Err(Answer::refused(403, "Extension.InvalidExtensionIdentifier", &message));
    }
    Ok(text)
}

/// `init/error` and `exit/error` have to name the error's type.
fn gives_up(headers: &HeaderMap) -> Result<String, Answer> {
    const ERROR_TYPE: &str = "Lambda-Extension-Function-Error-Type";
    let identifier = identifier(headers)?;
    if headers.contains_key(ERROR_TYPE) {
        return Ok(identifier);
    }
    Err(Answer::refused(403, "Extension.MissingHeader", &format!("{ERROR_TYPE} not found")))
}

/// The Telemetry and Logs APIs: 202 with a note, as AWS's emulator answers, so that extensions which subscribe go on
/// without telemetry.
pub(crate) fn telemetry(received: &Received) -> Option<Answer> {
    let (error_type, message) = match (&received.method, received.path.as_str()) {
        (&Method::PUT, "/2022-07-01/telemetry") => ("Telemetry.NotSupported", "Telemetry API is not supported"),
        (&Method::PUT, "/2020-08-15/logs") => ("Logs.NotSupported", "Logs API is not supported"),
        _ => return None,
    };
    Some(Answer::refused(202, error_type, message))
}
