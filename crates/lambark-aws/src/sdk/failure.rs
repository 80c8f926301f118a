//! The SDK's errors in our words.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::{EMPTY_ERROR_METADATA, ProvideErrorMetadata};
use aws_types::request_id::RequestId;

use super::retry;
use crate::error::{Error, Refusal};
use crate::operation::Operation;

/// Most characters of AWS's words that are kept. Its longest known message, a validation error, has a few hundred.
const MAX_CHARS: usize = 2000;
/// What is told when the chain has no credentials at all.
const NONE_FOUND: &str = "there are none in the environment, the profile, a web identity token, the container or the \
                          instance";
/// Most causes of an error that are told.
const MAX_CAUSES: usize = 8;

/// What the SDK's error is to us.
pub(super) fn failure<E>(operation: Operation, error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match error {
        SdkError::ServiceError(answer) if answer.raw().status().is_success() => unreadable(operation, answer.err()),
        SdkError::ServiceError(answer) => refusal(operation, answer.err().meta(), answer.raw()),
        SdkError::ResponseError(answer) if answer.raw().status().is_success() => {
            unreadable(operation, below_summary(error))
        }
        // Something between here and AWS answered, in words of its own.
        SdkError::ResponseError(answer) => refusal(operation, &EMPTY_ERROR_METADATA, answer.raw()),
        SdkError::TimeoutError(_) => Error::TimedOut { operation },
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Error::TimedOut { operation },
        _ => unsent(operation, error),
    }
}

fn unreadable(operation: Operation, error: &dyn StdError) -> Error {
    Error::Protocol { operation, reason: causes(error).into() }
}

/// What never reached AWS: credentials, the network, or a request that cannot be made.
fn unsent<E: StdError + 'static>(operation: Operation, error: &SdkError<E, HttpResponse>) -> Error {
    let reason = match credentials_error(error) {
        // The chain's own words name every source that it passed, in four lines of code words.
        Some(CredentialsError::CredentialsNotLoaded(_)) => NONE_FOUND.to_owned(),
        Some(other) => causes(other),
        None => causes(below_summary(error)),
    };
    let reason = reason.into();
    match error {
        _ if credentials_error(error).is_some() => Error::Credentials { operation, reason },
        SdkError::ConstructionFailure(_) => Error::Settings { what: "the request to AWS".into(), reason },
        _ => Error::Unreachable { operation, reason },
    }
}

fn refusal(operation: Operation, meta: &ErrorMetadata, raw: &HttpResponse) -> Error {
    let status = raw.status().as_u16();
    let asked = raw.headers().get("retry-after").and_then(retry::seconds);
    Error::Refused(Box::new(Refusal {
        operation,
        code: meta.code().map(one_line).unwrap_or_default(),
        message: meta.message().map(one_line).unwrap_or_default(),
        request_id: meta.request_id().or_else(|| raw.headers().request_id()).map(one_line),
        status,
        retry_after: asked.filter(|_| status == 429),
    }))
}

/// The first cause below the SDK's own summary ("dispatch failure"), which tells nothing.
fn below_summary<E: StdError + 'static>(error: &SdkError<E, HttpResponse>) -> &dyn StdError {
    error.source().unwrap_or(error)
}

fn credentials_error<E: StdError + 'static>(error: &SdkError<E, HttpResponse>) -> Option<&CredentialsError> {
    let mut cause: Option<&dyn StdError> = error.source();
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        cause = current.source();
    }
    None
}

/// An error with its causes, outermost first, without repetitions.
fn causes(error: &dyn StdError) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(current) = cause.filter(|_| told.len() < MAX_CAUSES) {
        let text = one_line(&current.to_string());
        if !text.is_empty() && !told.iter().any(|earlier| earlier.contains(&text)) {
            told.push(text);
        }
        cause = current.source();
    }
    told.join(": ")
}

/// Control characters become spaces (an answer must not write to the terminal), and length is bounded.
fn one_line(text: &str) -> String {
    let mut line: String = text.chars().take(MAX_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        line.push('…');
    }
    line.trim().to_owned()
}
